import Determinism
package import PayloadCodecs

extension Scenario {
  /// Reads one document. Everything that can be said without the other documents is checked here.
  /// - Parameter catalog: what exists; nil leaves the names of services and operations unchecked.
  package static func read(
    _ document: JSON, catalog: ScenarioCatalog? = nil
  ) throws(ScenarioProblems) -> Scenario {
    var scenario = try ScenarioReader.read(document, catalog: catalog, form.read)
    scenario.source = document
    return scenario
  }

  /// The same; of the rules, those that stand among others to the letter are not read again.
  package static func read(
    _ document: JSON, catalog: ScenarioCatalog, beside known: RuleSet?
  ) throws(ScenarioProblems) -> Scenario {
    if let known, case .object(var members) = document,
      let sources = members["rules"]?.arrayValue, members.keys.count(where: "rules".isExactly) == 1,
      let rules = try? sources.map({ source in
        if let name = source["name"]?.stringValue, let placed = known[name],
          placed.rule.source == source
        {
          return placed.rule
        }
        return try ScenarioReader.read(source, catalog: catalog, ScenarioRule.form.read)
      }), TextSet(rules.map(\.name)).count == rules.count
    {
      members["rules"] = nil
      if var scenario = try? read(.object(members), catalog: catalog) {
        scenario.rules = rules
        scenario.source = document
        return scenario
      }
    }
    // Whatever is wrong is told with its place in the whole.
    return try read(document, catalog: catalog)
  }

  static let form: Form<Scenario> = .object(
    "A Wavetank scenario: the world at the start, how it proceeds, and what happens to requests.",
    Scenario.empty,
    [
      .optional(
        "$schema", .json, "Where an editor finds the schema.", example: "./scenario.schema.json"
      ) { _, _ in },
      .required("wavetank", version, "The format's version.") { _, _ in },
      .optional("name", \.name, .text, "A short name.", example: "slow tasks"),
      .optional(
        "description", \.summary, .text, "A sentence for people.", example: "Tasks are slow."),
      .optional(
        "seed", .int(in: 0...seedMax), "Where ids and random choices come from.", example: 42
      ) { $0.seed = UInt64($1) },
      .optional("clock", \.clock, Clock.form, "How the tenant's time runs."),
      .optional(
        "auth", auth, "Which credentials are good; absent: every one that is not empty.",
        example: ["keys": [["key": "my-key"]]]
      ) { $0.keys = $1.keys },
      .optional(
        "outbound", Form<OutboundAllowance>.choice,
        "For whom places outside are called that a client names: callers on this machine (local, the standard), anybody, nobody."
      ) { $0.outbound = $1 },
      .optional(
        "given", .sections("The world at the start.", \.given),
        "The world at the start, by service."
      ) {
        $0.given = $1
      },
      .optional(
        "behaviors", .sections("How what takes time proceeds.", \.behaviors),
        "How what takes time proceeds, by service."
      ) { $0.behaviors = $1 },
      .optional(
        "variables", .dictionary(of: .json, "By name.", exampleKey: "phase"),
        "The scenario's own state at the start.", example: ["phase": "cold", "seen": 0]
      ) { $0.variables = JSONObject($1) },
      .optional(
        "at", .oneOrMore(of: TimedEvents.form),
        "What happens at a time, without a request; one, or a list.",
        example: ["after": "10s", "emit": ["expireKey": "my-key"]]
      ) { $0.timed = $1 },
      .optional("rules", rules, "The first rule that strikes ends the search.") { $0.rules = $1 },
      .optional(
        "expect", \.expectation, Expectation.form, "What must have happened: checked by verify."),
    ])

  /// Any: a seed is hashed, never counted with.
  private static let seedMax = Int.max

  private static let version = Form<Int>.plain(["const": .integer(formatVersion)], example: 1) {
    reader in
    guard let number = reader.int(in: 0...ScenarioReader.countMax) else { return nil }
    if number != formatVersion {
      reader.problem("expected format version \(formatVersion), found \(number)")
    }
    return number
  }

