package import HTTPModel
import Scenarios

/// What a rule can look at and use.
struct RuleContext: Sendable {
  let routed: RoutedRequest
  /// Nil when the request belongs to none.
  let operation: Operation?
  let service: any EmulatedService

  /// The request as rules see it.
  var subject: RuleSubject {
    RuleSubject(
      request: routed.request, tenant: routed.live.name, service: service.name,
      operation: operation?.name, parameters: routed.resolution.parameters,
      resourceParameter: operation?.resourceParameter,
      credential: service.credential(of: routed.request),
      connectionID: routed.exchange.connectionID,
      content: routed.content.map(RuleSubject.Content.whole) ?? .unavailable,
      now: routed.live.tenant.clock.now)
  }

  /// A failure in the form of the operation's own API (a rule's `error`, `limit`).
  func render(_ failure: RuleOutcome.Failure) -> Response {
    let kind = failure.retryAfter.map { ServiceFailure.Kind.rateLimited(retryAfter: $0) }
    return service.failure(
      ServiceFailure(
        kind ?? .injected, status: failure.status, message: failure.message,
        tenant: routed.live.tenant, number: routed.number),
      operation: operation, request: routed.request)
  }
}

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
  package let trace: RuleTrace

  init(
    _ action: Action, struck: [String] = [], mayTakeLong: Bool = false, isTwice: Bool = false,
    trace: RuleTrace
  ) {
    self.action = action
    self.struck = struck
    self.mayTakeLong = mayTakeLong
    self.isTwice = isTwice
    self.trace = trace
  }
}
