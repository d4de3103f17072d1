import EmulatorKernel
import PayloadCodecs

/// What `ProgramCompiler` reads, as JSON Schema.
///
/// The parameters of all behaviours stand side by side: an editor completes and checks each of them;
/// the reader says which go with which behaviour.
enum ProgramSchema {
  typealias Schema = ScenarioSchema

  static var behaviors: JSON {
    let when = Schema.object(
      "Which instances.",
      [
        ("sequence", Schema.text("The sequence's name or id; * stands for any characters.")),
        ("package", Schema.text("The same.")),
        ("hub", Schema.text("The hub's id; * stands for any characters.")),
      ])
    var members = self.members
    let runtime = Schema.choice(
      of: SequenceRuntime.self,
      "process: its own code runs, where the server runs code (--run-code); scripted: a stand-in.")
    members.insert(contentsOf: [("when", .object(when)), ("runtime", runtime)], at: 0)
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

  private static func refs(
    _ definition: String, _ keys: KeyValuePairs<String, String>
  ) -> [(String, JSON)] {
    keys.map { key, sentence in
      (key, ["$ref": .string("#/$defs/\(definition)"), "description": .string(sentence)])
    }
  }

  private static var members: [(String, JSON)] {
    let texts: KeyValuePairs = [
      "errors": "What it logs before it crashes.", "texts": "What it says when it is stopped.",
      "log": "Lines that it logs at its start.", "stdout": "Lines that it prints at its start.",
      "stderr": "Lines that it prints as errors: at its start, or when it crashes.",
    ]
    let flags: KeyValuePairs = [
      "tee": "Whether the output goes to stdout too.",
      "newlines": "Whether lines keep their newline.",
      "args": "Whether the start's args are written.", "open": "Whether its output stays open.",
    ]
    let with: JSON = [
      "description": "Another behaviour that it stands on.",
      "anyOf": [name, Schema.ref("program"), Schema.ref("instanceBehavior")],
    ]
    return [
      (
        "program",
        ["$ref": "#/$defs/program", "description": "What it does when, in place of a behaviour."]
      ), ("behavior", name), ("behaviour", name),
    ]
      + refs("programText", textKeys) + refs("programNumber", numberKeys)
      + refs("programPause", pauseKeys)
      + flags.map { ($0, Schema.flag($1)) }
      + texts.map { ($0, oneOrMore(Schema.text("A line."), $1)) }
      + [
        (
          "lines",
          [
            "anyOf": [Schema.flag("Line by line."), Schema.ref("programNumber")],
            "description": "Whether it goes line by line; for inert: how many it prints.",
          ]
        ),
        ("items", ["type": "array", "description": "What is given out, one after the other."]),
        ("value", ["description": "What is given out."]),
        ("message", ["description": "The message of the event."]), ("with", with),
        ("language", ["description": "Not used."]),
      ]
  }

  private static let textKeys: KeyValuePairs = [
    "prefix": "What stands before each piece.", "suffix": "What stands behind each piece.",
    "template": "What is made of each line.", "field": "The member of each line that is meant.",
    "algorithm": "How it is hashed.", "report": "stdout: it tells what it gets.",
    "tick": "What it prints again and again.", "error": "Why it does not start.",
    "on": "The event that it answers.", "emit": "The event that it emits.",
    "print": "What it prints then.", "then": "exit: it ends after that.",
    "contentType": "What its topic carries.", "topic": "The topic that it writes.",
    "requires": "The topic that it reads.", "requiresType": "What that topic carries.",
  ]

  private static let numberKeys: KeyValuePairs = [
    "count": "How many; 0: without end.", "start": "The first number.",
    "kilobytes": "How much it prints.", "afterChunks": "At which piece it crashes.",
    "code": "Its exit code.",
  ]

  private static let pauseKeys: KeyValuePairs = [
    "every": "Between two of them.", "after": "How long it waits before.",
    "delay": "How long each piece takes.", "duration": "How long stopping takes.",
    "keepAlive": "It asks for so long when it is stopped.",
    "exitTimeout": "How long its process stays when it has ended.",
  ]

  private static func oneOrMore(_ item: JSON, _ sentence: String) -> JSON {
    var schema = Schema.oneOrMore(item).objectValue ?? JSONObject()
    schema["description"] = .string(sentence)
    return .object(schema)
  }

  private static var actions: (String, JSON) {
    ("do", oneOrMore(Schema.ref("programAction"), "What it does: an action, or several."))
  }

  private static var program: JSON {
    let rule = Schema.object(
      "When something happens, do something.",
      [("on", Schema.choice(of: ProgramCompiler.Trigger.self, "When.")), actions]
        + refs("programText", ["event": "For event: its name; *: every event."])
        + refs("programPause", ["every": "For every: how often."])
        + refs("programNumber", ["count": "For every: how many times; 0: without end."]),
      required: ["on", "do"])
    return Schema.list(.object(rule), "Rules: when something happens, do something.")
  }

  private static var action: JSON {
    let echo = Schema.object(
      "What stands around each piece.",
      refs("programText", ["prefix": "What stands before.", "suffix": "What stands behind."]))
    func sink(_ sentence: String) -> JSON {
      [
        "type": "string", "pattern": #"^(output|stdout|stderr|topic:.+|\$.*)$"#,
        "description": .string(sentence + " output, stdout, stderr or topic:NAME."),
      ]
    }
    let one = Schema.object(
      "An action.",
      [
        ("echo", .object(echo)), ("to", sink("Where to.")),
        ("each", oneOrMore(Schema.text("A text."), "One text each time, round and round.")),
        ("message", ["description": "The message of the event that is emitted."]), actions,
        ("health", Schema.flag("It says that it is well, or not.")),
        ("writeDigest", sink("The digest of all pieces goes there.")),
      ]
        + refs(
          "programText",
          [
            "write": "Writes a text.", "emit": "Emits an event of that name.",
            "log": "Logs a line.", "level": "The level of that line.",
            "stderr": "What it prints as it fails.",
          ])
        + refs("programPause", ["sleep": "Waits."])
        + refs(
          "programNumber",
          [
            "repeat": "So many times; 0: without end.", "fail": "Fails with that code.",
            "exit": "Ends at once with that code.",
          ]))
    return ["anyOf": [["enum": ["echo", "finish", "keepAlive", "digest"]], .object(one)]]
  }
}
