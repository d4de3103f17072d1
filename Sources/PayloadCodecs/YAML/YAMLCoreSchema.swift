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
  static func isAmbiguous(_ text: Span<UInt8>) -> Bool {
    guard !text.isEmpty else { return true }
    if text.count <= wordLengthMax, mayBeginWord(text[0]), words.contains(word(text)) {
      return true
    }
    switch text[0] {
    case 0x30...0x39, 0x2b, 0x2d, 0x2e, 0x5f: return looksNumeric(text) || looksLikeDate(text)
    default: return false
    }
  }

  /// Words that are no string in some version, each as `word` makes it.
  private static let words: [UInt64] = [
    "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".nan", ".inf",
    "+.inf", "-.inf",
  ].map { (text: String) in word(text.utf8.span) }

  private static let wordLengthMax = 5

  /// Whether one of them begins so; few texts do.
  private static func mayBeginWord(_ byte: UInt8) -> Bool {
    switch Unicode.Scalar(byte | 0x20) {
    case "n", "t", "f", "y", "o", "~", "<", "=", ".", "+", "-": true
    default: false
    }
  }

  /// Up to eight bytes in one number, letters in lower case.
  private static func word(_ text: Span<UInt8>) -> UInt64 {
    var word: UInt64 = 0
    for index in text.indices {
      let byte = text[index]
      word = word << 8 | UInt64((0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
    }
    return word
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  /// Digits with everything that some version lets stand between them: `1_000`, `0x1F`, `0b1`, `0o7`,
  /// `1e3`, `4:05:06`, `1.2.3`.
  private static func looksNumeric(_ text: Span<UInt8>) -> Bool {
    var index = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? 1 : 0
    if index + 1 < text.count, text[index] == UInt8(ascii: "0") {
      switch text[index + 1] | 0x20 {
      case UInt8(ascii: "x"):
        return text.allSatisfy(from: index + 2) { $0.hexDigitValue != nil || $0 == 0x5f }
      case UInt8(ascii: "b"), UInt8(ascii: "o"):
        return text.allSatisfy(from: index + 2) { isDigit($0) || $0 == 0x5f }
      default: break
      }
    }
    var hasDigit = false
    while index < text.count {
      let byte = text[index]
      if isDigit(byte) {
        hasDigit = true
      } else if byte != 0x2e, byte != 0x2c, byte != 0x3a, byte != 0x5f {
        break
      }
      index += 1
    }
    guard hasDigit else { return false }
    guard index < text.count else { return true }
    guard text[index] | 0x20 == UInt8(ascii: "e") else { return false }
    index += 1
    if index < text.count, text[index] == 0x2b || text[index] == 0x2d { index += 1 }
    return text.allSatisfy(from: index) { isDigit($0) || $0 == 0x5f }
  }

  /// `2024-06-03`, and whatever follows each number.
  private static func looksLikeDate(_ text: Span<UInt8>) -> Bool {
    let hyphen = UInt8(ascii: "-")
    var index = 0
    for lengths in [4...4, 1...2] {
      while index < text.count, text[index] == hyphen { index += 1 }
      guard lengths.contains(text.digitCount(from: index)) else { return false }
      while index < text.count, text[index] != hyphen { index += 1 }
    }
    return (1...2).contains(text.digitCount(from: index + 1))
  }
}

extension Span<UInt8> {
  fileprivate func allSatisfy(from index: Int, _ isRight: (UInt8) -> Bool) -> Bool {
    var index = index
    while index < count {
      guard isRight(self[index]) else { return false }
      index += 1
    }
    return true
  }

  fileprivate func digitCount(from start: Int) -> Int {
    var index = start
    while index < count, self[index] &- 0x30 < 10 { index += 1 }
    return index - start
  }
}
