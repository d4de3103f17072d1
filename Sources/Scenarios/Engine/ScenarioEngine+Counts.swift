package import Determinism
import HTTPModel
import PayloadCodecs
import Synchronization

extension ScenarioEngine {
  // MARK: Snapshot and counts

  package var state: ScenarioState { held.withLock { $0.state } }
  package var start: VirtualInstant { held.withLock { $0.start } }

  /// How often each rule struck since the tenant's start, in the rules' order.
  package var strikeCounts: [(name: String, reached: Int, struck: Int, isEnabled: Bool)] {
    held.withLock { held in
      held.rules.rules.enumerated().map { index, rule in
        let state = held.states[index]
        return (rule.name, state.reachedInAll, state.struckInAll, state.isEnabled ?? rule.isEnabled)
      }
    }
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