  private struct Auth: Sendable { var keys: [CredentialKey]? }
  private static let auth = Form.object(
    "Which credentials are good.", Auth(),
    [
      .optional(
        "keys", \.keys, .list(of: CredentialKey.form),
        "The keys that are known; all others are bad.")
    ])

  static let rules = Form<[ScenarioRule]>.list(of: ScenarioRule.form).checked { rules, reader in
    var names: TextSet = []
    for (index, rule) in rules.enumerated() where !rule.name.isEmpty {
      if !names.insert(rule.name).inserted {
        reader.elementOrSelf(index).member("name")?.problem(
          "there are two rules with the name \"\(rule.name)\"")
      }
    }
    return rules
  }
}

extension Form where Value == TextMap<JSON> {
  /// `given` and `behaviors`: a part for each service, which that service checks.
  fileprivate static func sections(
    _ sentence: String, _ part: any KeyPath<ScenarioCatalog.Service.Sections, Form<Void>> & Sendable
  ) -> Form {
    Form(
      describe: { writer in
        var schema: JSONObject = ["type": "object", "description": .string(sentence)]
        let members = writer.catalog.services.map { service -> (String, JSON) in
          let section = service.sections?[keyPath: part].describe(writer)
          return (service.name, .object(section ?? ["type": "object"]))
        }
        schema["properties"] = .object(JSONObject(members))
        schema["additionalProperties"] = false
        return schema
      }, example: { [:] },
      samples: { walk in
        walk.catalog.services.flatMap { service -> [JSON] in
          let values = service.sections?[keyPath: part].samples(walk) ?? []
          return values.map { .object(JSONObject([(service.name, $0)])) }
        }
      },
      read: { reader in
        let names = reader.catalog?.services.map(\.name)
        let members = reader.dictionary { name, place -> JSON? in
          if let names, !names.contains(name) {
            return place.unknown("service", name, of: names)
          }
          return place.value
        }
        return members.map { TextMap($0.lazy.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }) }
      })
  }
}

extension Scenario.Clock {
  private struct Draft: Sendable {
    var mode: Mode?, factor: Double?, start: VirtualInstant?
  }
  private enum Mode: String, CaseIterable { case real, scaled, manual, skip }

  /// `{"mode": "manual", "start": "…"}`; `scaled` needs `factor`.
  fileprivate static let form = Form.object(
    "How the tenant's time runs.", Draft(),
    [
      .required(
        "mode", Form<Mode>.choice,
        "Wall time; wall time by a factor; still until advanced; still, but jumping on when a client looks at something in progress.",
        example: "manual"
      ) { $0.mode = $1 },
      .optional(
        "factor", \.factor, .number(in: 1e-6...1e6), "How much faster than the wall's time.",
        example: 60, beside: ["mode": "scaled"]),
      .optional("start", \.start, .instant, "The first instant; absent: the wall's present."),
    ]
  ) { draft, object in
    guard let mode = draft.mode else { return }
    if mode != .scaled, draft.factor != nil {
      object.problem("\"factor\" is only for the mode \"scaled\"")
    }
    if mode == .scaled, !object.has("factor") {
      object.problem("the mode \"scaled\" needs \"factor\"")
    }
  }.described(words: [
    "if": ["properties": ["mode": ["const": "scaled"]]], "then": ["required": ["factor"]],
    "else": ["not": ["required": ["factor"]]],
  ]).map { draft in
    let mode: ClockMode =
      switch draft.mode {
      case .scaled: .scaled(draft.factor ?? 1)
      case .manual: .manual
      case .skip: .skip
      case .real, nil: .real
      }
    return Scenario.Clock(mode, start: draft.start)
  }
}

extension CredentialKey {
  fileprivate static let form = Form.object(
    "A key and what becomes of it.", CredentialKey(key: ""),
    [
      .required(
        "key", \.key, .nonEmptyText, "The credential as the client sends it.", example: "my-key"),
      .optional(
        "status", \.status, .status(from: 400), "Answer with this status instead of accepting.",
        example: 401),
      .optional("user", \.user, .text, "Whom it means.", example: "ada"),
      .optional("rights", .list(of: .nonEmptyText), "What it may; absent: all.", example: ["read"])
      {
        $0.rights = TextSet($1)
      },
      .optional("expires", \.expires, .instant, "From when on it is refused."),
    ])
}

