/// HTTP/1.0 or HTTP/1.1; other versions never get past HTTPWire.
public enum HTTPVersion: Sendable, Equatable { case http10, http11 }

/// The head of a request: all that is known before its content is read.
public struct Request: Sendable {
  public var method: Method
  public var target: RequestTarget
  public var version: HTTPVersion
  public var fields: Fields
  /// How the end of the content is found (RFC 9112 §6.3); `.none` when there is no content.
  public var framing: BodyFraming
  /// Where it arrived, as host and port: known for a request that names no host itself (HTTP/1.0).
  public var arrivalHost: String?
  /// How it came; nil: the plain way.
  public var arrival: Arrival?

  public init(
    method: Method, target: RequestTarget, version: HTTPVersion = .http11,
    fields: Fields = Fields(), framing: BodyFraming = .none
  ) {
    self.method = method
    self.target = target
    self.version = version
    self.fields = fields
    self.framing = framing
  }

  /// For tests and for the client: a head from texts.
  public init(_ method: Method, _ target: String, fields: Fields = Fields()) {
    self.init(method: method, target: RequestTarget(target), fields: fields)
  }

  public var hasContent: Bool { framing != .none && framing != .length(0) }
  public var expectsContinue: Bool {
    version == .http11
      && fields.valueBytes("expect")?.lazy.map(\.asciiLowercased)
        .elementsEqual("100-continue".utf8) ?? false
  }
  /// The effective host and port: the target's authority, else the field (RFC 9112 §3.3).
  public var host: String? { target.authority ?? fields["host"] }
}

/// How a request came, where that is not straight and in the clear: of all requests of a connection.
public final class Arrival: Sendable {
  /// Over TLS.
  public let isSecure: Bool
  /// Through a tunnel to that host, which ends here. In lower case, without port.
  public let tunnelHost: String?
  /// The user name that was shown to us as a proxy.
  public let proxyUser: String?
  /// The name of the listener it came to; nil: that has none.
  public let listener: String?

  public init(
    isSecure: Bool, tunnelHost: String? = nil, proxyUser: String? = nil, listener: String? = nil
  ) {
    self.isSecure = isSecure
    self.tunnelHost = tunnelHost
    self.proxyUser = proxyUser
    self.listener = listener
  }
}

/// How the end of a message's content is found.
/// Source: RFC 9112 §6.3.
public enum BodyFraming: Sendable, Equatable {
  case none
  case length(UInt64)
  case chunked
}
