import Determinism
import HTTPModel
import PayloadCodecs

extension ScenarioRule {
  /// One rule. A missing name stays empty: the merged scenario gives it one.
  static let form = Form<ScenarioRule>.named("rule") {
    .object(
      "Which requests, how often, and what then happens.", ScenarioRule(),
      counting + [action, SequenceEffect.end] + doing
    ) { rule, object in
      rule.source = object.reader.value
      rule.checkAfter(in: object)
      rule.checkTwice(in: object)
      rule.checkContent(in: object)
      rule.checkConnections(in: object)
      rule.checkUploads(in: object)
      let used = rule.source.templateExpressions()
      rule.needsContent =
        rule.match.needsContent || used.contains { $0.readsContent }
      rule.check(used, in: object)
    }
  }

  private static let counting: [Field<ScenarioRule>] = [
    .optional(
      "name", \.name, .nonEmptyText, "What the journal and verify call it.", example: "slow reads"),
    .optional(
      "description", \.summary, .text, "A sentence for people.", example: "Reads take long."),
    .standard(
      "enabled", \.isEnabled, .flag, true,
      "Switched off, it can be enabled by an event or the control API."),
    .optional(
      "match", \.match, RequestMatch.form, "Which requests; absent: all.",
      example: ["method": "POST"]),
    .optional(
      "where", .dictionary(of: ValueMatcher.jsonForm, "By variable.", exampleKey: "phase"),
      "Conditions on the scenario's variables.", example: ["phase": "warm"],
      beside: ["set": ["phase": "warm"]]
    ) { rule, conditions in
      rule.conditions = conditions.map { VariableCondition(name: $0.key, matcher: $0.value) }
    },
    .optional(
      "between", \.between, Period.form,
      "When, by the tenant's clock: from the first instant on, up to and without the second."),
    .standard("skip", \.skip, .count(), 0, "Not the first so many.", example: 2),
    .optional("times", \.times, .count(), "At most so many strikes.", example: 3),
    .standard("every", \.every, .count(from: 1), 1, "Every n-th request only.", example: 2),
    .optional(
      "probability", \.probability, .number(in: 0...1),
      "How likely it strikes; drawn from the seed, the same in every run."),
    .standard(
      "per", \.per, .choice, "all",
      "What is counted for itself: all requests, each resource, credential or connection."),
    .optional("delay", \.delay, DelayEffect.form, "How long the answer is held back."),
  ]

  private static let action = Field<ScenarioRule>.oneOf(
    \.action,
    RuleAction.choices + [
      .choice(
        "limit", LimitEffect.form,
        "So many requests in a window of the tenant's time; beyond it 429 with Retry-After."
      ) { .limit($0) },
      .choice(
        "sequence", SequenceEffect.Step.list, "One action after the other, a strike each.",
        example: [["error": 503, "times": 2], ["pass": true]]
      ) { .sequence(SequenceEffect(steps: $0, end: .pass)) },
    ])

  private static let doing: [Field<ScenarioRule>] = [
    ClosingEffect.field(\.closing),
    .standard(
      "after", \.isAfter, .flag, false,
      "The service does its work first, then the answer is spoilt.", beside: ["error": 503]),
    .standard(
      "twice", \.isTwice, .flag, false,
      "The request comes twice: the service does its work for each, and the second answer goes out."
    ),
    .optional(
      "set", .dictionary(of: Assignment.Value.form, "By variable.", exampleKey: "phase"),
      "Variables; a value, whose texts may be templates, or {\"add\": 1}.",
      example: ["phase": "warm", "seen": ["add": 1]]
    ) { rule, values in
      rule.assignments = values.map { Assignment(name: $0.key, value: $0.value) }
    },
    .optional(
      "emit", \.events, .oneOrMore(of: .event),
      "What happens in the world besides: an event, or several."),
    .standard("continue", \.continues, .flag, false, "The search for rules goes on."),
  ]

  private func checkAfter(in object: ScenarioObject) {
    if isAfter, action == .pass || action.isAnswerOfService {
      object.optional("after")?.problem(
        "\"after\" spoils an answer the service has made: it needs error, respond or fault")
    }
  }

  /// What comes twice is asked twice.
  private func checkTwice(in object: ScenarioObject) {
    guard isTwice, !isAfter, action.leavesServiceOut else { return }
    object.reader.member("twice")?.problem(
      "the service is not asked: \"twice\" beside it needs \"after\": true")
  }

  /// A condition on the content is impossible where the content streams past.
  private func checkContent(in object: ScenarioObject) {
    guard match.needsContent, let catalog = object.reader.catalog else { return }
    let concerned = catalog.operations.filter { entry in
      match.mayConcern(entry.operation, service: entry.service)
    }
    guard !concerned.isEmpty, concerned.allSatisfy(\.operation.isStreamed) else { return }
    object.optional("match")?.member("body")?.problem(
      "the content of \(concerned[0].operation.name) streams past: it cannot be matched")
  }

  /// `{{path.x}}` must be a parameter of some operation or path template that the rule is about.
  private func check(_ used: [Template.Expression], in object: ScenarioObject) {
    let used = used.compactMap { if case .path(let name) = $0 { name } else { nil } }
    guard !used.isEmpty, let catalog = object.reader.catalog else { return }
    var known: TextSet = []
    for entry in catalog.operations where match.mayConcern(entry.operation, service: entry.service)
    {
      known.formUnion(entry.operation.parameters)
    }
    for case .path(let patterns) in match.criteria {
      for pattern in patterns { known.formUnion(pattern.parameterNames) }
    }
    for name in used where !known.contains(name) {
      object.problem(
        "{{path.\(name)}} is no parameter here\(Nearest.hint(for: name, among: known.sorted()))")
    }
  }
}

