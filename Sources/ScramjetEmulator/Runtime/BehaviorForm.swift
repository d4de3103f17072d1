import EmulatorKernel
import PayloadCodecs
import Scenarios

/// How an instance behaves, as it is written: one of the named behaviours with its parameters, or a
/// program. Described once; the compiler makes a program of what this has read.
enum BehaviorForm {
  enum Kind: Sendable { case program, named(Behavior) }

  /// A name, a list of rules, or an object that says more.
  static let any = Form.named("instanceBehavior") {
    Form.either(
      Form<Behavior>.choice.map { Kind?.some(.named($0)) }, when: { $0.stringValue != nil },
      else: .either(
        ProgramForm.rules.map { Kind?.some(.program) }, when: { $0.arrayValue != nil },
        else: .object("A behaviour or a program.", nil, fields()) { check($0, $1) }))
  }

  static let missing = "the key \"behaviour\" is missing"

  /// - Parameter missing: what is wrong where neither a behaviour nor a program is given.
  static func fields(missing: String? = missing) -> [Field<Kind?>] {
    let kind = Field<Kind?>.oneOf(
      \.self, missing: missing,
      [
        .choice("program", ProgramForm.rules, "What it does when, in place of a behaviour.") {
          .program
        },
        .choice("behavior", Form<Behavior>.choice, "What it does.") { .named($0) },
        .choice("behaviour", Form<Behavior>.choice, "The same.") { .named($0) },
      ])
    return [kind] + parameters.map(\.field)
  }

  /// What only the whole tells: which parameters go with a behaviour.
  /// - Parameter others: keys that may stand beside them.
  @Sendable static func check(
    _ kind: Kind?, _ object: ScenarioObject, beside others: [String] = []
  ) {
    // A name that is none says nothing about the other keys.
    guard let kind else { return }
    let words = ["program", "behavior", "behaviour"]
    let known = parameters.filter { $0.goes(with: kind) }.map(\.key)
    for key in object.keys where !words.contains(key) && !others.contains(key) {
      guard !known.contains(key), parameters.contains(where: { $0.key == key }) else { continue }
      let _: Never? = object.reader.member(key)?.unknown("key", key, of: known)
    }
  }

  // MARK: Parameters

  private struct Parameter: Sendable {
    let key: String
    /// Empty: of all behaviours, and of programs.
    let behaviors: [Behavior]
    let field: Field<Kind?>

    init<Value>(
      _ key: String, _ form: Form<Value>, _ sentence: String, of behaviors: Behavior...,
      example: JSON? = nil
    ) {
      self.key = key
      self.behaviors = behaviors
      field = .optional(
        key, form, sentence, example: example,
        beside: ["behaviour": .string(behaviors.first?.rawValue ?? "echo")]
      ) { _, _ in }
    }

    func goes(with kind: Kind) -> Bool {
      if case .named(let name) = kind, behaviors.contains(name) { return true }
      return behaviors.isEmpty
    }
  }

