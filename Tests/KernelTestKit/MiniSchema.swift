package import PayloadCodecs

/// As much of JSON Schema 2020-12 as our own schema uses; anything else in it is an error, so that
/// the schema cannot say what this does not check.
package struct MiniSchema {
  package let root: JSON

  package init(root: JSON) { self.root = root }

  private static let known: Set<String> = [
    "$schema", "title", "description", "examples", "$defs", "$ref", "type", "properties",
    "required", "additionalProperties", "enum", "const", "anyOf", "items", "minimum", "maximum",
    "pattern", "minLength", "minItems", "maxItems", "minProperties", "maxProperties",
    "propertyNames", "default",
  ]

  package func resolved(_ schema: JSON) -> JSON {
    guard let name = schema["$ref"]?.stringValue else { return schema }
    let path = name.split(separator: "/").dropFirst().map(String.init)
    return path.reduce(root) { $0[$1] ?? ["bad": true] }
  }

  /// What is wrong with a value; empty: valid.
  package func errors(_ value: JSON, _ schema: JSON? = nil, at pointer: String = "") -> [String] {
    let schema = resolved(schema ?? root)
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

  // MARK: Places

  /// All schemas that a place may have, references and alternatives taken apart.
  private func expanded(_ schema: JSON) -> [JSON] {
    let schema = resolved(schema)
    guard let alternatives = schema["anyOf"]?.arrayValue else { return [schema] }
    return alternatives.flatMap(expanded)
  }

  /// The schemas with known keys at a place of a document.
  package func objects(at tokens: [String]) -> [JSONObject] {
    var schemas = expanded(root)
    for token in tokens {
      schemas = schemas.flatMap { schema -> [JSON] in
        if let property = schema["properties"]?[token] { return expanded(property) }
        if Int(token) != nil, let items = schema["items"] { return expanded(items) }
        if let more = schema["additionalProperties"], more.objectValue != nil {
          return expanded(more)
        }
        return []
      }
    }
    return schemas.compactMap { $0["properties"]?.objectValue }
  }

  /// The known keys of every object schema there is.
  package var allObjects: [[String]] { Self.objects(in: root) }

  private static func objects(in schema: JSON) -> [[String]] {
    switch schema {
    case .object(let object):
      var found: [[String]] = []
      if object["type"] == "object", let properties = object["properties"]?.objectValue,
        object["additionalProperties"] == false, !properties.isEmpty
      {
        found.append(properties.keys.sorted())
      }
      return found + object.members.flatMap { objects(in: $0.value) }
    case .array(let elements): return elements.flatMap(objects)
    default: return []
    }
  }
}
