import PayloadCodecs

/// The Engine's query language over tags; contract §3.6 has its grammar.
/// Source: documentation page "Queries".
enum ShipQL: Hashable, Sendable {
  /// Every object of the workspace.
  case all
  case matching(Expression)

  indirect enum Expression: Hashable, Sendable {
    case and([Expression])
    case or([Expression])
    case blockTag
    case fileTag
    case kind(ExactText)
    case name(ExactText)
    /// Ids are kept in upper case: they are compared without regard to it.
    case fileID(ExactText)
    case blockID(ExactText)
    case value(path: [ExactText], Comparison)
    /// The number tells apart the relations of one query.
    case relation(Relation, number: Int, Expression)
  }

  enum Comparison: Hashable, Sendable {
    case exists
    case compare(Operator, Literal)
  }

  enum Operator: String, Sendable {
    case equal = "="
    case atLeast = ">="
    case above = ">"
    case atMost = "<="
    case below = "<"
  }

  enum Literal: Hashable, Sendable {
    case string(ExactText)
    case number(Double)
    case bool(Bool)
  }

  enum Relation: String, CaseIterable, Sendable {
    case overlaps, samespan, sameblock, samefile
  }
}

/// Recursive descent over the bytes of a query.
struct ShipQLParser {
  private enum Token: Equatable {
    case word(String)
    case string(String)
    case number(Double)
    case symbol(String)
    case end
  }

  private let bytes: [UInt8]
  private var index = 0
  private var token = Token.end
  /// Where `token` begins.
  private var tokenStart = 0
  private var depth = 0
  private var relationCount = 0
  private var termCount = 0
  /// Deeper nesting than anybody writes; keeps the recursion bounded.
  static let depthMax = 64
  static let byteCountMax = 64 * 1024
  /// More conditions than anybody writes: each may be looked at for each tag.
  static let termCountMax = 256

