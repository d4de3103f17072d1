package import PayloadCodecs

/// For services whose sections are not made of forms yet.
extension ScenarioCatalog.Service.Sections {
  package init(given: JSON, behaviors: JSON, definitions: JSONObject = JSONObject()) {
    func form(_ schema: JSON) -> Form<Void> {
      Form(
        describe: { writer in
          writer.define(definitions)
          return schema.objectValue ?? JSONObject()
        }, example: { [:] }, read: { _ in })
    }
    self.init(given: form(given), behaviors: form(behaviors))
  }
}

extension ServiceEvent {
  package init(
    _ name: String, _ value: JSON, beside others: JSONObject = JSONObject(),
    values: (@Sendable (WorldSeed) -> [String])? = nil,
    check: @escaping @Sendable (ScenarioReader) -> Void
  ) {
    let properties = JSONObject([(name, value)] + others.members)
    let form = Form<Void>(
      describe: { _ in
        [
          "type": "object", "properties": .object(properties), "required": [.string(name)],
          "additionalProperties": false,
        ]
      }, example: { .object(JSONObject([(name, "x")])) },
      read: { reader in if !reader.value.holdsTemplate { check(reader) } })
    self.init(name, form, values: values)
  }
}
