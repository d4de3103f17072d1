package import PayloadCodecs

/// The JSON Schema (2020-12) of scenario files, for editors: completion, checks, explanations. Made
/// of the forms that read them, so it says what can be said without looking around.
package enum ScenarioSchema {
  package static func document(_ catalog: ScenarioCatalog) -> JSON {
    let writer = SchemaWriter(catalog)
    var schema: JSONObject = [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Wavetank scenario",
    ]
    schema.members += Scenario.form.describe(writer).members
    schema["$defs"] = .object(writer.definitions)
    return .object(schema)
  }

  /// Scenarios that together have every key that can be written, each with its example.
  package static func samples(_ catalog: ScenarioCatalog) -> [JSON] {
    Scenario.form.samples(SampleWalk(catalog))
  }
}
