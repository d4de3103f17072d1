package import Determinism
import HTTPModel
import PayloadCodecs
import Synchronization

extension ScenarioEngine {
  // MARK: Snapshot and counts

  package var state: ScenarioState { held.withLock { $0 }.state }
  package var start: VirtualInstant { held.withLock { $0.start } }

  /// How often a rule struck since the tenant's start.
  package typealias Count = (name: String, reached: Int, struck: Int, isEnabled: Bool)

  /// Of each, in the rules' order.
  package var strikeCounts: [Count] {
    let (rules, states) = held.withLock { ($0.rules, $0.states) }
    return rules.index.list.all.map { Self.count($0, states) }
  }

  /// Of one; nil where there is none of the name.
  package func strikeCount(of name: String) -> Count? {
    held.withLock { held in held.rules[name].map { Self.count($0, held.states) } }
  }

  private static func count(_ placed: PlacedRule, _ states: RuleStates) -> Count {
    let state = states[placed.id]
    return (
      placed.rule.name, state.reachedInAll, state.struckInAll,
      state.isEnabled ?? placed.rule.isEnabled
    )
  }
}

extension RequestMatch {
  /// What the path templates take from the request's path.
  func captures(in subject: RuleSubject) -> TextMap<String> {
    for case .path(let patterns) in criteria {
      for pattern in patterns {
        if let captures = pattern.captures(subject.path) { return captures }
      }
    }
    return [:]
  }
}
