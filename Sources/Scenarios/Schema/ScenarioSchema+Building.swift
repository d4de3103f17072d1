package import PayloadCodecs

/// What sections that are not made of forms yet are put together with.
extension ScenarioSchema {
  /// An object with known keys.
  package static func object(
    _ description: String, _ properties: [(String, JSON)], required: [String] = []
  ) -> JSONObject {
    var schema: JSONObject = ["type": "object", "description": .string(description)]
    schema["properties"] = .object(JSONObject(properties.map { ($0.0, $0.1) }))
    if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
    schema["additionalProperties"] = false
    return schema
  }

  package static func ref(_ name: String) -> JSON { ["$ref": .string("#/$defs/\(name)")] }

  package static func text(_ description: String) -> JSON {
    ["type": "string", "description": .string(description)]
  }

  package static func status(_ least: Int, _ description: String) -> JSON {
    [
      "type": "integer", "minimum": .integer(least), "maximum": 599,
      "description": .string(description),
    ]
  }

  package static func oneOrMore(_ item: JSON) -> JSON {
    ["anyOf": [item, ["type": "array", "items": item]]]
  }

  package static func flag(_ description: String) -> JSON {
    ["type": "boolean", "description": .string(description)]
  }

  package static func list(_ item: JSON, _ description: String? = nil) -> JSON {
    var schema: JSONObject = ["type": "array", "items": item]
    if let description { schema["description"] = .string(description) }
    return .object(schema)
  }

  /// An object of free keys.
  package static func dictionary(_ value: JSON, _ description: String) -> JSON {
    ["type": "object", "description": .string(description), "additionalProperties": value]
  }

  package static func choice<Choice>(of type: Choice.Type, _ description: String) -> JSON
  where Choice: RawRepresentable<String> & CaseIterable {
    [
      "enum": .array(type.allCases.map { .string($0.rawValue) }),
      "description": .string(description),
    ]
  }
}
