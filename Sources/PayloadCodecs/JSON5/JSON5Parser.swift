import HTTPModel

/// Recursive descent over the characters of a JSON5 text.
struct JSON5Parser {
  private let depthMax: Int
  private let valuesMax: Int
  /// The text as scalar values, and a NUL behind its end.
  private let text: [UInt32]
  private var index = 0
  private var line = 1
  private var lineStart = 0
  private var depth = 0
  private(set) var sourceMap = SourceMap()

  init(_ bytes: [UInt8], depthMax: Int, bytesMax: Int, valuesMax: Int) throws(JSON5Error) {
    let start = SourcePosition(line: 1, column: 1)
    guard bytes.count <= bytesMax else { throw JSON5Error(.tooLarge(limit: bytesMax), start) }
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw JSON5Error(.invalidUTF8, start)
    }
    text = string.unicodeScalars.map(\.value) + [0]
    self.depthMax = depthMax
    self.valuesMax = valuesMax
  }

  mutating func document() throws(JSON5Error) -> JSON {
    if peek() == 0xfeff { index = 1 }
    try passGap()
    let value = try value(at: "", from: position)
    try passGap()
    guard isAtEnd else { throw unexpected("the end of the text") }
    return value
  }

  // MARK: The text

  private var isAtEnd: Bool { index >= text.count - 1 }

  private func peek(_ distance: Int = 0) -> UInt32 {
    index + distance < text.count ? text[index + distance] : 0
  }

  private func isNext(_ scalar: Unicode.Scalar) -> Bool { peek() == scalar.value }

  private var position: SourcePosition {
    SourcePosition(line: line, column: index - lineStart + 1)
  }

  private func unexpected(_ expected: String) -> JSON5Error {
    let found =
      isAtEnd ? "the end of the text" : "'\(Unicode.Scalar(peek()).map(String.init) ?? "?")'"
    return JSON5Error(.unexpected(found, expected: expected), position)
  }

  /// Takes one character; CR LF is one.
  private mutating func advance() {
    let character = peek()
    index += 1
    switch character {
    case 0x0d where peek() == 0x0a: break
    case 0x0a, 0x0d, 0x2028, 0x2029:
      line += 1
      lineStart = index
    default: break
    }
  }

  private static func isLineEnd(_ c: UInt32) -> Bool {
    c == 0x0a || c == 0x0d || c == 0x2028 || c == 0x2029
  }

  private static func isSpace(_ c: UInt32) -> Bool {
    switch c {
    case 0x09...0x0d, 0x20, 0xa0, 0x2028, 0x2029, 0xfeff: true
    case 0x80...: Unicode.Scalar(c)?.properties.generalCategory == .spaceSeparator
    default: false
    }
  }

  /// White space and comments.
  private mutating func passGap() throws(JSON5Error) {
    while true {
      if Self.isSpace(peek()) {
        advance()
      } else if isNext("/"), peek(1) == 0x2f {
        while !isAtEnd, !Self.isLineEnd(peek()) { advance() }
      } else if isNext("/"), peek(1) == 0x2a {
        let start = position
        advance()
        advance()
        while !(isNext("*") && peek(1) == 0x2f) {
          guard !isAtEnd else { throw JSON5Error(.unclosedComment, start) }
          advance()
        }
        advance()
        advance()
      } else {
        return
      }
    }
  }

  // MARK: Values

  /// - Parameter from: where a message about the value shall point: its key, if it has one.
  private mutating func value(
    at pointer: String, from: SourcePosition
  ) throws(JSON5Error) -> JSON {
    guard sourceMap.count < valuesMax else {
      throw JSON5Error(.tooManyValues(limit: valuesMax), from)
    }
    sourceMap.set(pointer, from)
    guard !isAtEnd else { throw unexpected("a value") }
    switch Unicode.Scalar(peek()) {
    case "{": return try object(pointer)
    case "[": return try array(pointer)
    case "\"", "'": return .string(try string())
    case "+", "-", ".", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9": return try number()
    default: return try word()
    }
  }

  private mutating func word() throws(JSON5Error) -> JSON {
    let start = position
    let from = index
    while let scalar = Unicode.Scalar(peek()), Self.continuesName(scalar) { advance() }
    let word = string(from..<index)
    switch word {
    case "true": return .bool(true)
    case "false": return .bool(false)
    case "null": return .null
    case "Infinity", "NaN": throw JSON5Error(.noJSONForm(word), start)
    case "": throw unexpected("a value")
    default: throw JSON5Error(.unexpected("'\(word)'", expected: "a value"), start)
    }
  }

  private func string(_ range: Range<Int>) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text[range].compactMap { Unicode.Scalar($0) })
    return String(scalars)
  }

  private mutating func enter() throws(JSON5Error) {
    depth += 1
    guard depth <= depthMax else { throw JSON5Error(.tooDeep(limit: depthMax), position) }
    advance()
  }

  private mutating func object(_ pointer: String) throws(JSON5Error) -> JSON {
    try enter()
    defer { depth -= 1 }
    var object = JSONObject()
    var seen: TextSet = []
    while true {
      try passGap()
      if isNext("}") { break }
      guard object.isEmpty || hasSeparator else { throw unexpected("',' or '}'") }
      let start = position
      let key = try key()
      guard seen.insert(key).inserted else { throw JSON5Error(.duplicateKey(key), start) }
      try passGap()
      guard isNext(":") else { throw unexpected("':'") }
      advance()
      try passGap()
      object.members.append((key, try value(at: SourceMap.step(pointer, key), from: start)))
      try takeSeparator()
    }
    advance()
    return .object(object)
  }

  private mutating func array(_ pointer: String) throws(JSON5Error) -> JSON {
    try enter()
    defer { depth -= 1 }
    var elements: [JSON] = []
    while true {
      try passGap()
      if isNext("]") { break }
      guard elements.isEmpty || hasSeparator else { throw unexpected("',' or ']'") }
      elements.append(try value(at: "\(pointer)/\(elements.count)", from: position))
      try takeSeparator()
    }
    advance()
    return .array(elements)
  }

  /// Whether a comma stood before what comes next.
  private var hasSeparator = false

  private mutating func takeSeparator() throws(JSON5Error) {
    try passGap()
    hasSeparator = isNext(",")
    if hasSeparator { advance() }
  }

  private mutating func key() throws(JSON5Error) -> String {
    if isNext("\"") || isNext("'") { return try string() }
    var name = String.UnicodeScalarView()
    while let scalar = Unicode.Scalar(peek()) {
      let start = position
      if scalar == "\\" {
        guard peek(1) == 0x75 else { throw JSON5Error(.badEscape, start) }
        advance()
        advance()
        guard let escaped = Unicode.Scalar(try hexadecimal(4, start)),
          name.isEmpty ? Self.beginsName(escaped) : Self.continuesName(escaped)
        else { throw JSON5Error(.badEscape, start) }
        name.append(escaped)
      } else if name.isEmpty ? Self.beginsName(scalar) : Self.continuesName(scalar) {
        name.append(scalar)
        advance()
      } else {
        break
      }
    }
    guard !name.isEmpty else { throw unexpected("a key") }
    return String(name)
  }

  /// ECMAScript 5.1 §7.6, IdentifierStart.
  private static func beginsName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "$", "_": return true
    default: break
    }
    guard scalar.value >= 0x80 else { return false }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .letterNumber:
      return true
    default: return false
    }
  }

  /// ECMAScript 5.1 §7.6, IdentifierPart.
  private static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
    if beginsName(scalar) { return true }
    switch scalar {
    case "0"..."9", "\u{200c}", "\u{200d}": return true
    default: break
    }
    guard scalar.value >= 0x80 else { return false }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation: return true
    default: return false
    }
  }

  // MARK: Numbers

  /// The number, in JSON's form.
  private mutating func number() throws(JSON5Error) -> JSON {
    let start = position
    var sign = ""
    if isNext("+") || isNext("-") {
      if isNext("-") { sign = "-" }
      advance()
    }
    if isNext("I") || isNext("N") { _ = try word() }
    if isNext("0"), peek(1) | 0x20 == 0x78 { return try hexadecimalNumber(sign, start) }
    let whole = takeDigits()
    guard whole.utf8.count < 2 || whole.utf8.first != 0x30 else {
      throw JSON5Error(.badNumber, start)
    }
    var fraction: String?
    if isNext(".") {
      advance()
      fraction = takeDigits()
    }
    guard !whole.isEmpty || fraction?.isEmpty == false else { throw JSON5Error(.badNumber, start) }
    var exponent = ""
    if peek() | 0x20 == 0x65 {
      advance()
      exponent = "e"
      if isNext("+") || isNext("-") {
        exponent += isNext("-") ? "-" : "+"
        advance()
      }
      let digits = takeDigits()
      guard !digits.isEmpty else { throw JSON5Error(.badNumber, start) }
      exponent += digits
    }
    if let next = Unicode.Scalar(peek()), Self.continuesName(next) || next == "." {
      throw JSON5Error(.badNumber, start)
    }
    let wholeText = sign + (whole.isEmpty ? "0" : whole)
    if fraction == nil, exponent.isEmpty, wholeText != "-0", let number = Int(wholeText) {
      return .integer(number)
    }
    return .decimal(wholeText + (fraction.map { "." + ($0.isEmpty ? "0" : $0) } ?? "") + exponent)
  }

  private mutating func hexadecimalNumber(
    _ sign: String, _ start: SourcePosition
  ) throws(JSON5Error) -> JSON {
    advance()
    advance()
    let from = index
    while let scalar = Unicode.Scalar(peek()), Self.continuesName(scalar) { advance() }
    let digits = string(from..<index)
    guard !digits.isEmpty, digits.utf8.allSatisfy({ $0.hexDigitValue != nil })
    else { throw JSON5Error(.badNumber, start) }
    guard let magnitude = UInt64(digits, radix: 16) else {
      throw JSON5Error(.noJSONForm("\(sign)0x\(digits)"), start)
    }
    let decimal = sign + String(magnitude)
    return decimal != "-0" ? Int(decimal).map(JSON.integer) ?? .decimal(decimal) : .decimal(decimal)
  }

  private mutating func takeDigits() -> String {
    let from = index
    while (0x30...0x39).contains(peek()) { advance() }
    return string(from..<index)
  }

  // MARK: Strings

  private mutating func string() throws(JSON5Error) -> String {
    let start = position
    let quote = peek()
    advance()
    var scalars = String.UnicodeScalarView()
    while peek() != quote {
      guard !isAtEnd, peek() != 0x0a, peek() != 0x0d else {
        throw JSON5Error(.unclosedString, start)
      }
      if isNext("\\") {
        if let scalar = try escape() { scalars.append(scalar) }
      } else {
        if let scalar = Unicode.Scalar(peek()) { scalars.append(scalar) }
        advance()
      }
    }
    advance()
    return String(scalars)
  }

  /// What an escape stands for; nothing for a line continuation.
  private mutating func escape() throws(JSON5Error) -> Unicode.Scalar? {
    let start = position
    advance()
    guard !isAtEnd, let letter = Unicode.Scalar(peek()) else {
      throw JSON5Error(.badEscape, start)
    }
    let isReturn = letter == "\r"
    advance()
    switch letter {
    case "b": return "\u{8}"
    case "f": return "\u{c}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "v": return "\u{b}"
    case "0" where !(0x30...0x39).contains(peek()): return "\0"
    case "0"..."9": throw JSON5Error(.badEscape, start)
    case "x": return Unicode.Scalar(try hexadecimal(2, start))
    case "u": return try unicodeEscape(start)
    case "\r", "\n", "\u{2028}", "\u{2029}":
      if isReturn, isNext("\n") { advance() }
      return nil
    default: return letter
    }
  }

  /// A lone surrogate has no UTF-8 form and becomes U+FFFD, as in the JSON parser.
  private mutating func unicodeEscape(_ start: SourcePosition) throws(JSON5Error) -> Unicode.Scalar
  {
    let first = try hexadecimal(4, start)
    if (0xd800..<0xdc00).contains(first), isNext("\\"), peek(1) == 0x75 {
      let (index, line, lineStart) = (self.index, self.line, self.lineStart)
      advance()
      advance()
      let second = try hexadecimal(4, start)
      if (0xdc00..<0xe000).contains(second),
        let scalar = Unicode.Scalar(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
      {
        return scalar
      }
      (self.index, self.line, self.lineStart) = (index, line, lineStart)
    }
    return Unicode.Scalar(first) ?? "\u{fffd}"
  }

  private mutating func hexadecimal(
    _ digits: Int, _ start: SourcePosition
  ) throws(JSON5Error) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      guard let digit = UInt8(exactly: peek())?.hexDigitValue else {
        throw JSON5Error(.badEscape, start)
      }
      value = value << 4 | UInt32(digit)
      advance()
    }
    return value
  }
}
