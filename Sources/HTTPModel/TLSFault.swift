/// A deliberate failure of TLS: of a connection, not of an answer.
public enum TLSFault: Sendable, Equatable {
  // The certificate.
  case expired, notYetValid, wrongHost, selfSigned, untrusted
  // In place of an answer to the client's first message: nothing, FIN, RST, an answer in the clear.
  case stall, close, reset, plainHTTP
  /// In its place an alert of that number (RFC 8446 §6).
  case alert(UInt8)
  // Behind the handshake: the first record of the first answer ends in its middle, or is altered.
  case cutRecord, corruptRecord

  /// Those without settings.
  public static let plain: [TLSFault] = [
    .expired, .notYetValid, .wrongHost, .selfSigned, .untrusted, .stall, .close, .reset,
    .plainHTTP, .cutRecord, .corruptRecord,
  ]

  /// What scenarios, journal and metrics call it.
  public var name: String {
    switch self {
    case .expired: "expired"
    case .notYetValid: "notYetValid"
    case .wrongHost: "wrongHost"
    case .selfSigned: "selfSigned"
    case .untrusted: "untrusted"
    case .stall: "stall"
    case .close: "close"
    case .reset: "reset"
    case .plainHTTP: "plainHTTP"
    case .alert(let number): "alert \(number)"
    case .cutRecord: "cutRecord"
    case .corruptRecord: "corruptRecord"
    }
  }
}

/// A peer that begins to speak TLS.
public struct TLSArrival: Sendable {
  /// The host that it names, else that of its tunnel, else the address it came to. In lower case,
  /// without port.
  public let host: String
  /// The user name that was shown to us as a proxy.
  public let proxyUser: String?
  /// The name of the listener it came to; nil: that has none.
  public let listener: String?
  public let connectionID: UInt64
  public let peer: PeerAddress

  public init(
    host: String, proxyUser: String?, listener: String? = nil, connectionID: UInt64,
    peer: PeerAddress
  ) {
    self.host = host
    self.proxyUser = proxyUser
    self.listener = listener
    self.connectionID = connectionID
    self.peer = peer
  }
}
