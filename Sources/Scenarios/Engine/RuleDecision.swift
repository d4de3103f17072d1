package import HTTPModel
import Synchronization

/// What the rules decided about one request. A class, since it goes along with the request.
package final class RuleDecision: Sendable {
  package enum Action: Sendable {
    /// The service answers as usual.
    case pass
    /// This is the answer; the service is not asked. Delays and faults stand in `delivery`.
    case instead(Response)
    /// The service does its work, then this makes the answer of its answer (patches, delays,
    /// faults, and the answers of rules with `after`).
    case amend(@Sendable (Response) -> Response)
  }

  package let action: Action
  /// Whether amending the answer may take longer than a loop should be held.
  package let mayTakeLong: Bool
  /// Whether the service gets the request twice.
  package let isTwice: Bool
  /// The names of the rules that struck, in order.
  package let struck: [String]
  /// Why it came out so, for `GET /_wavetank/journal/N`.
  package let trace: KeptTrace

  package init(
    _ action: Action, struck: [String] = [], mayTakeLong: Bool = false, isTwice: Bool = false,
    trace: KeptTrace
  ) {
    self.action = action
    self.struck = struck
    self.mayTakeLong = mayTakeLong
    self.isTwice = isTwice
    self.trace = trace
  }
}

/// A trace that changes no more. A class, since the journal keeps it, and many requests may have the same.
package final class KeptTrace: Sendable {
  package let trace: RuleTrace
  package let byteCount: Int

  package init(_ trace: RuleTrace) {
    self.trace = trace
    byteCount = trace.byteCount
  }

  /// See `RuleTrace.follow`.
  package func following(_ upload: KeptTrace) -> KeptTrace {
    var trace = trace
    trace.follow(upload.trace)
    return KeptTrace(trace)
  }
}

extension ScenarioEngine {
  /// What the rules say of a request whose head is here.
  package enum Regard {
    /// None is about requests of its operation.
    case none
    /// None that is can strike it: this is decided.
    case passed(RuleDecision)
    case concerned(RuleSet.Concern)
  }

  /// - Parameter operation: as counted in the catalog; nil: of none.
  package func regard(_ request: Request, operation: Int?) -> Regard {
    let rules = rules
    guard let concern = rules.concern(operation: operation) else { return .none }
    guard rules.pass(request, operation: operation) else { return .concerned(concern) }
    let decision = held.withLock { held -> RuleDecision? in
      guard held.rules === rules else { return nil }
      if let passed = held.passed { return passed }
      let trace = RuleTrace(
        rules: rules, variablesBefore: held.variables, variablesAfter: held.variables)
      let made = RuleDecision(.pass, trace: KeptTrace(trace))
      held.passed = made
      return made
    }
    return decision.map(Regard.passed) ?? .concerned(concern)
  }
}
