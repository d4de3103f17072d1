package import EmulatorKernel
import PayloadCodecs

/// What `ScriptReader` reads, as JSON Schema: a test holds the two together.
extension SteamshipService {
  package var sections: ScenarioCatalog.Service.Schema? {
    .init(given: ScriptSchema.given, behaviors: ScriptSchema.behaviors)
  }

  package var events: [ServiceEvent]? {
    [
      ServiceEvent(
        "signal", ScenarioSchema.nonEmpty("Ends every stage of a timeline that waits for it."),
        values: Self.signals
      ) { reader in
        _ = reader.object { $0.requiredString("signal") }
      }
    ]
  }

  /// The names that stages of timelines wait for.
  @Sendable private static func signals(_ seed: WorldSeed) -> [String] {
    let behaviors = seed.behaviors?.arrayValue ?? []
    let stages = behaviors.flatMap { $0["timeline"]?.arrayValue ?? [] }
    return stages.compactMap { $0["signal"]?.stringValue }
  }
}

private enum ScriptSchema {
  typealias Schema = ScenarioSchema

  static var given: JSON {
    .object(
      Schema.object(
        "What users of the Steamship engine find.",
        [
          ("users", Schema.list(Schema.nonEmpty("A handle."), "Users that are there.")),
          ("workspaces", Schema.list(["anyOf": [Schema.nonEmpty("A handle."), workspace]])),
          ("packages", Schema.list(package)), ("plugins", Schema.list(plugin)),
        ]))
  }

  private static var workspace: JSON {
    let instance = Schema.object(
      "A package instance.",
      [
        ("package", Schema.nonEmpty("The package's handle.")), handle,
        ("config", ["type": "object"]),
      ], required: ["package", "handle"])
    let tag = Schema.object(
      "A tag of a file.",
      [
        ("kind", Schema.nonEmpty("The kind.")), ("name", Schema.text("The name.")),
        ("value", ["type": "object"]),
      ], required: ["kind"])
    let file = Schema.object(
      "A file.",
      [
        ("handle", Schema.nonEmpty("The handle.")),
        ("blocks", Schema.list(Schema.text("A block's text."))),
        ("tags", Schema.list(.object(tag))),
      ], required: ["handle"])
    return .object(
      Schema.object(
        "A workspace that every user starts with.",
        [
          handle, ("id", Schema.text("Its id; absent: made.")),
          ("instances", Schema.list(.object(instance))), ("files", Schema.list(.object(file))),
        ], required: ["handle"]))
  }

  private static var handle: (String, JSON) { ("handle", Schema.nonEmpty("The handle.")) }

  private static var package: JSON {
    .object(
      Schema.object(
        "A package.",
        [
          handle, ("description", Schema.text("A sentence.")),
          ("public", Schema.flag("Whether everybody may use it.")),
          ("init", Schema.ref("duration")),
          (
            "forward",
            [
              "type": "string", "pattern": "^https?://",
              "description": "Calls go there instead of being scripted.",
            ]
          ),
          versions, ("methods", Schema.list(method)),
        ], required: ["handle"]))
  }

  private static var plugin: JSON {
    .object(
      Schema.object(
        "A plugin besides the built-in ones.",
        [handle, ("type", Schema.nonEmpty("Such as tagger or generator.")), versions],
        required: ["handle", "type"]))
  }

  private static var versions: (String, JSON) {
    let version = Schema.object(
      "A version.", [handle, ("configTemplate", ["type": "object"])], required: ["handle"])
    return ("versions", Schema.list(["anyOf": [Schema.nonEmpty("A handle."), .object(version)]]))
  }

  private static var method: JSON {
    let parameter = Schema.object(
      "A parameter.",
      [
        ("name", Schema.nonEmpty("The name.")), ("kind", Schema.text("The type, such as str.")),
        ("default", ["description": "Absent: the caller must give it."]),
      ], required: ["name"])
    return .object(
      Schema.object(
        "A method and its canned answer.",
        [
          ("path", Schema.nonEmpty("Such as greet.")), ("verb", ["enum": ["GET", "POST"]]),
          ("public", Schema.flag("Whether it needs no key.")),
          ("doc", Schema.text("A sentence.")), ("returns", Schema.text("The type.")),
          ("delay", Schema.ref("duration")),
          ("delayArgument", Schema.text("An argument that says how many seconds it takes.")),
          (
            "args",
            Schema.list(["anyOf": [Schema.nonEmpty("A name."), .object(parameter)]])
          ),
        ] + answerMembers, required: ["path"]))
  }

  private static var answerMembers: [(String, JSON)] {
    let failure = Schema.object(
      "A failure.",
      [
        ("status", Schema.status(400, "The status.")), ("message", Schema.nonEmpty("What.")),
        ("suggestion", Schema.text("What to do.")), ("code", Schema.text("A code.")),
      ], required: ["message"])
    return [
      ("text", Schema.text("A text; may hold {{arguments.name}} and the like.")),
      ("json", ["description": "A value."]), ("base64", Schema.text("Bytes.")),
      ("failure", .object(failure)), ("type", Schema.text("A media type.")),
    ]
  }

  static var behaviors: JSON {
    let glob = Schema.text("A text, in which * stands for any characters.")
    let when = Schema.object(
      "Which work.",
      [("operation", glob), ("package", glob), ("plugin", glob), ("method", glob)])
    let stage = Schema.object(
      "A stage: ends after a time, at the n-th look, or on a signal.",
      [
        ("state", Schema.choice(of: TaskState.self, "What clients see.")),
        ("message", Schema.text("The status message.")),
        ("suggestion", Schema.text("What to do.")), ("code", Schema.text("A code.")),
        ("for", Schema.ref("duration")),
        ("polls", ["type": "integer", "minimum": 1, "maximum": 1_000_000]),
        ("signal", Schema.text("The name that an event gives.")),
      ], required: ["state"])
    let answer = Schema.object("What is answered.", answerMembers)
    let behavior = Schema.object(
      "How work that matches proceeds, and what it answers.",
      [
        ("when", .object(when)),
        ("timeline", ["type": "array", "items": .object(stage), "minItems": 1]),
        ("answer", .object(answer)),
      ])
    return Schema.list(.object(behavior), "The first that matches decides.")
  }
}
