import PayloadCodecs

/// Why Shipyard refuses a request. All have the same content on the wire; the reason goes to the
/// journal and to the field `X-Wavetank-Remark`.
package enum ShipyardError: Error, Sendable, Equatable {
  /// 400: ids that do not resolve, malformed content, malformed query.
  case badRequest(String)
  /// 401, or what the scenario says about the key.
  case refusedKey(status: Int, String)
  /// 403: the key is good, but not for this.
  case forbidden(String)
  /// 405 for a path that no template holds (webhooks).
  case methodNotAllowed
  /// 503: nothing more can be stored.
  case noRoom

  package var status: Int {
    switch self {
    case .badRequest: 400
    case .refusedKey(let status, _): status
    case .forbidden: 403
    case .methodNotAllowed: 405
    case .noRoom: 503
    }
  }

  package var reason: String {
    switch self {
    case .badRequest(let reason), .refusedKey(_, let reason), .forbidden(let reason): reason
    case .methodNotAllowed: "a webhook takes POST only"
    case .noRoom: "there is no room for more content or runs"
    }
  }
}
