package import Determinism
package import HTTPModel
package import PayloadCodecs

/// Takes credentials out of what is shown to people.
package protocol ValueMask: Sendable {
  /// The value of a field as it may be shown.
  func value(_ value: String, ofField name: String) -> String
  /// A request-target as it may be shown.
  func target(_ text: String) -> String
}

/// Host and port as one text (RFC 3986 §3.2).
enum HostText {
  /// The host alone, in lower case, without the brackets of IPv6 and the dot that says it is whole.
  static func host(of text: String) -> String {
    let lower = Array(text.asciiLowercased.utf8)
    if lower.first == UInt8(ascii: "[") {
      return String(decoding: lower.dropFirst().prefix { $0 != UInt8(ascii: "]") }, as: UTF8.self)
    }
    let name = hasPort(text) ? lower.prefix { $0 != UInt8(ascii: ":") } : lower[...]
    let whole = name.last == UInt8(ascii: ".") ? name.dropLast() : name
    return String(decoding: whole, as: UTF8.self)
  }

  /// One colon: more are an address of IPv6.
  static func hasPort(_ text: String) -> Bool {
    text.utf8.first != UInt8(ascii: "[") && text.utf8.count { $0 == UInt8(ascii: ":") } == 1
  }
}

/// A request as rules see it: on its way through the pipeline, or as the journal kept it. What must
/// be parsed is parsed once, when the first rule asks.
///
/// **Isolation**: lives in one call; not `Sendable`.
package final class RuleSubject {
  package enum Content {
    /// None was sent, or it may not be looked at (it streams).
    case unavailable
    case whole([UInt8])
    /// The journal kept only the beginning.
    case prefix([UInt8])
  }

  package let request: Request
  package let tenant: String
  package let service: String?
  /// The operation's name; nil for a path of no operation.
  package let operation: String?
  package let parameters: PathParameters
  package let credential: String?
  package let connectionID: UInt64
  package let content: Content
  /// The tenant's time; nil: not known.
  let now: VirtualInstant?
  /// Hides credentials in what is told about the request; nil: nothing of it is told.
  let mask: (any ValueMask)?
  /// What `per: resource` counts by: the operation's resource parameter, else the path.
  private let resourceParameter: String?

  package init(
    request: Request, tenant: String, service: String?, operation: String?,
    parameters: PathParameters = PathParameters(), resourceParameter: String? = nil,
    credential: String? = nil, connectionID: UInt64 = 0, content: Content = .unavailable,
    now: VirtualInstant? = nil, mask: (any ValueMask)? = nil
  ) {
    self.request = request
    self.tenant = tenant
    self.service = service
    self.operation = operation
    self.parameters = parameters
    self.resourceParameter = resourceParameter
    self.credential = credential
    self.connectionID = connectionID
    self.content = content
    self.now = now
    self.mask = mask
  }

  /// No request at all: for templates outside of one.
  package static var none: RuleSubject {
    RuleSubject(request: Request(.get, "/"), tenant: "", service: nil, operation: nil)
  }

  /// The path as sent, without the tenant's prefix.
  package private(set) lazy var path = request.target.path

  /// The same percent-decoded; nil where nothing in it is encoded.
  package private(set) lazy var decodedPath: String? =
    path.utf8.span.hasEscapes ? PercentCoding.decode(path) : nil

  /// In lower case, without its port.
  package private(set) lazy var host = request.host.map(HostText.host)

  package var resource: String {
    resourceParameter.flatMap { parameters[$0] } ?? path
  }

  private lazy var query = request.target.queryItems

  package var queryNames: [String] { query.map(\.name) }

  package func queryValues(_ name: String) -> [String] {
    query.compactMap { $0.name == name ? $0.value : nil }
  }

  /// The content as text; bytes that are no UTF-8 become U+FFFD.
  package private(set) lazy var contentText: String? =
    switch content {
    case .whole(let bytes), .prefix(let bytes): String(decoding: bytes, as: UTF8.self)
    case .unavailable: nil
    }

  /// The content as JSON; nil when it is none.
  package private(set) lazy var contentJSON: JSON? =
    if case .whole(let bytes) = content { try? JSON(parsing: bytes) } else { nil }

  /// Why `contentText` or `contentJSON` is nil, in words.
  package var whyNoContent: String {
    switch content {
    case .unavailable: "no content that could be read before the answer"
    case .prefix: "content of which only the beginning was kept"
    case .whole(let bytes): bytes.isEmpty ? "no content" : "content that is no JSON"
    }
  }
}
