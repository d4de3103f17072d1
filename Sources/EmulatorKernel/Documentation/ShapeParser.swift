package import PayloadCodecs

/// A shape that is not written well. Only our own text is read, so a test finds it.
package struct ShapeError: Error, Sendable, Equatable {
  package var message: String
  package var offset: Int
}

/// Reads shapes: JSON Schema in the few words that tables of operations have room for.
///
/// **Shape** (of a shape):
///
///     {id: uuid, size?: integer(1..100) = 50, tags: [Tag], value?: object|null}
///
/// - `{name: shape, optional?: shape}`: an object with these members only; `…` at its end: and others;
///   `{*: shape}`: members of any name.
/// - `[shape]`: an array. `'a'|'b'`: one of these words. `A|B`: any of these.
/// - `Name` with a capital: the component of that name.
/// - `string(1..255)`, `integer(0..)`: bounds of the length or of the number.
/// - `= JSON` behind a shape: an example.
/// - `-- text` before a member: what it means.
///
/// The words: `string`, `integer`, `number`, `boolean`, `null`, `any`, `object`, and strings of a
/// format: `uuid`, `time`, `uri`, `bytes`; `timeText` is a time in a header field, where generators of clients
/// take texts alone.
package struct ShapeParser {
  private let text: [UInt8]
  private var index = 0
  /// Optional members may be null as well, and objects may have other members: how a tolerant
  /// service reads what it is sent.
  private let isTolerant: Bool

  private init(_ text: String, isTolerant: Bool) {
    self.text = Array(text.utf8)
    self.isTolerant = isTolerant
  }

  package static func schema(
    _ text: String, isTolerant: Bool = false
  ) throws(ShapeError) -> JSON {
    var parser = ShapeParser(text, isTolerant: isTolerant)
    let schema = try parser.shape()
    parser.skipSpace()
    guard parser.index == parser.text.count else { throw parser.failure("text behind the shape") }
    return schema
  }

  /// `Name = shape`, one after the other.
  package static func components(_ text: String) throws(ShapeError) -> JSONObject {
    var parser = ShapeParser(text, isTolerant: false)
    var components = JSONObject()
    while true {
      let remark = parser.remark()
      guard parser.index < parser.text.count else { return components }
      let name = parser.word()
      guard !name.isEmpty, parser.take("=") else { throw parser.failure("expected Name = shape") }
      components[name] = Self.described(try parser.shape(), remark)
    }
  }

  // MARK: Reading

  private mutating func shape() throws(ShapeError) -> JSON {
    var alternatives = [try single()]
    while take("|") { alternatives.append(try single()) }
    var schema = Self.union(alternatives)
    if take("=") {
      let example = try literal()
      schema = Self.with(schema, "examples", [example])
    }
    return schema
  }

  private mutating func single() throws(ShapeError) -> JSON {
    if take("{") { return try object() }
    if take("[") {
      let items = try shape()
      guard take("]") else { throw failure("expected ]") }
      return ["type": "array", "items": items]
    }
    if take("'") {
      let start = index
      while index < text.count, text[index] != UInt8(ascii: "'") { index += 1 }
      let value = String(decoding: text[start..<index], as: UTF8.self)
      guard take("'") else { throw failure("expected '") }
      return ["const": .string(value)]
    }
    let word = word()
    guard let first = word.utf8.first else { throw failure("expected a shape") }
    if first &- 0x41 < 26 { return ["$ref": .string("#/components/schemas/\(word)")] }
    guard let schema = Self.words[word] else { throw failure("\"\(word)\" is no shape") }
    return try bounded(schema)
  }

  private static let words: TextMap<JSON> = [
    "string": ["type": "string"], "integer": ["type": "integer"], "number": ["type": "number"],
    "boolean": ["type": "boolean"], "null": ["type": "null"], "any": [:],
    "object": ["type": "object"], "uuid": ["type": "string", "format": "uuid"],
    "time": ["type": "string", "format": "date-time"],
    "timeText": ["type": "string", "pattern": .string(timePattern)],
    "uri": ["type": "string", "format": "uri"],
    "bytes": ["type": "string", "format": "binary"],
  ]

  /// Of this century, and of days that every month has: for who makes examples of it.
  private static let timePattern =
    #"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"#
    + #"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|\+00:00)$"#

  private mutating func bounded(_ schema: JSON) throws(ShapeError) -> JSON {
    guard take("(") else { return schema }
    let isText = schema["type"] == "string"
    var schema = schema
    if let low = number() { schema = Self.with(schema, isText ? "minLength" : "minimum", low) }
    guard take("..") else { throw failure("expected ..") }
    if let high = number() { schema = Self.with(schema, isText ? "maxLength" : "maximum", high) }
    guard take(")") else { throw failure("expected )") }
    return schema
  }

  private mutating func object() throws(ShapeError) -> JSON {
    var properties = JSONObject()
    var required: [JSON] = []
    var others: JSON? = isTolerant ? nil : false
    while true {
      let remark = remark()
      if take("}") { break }
      if take("…") {
        others = nil
      } else if take("*") {
        guard take(":") else { throw failure("expected :") }
        others = try shape()
      } else {
        let name = try memberName()
        let isOptional = take("?")
        guard take(":") else { throw failure("expected : behind \(name)") }
        var schema = try shape()
        if isOptional, isTolerant { schema = Self.nullable(schema) }
        properties[name] = Self.described(schema, remark)
        if !isOptional { required.append(.string(name)) }
      }
      if !take(",") {
        guard take("}") else { throw failure("expected , or }") }
        break
      }
    }
    var schema: JSONObject = ["type": "object"]
    if !properties.isEmpty { schema["properties"] = .object(properties) }
    if !required.isEmpty { schema["required"] = .array(required) }
    if let others { schema["additionalProperties"] = others }
    return .object(schema)
  }

  /// A word, or any text in double quotes.
  private mutating func memberName() throws(ShapeError) -> String {
    skipSpace()
    if index < text.count, text[index] == UInt8(ascii: "\""), let name = try literal().stringValue {
      return name
    }
    let name = word()
    guard !name.isEmpty else { throw failure("expected a member") }
    return name
  }

  // MARK: Schemas

  private static func union(_ alternatives: [JSON]) -> JSON {
    guard alternatives.count > 1 else { return alternatives[0] }
    let words = alternatives.compactMap { $0["const"] }
    if words.count == alternatives.count { return ["type": "string", "enum": .array(words)] }
    return ["anyOf": .array(alternatives)]
  }

  private static func nullable(_ schema: JSON) -> JSON {
    if schema["type"] == nil, schema["anyOf"] == nil, schema["$ref"] == nil, schema["const"] == nil
    {
      return schema
    }
    var inner = schema
    let examples = schema["examples"]
    if examples != nil, var object = schema.objectValue {
      object["examples"] = nil
      inner = .object(object)
    }
    let outer: JSON = ["anyOf": [inner, ["type": "null"]]]
    return examples.map { with(outer, "examples", $0) } ?? outer
  }

  private static func described(_ schema: JSON, _ remark: String?) -> JSON {
    remark.map { with(schema, "description", .string($0)) } ?? schema
  }

  private static func with(_ schema: JSON, _ key: String, _ value: JSON) -> JSON {
    var object = schema.objectValue ?? JSONObject()
    object[key] = value
    return .object(object)
  }

  // MARK: Letters

  private mutating func skipSpace() {
    while index < text.count, text[index] == 0x20 || text[index] == 0x0A { index += 1 }
  }

  /// `-- …` up to the end of the line; several lines are one remark.
  private mutating func remark() -> String? {
    var lines: [String] = []
    while take("--") {
      let start = index
      while index < text.count, text[index] != 0x0A { index += 1 }
      lines.append(String(decoding: text[start..<index].drop { $0 == 0x20 }, as: UTF8.self))
    }
    return lines.isEmpty ? nil : lines.joined(separator: " ")
  }

  private mutating func take(_ mark: String) -> Bool {
    skipSpace()
    guard text[index...].starts(with: mark.utf8) else { return false }
    index += mark.utf8.count
    return true
  }

  private mutating func word() -> String {
    skipSpace()
    let start = index
    while index < text.count, Self.isWordByte(text[index]) { index += 1 }
    return String(decoding: text[start..<index], as: UTF8.self)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "_")
  }

  private mutating func number() -> JSON? {
    Int(word()).map(JSON.integer)
  }

  /// One JSON value: up to where its brackets and quotes are closed.
  private mutating func literal() throws(ShapeError) -> JSON {
    skipSpace()
    let start = index
    var depth = 0
    var isQuoted = false
    scan: while index < text.count {
      let byte = text[index]
      if isQuoted {
        if byte == UInt8(ascii: "\\") { index += 1 }
        if byte == UInt8(ascii: "\"") {
          isQuoted = false
          if depth == 0 {
            index += 1
            break scan
          }
        }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isQuoted = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { break scan }
          depth -= 1
        case UInt8(ascii: ","), 0x0A: if depth == 0 { break scan }
        default: break
        }
      }
      index += 1
    }
    do {
      return try JSON(parsing: Array(text[start..<min(index, text.count)]))
    } catch {
      throw failure("the example is no JSON: \(error)")
    }
  }

  private func failure(_ message: String) -> ShapeError {
    let around = text[max(0, index - 40)..<min(text.count, index + 20)]
    return ShapeError(
      message: "\(message) near \"\(String(decoding: around, as: UTF8.self))\"", offset: index)
  }
}
