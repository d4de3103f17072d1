import PayloadCodecs

/// The parts of the schema that describe rules.
extension ScenarioSchema {
  // MARK: Which requests

  static func matching(_ catalog: ScenarioCatalog) -> [(key: String, value: JSON)] {
    let names = catalog.operations.map { JSON.string($0.operation.name) }
    let services = catalog.services.map { JSON.string($0.name) }
    return [
      ("serviceName", choice(services, "A service, or a glob.")),
      ("operationName", choice(names, "An operation, or a glob such as *.store.*.")),
      ("matcher", matcher),
      (
        "match",
        .object(
          object(
            "Which requests: all given keys must hold.",
            [
              ("service", oneOrMore(ref("serviceName"))),
              ("operation", oneOrMore(ref("operationName"))),
              ("method", oneOrMore(nonEmpty("GET, POST…"))),
              (
                "path",
                oneOrMore([
                  "type": "string", "pattern": "^[/*]",
                  "description": "A glob (/orgs/*) or a template (/orgs/{org}/fleets).",
                ])
              ),
              ("tenant", ref("matcher")), ("credential", ref("matcher")),
              ("query", matchers("By the name of a query item.")),
              ("header", matchers("By the name of a field.")),
              (
                "body",
                .object(
                  object(
                    "The content; not where it streams.",
                    [
                      ("text", ref("matcher")),
                      ("pointer", matchers("By JSON Pointer.", keys: "^/")),
                      ("json", ["description": "A part that must be contained."]),
                    ]))
              ),
            ]))
      ),
    ]
  }

