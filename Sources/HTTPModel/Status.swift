/// A status code with the reason phrase that goes out with it.
public struct Status: Sendable, Hashable {
  /// A class, since hardly any status has a phrase of its own and every answer has a status.
  private final class OwnReason: Sendable {
    let text: String
    init(_ text: String) { self.text = text }
  }

  /// 100…999.
  public let code: Int
  private let ownReason: OwnReason?

  /// - Parameter reason: absent: the phrase that RFC 9110 §15 registers for `code`.
  public init(_ code: Int, _ reason: String? = nil) {
    self.code = min(max(code, 100), 999)
    ownReason = reason.map(OwnReason.init)
  }

  /// The reason phrase; the registered one unless a contract demands another.
  public var reason: String { ownReason?.text ?? Status.registeredReason(code) }

  /// Whether it goes out with the phrase that is registered for it.
  package var hasRegisteredReason: Bool { ownReason == nil }

  public static func == (left: Status, right: Status) -> Bool {
    left.code == right.code
      && (left.ownReason == nil && right.ownReason == nil
        || left.reason.utf8.elementsEqual(right.reason.utf8))
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(code) }

  /// 1xx, 204 and 304: such a response never has content (RFC 9110 §6.4.1).
  public var forbidsContent: Bool { code < 200 || code == 204 || code == 304 }
  public var isError: Bool { code >= 400 }

  public static let ok = Status(200)
  public static let created = Status(201)
  public static let accepted = Status(202)
  public static let noContent = Status(204)
  public static let badRequest = Status(400)
  public static let unauthorized = Status(401)
  public static let forbidden = Status(403)
  public static let notFound = Status(404)
  public static let methodNotAllowed = Status(405)
  public static let requestTimeout = Status(408)
  public static let conflict = Status(409)
  public static let contentTooLarge = Status(413)
  public static let internalServerError = Status(500)
  public static let notImplemented = Status(501)
  public static let serviceUnavailable = Status(503)

  /// Source: RFC 9110 §15 and the IANA HTTP Status Code registry.
  public static func registeredReason(_ code: Int) -> String {
    switch code {
    case 100: "Continue"
    case 101: "Switching Protocols"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 203: "Non-Authoritative Information"
    case 204: "No Content"
    case 205: "Reset Content"
    case 206: "Partial Content"
    case 207: "Multi-Status"
    case 300: "Multiple Choices"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 402: "Payment Required"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 407: "Proxy Authentication Required"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 418: "I'm a teapot"
    case 419: "Insufficient Space on Resource"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 423: "Locked"
    case 424: "Failed Dependency"
    case 425: "Too Early"
    case 426: "Upgrade Required"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 451: "Unavailable For Legal Reasons"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    case 511: "Network Authentication Required"
    default: "Unknown"
    }
  }
}
