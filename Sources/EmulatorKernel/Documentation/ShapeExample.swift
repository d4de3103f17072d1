package import PayloadCodecs

/// A value that fits a schema: made of the schema's own examples, so that both stay together.
package struct ShapeExample {
  private let components: JSONObject
  private static let depthMax = 32

  package init(components: JSONObject) { self.components = components }

  /// Nil for raw bytes and for what may be anything.
  package func value(of schema: JSON) -> JSON? { value(of: schema, depth: 0) }

  private func value(of schema: JSON, depth: Int) -> JSON? {
    if depth > Self.depthMax { return nil }
    if let example = schema["examples"]?[0] { return example }
    if let word = schema["const"] ?? schema["enum"]?[0] { return word }
    if let reference = schema["$ref"]?.stringValue {
      let name = reference.split(separator: "/").last.map(String.init) ?? ""
      return components[name].flatMap { value(of: $0, depth: depth + 1) }
    }
    if let alternatives = schema["anyOf"]?.arrayValue {
      return alternatives.lazy.compactMap { value(of: $0, depth: depth + 1) }.first
    }
    switch schema["type"]?.stringValue {
    case "object": return object(schema, depth)
    case "array":
      let element = schema["items"].flatMap { value(of: $0, depth: depth + 1) }
      return .array(element.map { [$0] } ?? [])
    case "integer": return schema["minimum"] ?? 1
    case "number": return schema["minimum"] ?? 0.5
    case "boolean": return true
    case "null": return .null
    case "string": return text(schema)
    default: return nil
    }
  }

  /// Required members, and the optional ones that have an example of their own.
  private func object(_ schema: JSON, _ depth: Int) -> JSON {
    let required = schema["required"]?.arrayValue ?? []
    var object = JSONObject()
    for (name, member) in schema["properties"]?.objectValue?.members ?? [] {
      guard required.contains(.string(name)) || member["examples"] != nil else { continue }
      object[name] =
        value(of: member, depth: depth + 1) ?? (member["type"] == "string" ? "text" : [:])
    }
    return .object(object)
  }

  private func text(_ schema: JSON) -> JSON? {
    switch schema["format"]?.stringValue {
    case "uuid": "0B9E5B1C-6E53-4C5B-9C0B-5D2B0D3B7A10"
    case "date-time": "2023-06-28T03:57:41Z"
    case "uri": "https://example.com/"
    case "binary": nil
    default: "text"
    }
  }
}
