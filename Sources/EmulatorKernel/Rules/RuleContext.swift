package import HTTPModel
package import Scenarios

/// What a rule can look at and use.
package struct RuleContext: Sendable {
  package let request: Request
  /// In `OperationTable`; nil when the request belongs to no operation.
  package let operationIndex: Int?
  package let operation: Operation?
  package let parameters: PathParameters
  /// Nil unless the content was collected.
  package let content: [UInt8]?
  package let credential: String?
  package let exchange: Exchange
  package let number: UInt64
  package let live: LiveTenant
  private let service: any EmulatedService

  init(
    request: Request, operationIndex: Int?, operation: Operation?, parameters: PathParameters,
    content: [UInt8]?, credential: String?, exchange: Exchange, number: UInt64, live: LiveTenant,
    service: any EmulatedService
  ) {
    self.request = request
    self.operationIndex = operationIndex
    self.operation = operation
    self.parameters = parameters
    self.content = content
    self.credential = credential
    self.exchange = exchange
    self.number = number
    self.live = live
    self.service = service
  }

  /// The request as rules see it.
  var subject: RuleSubject {
    RuleSubject(
      request: request, tenant: live.name, service: service.name, operation: operation?.name,
      parameters: parameters, resourceParameter: operation?.resourceParameter,
      credential: credential, connectionID: exchange.connectionID,
      content: content.map(RuleSubject.Content.whole) ?? .unavailable)
  }

  /// A failure in the form of the operation's own API (a rule's `error`, `limit`).
  func render(_ failure: RuleOutcome.Failure) -> Response {
    let kind = failure.retryAfter.map { ServiceFailure.Kind.rateLimited(retryAfter: $0) }
    return service.failure(
      ServiceFailure(
        kind ?? .injected, status: failure.status, message: failure.message,
        tenant: live.tenant, number: number),
      operation: operation, request: request)
  }
}

/// What the rules decided about one request.
package struct RuleDecision: Sendable {
  package enum Action: Sendable {
    /// The service answers as usual.
    case pass
    /// This is the answer; the service is not asked. Delays and faults stand in `delivery`.
    case instead(Response)
    /// The service does its work, then this makes the answer of its answer (patches, delays,
    /// faults, and the answers of rules with `after`).
    case amend(@Sendable (Response) -> Response)
  }

  package var action: Action
  /// Whether amending the answer may take longer than a loop should be held.
  package var mayTakeLong = false
  /// The names of the rules that struck, in order.
  package var struck: [String]
  /// Why it came out so, for `GET /_wavetank/journal/N`.
  package var trace: RuleTrace

  init(_ action: Action, struck: [String] = [], trace: RuleTrace) {
    self.action = action
    self.struck = struck
    self.trace = trace
  }
}
