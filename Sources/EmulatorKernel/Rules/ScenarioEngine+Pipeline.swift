import HTTPModel
import PayloadCodecs
package import Scenarios

extension ScenarioEngine: Weighed {
  /// The document that the rules were made of, what was made of it, and each rule's patterns and counts,
  /// unless others have them, too. A tree takes about six times what its text does.
  package var heapBytes: Int {
    ownWeight.map { 12 * $0.textBytes + 4096 * $0.rules } ?? 0
  }

  /// The same of a scenario that no engine has yet.
  static func heapBytes(of scenario: Scenario) -> Int {
    2 * scenario.source.heapBytes + 4096 * scenario.rules.count
  }
}

extension ScenarioEngine {
  /// Chooses what happens to a request. Counts, draws, sets variables and makes events happen on the
  /// way. Called on any connection's loop or off it.
  func decide(_ routed: RoutedRequest) -> RuleDecision {
    let live = routed.live
    let clock = live.tenant.clock
    let (outcome, trace) = decide(
      routed.subject(at: clock.now), operation: routed.operationIndex, now: clock.now,
      wall: clock.wallNow)
    guard outcome.struck else { return RuleDecision(.pass, outcome, trace) }
    let remarks = outcome.remarks + (outcome.isAfter ? [] : live.happen(outcome.events))
    guard !outcome.asksService else {
      return RuleDecision(.amend, outcome, remarks: remarks, trace)
    }
    var response = Response(.ok)
    outcome.amend(&response) { routed.render($0) }
    for remark in remarks { response.remark(remark) }
    return RuleDecision(.instead(response), outcome, trace)
  }
}

extension LiveTenant {
  /// Makes events happen. One that cannot (a hub that is not there) leaves the request as it is and
  /// gives a remark for its answer.
  func happen(_ events: [JSONObject]) -> [String] {
    guard !events.isEmpty else { return [] }
    var remarks: [String] = []
    let chain = EventChain()
    for event in events {
      let name = event.keys.first ?? ""
      do {
        if try !emit(event, chain) {
          remarks.append("emit: no service knows the event \"\(name)\"")
        }
      } catch {
        remarks.append("emit \"\(name)\": \(error.text)")
      }
    }
    return remarks
  }
}

extension TenantBlueprint {
  /// What a scenario makes of a tenant.
  /// - Parameters:
  ///   - seed, clockMode: in place of the scenario's own (flags of the command line).
  package init(
    _ scenario: Scenario, catalog: ScenarioCatalog, isStrict: Bool = false, seed: UInt64? = nil,
    clockMode: ClockMode? = nil
  ) {
    let seed = seed ?? scenario.seed ?? 0
    let clock = scenario.clock
    self.init(
      seed: seed, clock: .init(clockMode ?? clock?.mode ?? .real, start: clock?.start),
      keys: scenario.keys, given: scenario.given, behaviors: scenario.behaviors,
      isStrict: isStrict, source: scenario.source)
    outbound = scenario.outbound ?? .local
    sourceBytes = ScenarioEngine.heapBytes(of: scenario)
    // Laid out once: tenants are made by the thousand.
    let rules = RuleSet(scenario, catalog: catalog)
    makeRules = { live in
      ScenarioEngine(
        scenario, catalog: catalog, rules: rules, tenant: live.name, seed: seed,
        start: live.tenant.clock.now)
    }
  }
}
