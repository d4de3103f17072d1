import EmulatorKernel
import PayloadCodecs
import Scenarios

/// The language of programs, as it is written: `[{"on": TRIGGER, "do": ACTION or [ACTION…]}]`.
enum ProgramForm {
  static let rules = Form.named("program") {
    Form.list(of: rule, "Rules: when something happens, do something.").map { _ in }
  }

  private static let rule = Form<ProgramCompiler.Trigger?>.object(
    "When something happens, do something.", nil,
    [
      .required("on", Form<ProgramCompiler.Trigger>.choice, "When.") { $0 = $1 },
      .required("do", actions, "What it does: an action, or several.", example: "echo") { _, _ in },
      beside(
        "event", .programText, "For event: its name; *: every event.", ["on": "event"]),
      beside("every", .programPause, "For every: how often.", ["on": "every"]),
      beside(
        "count", .programNumber(), "For every: how many times; 0: without end.",
        ["on": "every", "every": "1s"]),
    ]
  ) { trigger, object in
    guard let trigger else { return }
    if trigger == .event { _ = object.required("event") }
    if trigger == .every { _ = object.required("every") }
    let owners: [(key: String, trigger: ProgramCompiler.Trigger)] = [
      ("event", .event), ("every", .every), ("count", .every),
    ]
    for (key, owner) in owners where owner != trigger {
      let _: Never? = object.reader.member(key)?.unknown("key", key, of: ["on", "do"])
    }
  }

  private static let actions = Form<[Void]>.oneOrMore(of: action)

  // MARK: Actions

  private enum Word: String, CaseIterable { case echo, finish, keepAlive, digest }

  private static let action = Form.named("programAction") {
    Form.either(
      Form<Word>.choice.map { _ in }, when: { $0.stringValue != nil },
      else: Form.object("An action.", "", [kind] + companions.map(\.field)) { kind, object in
        for companion in companions where !companion.kinds.contains(kind) && !kind.isEmpty {
          let _: Never? = object.reader.member(companion.key)?.unknown(
            "key", companion.key,
            of: [kind] + companions.filter { $0.kinds.contains(kind) }.map(\.key))
        }
        if kind == "repeat" { _ = object.required("do") }
      }.map { _ in })
  }

  private static func choice<Value>(
    _ key: String, _ form: Form<Value>, _ sentence: String, beside others: JSONObject = [:]
  ) -> Field<String>.Choice<String> {
    .choice(key, form, sentence, beside: others) { _ in key }
  }

  private static let kind = Field<String>.oneOf(
    \.self, missing: "expected one of \(kindKeys.joined(separator: ", ")) here", kinds)

  static let kindKeys = kinds.map(\.key)

  private static let kinds = [
    choice("echo", echo, "Writes each piece, with something around it."),
    choice("write", .programText, "Writes a text."),
    choice("each", .texts, "One text each time, round and round."),
    choice("emit", .programText, "Emits an event of that name."),
    choice("log", .programText, "Logs a line."), choice("sleep", .programPause, "Waits."),
    choice(
      "repeat", .programNumber(), "So many times; 0: without end.", beside: ["do": "echo"]),
    choice("fail", .programNumber(in: 1...255), "Fails with that code."),
    choice("exit", .programNumber(in: 0...255), "Ends at once with that code."),
    choice("health", .flag, "It says that it is well, or not."),
    choice("writeDigest", .sink, "The digest of all pieces goes there."),
  ]

  /// What may stand beside certain actions.
  private static let companions: [(key: String, kinds: [String], field: Field<String>)] = [
    ("to", ["write", "each"], beside("to", .sink, "Where to.", ["write": "text"])),
    (
      "message", ["emit"],
      beside("message", .json, "The message of the event that is emitted.", ["emit": "ready"])
    ),
    ("level", ["log"], beside("level", .programText, "The level of that line.", ["log": "text"])),
    ("do", ["repeat"], beside("do", actions, "What is repeated.", ["repeat": 2])),
    (
      "stderr", ["fail"],
      beside("stderr", .programText, "What it prints as it fails.", ["fail": 3])
    ),
  ]

  private static func beside<Root, Value>(
    _ key: String, _ form: Form<Value>, _ sentence: String, _ others: JSONObject
  ) -> Field<Root> {
    .optional(key, form, sentence, beside: others) { _, _ in }
  }

  private static let echo = Form<Void>.object(
    "What stands around each piece.", (),
    [
      beside("prefix", .programText, "What stands before.", [:]),
      beside("suffix", .programText, "What stands behind.", [:]),
    ])
}

// MARK: Plain values, in which `$0`, `$1`… stand for the start's args

extension Form where Value == Void {
  static var programText: Form {
    .named("programText") {
      Form<String>.scalar.map { _ in }
        .described("A text; $0, $1… are the start's args.", example: "text")
    }
  }

  private static var argument: JSON { ["type": "string", "pattern": #"^\$[0-9]"#] }

  /// Whether it stands for an arg, or is one that is written down.
  private static func number(_ value: JSON) -> Int? { Arguments().number(value, missing: 0) }

  static func programNumber(
    in range: ClosedRange<Int> = 0...ProgramCompiler.numberMax
  ) -> Form {
    .plain(
      [
        "description": "A whole number, or one of the start's args.",
        "anyOf": [
          [
            "type": "integer", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound),
          ], argument,
        ],
      ], example: 3, name: range.lowerBound == 0 && range.upperBound > 255 ? "programNumber" : nil
    ) { reader in
      if case .string = reader.value, number(reader.value) != nil { return () }
      guard reader.value.intValue != nil else {
        return reader.mismatch("a whole number, or an arg such as \"$0\"")
      }
      return reader.int(in: range).map { _ in }
    }
  }

  static var programPause: Form {
    .plain(
      [
        "description": "Milliseconds, a duration, or one of the start's args.",
        "anyOf": [
          ["type": "integer", "minimum": 0, "maximum": .integer(ProgramCompiler.pauseMax)],
          ["type": "string", "pattern": #"^([0-9]{1,12}(\.[0-9]{1,12})?(ns|us|µs|ms|s|m|h|d))+$"#],
          argument,
        ],
      ], example: "2s", name: "programPause"
    ) { reader in
      if let number = number(reader.value), (0...ProgramCompiler.pauseMax).contains(number) {
        return ()
      }
      if let text = reader.value.stringValue, DurationText.parse(text) != nil { return () }
      return reader.mismatch("milliseconds, or a duration such as \"250ms\" or \"2s\"")
    }
  }

  static var texts: Form { Form<[String]>.oneOrMore(of: .text).map { _ in } }

  static var sink: Form {
    .plain(
      ["type": "string", "pattern": #"^(output|stdout|stderr|topic:.+|.*\$.*)$"#],
      example: "stdout"
    ) { reader in
      // What args make of it is seen when they are known.
      guard let text = reader.value.stringValue, text.contains("$") || Program.Sink(text) != nil
      else { return reader.mismatch(Program.Sink.words) }
      return ()
    }
  }
}

extension Program.Sink {
  static let words = "\"output\", \"stdout\", \"stderr\" or \"topic:NAME\""

  init?(_ text: String) {
    switch text {
    case "output": self = .output
    case "stdout": self = .stdout
    case "stderr": self = .stderr
    default:
      let name = String(text.dropFirst(6))
      guard text.hasPrefix("topic:"), Topic.isName(name) else { return nil }
      self = .topic(name)
    }
  }
}
