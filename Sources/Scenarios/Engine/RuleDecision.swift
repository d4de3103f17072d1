package import HTTPModel
import Synchronization

/// What the rules decided about one request. A class, since it goes along with the request.
package final class RuleDecision: Sendable {
  package enum Action: Sendable {
    /// The service answers as usual.
    case pass
    /// This is the answer; the service is not asked. Delays and faults stand in `delivery`.
    case instead(Response)
    /// The service does its work, then `outcome` changes its answer (patches, delays, faults, and the
    /// answers of rules with `after`).
    case amend
  }

  package let action: Action
  package let outcome: RuleOutcome
  /// What else the answer says.
  package let remarks: [String]
  /// Why it came out so, for `GET /_wavetank/journal/N`.
  package let trace: KeptTrace

  package init(
    _ action: Action, _ outcome: consuming RuleOutcome, remarks: [String] = [], _ trace: KeptTrace
  ) {
    self.action = action
    self.outcome = outcome
    self.remarks = remarks
    self.trace = trace
  }

  /// The same where the answer has been amended.
  package convenience init(amended decision: RuleDecision) {
    self.init(.pass, decision.outcome, decision.trace)
  }

  package var amends: Bool { if case .amend = action { true } else { false } }
  /// The names of the rules that struck, in order.
  package var struck: [String] { outcome.strikes.map(\.rule) }
  /// Whether the service gets the request twice.
  package var isTwice: Bool { amends && outcome.isTwice }
  /// Whether amending the answer may take longer than a loop should be held.
  package var mayTakeLong: Bool { outcome.isAfter && !outcome.events.isEmpty }
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
      let made = RuleDecision(.pass, RuleOutcome(), KeptTrace(trace))
      held.passed = made
      return made
    }
    return decision.map(Regard.passed) ?? .concerned(concern)
  }
}
