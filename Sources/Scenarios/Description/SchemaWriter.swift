import PayloadCodecs

/// Gathers the definitions of one JSON Schema while its forms describe themselves.
///
/// **Isolation**: lives in one call.
package final class SchemaWriter {
  let catalog: ScenarioCatalog
  /// Inside of an event, where a text with `{{` may stand in place of any plain value.
  private var isInEvent = false
  private(set) var definitions = JSONObject()

  init(_ catalog: ScenarioCatalog) { self.catalog = catalog }

  /// Refers to a definition, which is made when it is first needed: it may refer to itself.
  func reference(_ name: String, _ make: () -> JSONObject) -> JSONObject {
    if definitions[name] == nil {
      let place = definitions.members.count
      definitions.members.append((name, .null))
      definitions.members[place].value = .object(make())
    }
    return ["$ref": .string("#/$defs/\(name)")]
  }

  func plain(_ schema: JSONObject, name: String?) -> JSONObject {
    let schema = name.map { reference($0) { schema } } ?? schema
    guard isInEvent, schema["type"] != "string" || schema["pattern"] != nil else { return schema }
    return ["anyOf": [.object(schema), .object(reference("filledLater") { Self.filledLater })]]
  }

  private static let filledLater: JSONObject = [
    "type": "string", "pattern": #"\{\{"#,
    "description": "A template: what fills it is checked when the event happens.",
  ]

  func inEvent<Value>(_ body: () -> Value) -> Value {
    let outer = isInEvent
    isInEvent = true
    defer { isInEvent = outer }
    return body()
  }
}

/// Goes through all forms for their samples; what holds itself is gone through once.
///
/// **Isolation**: lives in one call.
package final class SampleWalk {
  let catalog: ScenarioCatalog
  private var begun: TextSet = []

  init(_ catalog: ScenarioCatalog) { self.catalog = catalog }

  /// Nil for a name that was gone through before.
  func once(_ name: String, _ body: () -> [JSON]) -> [JSON]? {
    begun.insert(name).inserted ? body() : nil
  }
}