extension RuleAction {
  /// Patch, limit and pass leave the answer to the service (or to nobody).
  fileprivate var isAnswerOfService: Bool {
    switch self {
    case .patch, .limit: true
    default: false
    }
  }

  /// Something is said instead of the service.
  fileprivate var leavesServiceOut: Bool {
    switch self {
    case .error, .respond: true
    case .fault(let fault): fault.sendsNothing
    default: false
    }
  }

  /// The actions that a step of a sequence can have too.
  fileprivate static var choices: [Field<ScenarioRule>.Choice<RuleAction>] {
    [
      .choice(
        "error", ErrorEffect.form, "A status in the operation's own error form.", example: 503
      ) { .error($0) },
      .choice(
        "respond", RespondEffect.form, "An answer in place of the service's.",
        example: ["status": 200, "json": ["ok": true]]
      ) { .respond($0) },
      .choice(
        "patch", PatchEffect.form, "A change of the service's answer.",
        example: ["json": ["state": "failed"]]
      ) { .patch($0) },
      .choice("fault", TransportFault.form, "A failure on the wire.") { .fault($0) },
      .choice(
        "pass", .onlyTrue("expected true (leave the key out instead of false)"),
        "The service answers as usual; the rule counts, delays, sets and emits."
      ) { _ in .pass },
    ]
  }
}

extension SequenceEffect {
  fileprivate static let end = Field<ScenarioRule>.optional(
    "end", Form<End>.choice,
    "What follows a sequence's last step: nothing (pass, the standard), the last step again (stay), the first (loop).",
    beside: ["sequence": [["error": 503]]], needs: ["sequence"]
  ) { rule, end in
    guard case .sequence(var sequence) = rule.action else { return }
    sequence.end = end
    rule.action = .sequence(sequence)
  }
}

extension SequenceEffect.Step {
  fileprivate static let list = Form<[Self]>.list(
    of: form, atLeast: 1, message: "expected at least one step")

  private static let form = Form.object(
    "One step of a sequence.",
    Self(action: .pass, delay: nil, isAfter: false, closing: nil, times: 1),
    [
      .oneOf(
        \.action, RuleAction.choices.map { .init(description: $0.description, read: $0.read) }),
      .optional("delay", \.delay, DelayEffect.form, "How long the answer is held back."),
      .standard(
        "after", \.isAfter, .flag, false, "The service works, then the answer is spoilt.",
        beside: ["error": 503]),
      ClosingEffect.field(\.closing),
      .standard(
        "times", \.times, .int(in: 1...1_000_000), 1, "So many strikes long.", example: 2,
        beside: ["error": 503]),
    ], example: ["error": 503]
  ) { _, object in
    if !effects.contains(where: object.has) {
      object.problem("a step needs one of error, respond, patch, fault, pass, delay or close")
    }
  }.described(words: ["anyOf": .array(effects.map { ["required": [.string($0)]] })])

  private static let effects = ["error", "respond", "patch", "fault", "pass", "delay", "close"]
}

extension ScenarioRule.Period {
  /// `{"from": …, "to": …}` or `[from, to]`.
  fileprivate static let form = Form<Self>.either(
    pair, when: { $0.arrayValue != nil },
    else: .object(
      "From, to.", Self(),
      [
        .optional(
          "from", \.from, edge, "The first instant; absent or null: since ever.", example: "10s"),
        .optional(
          "to", \.to, edge, "The first instant no more; absent or null: for ever.", example: "1m"),
      ]), "Instants of the tenant's clock, without the second."
  ).checked { period, reader in
    if !period.isPossible { reader.problem("\"from\" must come before \"to\"") }
    return period
  }

  private static let pair = Form<[Edge?]>.list(of: edge).described(
    example: ["10s", "1m"], words: ["minItems": 2, "maxItems": 2]
  ).checked { edges, reader -> Self? in
    guard edges.count == 2 else { return reader.mismatch("two instants, [from, to]") }
    return Self(from: edges[0], to: edges[1])
  }

  /// An instant, or a duration after the tenant's start, or null.
  private static let edge = Form<Edge?>(
    describe: { writer in
      writer.reference("edge") {
        [
          "description": "An instant, or a duration after the tenant's start; null: open.",
          "anyOf": [
            .object(Form<VirtualInstant>.instant.describe(writer)),
            .object(Form<Duration>.durationText),
            ["type": "null"],
          ],
        ]
      }
    }, example: { "10s" },
    read: { reader in
      switch reader.value {
      case .null: return .some(nil)
      case .string(let text):
        if let edge = Edge(text) { return edge }
      default: break
      }
      return reader.mismatch(Edge.expected)
    })

  var isPossible: Bool {
    switch (from, to) {
    case (.instant(let from), .instant(let to)): from < to
    case (.offset(let from), .offset(let to)): from < to
    default: true
    }
  }
}

extension ScenarioRule.Assignment.Value {
  /// A value (texts may be templates), or `{"add": 1}`.
  fileprivate static let form = Form<Self>.either(
    .object(
      "Adds to a number.", .add(0),
      [.required("add", .number(), "How much.", example: 1) { $0 = .add($1) }]),
    when: { $0.objectValue.map { $0.count == 1 && $0["add"] != nil } ?? false },
    else: Form<JSONTemplate>.jsonTemplate.map { .set($0) }.described(
      "A value; texts in it are templates.",
      words: ["not": ["type": "object", "required": ["add"], "maxProperties": 1]]))
}
