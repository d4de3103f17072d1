package import PayloadCodecs
import Synchronization

/// A snapshot's `rules.json`: a tenant's rules as they are (some may have been added or removed while
/// it ran), their counts, the variables, and where `between` counts from.
package final class SavedRules: Sendable {
  fileprivate struct Saved: Codable, Sendable {
    var scenario: JSON
    var state: ScenarioState
    var start: VirtualInstant
  }

  fileprivate let saved: Saved
  /// The scenario as it was laid out last, for who puts the same back again.
  private let laidOut = Mutex<(Scenario, RuleSet)?>(nil)

  package init(reading bytes: [UInt8]) throws(SnapshotError) {
    let path = "rules.json"
    saved = try SnapshotJSON.decode(Saved.self, from: bytes, path: path)
    guard saved.state.isPlausible else {
      throw .invalid(path: path, reason: "at /state: a count is out of range")
    }
  }

  /// With the rules that may be made of it.
  var heapBytes: Int {
    2 * saved.scenario.heapBytes + 4096 * (saved.scenario["rules"]?.arrayValue?.count ?? 0)
  }

  /// - Parameter present: what is in force, whose rules are not read and laid out again.
  fileprivate func layOut(
    _ catalog: ScenarioCatalog, beside present: ScenarioEngine?
  ) throws(ScenarioProblems) -> (Scenario, RuleSet) {
    if let known = laidOut.withLock({ $0 }) { return known }
    let made: (Scenario, RuleSet)
    if let (scenario, rules) = present?.scenarioAndRules, scenario.source == saved.scenario {
      made = (scenario, rules)
    } else {
      let scenario = try Scenario.read(saved.scenario, catalog: catalog, beside: present?.rules)
      made = (scenario, RuleSet(scenario, catalog: catalog))
    }
    laidOut.withLock { $0 = made }
    return made
  }
}

extension ScenarioEngine {
  /// Gives the text of what a snapshot holds: see `SavedRules`.
  package var saved: @Sendable () -> [UInt8] {
    let parts = parts
    let saved = SavedRules.Saved(
      scenario: parts.scenario.source, state: parts.state, start: parts.start)
    return { (try? StateEncoder.text(of: saved)) ?? [] }
  }

  /// - Parameter present: what is in force, whose rules are not read and laid out again.
  package func prepareRestore(
    _ rules: SavedRules, beside present: ScenarioEngine? = nil
  ) throws(ScenarioProblems) -> PreparedState {
    let saved = rules.saved
    // Nearly always the one that all tenants have: its rules are theirs, too.
    let isInForce = saved.scenario == scenario.source
    let other = try isInForce ? nil : rules.layOut(catalog, beside: present)
    return PreparedState { self.restore(other, saved.state, start: saved.start) }
  }
}

extension Pipeline {
  /// Reads the scenario of a snapshot: as configured, else with this pipeline's services.
  package func blueprint(
    ofScenario source: JSON, isStrict: Bool
  ) throws(ScenarioProblems) -> TenantBlueprint {
    if let readScenario { return try readScenario(source) }
    let catalog = catalog
    return TenantBlueprint(
      try Scenario.read(source, catalog: catalog), catalog: catalog, isStrict: isStrict)
  }
}
