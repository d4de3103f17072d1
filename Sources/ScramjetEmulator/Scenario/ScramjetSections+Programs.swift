import EmulatorKernel
import PayloadCodecs

/// What `ProgramCompiler` reads, as JSON Schema.
///
/// The parameters of all behaviours stand side by side: an editor completes and checks each of them;
/// the reader says which go with which behaviour.
enum ProgramSchema {
  typealias Schema = ScenarioSchema

  static var behaviors: JSON {
    let glob = Schema.text("A text, in which * stands for any characters.")
    let when = Schema.object(
      "Which instances.", [("sequence", glob), ("package", glob), ("hub", glob)])
    var members = self.members
    members.insert(("when", .object(when)), at: 0)
    return Schema.list(
      .object(Schema.object("How instances behave: a behaviour or a program.", members)),
      "The first that matches decides.")
  }

  static var definitions: JSONObject {
    [
      "instanceBehavior": .object(Schema.object("A behaviour or a program.", members)),
      "program": program, "programAction": action, "programText": text,
      "programNumber": [
        "description": "A whole number, or one of the start's args.",
        "anyOf": [["type": "integer", "minimum": 0], argument],
      ],
      "programPause": [
        "description": "Milliseconds, a duration, or one of the start's args.",
        "anyOf": [["type": "integer", "minimum": 0], Schema.ref("duration"), argument],
      ],
    ]
  }

  private static let argument: JSON = ["type": "string", "pattern": #"^\$[0-9]"#]
  private static let text: JSON = [
    "description": "A text; $0, $1… are the start's args.",
    "type": ["string", "number", "boolean"],
  ]
  private static var name: JSON { Schema.choice(of: Behavior.self, "What it does.") }

  private static func refs(_ definition: String, _ keys: String...) -> [(String, JSON)] {
    keys.map { ($0, Schema.ref(definition)) }
  }

  private static var members: [(String, JSON)] {
    let texts = Schema.oneOrMore(Schema.text("A line."))
    let with: JSON = [
      "description": "Another behaviour that it stands on.",
      "anyOf": [name, Schema.ref("program"), Schema.ref("instanceBehavior")],
    ]
    return [("program", Schema.ref("program")), ("behavior", name), ("behaviour", name)]
      + refs(
        "programText", "prefix", "suffix", "template", "field", "algorithm", "report", "tick",
        "error", "on", "emit", "print", "then", "contentType", "topic", "requires",
        "requiresType"
      )
      + refs("programNumber", "count", "start", "kilobytes", "afterChunks", "code")
      + refs("programPause", "every", "after", "delay", "duration", "keepAlive", "exitTimeout")
      + ["tee", "newlines", "args", "open"].map { ($0, Schema.flag("Whether it does that.")) }
      + ["errors", "texts", "log", "stdout", "stderr"].map { ($0, texts) }
      + [
        ("lines", ["anyOf": [Schema.flag("Line by line."), Schema.ref("programNumber")]]),
        ("items", ["type": "array"]), ("value", ["description": "Any."]),
        ("message", ["description": "Any."]), ("with", with),
        ("language", ["description": "Not used."]),
      ]
  }

  private static var program: JSON {
    let rule = Schema.object(
      "When something happens, do something.",
      [
        ("on", Schema.choice(of: ProgramCompiler.Trigger.self, "When.")),
        ("do", Schema.oneOrMore(Schema.ref("programAction"))),
        ("event", Schema.ref("programText")), ("every", Schema.ref("programPause")),
        ("count", Schema.ref("programNumber")),
      ], required: ["on", "do"])
    return Schema.list(.object(rule))
  }

  private static var action: JSON {
    let echo = Schema.object(
      "What stands around each piece.", refs("programText", "prefix", "suffix"))
    let sink: JSON = [
      "type": "string", "pattern": #"^(output|stdout|stderr|topic:.+|\$.*)$"#,
      "description": "output, stdout, stderr or topic:NAME.",
    ]
    let one = Schema.object(
      "An action.",
      [
        ("echo", .object(echo)), ("write", Schema.ref("programText")), ("to", sink),
        ("each", Schema.oneOrMore(Schema.text("A text."))), ("emit", Schema.ref("programText")),
        ("message", ["description": "Any."]), ("log", Schema.ref("programText")),
        ("level", Schema.ref("programText")), ("sleep", Schema.ref("programPause")),
        ("repeat", Schema.ref("programNumber")),
        ("do", Schema.oneOrMore(Schema.ref("programAction"))),
        ("fail", Schema.ref("programNumber")), ("stderr", Schema.ref("programText")),
        ("exit", Schema.ref("programNumber")), ("health", Schema.flag("Healthy or not.")),
        ("writeDigest", sink),
      ])
    return ["anyOf": [["enum": ["echo", "finish", "keepAlive", "digest"]], .object(one)]]
  }
}
