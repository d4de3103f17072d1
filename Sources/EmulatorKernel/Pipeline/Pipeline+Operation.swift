package import HTTPModel
import PayloadCodecs

/// What a request's method and path were found to be. A class, since it goes along with the request.
final class Resolution: Sendable {
  enum Kind: Sendable {
    case operation
    /// OPTIONS of a path that has operations, none of them for OPTIONS.
    case options([Method])
    case methodNotAllowed([Method])
    case unknown
  }

  let kind: Kind
  /// In `OperationTable`; nil unless `kind` is `.operation`.
  let operationIndex: Int?
  let parameters: PathParameters
  /// The service of the operation, or the one that the request most resembles.
  let serviceIndex: Int
  /// The nearest operation, for `X-Wavetank-Hint`; nil where there is an operation or none is near.
  let hint: String?

  init(
    kind: Kind, operationIndex: Int? = nil, parameters: PathParameters = PathParameters(),
    serviceIndex: Int, hint: String? = nil
  ) {
    self.kind = kind
    self.operationIndex = operationIndex
    self.parameters = parameters
    self.serviceIndex = serviceIndex
    self.hint = hint
  }
}

extension Pipeline {
  /// Step 3. Exact path, lenient path, then what exists in the world, then the reason for a refusal.
  func resolve(_ addressed: AddressedRequest, in live: LiveTenant) -> Resolution {
    if let known = addressed.known?.operation { return known }
    let request = addressed.request
    let only = addressed.service
    if let entry = operations.plainMatch(request.method, request.target, service: only) {
      return entry.plainResolution
    }
    let match = operations.match(request.method, request.target, service: only)
    if let found = operations.resolution(match) { return found }
    if let claimed = claim(request, only, in: live) { return claimed }
    let nearest = addressed.known?.nearest(to: request) ?? operations.nearest(to: request)
    let service = only ?? owner(of: request, match) ?? speaker(of: request, nearest)
    if request.method == .options, request.target.isWholeServer {
      return Resolution(kind: .options(CrossOrigin.allMethods), serviceIndex: service)
    }
    guard case .methodNotAllowed(let methods) = match else {
      return Resolution(kind: .unknown, serviceIndex: service, hint: nearest.hint)
    }
    if request.method == .options {
      return Resolution(kind: .options(methods), serviceIndex: service)
    }
    return Resolution(
      kind: .methodNotAllowed(methods), serviceIndex: service, hint: nearest.hint)
  }

  /// The service that has the path, where one has it for other methods.
  private func owner(of request: Request, _ match: OperationTable.Match) -> Int? {
    guard case .methodNotAllowed = match else { return nil }
    return operations.serviceWithPath(of: request)
  }

  /// Whose form a failure has: where no word of the path says more, that of the API whose key is sent.
  private func speaker(of request: Request, _ nearest: NearestOperation) -> Int {
    guard nearest.hint == nil else { return nearest.serviceIndex }
    return services.firstIndex { $0.credential(of: request) != nil } ?? nearest.serviceIndex
  }

  /// The first service in whose world the path exists.
  private func claim(_ request: Request, _ only: Int?, in live: LiveTenant) -> Resolution? {
    for (service, slot) in live.slots.enumerated() where only == nil || only == service {
      guard let claim = slot.claim(request),
        let index = operations.index(named: claim.operation)
      else { continue }
      let methods = operations.entries[index].operation.routes.map(\.method)
      if request.method == .options, !methods.contains(.options) {
        return Resolution(kind: .options(methods), serviceIndex: service)
      }
      return Resolution(
        kind: .operation, operationIndex: index, parameters: claim.parameters,
        serviceIndex: service)
    }
    return nil
  }

  /// The answer to a request that belongs to no operation.
  func answerWithoutOperation(_ routed: RoutedRequest) -> Response {
    switch routed.resolution.kind {
    case .options(let methods): return CrossOrigin.answer(methods, routed.request)
    case .methodNotAllowed(let methods):
      var response = failure(routed, ServiceFailure(.methodNotAllowed(methods), status: 405))
      // RFC 9110 §15.5.6; not where a vendor answers 404 instead.
      if response.status.code == 405, !response.fields.contains("Allow") {
        response.fields.append("Allow", CrossOrigin.allow(methods))
      }
      hint(routed, &response)
      return response
    case .unknown, .operation:
      var response = failure(routed, ServiceFailure(.unknownPath, status: 404))
      // A page learns of a 404 only if it may ask.
      if response.status.code >= 300, CrossOrigin.isPreflight(routed.request) {
        response = CrossOrigin.answer(CrossOrigin.allMethods, routed.request)
      }
      hint(routed, &response)
      return response
    }
  }

  /// Where no word of the path is like one of an operation, the nearest would be a guess.
  private static let farHint =
    "no operation is like this path; GET /_wavetank/operations lists them all"

  private func hint(_ routed: RoutedRequest, _ response: inout Response) {
    response.fields.append(JournalEntry.hintName, routed.resolution.hint ?? Self.farHint)
  }

  /// A failure that nobody foresaw, in the form of the API that a request as it was sent belongs to or
  /// most resembles; where that form has no place for the sentence, it is a remark.
  package func failure(of request: Request, _ sentence: String) -> Response {
    let addressee = Addressee(request, keyFields: nil)
    var request = request
    if addressee.prefixLength > 0 {
      request.target = request.target.droppingPathPrefix(addressee.prefixLength)
    }
    let only = operations.service(meantBy: request, host: addressee.host)
    var entry: OperationTable.Entry?
    if case .found(let index, _) = operations.match(request.method, request.target, service: only) {
      entry = operations.entries[index]
    }
    let service =
      entry?.serviceIndex ?? only ?? speaker(of: request, operations.nearest(to: request))
    var response = services[service].failure(
      ServiceFailure(.internalError, status: 500, message: sentence), operation: entry?.operation,
      request: request)
    response.remark(sentence)
    response.guardContent()
    return response
  }

  /// A failure in the form of the API that the request belongs to or most resembles.
  func failure(_ routed: RoutedRequest, _ failure: ServiceFailure) -> Response {
    var failure = failure
    failure.tenant = routed.live.tenant
    failure.number = routed.number
    return services[routed.resolution.serviceIndex].failure(
      failure, operation: routed.entry?.operation, request: routed.request)
  }
}