  /// Names for completion, any text for globs.
  private static func choice(_ names: [JSON], _ description: String) -> JSON {
    [
      "description": .string(description),
      "anyOf": [["enum": .array(names)], ["type": "string", "pattern": #"[*?]"#]],
    ]
  }

  private static func matchers(_ description: String, keys: String? = nil) -> JSON {
    var schema: JSONObject = ["type": "object", "description": .string(description)]
    if let keys { schema["propertyNames"] = ["pattern": .string(keys)] }
    schema["additionalProperties"] = ref("matcher")
    return .object(schema)
  }

  private static var matcher: JSON {
    let number: JSON = ["type": "number"]
    let conditions = object(
      "Conditions that must all hold.",
      [
        ("equal", ["description": "The same value."]),
        ("contains", ["description": "A text inside a text, or an element of an array."]),
        ("regex", text("A regular expression, found anywhere.")),
        ("glob", text("* stands for any characters, ? for one.")),
        ("gt", number), ("gte", number), ("lt", number), ("lte", number),
        ("present", flag("Whether there is a value at all.")),
        ("not", ref("matcher")),
        ("any", ["type": "array", "items": ref("matcher")]),
        ("all", ["type": "array", "items": ref("matcher")]),
      ])
    var withMinimum = conditions
    withMinimum["minProperties"] = 1
    return [
      "description": "A value that must be equal, or conditions.",
      "anyOf": [
        ["type": ["string", "number", "boolean", "null", "array"]], .object(withMinimum),
      ],
    ]
  }

  // MARK: How often

  static var counting: [(key: String, value: JSON)] {
    let number: JSON = ["type": "integer", "minimum": 0]
    let members = [("exactly", number), ("atLeast", number), ("atMost", number)]
    return [
      (
        "count",
        ["anyOf": [number, .object(object("How often.", members))]]
      ),
      (
        "expect",
        .object(
          object(
            "What must have happened: checked by verify.",
            [
              (
                "rules",
                [
                  "type": "object", "description": "How often each rule must have struck.",
                  "additionalProperties": ref("count"),
                ]
              ),
              ("unmatched", ref("count")),
              (
                "requests",
                [
                  "type": "array",
                  "items": .object(
                    object(
                      "Requests that must have come; without a count at least one.",
                      [("name", text("What to call it.")), ("match", ref("match"))] + members)),
                ]
              ),
              (
                "order",
                [
                  "type": "array", "items": ref("match"),
                  "description": "Requests that must have come one after the other.",
                ]
              ),
            ]))
      ),
      (
        "scope",
        [
          "enum": .array(CountScope.allCases.map { .string($0.rawValue) }),
          "description": "What a count is kept for.",
        ]
      ),
      (
        "edge",
        [
          "description": "An instant, or a duration after the tenant's start.",
          "anyOf": [ref("instant"), ref("duration"), ["type": "null"]],
        ]
      ),
      (
        "period",
        [
          "description": "Instants of the tenant's clock, without the second.",
          "anyOf": [
            .object(object("From, to.", [("from", ref("edge")), ("to", ref("edge"))])),
            ["type": "array", "items": ref("edge"), "minItems": 2, "maxItems": 2],
          ],
        ]
      ),
    ]
  }

  // MARK: The rule

  static func rule(_ catalog: ScenarioCatalog) -> [(key: String, value: JSON)] {
    let actions = actionProperties
    let step = object(
      "One step of a sequence.",
      actions + [
        ("delay", ref("delay")), ("after", flag("The service works, then the answer is spoilt.")),
        ("times", ["type": "integer", "minimum": 1, "maximum": 1_000_000]),
      ])
    let rule = object(
      "Which requests, how often, and what then happens.",
      [
        ("name", nonEmpty("What the journal and verify call it.")),
        ("description", text("A sentence for people.")),
        ("enabled", flag("Switched off, it can be enabled by an event or the control API.")),
        ("match", ref("match")),
        (
          "where",
          [
            "type": "object", "description": "Conditions on the scenario's variables.",
            "additionalProperties": ref("matcher"),
          ]
        ),
        ("between", ref("period")),
        ("skip", ["type": "integer", "minimum": 0, "description": "Not the first so many."]),
        ("times", ["type": "integer", "minimum": 0, "description": "At most so many strikes."]),
        ("every", ["type": "integer", "minimum": 1, "description": "Every n-th."]),
        (
          "probability",
          ["type": "number", "minimum": 0, "maximum": 1, "description": "Drawn from the seed."]
        ),
        ("per", ref("scope")), ("delay", ref("delay")),
      ] + actions + [
        ("limit", ref("limit")),
        ("sequence", ["type": "array", "items": .object(step), "minItems": 1]),
        (
          "end",
          [
            "enum": ["pass", "stay", "loop"], "description": "What follows a sequence's last step.",
          ]
        ),
        ("after", flag("The service does its work first, then the answer is spoilt.")),
        (
          "set",
          [
            "type": "object",
            "description": "Variables; a value, whose texts may be templates, or {\"add\": 1}.",
          ]
        ),
        ("emit", oneOrMore(ref("event"))),
        ("continue", flag("The search for rules goes on.")),
      ])
    return [("rule", .object(rule)), ("event", event(catalog))]
  }

  private static var actionProperties: [(String, JSON)] {
    [
      ("error", ref("error")), ("respond", ref("respond")), ("patch", ref("patch")),
      ("fault", ref("fault")), ("pass", ["const": true]),
    ]
  }

  /// An event's first key says what happens.
  private static func event(_ catalog: ScenarioCatalog) -> JSON {
    let events = catalog.services.flatMap { $0.events ?? [] }
    let names = WorldEvent.Kind.allCases.map(\.rawValue) + events.map(\.name)
    let move = object(
      "One of them.",
      [("by", ref("duration")), ("to", ref("instant")), ("toNext", ["const": true])])
    let expiry = object(
      "With another status than 401.",
      [("key", nonEmpty("The key.")), ("status", status(400, "The status."))], required: ["key"])
    var schema = object(
      "Something that happens: " + names.joined(separator: ", ") + ".",
      [
        (
          "advance",
          ["anyOf": [ref("duration"), ["type": "string", "pattern": #"\{\{"#], .object(move)]]
        ),
        ("expireKey", ["anyOf": [nonEmpty("The key."), .object(expiry)]]),
        ("setVariables", ["type": "object"]), ("enableRule", nonEmpty("A rule's name.")),
        ("disableRule", nonEmpty("A rule's name.")), ("trigger", nonEmpty("A rule's name.")),
      ])
    if case .object(var properties) = schema["properties"] {
      for (name, value) in events.flatMap(\.properties.members) { properties[name] = value }
      schema["properties"] = .object(properties)
    }
    schema["additionalProperties"] = .bool(catalog.eventNames == nil)
    schema["minProperties"] = 1
    return .object(schema)
  }
}
