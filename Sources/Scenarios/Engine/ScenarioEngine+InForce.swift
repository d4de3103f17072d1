package import Determinism
import PayloadCodecs
import Synchronization

// Another scenario in the place of the one in force.
extension ScenarioEngine {
  /// Puts a snapshot's parts in force.
  package func restore(_ scenario: Scenario, _ state: ScenarioState, start: VirtualInstant) {
    var restored = Held(scenario, RuleSet(scenario.rules, catalog: catalog), start: start)
    restored.take(state)
    putInForce { $0 = restored }
  }

  /// Takes over another scenario while requests go on: rules that are still there unchanged keep
  /// their counts, and variables whose first value is the same keep their present one.
  ///
  /// - Parameter now: what the new timetable has before it happens no more.
  package func swap(_ scenario: Scenario, at now: VirtualInstant) {
    let rules = RuleSet(scenario.rules, catalog: catalog)
    putInForce { held in
      var next = Held(scenario, rules, start: held.start)
      next.timedDone = next.timetable.count { $0.due <= now }
      for (index, rule) in scenario.rules.enumerated() {
        guard let old = held.rules.position(of: rule.name) else { continue }
        if held.rules.rules[old].source == rule.source { next.states[index] = held.states[old] }
      }
      for (name, value) in scenario.variables.members
      where held.scenario.variables[name] == value {
        next.variables[name] = held.variables[name] ?? value
      }
      held = next
    }
  }

  /// As at the tenant's start; with another scenario if one is given.
  package func reset(to scenario: Scenario? = nil, start: VirtualInstant) {
    let rules = scenario.map { RuleSet($0.rules, catalog: catalog) }
    putInForce { held in
      held = Held(scenario ?? held.scenario, rules ?? held.rules, start: start)
    }
  }

  private func putInForce(_ change: (inout sending Held) -> Void) {
    held.withLock { held in
      change(&held)
      isTimed.store(held.nextTimed != nil, ordering: .releasing)
    }
  }
}
