import HTTPModel

/// What plain scalars mean.
///
/// Source: YAML 1.2.2 §10.3.2 (core schema); YAML 1.1 type repository for what older readers see.
enum YAMLCoreSchema {
  static func isNull(_ text: String) -> Bool {
    switch text {
    case "", "~", "null", "Null", "NULL": true
    default: false
    }
  }

  static func value(of scalar: YAMLScalar, tag: String?) -> JSON {
    if let tag {
      switch tag {
      case YAMLTag.null: return .null
      case YAMLTag.prefix + "int", YAMLTag.prefix + "float", YAMLTag.prefix + "bool":
        return plainValue(scalar.text)
      default: return .string(scalar.text)
      }
    }
    return scalar.style == .plain ? plainValue(scalar.text) : .string(scalar.text)
  }

  private static func plainValue(_ text: String) -> JSON {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: return number(text) ?? .string(text)
    }
  }

  /// The number in JSON's form; nil when the text is none.
  private static func number(_ text: String) -> JSON? {
    let bytes = Array(text.utf8)
    if bytes.starts(with: "0x".utf8) { return whole(bytes.dropFirst(2), radix: 16) }
    if bytes.starts(with: "0o".utf8) { return whole(bytes.dropFirst(2), radix: 8) }
    var rest = bytes[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let whole = takeDigits(&rest)
    var fraction: ArraySlice<UInt8>?
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = takeDigits(&rest)
    }
    guard !whole.isEmpty || fraction?.isEmpty == false else { return nil }
    var exponent = ""
    if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
      exponent = "e"
      rest = rest.dropFirst()
      if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        exponent.append(sign == UInt8(ascii: "-") ? "-" : "+")
        rest = rest.dropFirst()
      }
      let digits = takeDigits(&rest)
      guard !digits.isEmpty else { return nil }
      exponent += String(decoding: digits, as: UTF8.self)
    }
    guard rest.isEmpty else { return nil }
    let sign = isNegative ? "-" : ""
    let significant = String(decoding: whole.drop { $0 == UInt8(ascii: "0") }, as: UTF8.self)
    let wholeText = sign + (significant.isEmpty ? "0" : significant)
    if fraction == nil, exponent.isEmpty {
      return Int(wholeText).map(JSON.integer) ?? .decimal(wholeText)
    }
    let fractionText = fraction.map {
      $0.isEmpty ? ".0" : "." + String(decoding: $0, as: UTF8.self)
    }
    return .decimal(wholeText + (fractionText ?? "") + exponent)
  }

  private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = rest.prefix { (0x30...0x39).contains($0) }
    rest = rest.dropFirst(digits.count)
    return digits
  }

  /// Hexadecimal or octal. Beyond `Int` it stays a text: JSON has no such digits.
  private static func whole(_ digits: ArraySlice<UInt8>, radix: Int) -> JSON? {
    guard let first = digits.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
      return nil
    }
    return Int(String(decoding: digits, as: UTF8.self), radix: radix).map(JSON.integer)
  }

  /// Whether some reader, of YAML 1.1 or 1.2, sees something else than a string in this plain text.
  /// Errs on the side of yes.
  static func isAmbiguous(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first else { return true }
    switch text.asciiLowercased {
    case "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".nan",
      ".inf",
      "+.inf", "-.inf":
      return true
    default: break
    }
    guard (0x30...0x39).contains(first) || [0x2b, 0x2d, 0x2e, 0x5f].contains(first) else {
      return false
    }
    return looksNumeric(bytes) || looksLikeDate(bytes)
  }

  /// Digits with everything that some version lets stand between them: `1_000`, `0x1F`, `0b1`, `0o7`,
  /// `1e3`, `4:05:06`, `1.2.3`.
  private static func looksNumeric(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
      rest = rest.dropFirst()
    }
    if rest.first == UInt8(ascii: "0"), let letter = rest.dropFirst().first {
      let digits = rest.dropFirst(2)
      switch letter | 0x20 {
      case UInt8(ascii: "x"):
        return digits.allSatisfy { $0.hexDigitValue != nil || $0 == 0x5f }
      case UInt8(ascii: "b"), UInt8(ascii: "o"):
        return digits.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x5f }
      default: break
      }
    }
    let body = rest.prefix { (0x30...0x39).contains($0) || [0x2e, 0x2c, 0x3a, 0x5f].contains($0) }
    guard body.contains(where: { (0x30...0x39).contains($0) }) else { return false }
    rest = rest.dropFirst(body.count)
    guard let letter = rest.first else { return true }
    guard letter | 0x20 == UInt8(ascii: "e") else { return false }
    var exponent = rest.dropFirst()
    if exponent.first == 0x2b || exponent.first == 0x2d { exponent = exponent.dropFirst() }
    return exponent.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x5f }
  }

  /// `2024-06-03`, and whatever time follows it.
  private static func looksLikeDate(_ bytes: [UInt8]) -> Bool {
    let groups = bytes.split(separator: UInt8(ascii: "-"), maxSplits: 2)
    guard groups.count == 3 else { return false }
    let lengths = [4...4, 1...2, 1...2]
    return zip(groups, lengths).allSatisfy { group, length in
      length.contains(group.prefix { (0x30...0x39).contains($0) }.count)
    }
  }
}
