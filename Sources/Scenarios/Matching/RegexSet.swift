import HTTPModel
import PayloadCodecs

/// A set of characters of a regular expression.
struct RegexSet: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case digit, word, space
    case category(String)
  }
  enum Item: Sendable, Equatable {
    case range(ClosedRange<UInt32>)
    indirect case set(RegexSet)
    case kind(Kind)
  }

  var items: [Item] = []
  var isNegated = false
  var ignoresCase = false

  static let all = RegexSet(isNegated: true)
  static let allButNewlines = RegexSet(
    items: [.range(0x0A...0x0A), .range(0x0D...0x0D)], isNegated: true)

  static func one(_ scalar: Unicode.Scalar, ignoresCase: Bool) -> RegexSet {
    RegexSet(items: [.range(scalar.value...scalar.value)], ignoresCase: ignoresCase)
  }

  /// The one character it holds, where nothing else needs to be asked.
  var literal: UInt32? {
    guard items.count == 1, !isNegated, !ignoresCase, case .range(let range) = items[0],
      range.count == 1
    else { return nil }
    return range.lowerBound
  }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    var isFound = holds(scalar)
    if !isFound, ignoresCase {
      for variant in Self.otherCases(of: scalar) where holds(variant) { isFound = true }
    }
    return isFound != isNegated
  }

  private func holds(_ scalar: Unicode.Scalar) -> Bool {
    items.contains { item in
      switch item {
      case .range(let range): range.contains(scalar.value)
      case .set(let inner): inner.contains(scalar)
      case .kind(let kind): Self.isOf(kind, scalar)
      }
    }
  }

  private static func otherCases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    let properties = scalar.properties
    return [properties.lowercaseMapping, properties.uppercaseMapping].compactMap { text in
      let scalars = text.unicodeScalars
      return scalars.count == 1 ? scalars.first : nil
    }
  }

  static func isOf(_ kind: Kind, _ scalar: Unicode.Scalar) -> Bool {
    switch kind {
    case .digit:
      return scalar.isASCII
        ? scalar.value &- 0x30 < 10 : scalar.properties.generalCategory == .decimalNumber
    case .word:
      if scalar.isASCII {
        return scalar.value &- 0x30 < 10 || scalar.value | 0x20 &- 0x61 < 26 || scalar == "_"
      }
      let name = categoryName(scalar)
      return scalar.properties.isAlphabetic || name.hasPrefix("M") || name == "Nd" || name == "Pc"
    case .space: return scalar.properties.isWhitespace
    case .category(let wanted): return categoryName(scalar).hasPrefix(wanted)
    }
  }

  /// Unicode's two letters for a general category.
  static func categoryName(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }

  static let categories: TextSet = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Cs", "Co", "Cn",
  ]
}

/// Reads `[…]` and escapes.
struct RegexSetReader {
  let text: [Unicode.Scalar]
  var index: Int
  let ignoresCase: Bool

  private func error(_ what: String) -> RegexError {
    RegexError(description: "\(what) (at character \(index + 1))", position: index + 1)
  }

  private var next: Unicode.Scalar? { index < text.count ? text[index] : nil }

  private mutating func take(_ part: String) -> Bool {
    guard text[min(index, text.count)...].starts(with: part.unicodeScalars) else { return false }
    index += part.unicodeScalars.count
    return true
  }

  mutating func bracketed() throws(RegexError) -> RegexSet {
    let open = index
    index += 1
    var set = RegexSet(ignoresCase: ignoresCase)
    set.isNegated = take("^")
    var isFirst = true
    while isFirst || next != "]" {
      guard let scalar = next else {
        index = open
        throw error("a [ without ]")
      }
      isFirst = false
      if let posix = try posixClass() {
        set.items.append(.set(posix))
        continue
      }
      for operation in ["&&", "--", "~~"]
      where text[index...].starts(with: operation.unicodeScalars) {
        throw error(
          "\(operation) in [ ] is not available; write \\\(operation.prefix(1)) for itself")
      }
      if scalar == "[" { throw error("a [ inside of [ ]: write \\[ for itself") }
      try item(into: &set)
    }
    index += 1
    return set
  }

  private mutating func item(into set: inout RegexSet) throws(RegexError) {
    let first = try member()
    guard let low = first.literal, next == "-", index + 1 < text.count, text[index + 1] != "]"
    else {
      set.items.append(first.literal.map { .range($0...$0) } ?? .set(first))
      return
    }
    index += 1
    guard let high = try member().literal else { throw error("a range must end with a character") }
    guard low <= high else { throw error("a range that goes backwards") }
    set.items.append(.range(low...high))
  }