  private static let parameters: [Parameter] = [
    Parameter("prefix", .programText, "What stands before each piece.", of: .echo, .stdio),
    Parameter("suffix", .programText, "What stands behind each piece.", of: .echo),
    Parameter("template", .programText, "What is made of each line.", of: .lines, .generate),
    Parameter("field", .programText, "The member of each line that is meant.", of: .lines),
    Parameter("algorithm", .programText, "How it is hashed.", of: .hash),
    Parameter("report", .programText, "stdout: it tells what it gets.", of: .sink),
    Parameter("tick", .programText, "What it prints again and again.", of: .forever),
    Parameter("error", .programText, "Why it does not start.", of: .failStart),
    Parameter("on", .programText, "The event that it answers.", of: .responder),
    Parameter("emit", .programText, "The event that it emits.", of: .responder, .flood),
    Parameter("message", .json, "The message of the event.", of: .responder, .flood),
    Parameter("print", .programText, "What it prints then.", of: .responder),
    Parameter("then", .programText, "exit: it ends after that.", of: .responder),
    Parameter("count", .programNumber(), "How many; 0: without end.", of: .generate),
    Parameter("start", .programNumber(), "The first number.", of: .generate),
    Parameter("kilobytes", .programNumber(), "How much it prints.", of: .flood),
    Parameter("afterChunks", .programNumber(), "At which piece it crashes.", of: .crash),
    Parameter("code", .programNumber(in: 1...255), "Its exit code.", of: .crash, .failStart),
    Parameter("every", .programPause, "Between two of them.", of: .generate, .inert, .forever),
    Parameter("after", .programPause, "How long it waits before.", of: .stdio, .crash),
    Parameter("delay", .programPause, "How long each piece takes.", of: .slow, .responder),
    Parameter("duration", .programPause, "How long stopping takes.", of: .stopHandler),
    Parameter(
      "keepAlive", .programPause, "It asks for so long when it is stopped.", of: .stopHandler),
    Parameter("tee", .flag, "Whether the output goes to stdout too.", of: .echo, .lines),
    Parameter("newlines", .flag, "Whether lines keep their newline.", of: .lines),
    Parameter("args", .flag, "Whether the start's args are written.", of: .value),
    Parameter("open", .flag, "Whether its output stays open.", of: .value),
    Parameter(
      "lines",
      Form.either(
        Form<Bool>.flag.map { _ in }, when: { $0.boolValue != nil }, else: .programNumber()),
      "Whether it goes line by line; for inert: how many it prints.", of: .stdio, .inert),
    Parameter(
      "items", .list(of: .json), "What is given out, one after the other.", of: .generate),
    Parameter("value", .json, "What is given out.", of: .value),
    Parameter("errors", .texts, "What it logs before it crashes.", of: .crash),
    Parameter("texts", .texts, "What it says when it is stopped.", of: .stopHandler),
    Parameter(
      "with", any, "Another behaviour that it stands on.", of: .crash, .slow, example: "echo"),
    Parameter("contentType", .programText, "What its topic carries.", example: "text/plain"),
    Parameter("topic", .programText, "The topic that it writes.", example: "news"),
    Parameter("requires", .programText, "The topic that it reads.", example: "news"),
    Parameter("requiresType", .programText, "What that topic carries.", example: "text/plain"),
    Parameter("exitTimeout", .programPause, "How long its process stays when it has ended."),
    Parameter("log", .texts, "Lines that it logs at its start."),
    Parameter("stdout", .texts, "Lines that it prints at its start."),
    Parameter(
      "stderr", .texts, "Lines that it prints as errors: at its start, or when it crashes."),
    Parameter("language", .json, "Not used.", example: "js"),
  ]
}

extension BehaviorRule {
  /// The scenario's `behaviors.scramjet`.
  static let list = Form<[BehaviorRule]>.list(
    of: Form.object(
      "How instances behave: a behaviour or a program.", Written(),
      [
        .optional(
          "when", when, "Which instances; absent: all.", example: ["sequence": "echo"],
          beside: ["behaviour": "echo"]
        ) {
          ($0.rule.sequence, $0.rule.hub) = ($1.sequence, $1.hub)
        },
        .optional(
          "runtime", \.rule.runtime, .choice,
          "process: its own code runs, where the server runs code (--run-code); scripted: a stand-in."
        ),
      ] + BehaviorForm.fields(missing: nil).map { $0.at(\.kind) }
    ) { written, object in
      var spec = object.reader.value.objectValue ?? JSONObject()
      for key in ["when", "runtime"] { spec[key] = nil }
      written.rule.spec = .object(spec)
      // A rule may say no more than what runs.
      if written.rule.runtime != nil, !written.rule.describes { return }
      guard ["program", "behavior", "behaviour"].contains(where: object.has) else {
        return object.problem(BehaviorForm.missing)
      }
      BehaviorForm.check(written.kind, object, beside: ["when", "runtime"])
      // Compiled only to find what is wrong; the args are known at the start of an instance.
      _ = ProgramCompiler().program(object.reader)
    }.map(\.rule), "The first that matches decides.")

  private struct Written: Sendable {
    var rule = BehaviorRule(spec: .null)
    var kind: BehaviorForm.Kind?
  }

  private static let when = Form.object(
    "Which instances.", BehaviorRule(spec: .null),
    [
      .optional("package", \.sequence, .glob, "The same as sequence.", example: "echo*"),
      .optional(
        "sequence", \.sequence, .glob, "The sequence's name or id; * stands for any characters.",
        example: "echo*"),
      .optional(
        "hub", \.hub, .glob, "The hub's id; * stands for any characters.", example: "sth-*"),
    ])
}
