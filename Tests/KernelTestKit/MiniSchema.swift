package import PayloadCodecs

/// As much of JSON Schema 2020-12 as our own schema uses; anything else in it is an error, so that
/// the schema cannot say what this does not check.
package struct MiniSchema {
  package let root: JSON

  package init(root: JSON) { self.root = root }

  private static let known: Set<String> = [
    "$schema", "title", "description", "examples", "$defs", "$ref", "type", "properties",
    "required", "additionalProperties", "enum", "const", "anyOf", "oneOf", "allOf", "not", "if",
    "then", "else", "dependentSchemas", "items", "minimum", "maximum", "pattern", "minLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "propertyNames", "default",
    "contentEncoding",
  ]

  package func resolved(_ schema: JSON) -> JSON {
    guard let name = schema["$ref"]?.stringValue else { return schema }
    let path = name.split(separator: "/").dropFirst().map(String.init)
    return path.reduce(root) { $0[$1] ?? ["bad": true] }
  }

  /// What is wrong with a value; empty: valid.
  package func errors(_ value: JSON, _ schema: JSON? = nil, at pointer: String = "") -> [String] {
    let schema = schema ?? root
    if case .object(var rest) = schema, rest["$ref"] != nil {
      let referred = errors(value, resolved(schema), at: pointer)
      rest["$ref"] = nil
      return referred + errors(value, .object(rest), at: pointer)
    }
    if schema.boolValue == false { return ["\(pointer): not allowed"] }
    guard case .object(let object) = schema else { return [] }
    var errors = object.keys.filter { !Self.known.contains($0) }.map { "unknown keyword \($0)" }
    func require(_ holds: Bool, _ what: String) {
      if !holds { errors.append("\(pointer): \(what)") }
    }
    if let type = object["type"] {
      let names = type.arrayValue?.compactMap(\.stringValue) ?? [type.stringValue ?? ""]
      require(names.contains { Self.isOf($0, value) }, "type \(names)")
    }
    if let allowed = object["enum"]?.arrayValue { require(allowed.contains(value), "enum") }
    if let const = object["const"] { require(const == value, "const \(const.text)") }
    if let alternatives = object["anyOf"]?.arrayValue {
      let all = alternatives.map { self.errors(value, $0, at: pointer) }
      if !all.contains(where: \.isEmpty) {
        errors += all.min { $0.count < $1.count } ?? []
        require(false, "no alternative")
      }
    }
    errors += combined(value, object, at: pointer)
    if let number = value.doubleValue {
      if let least = object["minimum"]?.doubleValue { require(number >= least, "minimum") }
      if let most = object["maximum"]?.doubleValue { require(number <= most, "maximum") }
    }
    if let text = value.stringValue {
      if let least = object["minLength"]?.intValue { require(text.count >= least, "minLength") }
      if let pattern = object["pattern"]?.stringValue {
        let regex = try? Regex(pattern)
        require(regex.flatMap { try? $0.firstMatch(in: text) } != nil, "pattern \(pattern)")
      }
    }
    if let elements = value.arrayValue {
      if let least = object["minItems"]?.intValue { require(elements.count >= least, "minItems") }
      if let most = object["maxItems"]?.intValue { require(elements.count <= most, "maxItems") }
      if let items = object["items"] {
        for (index, element) in elements.enumerated() {
          errors += self.errors(element, items, at: "\(pointer)/\(index)")
        }
      }
    }
    if let members = value.objectValue { errors += self.members(members, object, at: pointer) }
    return errors
  }

  /// What combines other schemas.
  private func combined(_ value: JSON, _ schema: JSONObject, at pointer: String) -> [String] {
    func holds(_ other: JSON) -> Bool { self.errors(value, other, at: pointer).isEmpty }
    var errors: [String] = []
    if let choices = schema["oneOf"]?.arrayValue, choices.count(where: holds) != 1 {
      errors.append("\(pointer): not one of the choices")
    }
    for part in schema["allOf"]?.arrayValue ?? [] {
      errors += self.errors(value, part, at: pointer)
    }
    if let other = schema["not"], holds(other) { errors.append("\(pointer): not allowed so") }
    if let condition = schema["if"], let next = schema[holds(condition) ? "then" : "else"] {
      errors += self.errors(value, next, at: pointer)
    }
    for (key, part) in schema["dependentSchemas"]?.objectValue?.members ?? []
    where value.objectValue?[key] != nil {
      errors += self.errors(value, part, at: pointer)
    }
    return errors
  }

  private func members(_ members: JSONObject, _ schema: JSONObject, at pointer: String) -> [String]
  {
    var errors: [String] = []
    for name in schema["required"]?.arrayValue ?? [] where members[name.stringValue ?? ""] == nil {
      errors.append("\(pointer): \(name.text) is missing")
    }
    if let least = schema["minProperties"]?.intValue, members.count < least {
      errors.append("\(pointer): minProperties")
    }
    if let most = schema["maxProperties"]?.intValue, members.count > most {
      errors.append("\(pointer): maxProperties")
    }
    for (key, value) in members.members {
      if let names = schema["propertyNames"] {
        errors += self.errors(.string(key), names, at: pointer)
      }
      if let property = schema["properties"]?[key] {
        errors += self.errors(value, property, at: "\(pointer)/\(key)")
      } else if let more = schema["additionalProperties"] {
        errors += self.errors(value, more, at: "\(pointer)/\(key)")
      }
    }
    return errors
  }

  private static func isOf(_ type: String, _ value: JSON) -> Bool {
    switch (type, value) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool),
      ("null", .null), ("number", .integer), ("number", .decimal), ("integer", .integer):
      true
    case ("integer", .decimal): value.intValue != nil
    default: false
    }
  }
}
