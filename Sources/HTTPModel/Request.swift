import Synchronization

/// HTTP/1.0 or HTTP/1.1; other versions never get past HTTPWire.
public enum HTTPVersion: Sendable, Equatable { case http10, http11 }

/// The head of a request: all that is known before its content is read.
///
/// **Shape**: one reference to what never changes, since a request is handed on a dozen times: one count
/// goes up and down each time, not one for each of its parts. A part is changed by making all anew, which
/// few requests need.
public struct Request: Sendable {
  @usableFromInline final class Parts: Sendable {
    @usableFromInline let method: Method
    @usableFromInline let target: RequestTarget
    @usableFromInline let version: HTTPVersion
    @usableFromInline let fields: Fields
    @usableFromInline let framing: BodyFraming
    @usableFromInline let arrivalHost: String?
    @usableFromInline let arrival: Arrival?
    /// See `Request.findings`.
    let findings = OnceReference<HeadFindings>()
    let comesAgain = Atomic<Bool>(false)

    @usableFromInline init(
      method: Method, target: RequestTarget, version: HTTPVersion, fields: Fields,
      framing: BodyFraming, arrivalHost: String?, arrival: Arrival?
    ) {
      self.method = method
      self.target = target
      self.version = version
      self.fields = fields
      self.framing = framing
      self.arrivalHost = arrivalHost
      self.arrival = arrival
    }
  }

  @usableFromInline var parts: Parts

  @inlinable public var method: Method {
    get { parts.method }
    set { change(method: newValue) }
  }
  @inlinable public var target: RequestTarget {
    get { parts.target }
    set { change(target: newValue) }
  }
  @inlinable public var version: HTTPVersion {
    get { parts.version }
    set { change(version: newValue) }
  }
  @inlinable public var fields: Fields {
    get { parts.fields }
    set { change(fields: newValue) }
  }
  /// How the end of the content is found (RFC 9112 §6.3); `.none` when there is no content.
  @inlinable public var framing: BodyFraming {
    get { parts.framing }
    set { change(framing: newValue) }
  }
  /// Where it arrived, as host and port: known for a request that names no host itself (HTTP/1.0).
  @inlinable public var arrivalHost: String? {
    get { parts.arrivalHost }
    set { change(arrivalHost: newValue) }
  }
  /// How it came; nil: the plain way.
  @inlinable public var arrival: Arrival? {
    get { parts.arrival }
    set { change(arrival: newValue) }
  }

  public init(
    method: Method, target: RequestTarget, version: HTTPVersion = .http11,
    fields: Fields = Fields(), framing: BodyFraming = .none
  ) {
    parts = Parts(
      method: method, target: target, version: version, fields: fields, framing: framing,
      arrivalHost: nil, arrival: nil)
  }

  /// Whatever is given takes the place of what was.
  @usableFromInline mutating func change(
    method: Method? = nil, target: RequestTarget? = nil, version: HTTPVersion? = nil,
    fields: Fields? = nil, framing: BodyFraming? = nil, arrivalHost: String?? = nil,
    arrival: Arrival?? = nil
  ) {
    parts = Parts(
      method: method ?? parts.method, target: target ?? parts.target,
      version: version ?? parts.version, fields: fields ?? parts.fields,
      framing: framing ?? parts.framing, arrivalHost: arrivalHost ?? parts.arrivalHost,
      arrival: arrival ?? parts.arrival)
  }

  /// For tests and for the client: a head from texts.
  public init(_ method: Method, _ target: String, fields: Fields = Fields()) {
    self.init(method: method, target: RequestTarget(target), fields: fields)
  }

  public var hasContent: Bool {
    switch parts.framing {
    case .none, .length(0): false
    case .length, .chunked: true
    }
  }
  public var expectsContinue: Bool {
    version == .http11
      && fields.valueBytes("expect")?.lazy.map(\.asciiLowercased)
        .elementsEqual("100-continue".utf8) ?? false
  }

  // MARK: Heads that come again

  /// Whether it came that way already, be it on another connection.
  package func came(by arrival: Arrival?) -> Bool {
    parts.arrival === arrival || parts.arrival?.isSame(as: arrival) ?? false
  }

  /// What a responder has noted of the head, for all requests that have the very same one: nil until it notes
  /// something.
  package var findings: (any AnyObject & Sendable)? { parts.findings.load()?.found }

  /// Whether the head has come before, so that it is worth a note.
  package var comesAgain: Bool { parts.comesAgain.load(ordering: .relaxed) }

  /// The engine has met the same head once more.
  package func hasComeAgain() { parts.comesAgain.store(true, ordering: .relaxed) }

  /// The first note stays.
  /// - Parameter findings: must not hold the request: it would hold itself.
  package func note(_ findings: any AnyObject & Sendable) {
    parts.findings.storeIfNil(HeadFindings(findings))
  }

  /// The effective host and port: the target's authority, else the field (RFC 9112 §3.3).
  public var host: String? { target.authority ?? fields["host"] }
}

/// What a responder finds in a request's head and nowhere else: made once for all requests that have the
/// same one, as those have with which a client asks again and again.
final class HeadFindings: Sendable {
  /// Of the responder's own kind.
  let found: any AnyObject & Sendable

  init(_ found: any AnyObject & Sendable) { self.found = found }
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

  fileprivate func isSame(as other: Arrival?) -> Bool {
    guard let other else { return false }
    return isSecure == other.isSecure && Self.isSame(tunnelHost, other.tunnelHost)
      && Self.isSame(proxyUser, other.proxyUser) && Self.isSame(listener, other.listener)
  }

  private static func isSame(_ one: String?, _ other: String?) -> Bool {
    switch (one, other) {
    case (let one?, let other?): one.utf8.elementsEqual(other.utf8)
    case (nil, nil): true
    default: false
    }
  }
}

/// How the end of a message's content is found.
/// Source: RFC 9112 §6.3.
public enum BodyFraming: Sendable, Equatable {
  case none
  case length(UInt64)
  case chunked
}
