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
    /// As it was put in force: of rules that have come or gone since it says nothing.
    var base: Scenario
    var rules: RuleSet
    /// Other tenants have the same set.
    var sharesRules: Bool
    var rulesChanged = false
    var variables: JSONObject
    /// What is decided of every request that no rule can strike, while rules and variables are as they
    /// are.
    var passed: RuleDecision?
    /// Changed in place, since counts by resource are many.
    var states = RuleStates()
    /// The tenant's first instant: where `between` counts durations from.
    var start: VirtualInstant
    /// What happens by itself, in order; of it so many instants are over.
    var timetable: [TimedEvents.Entry]
    var timedDone = 0
    /// What the base takes in memory, as text, once somebody has asked.
    var baseBytes: Int?

    init(_ scenario: Scenario, _ rules: RuleSet, isShared: Bool, start: VirtualInstant) {
      base = scenario
      self.rules = rules
      sharesRules = isShared
      variables = scenario.variables
      self.start = start
      timetable = scenario.timetable(start: start)
    }

    var nextTimed: VirtualInstant? {
      timedDone < timetable.count ? timetable[timedDone].due : nil
    }

    /// The scenario with the rules that are in force. Takes time for each of them, so it is asked of a
    /// copy, outside of the lock.
    var scenario: Scenario { rulesChanged ? base.with(rules.rules) : base }

    /// The same rules at a tenant's start.
    func anew(start: VirtualInstant) -> Held {
      var anew = Held(base, rules, isShared: sharesRules, start: start)
      anew.rulesChanged = rulesChanged
      return anew
    }

    /// As a snapshot holds it: rules that were never reached are left out.
    var state: ScenarioState {
      var state = ScenarioState(base)
      state.variables = variables
      state.timedDone = timedDone
      rules.index.list.forEach { placed in
        if let own = states.touched[placed.id], !own.isUntouched {
          state.rules[placed.rule.name] = own
        }
      }
      return state
    }

    mutating func take(_ state: ScenarioState) {
      passed = nil
      variables = state.variables
      timedDone = min(max(0, state.timedDone), timetable.count)
      states = RuleStates()
      for (name, own) in state.rules {
        if let placed = rules[name] { states[placed.id] = own }
      }
    }
  }

  package let tenant: String
  package let seed: UInt64
  package let catalog: ScenarioCatalog
  let held: Mutex<Held>
  /// Held by who puts other rules in force, while these are made: requests go on.
  let changing = Mutex(())
  /// Whether something is still to happen by itself: most scenarios let nothing.
  let isTimed = Atomic<Bool>(false)
  /// Whether some rule strikes requests while their content comes in: asked with each of them.
  let strikesUploads = Atomic<Bool>(false)

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
      Held(
        scenario, rules ?? RuleSet(scenario, catalog: catalog), isShared: rules != nil, start: start
      ))
    isTimed.store(!scenario.timed.isEmpty, ordering: .releasing)
    held.withLock { noteRules(of: $0) }
  }

  /// See `Lasting`: rules that come later are counted as ever.
  package func keep() {
    Lasting.keep(self)
    held.withLock { Lasting.keep($0.rules) }
  }

  /// Other rules are in force.
  func noteRules(of held: borrowing Held) {
    strikesUploads.store(!held.rules.index.uploadRules.isEmpty, ordering: .releasing)
  }

  // MARK: Deciding

  /// What the rules about requests of that operation are like, as counted in the catalog (nil: of none);
  /// nil: there are no such rules.
  package func concern(operation: Int?) -> RuleSet.Concern? {
    held.withLock { $0.rules }.concern(operation: operation)
  }

  /// Whether a request may meet so many rules that they are gone through off the loop: asked where
  /// there are many, of which most requests meet few.
  package func meetsMany(_ subject: RuleSubject, operation: Int?) -> Bool {
    held.withLock { $0.rules }.meetsMany(operation: operation, subject)
  }

  /// Whether some rule strikes connections.
  package var concernsConnections: Bool {
    held.withLock { !$0.rules.index.connectionRules.isEmpty }
  }

  /// Whether some rule strikes requests while their content comes in.
  package var concernsUploads: Bool {
    strikesUploads.load(ordering: .acquiring)
  }

  /// Lets every rule about uploads have its say on a request of which only the head is here.
  package func decide(
    upload subject: RuleSubject, now: VirtualInstant, wall: VirtualInstant
  ) -> (RuleOutcome, KeptTrace) {
    decide(subject, (now, wall)) { $0.index.uploadRules.all }
  }

  /// Lets every rule about connections have its say on one, in order: `decide` of a request that only
  /// names its host.
  package func decide(
    connection subject: RuleSubject, now: VirtualInstant, wall: VirtualInstant
  ) -> (RuleOutcome, KeptTrace) {
    decide(subject, (now, wall)) { $0.index.connectionRules.all }
  }

  /// Lets every rule that may concern the request have its say, in order.
  ///
  /// - Parameters:
  ///   - now: on the tenant's clock.
  ///   - wall: what refusals last on, as all effects on the wire.
  package func decide(
    _ subject: RuleSubject, operation: Int?, now: VirtualInstant, wall: VirtualInstant
  ) -> (RuleOutcome, KeptTrace) {
    decide(subject, (now, wall)) { $0.candidates(operation: operation, for: subject) }
  }

  private func decide(
    _ subject: RuleSubject, _ times: Times, _ choose: (RuleSet) -> [PlacedRule]
  ) -> (RuleOutcome, KeptTrace) {
    var outcome = RuleOutcome()
    while true {
      let rules = held.withLock { $0.rules }
      let candidates = choose(rules)
      let failures = candidates.map { $0.rule.match.firstFailure(for: subject) }
      let trace = held.withLock { held -> RuleTrace? in
        guard held.rules === rules else { return nil }
        return decide(subject, candidates, failures, times, &held, &outcome)
      }
      if let trace { return (outcome, KeptTrace(trace)) }
    }
  }

  private func decide(
    _ subject: RuleSubject, _ candidates: [PlacedRule], _ failures: [Int?], _ times: Times,
    _ held: inout Held, _ outcome: inout RuleOutcome
  ) -> RuleTrace {
    let variables = held.variables
    var trace = RuleTrace(
      rules: held.rules, variablesBefore: variables, variablesAfter: variables)
    for (position, placed) in candidates.enumerated() {
      if let failure = failures[position] {
        trace.note(placed, .mismatch(failure))
        continue
      }
      let verdict = reach(
        placed, subject, times, held.start, &held.states[placed.id], &held.variables, &outcome)
      trace.note(placed, verdict)
      if verdict.isStrike, !placed.rule.continues { break }
    }
    trace.variablesAfter = held.variables
    trace.changedBytes = outcome.changedBytes
    if outcome.struck { held.passed = nil }
    return trace
  }

  private typealias Times = (now: VirtualInstant, wall: VirtualInstant)

  /// A rule whose `match` holds: whether it strikes, and if so what it does.
  /// - Parameter placed: the rule is looked at where it lies: it is large, and a copy counts its parts.
  private func reach(
    _ placed: PlacedRule, _ subject: RuleSubject, _ times: Times, _ start: VirtualInstant,
    _ state: inout RuleState, _ variables: inout JSONObject, _ outcome: inout RuleOutcome
  ) -> RuleVerdict {
    let now = times.now
    guard state.isEnabled ?? placed.rule.isEnabled else { return .switchedOff }
    if state.isRefusing(at: times.wall) {
      outcome.refuse(by: placed.rule.name, count: state.struckInAll)
      return .refusing
    }
    if let between = placed.rule.between, !between.contains(now, start: start) {
      return .outsidePeriod
    }
    for (position, condition) in placed.rule.conditions.enumerated() {
      let values = variables[condition.name].map { [$0] } ?? []
      if !condition.matcher.matches(values, isText: false, now: now) { return .condition(position) }
    }
    var retryAfter: Duration?
    if case .limit(let limit) = placed.rule.action {
      let key = state.key(limit.per ?? placed.rule.per, subject)
      retryAfter = state.exceeds(limit, key, at: now)
      if retryAfter == nil { return .withinLimit }
    }
    let key = state.key(placed.rule.per, subject)
    let reached = state.reach(key)
    let skipped = placed.rule.skip
    if reached <= skipped { return .skipped(reached: reached) }
    if (reached - skipped) % placed.rule.every != 0 {
      return .notThisOne(reached: reached - skipped)
    }
    if let times = placed.rule.times, state.struck(key) >= times { return .exhausted }
    let random = random(placed.rule.name, key, reached)
    var draw: Double?
    if let probability = placed.rule.probability {
      var chance = random.stream("strike")
      let drawn = chance.unit()
      if drawn >= probability { return .drawn(drawn) }
      draw = drawn
    }
    var step: Int?
    if case .sequence(let sequence) = placed.rule.action {
      step = sequence.step(at: state.struck(key))
      if step == nil { return .sequenceOver }
    }
    let count = state.strike(key)
    var strike = RuleStrike(
      placed, step: step, count: count, retryAfter: retryAfter, random, subject, now: now,
      variables: variables)
    strike.perform(on: &outcome, variables: &variables)
    if case .fault(.refuse(let duration)) = placed.rule.action(atStep: step) {
      state.refuse(for: duration, from: times.wall)
    }
    return .struck(count: count, step: step, draw: draw)
  }

  /// What is random in one strike of a rule.
  func random(_ rule: String, _ key: String, _ count: Int) -> StrikeRandom {
    StrikeRandom(seed: seed, tenant: tenant, rule: rule, key: key, count: UInt64(count))
  }

  // MARK: Looking

  /// The scenario in force, with the rules that have come and without those that have gone.
  package var scenario: Scenario { held.withLock { $0 }.scenario }
  /// The same as text; what is short is kept.
  package var scenarioText: [UInt8] {
    // Of a scenario there is one set of rules alone.
    let rules = held.withLock { $0.rules }
    if let text = rules.scenarioText.withLock({ $0 }) { return text }
    let (scenario, present) = scenarioAndRules
    let text = scenario.source.serialized()
    if text.count <= RuleSet.scenarioTextBytesMax {
      present.scenarioText.withLock { $0 = text }
    }
    return text
  }
  /// The same with its rules, laid out.
  package var scenarioAndRules: (Scenario, RuleSet) {
    let held = held.withLock { $0 }
    return (held.scenario, held.rules)
  }
  /// What it expects of a run.
  package var expectation: Expectation? { held.withLock { $0.base.expectation } }
  /// The rules in force.
  package var rules: RuleSet { held.withLock { $0.rules } }

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
    let held = held.withLock { $0 }
    return (held.scenario, held.state, held.start)
  }

  /// How long the scenario in force is as text, about, and how many rules it has; nil: others have it,
  /// too.
  package var ownWeight: (textBytes: Int, rules: Int)? {
    held.withLock { held in
      guard !held.sharesRules else { return nil }
      let base = held.baseBytes ?? held.base.textBytesWithoutRules
      held.baseBytes = base
      return (base + held.rules.index.sourceBytes, held.rules.count)
    }
  }
}

extension Scenario {
  /// The same with other rules.
  func with(_ rules: [ScenarioRule]) -> Scenario {
    var scenario = self
    scenario.rules = rules
    if case .object(var source) = source {
      source["rules"] = .array(rules.map(\.source))
      scenario.source = .object(source)
    }
    return scenario
  }

  fileprivate var textBytesWithoutRules: Int {
    guard case .object(var source) = source else { return 0 }
    source["rules"] = nil
    return JSON.object(source).textBytes(atMost: .max) ?? 0
  }
}
