import EmulatorKernel
import PayloadCodecs
import Scenarios

extension ScriptedAnswer {
  private struct Failure: Sendable {
    var status = 500
    var message = ""
    var suggestion: String?
    var code: String?
  }

  private static let failure = Form.object(
    "A failure.", Failure(),
    [
      .standard("status", \.status, .status(from: 400), 500, "The status."),
      .required(
        "message", \.message, .nonEmptyText.holdingAnswer, "What went wrong; a template.",
        example: "No such user."),
      .optional(
        "suggestion", \.suggestion, .text.holdingAnswer, "What to do; a template.",
        example: "Try another one."),
      .optional("code", \.code, .text, "A code.", example: "NotFound"),
    ])

  /// The keys of an answer, which may stand beside others.
  static let fields = fields(of: choices)

  private static func fields(
    of choices: [Field<ScriptedAnswer>.Choice<ScriptedAnswer>]
  ) -> [Field<ScriptedAnswer>] {
    let words = choices.map(\.key).joined(separator: ", ")
    return [
      .oneOf(\.self, missing: "an answer is missing: give one of \(words)", choices),
      .optional(
        "type", .text, "The media type of a text or of bytes.", example: "text/markdown",
        beside: ["text": "# Hello"]
      ) { answer, type in
        switch answer {
        case .text(let text, _): answer = .text(text, type: type)
        case .bytes(let bytes, _): answer = .bytes(bytes, type: type)
        case .json, .failure: break
        }
      },
    ]
  }

  private static let choices: [Field<ScriptedAnswer>.Choice<ScriptedAnswer>] = [
    .choice(
      "text", .text.holdingAnswer, "A text; a template.",
      example: "Good morning, {{arguments.name}}"
    ) { .text($0, type: MIMEType.text) },
    .choice(
      "json", .answerJSON, "A value; texts in it are templates.",
      example: ["said": "{{arguments.name}}"]
    ) { .json($0) },
    .choice("base64", .base64(.lenient), "Bytes.") { .bytes($0, type: MIMEType.bytes) },
    .choice("failure", failure, "The call fails.") {
      .failure(
        status: $0.status, message: $0.message, suggestion: $0.suggestion, code: $0.code)
    },
  ]

  /// A behaviour may be about a plugin.
  fileprivate static let form = Form.object(
    "What is answered.", Self.text("", type: MIMEType.text), fields(of: choices + pluginChoices))

  private static let pluginChoices: [Field<ScriptedAnswer>.Choice<ScriptedAnswer>] = [
    .choice(
      "blocks", .list(of: ScriptedBlock.form), "Blocks that a generator or blockifier makes.",
      example: [["text": "# Ahoy", "mimeType": "text/markdown", "tags": [["kind": "greeting"]]]]
    ) { .json(["blocks": .array($0)]) },
    .choice("tags", .list(of: ScriptedBlock.tag), "Tags that a tagger finds in each block.") {
      .json(["tags": .array($0)])
    },
    .choice(
      "function_call", ScriptedBlock.functionCall,
      "A chat model asks for a function: a block whose text is the call."
    ) { .json(["blocks": [["function_call": $0]]]) },
  ]
}

/// A block as a scenario writes it: checked, and kept as it stands, since its texts are templates.
private enum ScriptedBlock {
  static let form = Form.object(
    "A block.", false,
    [
      .oneOf(
        \.self,
        [
          .choice("text", .text.holdingAnswer, "A text; a template.", example: "Ahoy!") { _ in true
          },
          .choice("base64", .base64(.lenient), "Bytes.") { _ in true },
          .choice("function_call", functionCall, "A call of a function, as its text.") { _ in true
          },
        ]),
      .optional("mimeType", .nonEmptyText, "Its MIME type.", example: "text/markdown") { _, _ in },
      .optional("tags", .list(of: tag), "Its tags.") { _, _ in },
    ]
  ).checked { _, reader in reader.value }

  static let tag = Form.object(
    "A tag.", false,
    [
      .required("kind", .nonEmptyText, "The kind.", example: "topic") { _, _ in },
      .optional("name", .text, "The name.", example: "harbors") { _, _ in },
      .optional("value", .jsonObject, "What it says.", example: ["score": 1]) { _, _ in },
      .optional("startIdx", .count(), "Where its span begins.", example: 0) { _, _ in },
      .optional("endIdx", .count(), "Where its span ends.", example: 4) { _, _ in },
    ]
  ).checked { _, reader in reader.value }

