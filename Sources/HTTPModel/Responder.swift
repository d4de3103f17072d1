/// Whoever answers requests: the one face between the engine and the emulator.
///
/// **Isolation**: called on the connection's event loop, as soon as the head is complete; must not
/// block. What needs no waiting is answered inline.
public protocol Responder: Sendable {
  /// - Parameter exchange: the responder may set its `tag`; the engine keeps it for `exchangeEnded`.
  func respond(to request: Request, exchange: inout Exchange) -> Answer
  /// The exchange is over: everything was sent, or the peer or a fault ended it. Called once for
  /// each `respond`, on the loop.
  func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome)
}

/// What a responder decides when it has seen the head.
public enum Answer: Sendable {
  /// Answered without reading the content. The engine drains a little of it, or closes.
  case now(Response)
  /// The engine collects the content, up to `limit` bytes, then asks on. 100 (Continue) is sent
  /// when the peer waits for it.
  case collect(limit: Int, then: @Sendable (CollectedContent) -> Answer)
  /// Runs as a task on the connection's own loop; may read the content as it arrives, answer
  /// before it has ended, and go on reading from the response's body producer. 100 (Continue) is
  /// sent at the first read, so not reading holds it back.
  case later(@Sendable (RequestContent) async -> Response)
  /// As `later`; but where the whole content has come with the head, and is no more than
  /// `wholeContentMax`, the first closure is asked before, on the loop: so a small message that nothing
  /// holds up needs no task. Nil: it has done nothing.
  case atOnce(
    @Sendable ([UInt8]) -> Response?, orLater: @Sendable (RequestContent) async -> Response)

  /// As much as the journal has of a content that streams past.
  public static let wholeContentMax = 4096
}

/// What collecting a request's content came to.
public enum CollectedContent: Sendable {
  case complete([UInt8])
  /// More than the limit; the rest is not read and the connection closes after the answer.
  case tooLarge(limit: Int)
  /// The server has no memory left for it; the rest is not read and the connection closes after the
  /// answer.
  case noRoom
}

/// One request–response pair on a connection, as the engine knows it.
public struct Exchange: Sendable, Hashable {
  /// Unique within the process.
  public let connectionID: UInt64
  /// 1, 2, 3… on its connection.
  public let sequenceNumber: UInt64
  public let peer: PeerAddress
  /// Set by the responder to recognise the exchange when it ends; the engine only keeps it.
  public var tag: UInt64
  /// Set by the responder, which has seen the head only: how the content comes in.
  public var upload: UploadFault?

  public init(connectionID: UInt64, sequenceNumber: UInt64, peer: PeerAddress, tag: UInt64 = 0) {
    self.connectionID = connectionID
    self.sequenceNumber = sequenceNumber
    self.peer = peer
    self.tag = tag
  }
}

/// Where the peer sits.
public struct PeerAddress: Sendable, Hashable {
  /// Numeric address, without port.
  public let host: String
  public let port: UInt16
  /// 127.0.0.0/8, ::1 or an IPv4-mapped 127.0.0.0/8.
  public let isLoopback: Bool

  public init(host: String, port: UInt16, isLoopback: Bool) {
    self.host = host
    self.port = port
    self.isLoopback = isLoopback
  }
  public static let none = PeerAddress(host: "", port: 0, isLoopback: true)
}

/// How an exchange ended, seen from the engine.
public struct ExchangeOutcome: Sendable {
  public enum Ending: Sendable, Equatable {
    /// The whole response was handed to the kernel.
    case completed
    /// The peer closed or reset before the response was out.
    case peerClosed
    /// A scripted fault ended it.
    case fault
    /// A limit of time ended it.
    case timedOut
    /// The body producer threw.
    case producerFailed
    /// The server is shutting down.
    case serverStopped
  }
  public var ending: Ending
  /// Bytes of the content that arrived.
  public var requestContentBytes: UInt64
  /// The first bytes of content that was streamed (collected content the responder has seen).
  public var requestContentPrefix: [UInt8]
  /// Bytes of the content that were handed to the kernel, framing not counted.
  public var responseContentBytes: UInt64
  /// The first bytes of a streamed body.
  public var responseContentPrefix: [UInt8]

  public init(
    ending: Ending, requestContentBytes: UInt64 = 0, requestContentPrefix: [UInt8] = [],
    responseContentBytes: UInt64 = 0, responseContentPrefix: [UInt8] = []
  ) {
    self.ending = ending
    self.requestContentBytes = requestContentBytes
    self.requestContentPrefix = requestContentPrefix
    self.responseContentBytes = responseContentBytes
    self.responseContentPrefix = responseContentPrefix
  }
}
