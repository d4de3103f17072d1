import HTTPModel
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
