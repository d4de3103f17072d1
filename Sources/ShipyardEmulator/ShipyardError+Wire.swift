import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The one error form of the API: `{"request": {"id": "<uuid>"}, "data": null}`.
/// Source: Shipyard documentation, "API Triggers" (400); assumed for the others.
enum ShipyardFailure {
  static func response(_ status: Int, reason: String?, requestID: String) -> Response {
    var json = JSONWriter()
    json.object { json in
      json.key("request")
      json.object { $0.member("id", requestID) }
      json.key("data")
      json.null()
    }
    var response = Response.json(Status(status), json.bytes)
    if let reason { response.explain(Response.shortened(reason)) }
    return response
  }

  static func response(_ error: ShipyardError, requestID: String) -> Response {
    var response = response(error.status, reason: error.reason, requestID: requestID)
    if error == .methodNotAllowed { response.fields.append("Allow", "POST") }
    if error.status == 503 { response.fields.append("Retry-After", "1") }
    return response
  }

  /// What the pipeline refuses in the service's name.
  static func response(_ failure: ServiceFailure, requestID: String) -> Response {
    let isFull = failure.kind == .noRoom
    let error = ShipyardError.noRoom
    var response = response(
      isFull ? error.status : failure.status,
      reason: isFull ? failure.message ?? error.reason : failure.sentence,
      requestID: requestID)
    switch failure.kind {
    case .methodNotAllowed(let methods):
      response.fields.append("Allow", methods.map(\.name).joined(separator: ", "))
    case .rateLimited(let seconds): response.fields.append("Retry-After", "\(seconds)")
    case .noRoom: response.fields.append("Retry-After", "1")
    case .unknownPath, .contentTooLarge, .injected, .badRequest, .internalError: break
    }
    return response
  }
}

extension Response {
  /// A remark that may quote what a client sent.
  mutating func shortRemark(_ text: String) { remark(Self.shortened(text)) }

  /// Shortened, without control characters. By scalars, for one character may be megabytes of
  /// combining marks.
  fileprivate static func shortened(_ text: String) -> String {
    // As our own words are.
    if text.utf8.count <= 300, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) { return text }
    var short = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(300) {
      short.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
    }
    return String(short)
  }
}

/// The id of a request: a fresh UUID for each exchange of a tenant, the same in every run.
enum RequestID {
  static func make(tenant: Tenant, number: UInt64) -> String {
    var random = SeededRandom(
      seed: tenant.seed, tenant.name, "shipyard.request", count: number)
    return UUIDText.format(random.next(), random.next(), version: 4, .lower)
  }
}
