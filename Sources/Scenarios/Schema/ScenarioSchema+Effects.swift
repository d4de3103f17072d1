import PayloadCodecs

/// The parts of the schema that describe what a rule does.
extension ScenarioSchema {
  static var effects: [(key: String, value: JSON)] {
    [
      ("header", header), ("delay", delay), ("error", error), ("respond", respond),
      ("patch", patch), ("fault", fault), ("limit", limit),
    ]
  }

  private static var header: JSON {
    [
      "type": "object", "description": "Field values; null removes one, in a patch.",
      "additionalProperties": [
        "anyOf": [
          ["type": ["string", "null"]], ["type": "array", "items": ["type": "string"]],
        ]
      ],
    ]
  }

  private static var delay: JSON {
    let distributions: [(String, JSON)] = [
      ("fixed", ref("duration")),
      (
        "uniform",
        .object(
          object(
            "Anything between.", [("min", ref("duration")), ("max", ref("duration"))],
            required: ["min", "max"]))
      ),
      (
        "normal",
        .object(
          object(
            "Around a mean.", [("mean", ref("duration")), ("sigma", ref("duration"))],
            required: ["mean", "sigma"]))
      ),
      (
        "lognormal",
        .object(
          object(
            "Mostly short, sometimes long.",
            [
              ("median", ref("duration")),
              ("sigma", ["type": "number", "minimum": 0, "maximum": 10]),
            ], required: ["median", "sigma"]))
      ),
      ("max", ref("duration")),
      (
        "at",
        ["enum": ["head", "each"], "description": "Before the first byte, or before each piece."]
      ),
    ]
    return [
      "description": "How long the answer is held back.",
      "anyOf": [ref("duration"), .object(object("A distribution.", distributions))],
    ]
  }

  private static var error: JSON {
    [
      "description": "A status in the operation's own error form.",
      "anyOf": [
        ["type": "integer", "minimum": 400, "maximum": 599],
        .object(
          object(
            "With a message and fields.",
            [
              ("status", status(400, "The status.")), ("message", text("A sentence; a template.")),
              ("header", ref("header")),
            ], required: ["status"])),
      ],
    ]
  }

  private static var respond: JSON {
    .object(
      object(
        "An answer in place of the service's; texts are templates.",
        [
          ("status", status(200, "The status.")), ("header", ref("header")),
          ("json", ["description": "JSON content."]), ("text", text("Text content.")),
          ("base64", text("Bytes.")), ("file", text("A file beside the scenario's.")),
        ]))
  }

  private static var patch: JSON {
    var schema = object(
      "A change of the service's answer.",
      [
        ("status", status(200, "Another status.")), ("header", ref("header")),
        ("json", ["description": "A JSON merge patch (RFC 7396)."]),
      ])
    schema["minProperties"] = 1
    return .object(schema)
  }

  private static var fault: JSON {
    let afterBytes = ("afterBytes", ref("size"))
    func settings(_ description: String, _ members: [(String, JSON)], _ required: [String] = [])
      -> JSON
    {
      let whole = JSON.object(object(description, members, required: required))
      return required.isEmpty ? ["anyOf": [["const": true], whole]] : whole
    }
    let kinds = object(
      "A kind with its settings.",
      [
        ("reset", settings("RST, after so many bytes of the response.", [afterBytes])),
        ("empty", settings("Close without a byte.", [])),
        ("truncate", settings("Close inside the content.", [afterBytes])),
        ("stall", settings("Never finish.", [afterBytes])),
        (
          "throttle",
          settings("So many bytes a second.", [("bytesPerSecond", ref("size"))], ["bytesPerSecond"])
        ),
        (
          "dribble",
          settings(
            "Small pieces with pauses.", [("bytes", ref("size")), ("pause", ref("duration"))])
        ),
        (
          "corrupt",
          settings(
            "Wrong bytes.",
            [
              ("chunk", ["const": true, "description": "A malformed chunk."]),
              ("bytes", ["type": "integer", "minimum": 1, "maximum": 65_536]),
            ])
        ),
        (
          "refuse",
          settings(
            "Close without a byte, for a while of at most 1m: every request that the rule matches.",
            [("for", ref("duration"))])
        ),
      ])
    var one = kinds
    one["minProperties"] = 1
    one["maxProperties"] = 1
    return [
      "description": "A failure on the wire.",
      "anyOf": [
        ["enum": ["reset", "empty", "truncate", "stall", "dribble", "corrupt", "refuse"]],
        .object(one),
      ],
    ]
  }

  private static var limit: JSON {
    .object(
      object(
        "So many requests in a window of the tenant's time; beyond it 429 with Retry-After.",
        [
          ("window", ref("duration")),
          ("requests", ["type": "integer", "minimum": 0, "maximum": 1_000_000]),
          ("kind", ["enum": ["sliding", "fixed"]]), ("per", ref("scope")),
        ], required: ["window", "requests"]))
  }
}
