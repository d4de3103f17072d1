/// A JSON value that is kept as its text: for what is often written and seldom looked into. In a
/// snapshot it is what `JSON` is there.
package struct WrittenJSON: Sendable, Equatable {
  package let text: String

  /// - Parameter write: writes one value.
  package init(_ write: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    write(&json)
    text = String(decoding: json.bytes, as: UTF8.self)
  }

  /// As a tree, read anew each time.
  package var value: JSON { (try? JSON(parsing: text)) ?? .null }
}

extension WrittenJSON: Codable {
  package init(from decoder: any Decoder) throws { text = try JSON(from: decoder).text }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension JSONWriter {
  package mutating func member(_ name: StaticString, _ value: WrittenJSON) {
    key(name)
    raw(value.text)
  }
}
