package import PayloadCodecs

/// The JSON Schema (2020-12) of scenario files, for editors: completion, checks, explanations.
///
/// It says what can be said without looking around (names of operations, keys, types, ranges); the
/// reader says the rest. A test holds the two together: every place of a scenario that the reader
/// reads is described here with the same keys, and the other way round.
package enum ScenarioSchema {
  package static func document(_ catalog: ScenarioCatalog) -> JSON {
    var schema = object(
      "A Wavetank scenario: the world at the start, how it proceeds, and what happens to requests.",
      [
        ("$schema", text("Where this schema lies.")),
        (
          "wavetank",
          ["const": .integer(Scenario.formatVersion), "description": "The format's version."]
        ),
        ("name", text("A short name.")),
        ("description", text("A sentence for people.")),
        (
          "seed",
          [
            "type": "integer", "minimum": 0,
            "description": "Where ids and random choices come from.",
          ]
        ),
        ("clock", ref("clock")),
        ("auth", auth),
        (
          "outbound",
          [
            "enum": .array(OutboundAllowance.allCases.map { .string($0.rawValue) }),
            "description":
              "For whom places outside are called that a client names (localDevelopmentURL, uploadType url): callers on this machine, anybody, nobody.",
          ]
        ),
        ("given", sections(catalog, "The world at the start.", \.given)),
        ("behaviors", sections(catalog, "How what takes time proceeds.", \.behaviors)),
        (
          "variables",
          ["type": "object", "description": "The scenario's own state at the start."]
        ),
        (
          "rules",
          [
            "type": "array", "items": ref("rule"),
            "description": "The first rule that fires ends the search.",
          ]
        ),
        ("expect", ref("expect")),
      ], required: ["wavetank"])
    var head: JSONObject = [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Wavetank scenario",
    ]
    head.members += schema.members
    schema = head
    schema["$defs"] = .object(definitions(catalog))
    return .object(schema)
  }

  private static func definitions(_ catalog: ScenarioCatalog) -> JSONObject {
    var all = JSONObject()
    let parts = [
      values, matching(catalog), counting, effects, ScenarioSchema.rule(catalog),
    ]
    for part in parts { all.members += part }
    for service in catalog.services {
      for (name, schema) in service.schema?.definitions.members ?? [] {
        all.members.append((name, schema))
      }
    }
    return all
  }

  private static func sections(
    _ catalog: ScenarioCatalog, _ description: String,
    _ part: (ScenarioCatalog.Service.Schema) -> JSON
  ) -> JSON {
    let members = catalog.services.map { service in
      (service.name, service.schema.map(part) ?? ["type": "object"])
    }
    return .object(object(description, members))
  }

  // MARK: Values

  private static var values: [(key: String, value: JSON)] {
    [
      (
        "duration",
        [
          "description": "A duration with its unit, such as 250ms, 2s, 1m30s, 1h.",
          "anyOf": [
            ["type": "string", "pattern": #"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$"#],
            ["const": 0],
          ],
        ]
      ),
      (
        "size",
        [
          "description": "Bytes: 100, \"64KiB\", \"10MB\".",
          "anyOf": [
            ["type": "integer", "minimum": 0],
            ["type": "string", "pattern": #"^[0-9]+(\.[0-9]+)?([kKmMgGtT]?[iI]?[bB])?$"#],
          ],
        ]
      ),
      (
        "instant",
        [
          "description": "An instant, such as 2026-01-01T00:00:00Z.", "type": "string",
          "pattern": #"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?$"#,
        ]
      ),
      (
        "clock",
        .object(
          object(
            "How the tenant's time runs.",
            [
              (
                "mode",
                [
                  "enum": ["real", "scaled", "manual", "skip"],
                  "description":
                    "Wall time; wall time by a factor; still until advanced; still, but jumping on when a client looks at something in progress.",
                ]
              ),
              ("factor", ["type": "number", "minimum": 1e-6, "maximum": 1e6]),
              ("start", ref("instant")),
            ], required: ["mode"]))
      ),
    ]
  }

  private static var auth: JSON {
    let key = object(
      "A key and what becomes of it.",
      [
        ("key", nonEmpty("The credential as the client sends it.")),
        ("status", status(400, "Answer with this status instead of accepting.")),
        ("user", text("Whom it means.")),
        (
          "rights",
          ["type": "array", "items": nonEmpty("A right."), "description": "Absent: all."]
        ),
        ("expires", ref("instant")),
      ], required: ["key"])
    return .object(
      object(
        "Which credentials are good. Without keys: every one that is not empty.",
        [("keys", ["type": "array", "items": .object(key)])]))
  }

  // MARK: Building

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

  package static func nonEmpty(_ description: String) -> JSON {
    ["type": "string", "minLength": 1, "description": .string(description)]
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
