package import Determinism
import PayloadCodecs
import Synchronization

// Another scenario in the place of the one in force.
extension ScenarioEngine {
  /// Puts a snapshot's parts in force.
  /// - Parameter scenario: with its rules; nil: the one in force, with its rules as they are.
  package func restore(
    _ scenario: (Scenario, RuleSet)?, _ state: ScenarioState, start: VirtualInstant
  ) {
    putInForce(scenario, start: start) { $0.take(state) }
  }

  /// Takes over another scenario while requests go on: rules that are still there unchanged keep
  /// their counts, and variables whose first value is the same keep their present one.
  ///
  /// - Parameters:
  ///   - shared: its rules, where somebody has laid them out.
  ///   - now: what the new timetable has before it happens no more.
  package func swap(_ scenario: Scenario, _ shared: RuleSet? = nil, at now: VirtualInstant) {
    let rules = shared ?? RuleSet(scenario, catalog: catalog)
    putInForce { before in
      let kept = before.kept(in: rules)
      return { held in
        var next = Held(scenario, rules, isShared: shared != nil, start: held.start)
        next.timedDone = next.timetable.count { $0.due <= now }
        for (id, state) in held.states.touched {
          if let kept = kept[id] { next.states[kept] = state }
        }
        for (name, value) in scenario.variables.members
        where held.base.variables[name] == value {
          next.variables[name] = held.variables[name] ?? value
        }
        held = next
      }
    }
  }

  /// As at the tenant's start; with another scenario if one is given.
  package func reset(to scenario: Scenario? = nil, start: VirtualInstant) {
    putInForce(scenario.map { ($0, RuleSet($0, catalog: catalog)) }, start: start) { _ in }
  }

  private func putInForce(
    _ scenario: (Scenario, RuleSet)?, start: VirtualInstant,
    _ change: @escaping (inout Held) -> Void
  ) {
    let other = scenario.map { Held($0.0, $0.1, isShared: false, start: start) }
    putInForce { _ in
      { held in
        held = other ?? held.anew(start: start)
        change(&held)
      }
    }
  }

  /// - Parameter change: made while requests go on, of the rules before.
  private func putInForce(_ change: (RuleSet) -> (inout sending Held) -> Void) {
    changing.withLock { _ in
      let before = rules
      let change = change(before)
      held.withLock { held in
        change(&held)
        isTimed.store(held.nextTimed != nil, ordering: .releasing)
        noteRules(of: held)
      }
    }
  }
}

extension RuleSet {
  /// Rules that others have, too, unchanged: by their id here, theirs there.
  fileprivate func kept(in others: RuleSet) -> [Int: Int] {
    var kept: [Int: Int] = [:]
    others.index.list.forEach { other in
      if let own = self[other.rule.name], own.rule.source == other.rule.source {
        kept[own.id] = other.id
      }
    }
    return kept
  }
}