  static func parse(_ text: String) throws(SteamshipError) -> ShipQL {
    guard text.utf8.count <= byteCountMax else {
      throw .invalid("The query is longer than \(byteCountMax) bytes.")
    }
    var parser = ShipQLParser(bytes: Array(text.utf8))
    try parser.advance()
    return try parser.query()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func failure(_ expected: String) -> SteamshipError {
    let found =
      switch token {
      case .word(let word): "\"\(word.shortened)\""
      case .string: "a string"
      case .number: "a number"
      case .symbol(let symbol): "\"\(symbol)\""
      case .end: "the end of the query"
      }
    return .invalidQuery(
      "The query is malformed at character \(tokenStart + 1): expected "
        + "\(expected), found \(found).")
  }

  // MARK: Grammar

  private mutating func query() throws(SteamshipError) -> ShipQL {
    if token == .word("all") {
      try advance()
      guard token == .end else { throw failure("nothing after \"all\"") }
      return .all
    }
    let expression = try expression()
    guard token == .end else { throw failure("\"and\", \"or\" or the end of the query") }
    return .matching(expression)
  }

  private mutating func expression() throws(SteamshipError) -> ShipQL.Expression {
    depth += 1
    guard depth <= Self.depthMax else {
      throw .invalidQuery("The query is nested too deeply.")
    }
    defer { depth -= 1 }
    let first = try term()
    guard token == .word("and") || token == .word("or") else { return first }
    let junction = token
    var terms = [first]
    while token == junction {
      try advance()
      terms.append(try term())
    }
    if token == .word("and") || token == .word("or") {
      throw failure("parentheses around mixed \"and\" and \"or\"")
    }
    return junction == .word("and") ? .and(terms) : .or(terms)
  }

  private mutating func term() throws(SteamshipError) -> ShipQL.Expression {
    termCount += 1
    guard termCount <= Self.termCountMax else {
      throw .invalidQuery("The query has more than \(Self.termCountMax) conditions.")
    }
    if token == .symbol("(") {
      try advance()
      let inner = try expression()
      try expect(")")
      return inner
    }
    guard case .word(let word) = token else {
      throw failure("a condition such as kind \"…\", name \"…\" or value(\"…\")")
    }
    if let relation = ShipQL.Relation(rawValue: word) {
      try advance()
      try expect("{")
      let inner = try expression()
      try expect("}")
      relationCount += 1
      return .relation(relation, number: relationCount, inner)
    }
    switch word {
    case "blocktag", "filetag":
      try advance()
      return word == "blocktag" ? .blockTag : .fileTag
    case "kind", "name", "file_id", "block_id":
      try advance()
      let text = try string()
      return switch word {
      case "kind": .kind(ExactText(text))
      case "name": .name(ExactText(text))
      case "file_id": .fileID(ExactText(text.asciiUppercased))
      default: .blockID(ExactText(text.asciiUppercased))
      }
    case "value":
      try advance()
      return try value()
    default: throw failure("a condition such as kind \"…\", name \"…\" or value(\"…\")")
    }
  }

  private mutating func value() throws(SteamshipError) -> ShipQL.Expression {
    try expect("(")
    let path = try string().split(separator: ".").map { ExactText(String($0)) }
    guard !path.isEmpty else { throw failure("a path of keys in value(\"…\")") }
    try expect(")")
    if token == .word("exists") {
      try advance()
      return .value(path: path, .exists)
    }
    guard case .symbol(let symbol) = token, let comparison = ShipQL.Operator(rawValue: symbol)
    else {
      throw failure("=, >=, >, <=, < or \"exists\"")
    }
    try advance()
    let literal: ShipQL.Literal
    switch token {
    case .string(let text): literal = .string(ExactText(text))
    case .number(let number): literal = .number(number)
    case .word("true"): literal = .bool(true)
    case .word("false"): literal = .bool(false)
    default: throw failure("a string, a number, true or false")
    }
    try advance()
    return .value(path: path, .compare(comparison, literal))
  }

  private mutating func string() throws(SteamshipError) -> String {
    guard case .string(let text) = token else { throw failure("a text in double quotes") }
    try advance()
    return text
  }

  private mutating func expect(_ symbol: String) throws(SteamshipError) {
    guard token == .symbol(symbol) else { throw failure("\"\(symbol)\"") }
    try advance()
  }

  // MARK: Tokens

  private mutating func advance() throws(SteamshipError) {
    while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    tokenStart = index
    guard index < bytes.count else {
      token = .end
      return
    }
    let byte = bytes[index]
    switch byte {
    case UInt8(ascii: "\""): token = .string(try quoted())
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"),
      UInt8(ascii: "="):
      index += 1
      token = .symbol(String(UnicodeScalar(byte)))
    case UInt8(ascii: "<"), UInt8(ascii: ">"):
      index += 1
      let hasEqual = index < bytes.count && bytes[index] == UInt8(ascii: "=")
      if hasEqual { index += 1 }
      token = .symbol(String(UnicodeScalar(byte)) + (hasEqual ? "=" : ""))
    case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), 0x30...0x39:
      token = .number(try number())
    default:
      let start = index
      while index < bytes.count, Self.isWordByte(bytes[index]) { index += 1 }
      guard index > start else {
        throw .invalidQuery("The query has an unexpected character at character \(tokenStart + 1).")
      }
      token = .word(String(decoding: bytes[start..<index], as: UTF8.self).asciiLowercased)
    }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_")
  }

  private mutating func number() throws(SteamshipError) -> Double {
    let start = index
    while index < bytes.count,
      Self.isWordByte(bytes[index]) || bytes[index] == UInt8(ascii: ".")
        || bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+")
    { index += 1 }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    guard let number = Double(text), number.isFinite else {
      throw .invalidQuery(
        "The query has a malformed number at character \(start + 1): \"\(text.shortened)\".")
    }
    return number
  }

  /// A backslash makes the next character stand for itself.
  private mutating func quoted() throws(SteamshipError) -> String {
    index += 1
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte == UInt8(ascii: "\\"), index < bytes.count {
        text.append(bytes[index])
        index += 1
      } else {
        text.append(byte)
      }
    }
    throw .invalidQuery(
      "The query has a text that does not end, beginning at character \(tokenStart + 1).")
  }
}

extension SteamshipError {
  fileprivate static func invalidQuery(_ message: String) -> Self {
    Self(400, "InvalidQuery", message)
  }
}
