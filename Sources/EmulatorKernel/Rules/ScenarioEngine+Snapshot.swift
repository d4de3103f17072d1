package import PayloadCodecs

/// What a scenario's engine adds to a snapshot: its rules as they are now (some may have been added
/// or removed while it ran), their counts, the variables, and where `between` counts from.
extension ScenarioEngine {
  private struct Saved: Codable, Sendable {
    var scenario: JSON
    var state: ScenarioState
    var start: VirtualInstant
  }

  /// Gives its text.
  package var saved: @Sendable () -> [UInt8] {
    let parts = parts
    let saved = Saved(scenario: parts.scenario.source, state: parts.state, start: parts.start)
    return { (try? StateEncoder.text(of: saved)) ?? [] }
  }

  /// - Parameter present: what is in force, whose rules are not read and laid out again.
  package func prepareRestore(
    _ saved: [UInt8], beside present: ScenarioEngine? = nil
  ) throws(ScenarioProblems) -> PreparedState {
    let parts: Saved
    do {
      parts = try SnapshotJSON.decode(Saved.self, from: saved, path: "rules.json")
    } catch {
      throw ScenarioProblems(error.text)
    }
    // Nearly always the one that all tenants have: its rules are theirs, too.
    let isInForce = parts.scenario == scenario.source
    let other = try isInForce ? nil : laidOut(parts.scenario, beside: present)
    guard parts.state.isPlausible else {
      throw ScenarioProblems("a count is out of range", at: "/state")
    }
    return PreparedState { self.restore(other, parts.state, start: parts.start) }
  }

  private func laidOut(
    _ source: JSON, beside present: ScenarioEngine?
  ) throws(ScenarioProblems) -> (Scenario, RuleSet) {
    if let (scenario, rules) = present?.scenarioAndRules, scenario.source == source {
      return (scenario, rules)
    }
    let scenario = try Scenario.read(source, catalog: catalog, beside: present?.rules)
    return (scenario, RuleSet(scenario, catalog: catalog))
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