extension CountExpectation {
  /// A number, or `{"exactly"}`, `{"atLeast", "atMost"}`.
  fileprivate static let form = Form<CountExpectation>.named("count") {
    .short(
      Form<Int>.count().map { CountExpectation(exactly: $0) },
      orObject: Form.object("How often.", Draft(), Draft.fields, finish: Draft.check)
        .described(words: Draft.excluded).map { $0.count ?? CountExpectation() },
      "How often; a number means exactly.")
  }

  /// The three keys, which may stand in a larger object.
  struct Draft: Sendable {
    var exactly: Int?
    var atLeast: Int?
    var atMost: Int?

    /// Nil when none of them is there.
    var count: CountExpectation? {
      if let exactly { return CountExpectation(exactly: exactly) }
      guard atLeast != nil || atMost != nil else { return nil }
      return CountExpectation(atLeast: atLeast, atMost: atMost)
    }

    static let fields: [Field<Draft>] = [
      .optional("exactly", \.exactly, .count(), "Neither more nor less.", example: 2),
      .optional("atLeast", \.atLeast, .count(), "Not less.", example: 1),
      .optional("atMost", \.atMost, .count(), "Not more.", example: 3),
    ]

    static let excluded: JSONObject = [
      "not": [
        "anyOf": [["required": ["exactly", "atLeast"]], ["required": ["exactly", "atMost"]]]
      ]
    ]

    @Sendable static func check(_ draft: inout Draft, _ object: ScenarioObject) {
      if draft.exactly != nil {
        if draft.atLeast != nil || draft.atMost != nil {
          object.problem("\"exactly\" excludes \"atLeast\" and \"atMost\"")
        }
      } else if let atLeast = draft.atLeast, let atMost = draft.atMost, atLeast > atMost {
        object.problem("\"atLeast\" \(atLeast) is more than \"atMost\" \(atMost)")
      }
    }
  }
}

extension Expectation {
  static let form = Form.object(
    "What must have happened: checked by verify.", Expectation(), fields)

  static let fields: [Field<Expectation>] = [
    .optional(
      "rules",
      .dictionary(of: CountExpectation.form, "By the rule's name.", exampleKey: "a rule's name"),
      "How often each rule must have struck.", example: ["a rule's name": 2]
    ) { expectation, rules in
      expectation.rules = rules.map { (name: $0.key, count: $0.value) }
    },
    .optional(
      "unmatched", \.unmatched, CountExpectation.form,
      "How many requests may have come for paths of no operation.", example: 0),
    .optional(
      "requests", .list(of: Requests.form),
      "Requests that must have come; without a count at least one.",
      example: [["match": ["method": "POST"], "atLeast": 1]]
    ) { $0.requests = $1 },
    .optional(
      "order", .list(of: RequestMatch.form),
      "Requests that must have come one after the other; others in between are fine.",
      example: [["method": "POST"], ["method": "GET"]]
    ) { $0.order = $1 },
  ]
}

extension Expectation.Requests {
  /// `{"name", "match", "exactly" | "atLeast", "atMost"}`; without a count: at least one.
  struct Draft: Sendable {
    var requests = Expectation.Requests(
      match: RequestMatch(), count: CountExpectation(atLeast: 1))
    var count = CountExpectation.Draft()

    static let fields: [Field<Draft>] =
      [
        .optional("name", .text, "What to call it.", example: "orders") { $0.requests.name = $1 },
        .optional(
          "match", RequestMatch.form, "Which requests; absent: all.", example: ["method": "POST"]
        ) { $0.requests.match = $1 },
      ] + CountExpectation.Draft.fields.map { $0.at(\.count) }

    @Sendable static func settle(_ draft: inout Draft, _ object: ScenarioObject) {
      CountExpectation.Draft.check(&draft.count, object)
      if let count = draft.count.count { draft.requests.count = count }
    }
  }

  fileprivate static let form = Form.object(
    "Requests that must have come.", Draft(), Draft.fields, finish: Draft.settle
  ).described(words: CountExpectation.Draft.excluded).map(\.requests)
}
