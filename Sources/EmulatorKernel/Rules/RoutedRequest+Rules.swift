import Determinism
import HTTPModel
import Scenarios

// What a rule can look at and use.
extension RoutedRequest {
  /// The request as rules see it.
  /// - Parameter now: the tenant's.
  func subject(at now: VirtualInstant) -> RuleSubject {
    let slot = live.slots[resolution.serviceIndex]
    return RuleSubject(
      request: request, tenant: live.name, service: slot.name, operation: entry?.operation.name,
      parameters: resolution.parameters, resourceParameter: entry?.operation.resourceParameter,
      credential: head.credential(slot), connectionID: exchange.connectionID,
      content: content.map(RuleSubject.Content.whole) ?? .unavailable, now: now)
  }

  /// A failure in the form of the operation's own API (a rule's `error`, `limit`).
  func render(_ failure: RuleOutcome.Failure) -> Response {
    let kind = failure.retryAfter.map { ServiceFailure.Kind.rateLimited(retryAfter: $0) }
    return head.pipeline.services[resolution.serviceIndex].failure(
      ServiceFailure(
        kind ?? .injected, status: failure.status, message: failure.message,
        tenant: live.tenant, number: number),
      operation: entry?.operation, request: request)
  }
}
