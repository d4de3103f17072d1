package import Determinism
import HTTPModel
package import PayloadCodecs
import Synchronization

/// A tenant's rules and their state: decides what happens to each request.
///
/// Ask `concern` first: for most requests it says that no rule is about them, and nothing else needs
/// to be made. Random choices come from (seed, tenant, rule, count) alone.
///
/// **Isolation**: behind a mutex; conditions on the request are checked outside of it.
package final class ScenarioEngine: Sendable {
  struct Held {
    var scenario: Scenario
    var rules: RuleSet
    var variables: JSONObject
    /// Changed in place, since counts by resource are many.
    var states = RuleStates()
    /// The tenant's first instant: where `between` counts durations from.
    var start: VirtualInstant
    /// What happens by itself, in order; of it so many instants are over.
    var timetable: [TimedEvents.Entry]
    var timedDone = 0

    init(_ scenario: Scenario, _ rules: RuleSet, start: VirtualInstant) {
      self.scenario = scenario
      self.rules = rules
      variables = scenario.variables
      self.start = start
      timetable = scenario.timetable(start: start)
    }

    var nextTimed: VirtualInstant? {
      timedDone < timetable.count ? timetable[timedDone].due : nil
    }

    /// As a snapshot holds it: rules that were never reached are left out.
    var state: ScenarioState {
      var state = ScenarioState(scenario)
      state.variables = variables
      state.timedDone = timedDone
      for (index, own) in states.touched where !own.isUntouched {
        state.rules[rules.rules[index].name] = own
      }
      return state
    }

    mutating func take(_ state: ScenarioState) {
      variables = state.variables
      timedDone = min(max(0, state.timedDone), timetable.count)
      states = RuleStates()
      for (name, own) in state.rules {
        if let index = rules.position(of: name) { states[index] = own }
      }
    }
  }

  package let tenant: String
  package let seed: UInt64
  package let catalog: ScenarioCatalog
  let held: Mutex<Held>
  /// Whether something is still to happen by itself: most scenarios let nothing.
  let isTimed = Atomic<Bool>(false)

  /// - Parameter rules: those of the scenario, where somebody has laid them out: every tenant of a server
  ///   begins with the same.
  package init(
    _ scenario: Scenario, catalog: ScenarioCatalog, rules: RuleSet? = nil, tenant: String,
    seed: UInt64, start: VirtualInstant
  ) {
    self.tenant = tenant
    self.seed = seed
    self.catalog = catalog
    held = Mutex(
      Held(scenario, rules ?? RuleSet(scenario.rules, catalog: catalog), start: start))
    isTimed.store(!scenario.timed.isEmpty, ordering: .releasing)
  }

  // MARK: Deciding

  /// What the rules about requests of that operation are like, as counted in the catalog (nil: of none);
  /// nil: there are no such rules.
  package func concern(operation: Int?) -> RuleSet.Concern? {
    held.withLock { $0.rules.concern(operation: operation) }
  }

  /// Whether a request may meet so many rules that they are gone through off the loop: asked where
  /// there are many, of which most requests meet few.
  package func meetsMany(_ subject: RuleSubject, operation: Int?) -> Bool {
    held.withLock { $0.rules }.meetsMany(operation: operation, subject)
  }

  /// Whether some rule strikes connections.
  package var concernsConnections: Bool {
    held.withLock { !$0.rules.connectionRules.isEmpty }
  }

  /// Whether some rule strikes requests while their content comes in.
  package var concernsUploads: Bool {
    held.withLock { !$0.rules.uploadRules.isEmpty }
  }

  /// Lets every rule about uploads have its say on a request of which only the head is here.
  package func decide(
    upload subject: RuleSubject, now: VirtualInstant, wall: VirtualInstant
  ) -> RuleOutcome {
    decide(subject, (now, wall)) { $0.uploadRules }
  }

  /// Lets every rule about connections have its say on one, in order: `decide` of a request that only
  /// names its host.
  package func decide(
    connection subject: RuleSubject, now: VirtualInstant, wall: VirtualInstant
  ) -> RuleOutcome {
    decide(subject, (now, wall)) { $0.connectionRules }
  }

  /// Lets every rule that may concern the request have its say, in order.
  ///
  /// - Parameters:
  ///   - now: on the tenant's clock.
  ///   - wall: what refusals last on, as all effects on the wire.
  package func decide(
    _ subject: RuleSubject, operation: Int?, now: VirtualInstant, wall: VirtualInstant
  ) -> RuleOutcome {
    decide(subject, (now, wall)) { $0.candidates(operation: operation, for: subject) }
  }

  private func decide(
    _ subject: RuleSubject, _ times: Times, _ choose: (RuleSet) -> [Int]
  ) -> RuleOutcome {
    while true {
      let rules = held.withLock { $0.rules }
      let candidates = choose(rules)
      let failures = candidates.map { rules.rules[$0].match.firstFailure(for: subject) }
      let outcome = held.withLock { held -> RuleOutcome? in
        guard held.rules === rules else { return nil }
        return decide(subject, candidates, failures, times, &held)
      }
      if let outcome { return outcome }
    }
  }

  private func decide(
    _ subject: RuleSubject, _ candidates: [Int], _ failures: [Int?], _ times: Times,
    _ held: inout Held
  ) -> RuleOutcome {
    let variables = held.variables
    var outcome = RuleOutcome(
      trace: RuleTrace(rules: held.rules, variablesBefore: variables, variablesAfter: variables))
    for (position, index) in candidates.enumerated() {
      let rule = held.rules.rules[index]
      if let failure = failures[position] {
        outcome.trace.note(index, .mismatch(failure))
        continue
      }
      let verdict = reach(index, rule, subject, times, &held, &outcome)
      outcome.trace.note(index, verdict)
      if verdict.isStrike, !rule.continues { break }
    }
    outcome.trace.variablesAfter = held.variables
    return outcome
  }

  private typealias Times = (now: VirtualInstant, wall: VirtualInstant)

  /// A rule whose `match` holds: whether it strikes, and if so what it does.
  private func reach(
    _ index: Int, _ rule: ScenarioRule, _ subject: RuleSubject, _ times: Times,
    _ held: inout Held, _ outcome: inout RuleOutcome
  ) -> RuleVerdict {
    let now = times.now
    guard held.states[index].isEnabled ?? rule.isEnabled else { return .switchedOff }
    if held.states[index].isRefusing(at: times.wall) {
      outcome.refuse(by: rule.name, count: held.states[index].struckInAll)
      return .refusing
    }
    if let between = rule.between, !between.contains(now, start: held.start) {
      return .outsidePeriod
    }
    for (position, condition) in rule.conditions.enumerated() {
      let values = held.variables[condition.name].map { [$0] } ?? []
      if !condition.matcher.matches(values, isText: false, now: now) { return .condition(position) }
    }
    var retryAfter: Duration?
    if case .limit(let limit) = rule.action {
      let key = held.states[index].key(limit.per ?? rule.per, subject)
      retryAfter = held.states[index].exceeds(limit, key, at: now)
      if retryAfter == nil { return .withinLimit }
    }
    let key = held.states[index].key(rule.per, subject)
    let reached = held.states[index].reach(key)
    if reached <= rule.skip { return .skipped(reached: reached) }
    if (reached - rule.skip) % rule.every != 0 {
      return .notThisOne(reached: reached - rule.skip)
    }
    if let times = rule.times, held.states[index].struck(key) >= times { return .exhausted }
    var draw: Double?
    if let probability = rule.probability {
      var random = stream("strike", rule, key, reached)
      let drawn = random.unit()
      if drawn >= probability { return .drawn(drawn) }
      draw = drawn
    }
    var step: Int?
    if case .sequence(let sequence) = rule.action {
      step = sequence.step(at: held.states[index].struck(key))
      if step == nil { return .sequenceOver }
    }
    let count = held.states[index].strike(key)
    var strike = RuleStrike(
      rule: rule, step: step, count: count, retryAfter: retryAfter,
      random: { self.stream($0, rule, key, reached) },
      context: TemplateContext(
        subject: subject, variables: held.variables, now: now, count: count,
        captures: rule.match.captures(in: subject), random: stream("id", rule, key, reached)))
    strike.perform(on: &outcome, variables: &held.variables)
    if case .fault(.refuse(let duration)) = rule.action(atStep: step) {
      held.states[index].refuse(for: duration, from: times.wall)
    }
    return .struck(count: count, step: step, draw: draw)
  }

  /// The random stream of one purpose, one rule and one count.
  private func stream(
    _ purpose: String, _ rule: ScenarioRule, _ key: String, _ count: Int
  ) -> SeededRandom {
    SeededRandom(seed: seed, [tenant, rule.name, purpose, key], count: UInt64(count))
  }

  // MARK: Changing the rules

  package var scenario: Scenario { held.withLock { $0.scenario } }
  private var rulesAndVariables: (RuleSet, JSONObject) {
    held.withLock { ($0.rules, $0.variables) }
  }
  /// Why no rule struck a request that none was asked about: each rule and what it wanted instead.
  package func trace() -> RuleTrace {
    let (rules, variables) = rulesAndVariables
    return RuleTrace(rules: rules, variablesBefore: variables, variablesAfter: variables)
  }

  package var variables: JSONObject { held.withLock { $0.variables } }

  /// What a snapshot holds.
  package var parts: (scenario: Scenario, state: ScenarioState, start: VirtualInstant) {
    held.withLock { ($0.scenario, $0.state, $0.start) }
  }

  /// Adds rules at the end (or the front); one with a known name takes the place of that one. All
  /// of them, or none and everything that is wrong.
  /// - Parameter json: a rule, an array of rules, or `{"rules": […]}`.
  /// - Returns: their names.
  package func add(_ json: JSON, first: Bool = false) throws(ScenarioProblems) -> [String] {
    let (list, prefix) = Self.ruleList(json)
    let added = try ScenarioReader.read(
      list, at: prefix, catalog: catalog, Scenario.rules.read)
    return try held.withLock { held throws(ScenarioProblems) in
      var scenario = held.scenario
      var names: [String] = []
      var taken = TextSet(scenario.rules.map(\.name)).union(added.map(\.name))
      var fresh: [ScenarioRule] = []
      for var rule in added {
        if rule.name.isEmpty {
          rule.rename(Scenario.freeName(after: scenario.rules.count + fresh.count, among: taken))
          taken.insert(rule.name)
        }
        names.append(rule.name)
        if let index = held.rules.position(of: rule.name) {
          scenario.rules[index] = rule
        } else {
          fresh.append(rule)
        }
      }
      scenario.rules.insert(contentsOf: fresh, at: first ? 0 : scenario.rules.count)
      let problems = scenario.ruleProblems
      guard problems.isEmpty else { throw ScenarioProblems(problems) }
      var state = held.state
      for name in names { state.rules[name] = nil }
      replace(scenario.rules, state, in: &held)
      return names
    }
  }

  /// What would be wrong with rules that `add` is given.
  package static func check(_ json: JSON, catalog: ScenarioCatalog) throws(ScenarioProblems) {
    let (list, prefix) = ruleList(json)
    _ = try ScenarioReader.read(list, at: prefix, catalog: catalog, Scenario.rules.read)
  }

  private static func ruleList(_ json: JSON) -> (list: JSON, prefix: String) {
    if case .object(let object) = json, object.keys == ["rules"], let list = object["rules"] {
      return (list, "/rules")
    }
    if case .array = json { return (json, "") }
    return ([json], "")
  }

  /// False when there is no such rule.
  package func removeRule(_ name: String) -> Bool {
    held.withLock { held in
      guard held.rules.position(of: name) != nil else { return false }
      replace(held.scenario.rules.filter { $0.name != name }, held.state, in: &held)
      return true
    }
  }

  /// False when there is no such rule.
  @discardableResult
  package func setRule(_ name: String, isEnabled: Bool) -> Bool {
    held.withLock { held in
      guard let index = held.rules.position(of: name) else { return false }
      held.states[index].isEnabled = isEnabled
      return true
    }
  }

  /// Puts a rule at a place in the order, from 0; behind all others if there are fewer. Counts stay.
  package func moveRule(_ name: String, to position: Int) {
    held.withLock { held in
      guard let index = held.rules.position(of: name) else { return }
      var rules = held.scenario.rules
      let rule = rules.remove(at: index)
      rules.insert(rule, at: min(max(position, 0), rules.count))
      replace(rules, held.state, in: &held)
    }
  }

  package func hasRule(_ name: String) -> Bool {
    held.withLock { $0.rules.position(of: name) != nil }
  }

  /// False, and nothing is changed, when there would be too many.
  package func setVariables(_ values: JSONObject) -> Bool {
    held.withLock { held in
      let fresh = values.members.count { held.variables[$0.key] == nil }
      let allowed = max(EngineLimits.variablesMax, held.scenario.variables.count)
      guard held.variables.count + fresh <= allowed else { return false }
      for (name, value) in values.members { held.variables[name] = value }
      return true
    }
  }

  /// Sets a rule's variables as if it had struck, and gives the events that must now happen: none
  /// of its templates can see a request. Circles are refused when rules are read or added.
  package func trigger(_ name: String) -> RuleStrike.Following {
    held.withLock { held in
      guard let index = held.rules.position(of: name) else { return RuleStrike.Following() }
      let rule = held.rules.rules[index]
      var strike = RuleStrike(
        rule: rule, step: nil, count: 0, retryAfter: nil, random: { _ in SeededRandom(key: 0) },
        context: TemplateContext(
          subject: .none, variables: held.variables, now: held.start, count: 0,
          captures: [:], random: stream("trigger", rule, "", 0)))
      return strike.trigger(variables: &held.variables)
    }
  }

  /// Other rules, with what is known of those that stay.
  private func replace(
    _ rules: [ScenarioRule], _ state: ScenarioState, in held: inout Held
  ) {
    held.scenario.rules = rules
    if case .object(var source) = held.scenario.source {
      source["rules"] = .array(rules.map(\.source))
      held.scenario.source = .object(source)
    }
    held.rules = RuleSet(rules, catalog: catalog)
    held.take(state)
  }
}