  /// One character, or what an escape stands for. Case is the outer set's affair.
  private mutating func member() throws(RegexError) -> RegexSet {
    guard let scalar = next else { throw error("a [ without ]") }
    if scalar == "\\" { return try escape(folds: false) }
    index += 1
    return .one(scalar, ignoresCase: false)
  }

  private static let posix: TextMap<RegexSet> = [
    "alpha": RegexSet(items: [.kind(.category("L"))]), "digit": RegexSet(items: [.kind(.digit)]),
    "alnum": RegexSet(items: [.kind(.category("L")), .kind(.digit)]),
    "upper": RegexSet(items: [.kind(.category("Lu"))]),
    "lower": RegexSet(items: [.kind(.category("Ll"))]),
    "space": RegexSet(items: [.kind(.space)]), "word": RegexSet(items: [.kind(.word)]),
    "punct": RegexSet(items: [.kind(.category("P"))]),
    "cntrl": RegexSet(items: [.kind(.category("Cc"))]),
    "xdigit": RegexSet(items: [.range(0x30...0x39), .range(0x41...0x46), .range(0x61...0x66)]),
  ]

  private mutating func posixClass() throws(RegexError) -> RegexSet? {
    guard take("[:") else { return nil }
    let isNegated = take("^")
    var name = ""
    while let scalar = next, scalar != ":" {
      name.unicodeScalars.append(scalar)
      index += 1
    }
    guard take(":]"), var set = Self.posix[name] else { throw error("unknown class [:\(name):]") }
    set.isNegated = isNegated
    return set
  }

  mutating func escape() throws(RegexError) -> RegexSet { try escape(folds: ignoresCase) }

  private mutating func escape(folds: Bool) throws(RegexError) -> RegexSet {
    index += 1
    guard let scalar = next else { throw error("a \\ at the end") }
    let kinds: [Unicode.Scalar: RegexSet.Kind] = ["d": .digit, "w": .word, "s": .space]
    if let kind = kinds[scalar] {
      index += 1
      return RegexSet(items: [.kind(kind)])
    }
    if let kind = kinds[scalar.properties.lowercaseMapping.unicodeScalars.first ?? scalar] {
      index += 1
      return RegexSet(items: [.kind(kind)], isNegated: true)
    }
    let controls: [Unicode.Scalar: Unicode.Scalar] = [
      "n": "\n", "r": "\r", "t": "\t", "f": "\u{0C}", "v": "\u{0B}", "0": "\0", "a": "\u{07}",
      "e": "\u{1B}",
    ]
    if let control = controls[scalar] {
      index += 1
      return .one(control, ignoresCase: false)
    }
    switch scalar {
    case "x", "u", "U": return .one(try code(), ignoresCase: folds)
    case "p", "P": return try property()
    case "1"..."9", "k", "g":
      throw error("references back are not available: expressions are searched in linear time")
    case _ where scalar.isASCII && RegexSet.isOf(.word, scalar):
      throw error("unknown escape \\\(String(Character(scalar)))")
    default:
      index += 1
      return .one(scalar, ignoresCase: folds)
    }
  }

  /// `\x41`, `\x{1F600}`, `\u0041`, `\u{41}`.
  private mutating func code() throws(RegexError) -> Unicode.Scalar {
    let length = next == "x" ? 2 : next == "u" ? 4 : 8
    index += 1
    let isBraced = take("{")
    var digits = ""
    while let scalar = next, UInt8(exactly: scalar.value)?.hexDigitValue != nil,
      digits.count < (isBraced ? 8 : length)
    {
      digits.unicodeScalars.append(scalar)
      index += 1
    }
    if isBraced, !take("}") { throw error("expected }") }
    guard let value = UInt32(digits, radix: 16), isBraced || digits.count == length,
      let scalar = Unicode.Scalar(value)
    else { throw error("no character has this code") }
    return scalar
  }

  /// `\p{L}`, `\p{Nd}`, `\P{Zs}`.
  private mutating func property() throws(RegexError) -> RegexSet {
    let isNegated = next == "P"
    index += 1
    var name = ""
    guard take("{") else { throw error("expected { and a general category, such as \\p{L}") }
    while let scalar = next, scalar != "}" {
      name.unicodeScalars.append(scalar)
      index += 1
    }
    guard take("}"), RegexSet.categories.contains(name) else {
      throw error("unknown general category {\(name)}; valid are L, Lu, Nd and so on")
    }
    return RegexSet(items: [.kind(.category(name))], isNegated: isNegated)
  }
}