  static let functionCall = Form.object(
    "A call of a function.", false,
    [
      .required("name", .nonEmptyText.holdingAnswer, "Its name.", example: "Sonar") { _, _ in },
      .optional(
        "arguments", .answerJSON, "Its arguments; texts in them are templates.",
        example: ["text": "{{input.text}}"]
      ) { _, _ in },
    ]
  ).checked { _, reader in reader.value }
}

extension Script {
  static let allBehaviors = Form<[Behavior]>.list(
    of: Behavior.form, "The first that matches decides.")
}

extension Script.Behavior {
  fileprivate static let form = Form.object(
    "How work that matches proceeds, and what it answers.", Self(),
    [
      .optional(
        "when", when, "Which work; absent: all.", example: ["package": "slow-*"],
        beside: ["answer": ["text": "Done."]]
      ) {
        ($0.operation, $0.package) = ($1.operation, $1.package)
        ($0.plugin, $0.method) = ($1.plugin, $1.method)
        $0.input = $1.input
      },
      .optional(
        "timeline", timeline, "The states that clients see, one after the other.",
        example: [["state": "waiting", "for": "2s"], ["state": "running", "polls": 3]]
      ) { $0.timeline = Timeline(stages: $1) },
      .optional("answer", \.answer, ScriptedAnswer.form, "What it answers in the end."),
    ], example: ["answer": ["text": "x"]]
  ) { _, object in
    if !object.has("timeline"), !object.has("answer") {
      object.problem("a behavior needs a \"timeline\", an \"answer\" or both")
    }
  }.described(words: ["anyOf": [["required": ["timeline"]], ["required": ["answer"]]]])

  private static let when = Form.object(
    "Which work.", Self(),
    [
      glob("operation", \.operation, "The operation.", "steamship.package.*"),
      glob("package", \.package, "The package's handle.", "slow-*"),
      glob("plugin", \.plugin, "The plugin's handle.", "gpt-*"),
      glob("method", \.method, "The method's path.", "train"),
      .optional(
        "input", \.input, InputCondition.form,
        "What it works on: the text of a prompt or of a block, the arguments of a call.",
        example: ["contains": "weather"]),
    ])

  private static func glob(
    _ key: String, _ path: any WritableKeyPath<Self, Glob?> & Sendable, _ sentence: String,
    _ example: String
  ) -> Field<Self> {
    .optional(
      key, path, .glob, sentence + " * stands for any characters.", example: .string(example))
  }

  private static let timeline = Form<[Timeline.Stage]>.list(
    of: Timeline.Stage.form, atLeast: 1, message: "a timeline needs at least one state"
  ).checked { stages, reader -> [Timeline.Stage]? in
    if stages.dropLast().contains(where: \.state.isTerminal) {
      reader.problem("\"succeeded\" and \"failed\" can only end a timeline")
    }
    return stages
  }
}

extension Timeline.Stage {
  fileprivate static let form = Form.object(
    "A stage: ends after a time, at the n-th look, or on a signal.", Self(state: .waiting),
    [
      .required("state", \.state, .choice, "What clients see.", example: "running"),
      .optional("message", \.message, .text, "The status message.", example: "Half done."),
      .optional("suggestion", \.suggestion, .text, "What to do.", example: "Wait."),
      .optional("code", \.code, .text, "A code.", example: "Busy"),
      .oneOf(
        \.end,
        [
          .choice("for", .duration, "It ends after so long.") { .after($0) },
          .choice("polls", .int(in: 1...1_000_000), "It ends when a client has looked so often.") {
            .polls($0)
          },
          .choice(
            "signal", .text, "It ends when this name is signalled by an event.", example: "go"
          ) { .signal($0) },
        ]),
    ])
}

extension Form where Value == String {
  /// A template; its names must be known.
  fileprivate var holdingAnswer: Form {
    checked { text, reader in
      JSON.string(text).checkTemplates(AnswerValues.names) { reader.problem($0) }
      return text
    }
  }
}

extension Form where Value == JSON {
  fileprivate static var answerJSON: Form {
    Form<JSON>.json.checked { json, reader in
      json.checkTemplates(AnswerValues.names) { reader.problem($0) }
      return json
    }
  }
}
