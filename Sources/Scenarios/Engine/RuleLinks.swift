import PayloadCodecs

/// What rules want of each other: variables that somebody sets, rules that exist, and no circle of
/// triggers. Kept up to date by what comes and goes, so that a rule can be added to thousands without
/// asking all of them.
///
/// It says only whether all is well; what is wrong is told by `Scenario.ruleProblems`.
struct RuleLinks: Sendable {
  /// Whether nothing was wrong when it was last asked, with the scenario that they belong to. A rule
  /// that is taken away may leave others without what they want.
  private(set) var isSound: Bool
  /// By how many rules each variable is set.
  private var setters = HashTrie<ExactText, Int>()
  /// By how many rules each variable is looked at.
  private var readers = HashTrie<ExactText, Int>()
  /// How many events of rules name each rule.
  private var callers = HashTrie<ExactText, Int>()
  /// What may have become wrong since then.
  private var doubtful = Doubts()

  private struct Doubts: Sendable {
    var variables = TextSet()
    var rules = TextSet()
    /// Rules that trigger others, and have come.
    var triggering = TextSet()
  }

  init(isSound: Bool) { self.isSound = isSound }

  mutating func add(_ rule: ScenarioRule) {
    let names = rule.linkNames
    change(names, 1)
    doubtful.variables.formUnion(names.read)
    doubtful.rules.formUnion(names.called)
    if !names.triggered.isEmpty { doubtful.triggering.insert(rule.name) }
  }

  mutating func remove(_ rule: ScenarioRule) {
    let names = rule.linkNames
    change(names, -1)
    doubtful.variables.formUnion(names.set)
    doubtful.rules.insert(rule.name)
  }

  private mutating func change(_ names: ScenarioRule.LinkNames, _ change: Int) {
    for name in names.set { setters.count(ExactText(name), change) }
    for name in names.read { readers.count(ExactText(name), change) }
    for name in names.called { callers.count(ExactText(name), change) }
  }

  /// Nothing that came in or went is looked at: somebody has asked all of them.
  mutating func settle(isSound: Bool) {
    self.isSound = isSound
    doubtful = Doubts()
  }

  /// Looks at what has come and gone since the last time.
  /// - Parameters:
  ///   - base: the scenario, whose variables and timetable count; its rules do not.
  ///   - rules: all that are in force now.
  mutating func settle(_ base: Scenario, _ rules: RuleIndex) {
    let timed = base.timed.isEmpty ? ScenarioRule.LinkNames() : base.timedLinkNames
    let isWell =
      doubtful.variables.allSatisfy { name in
        readers[ExactText(name)] == nil || setters[ExactText(name)] != nil
          || base.variables[name] != nil || timed.set.contains(name)
      }
      && doubtful.rules.allSatisfy { name in
        rules[name] != nil
          || callers[ExactText(name)] == nil && !timed.called.contains(name)
      }
      && doubtful.triggering.allSatisfy { !leadsToItself($0, rules) }
    settle(isSound: isSound && isWell)
  }

  /// Whether triggers lead from a rule back to it.
  private func leadsToItself(_ name: String, _ rules: RuleIndex) -> Bool {
    guard callers[ExactText(name)] != nil else { return false }
    var seen = TextSet()
    var open = [name]
    while let next = open.popLast() {
      for target in rules[next]?.rule.linkNames.triggered ?? [] {
        if target == name { return true }
        if seen.insert(target).inserted { open.append(target) }
      }
    }
    return false
  }
}

extension ScenarioRule {
  /// Names of variables and of other rules that stand in a rule, each once.
  struct LinkNames {
    var set = TextSet()
    var read = TextSet()
    /// Rules that its events name.
    var called = TextSet()
    /// Of these, those that it triggers.
    var triggered = TextSet()

    init() {}

    init(events: [JSON]) {
      for event in events {
        let variables = event[WorldEvent.Kind.setVariables.rawValue]?.objectValue
        set.formUnion(variables?.keys ?? [])
        for kind in [WorldEvent.Kind.trigger, .enableRule, .disableRule] {
          guard let name = event[kind.rawValue]?.stringValue else { continue }
          if kind == .trigger { triggered.insert(name) }
          if name.firstRange(of: "{{") == nil { called.insert(name) }
        }
      }
    }
  }

  var linkNames: LinkNames {
    var names = LinkNames(events: source.oneOrMore("emit"))
    names.set.formUnion(assignments.map(\.name))
    names.read.formUnion(conditions.map(\.name))
    return names
  }
}

extension Scenario {
  fileprivate var timedLinkNames: ScenarioRule.LinkNames {
    ScenarioRule.LinkNames(
      events: timed.flatMap { timed in
        ["emit", "then"].flatMap { timed.source.oneOrMore($0) }
      })
  }
}
