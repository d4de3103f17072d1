/// What a responder answers: status, fields, content, and how the transport shall deliver it.
///
/// `Content-Length`, `Transfer-Encoding`, `Date` and `Connection` are the engine's: it adds them,
/// and a responder that sets one of the first two says so only by the body it gives.
public struct Response: Sendable {
  public var status: Status
  public var fields: Fields
  public var body: Body
  /// What hardly any response has; nil: nothing of it. Apart, since every answer is handed on many times.
  private var rare: Rare?

  private struct RareParts {
    var delivery = Delivery()
    var leases: [MemoryLease] = []
    var isLive = false
    var heartbeat: StaticString?

    var isNothing: Bool {
      delivery.isPlain && leases.isEmpty && !isLive && heartbeat == nil
    }
  }

  private final class Rare: Sendable {
    let parts: RareParts
    let isDeliveredPlainly: Bool

    init(_ parts: RareParts) {
      self.parts = parts
      isDeliveredPlainly = parts.delivery.isPlain
    }
  }

  public init(_ status: Status, fields: Fields = Fields(), body: Body = .empty) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  private mutating func change(_ body: (inout RareParts) -> Void) {
    var parts = rare?.parts ?? RareParts()
    body(&parts)
    rare = parts.isNothing ? nil : Rare(parts)
  }

  public var delivery: Delivery {
    get { rare?.parts.delivery ?? Delivery() }
    set { change { $0.delivery = newValue } }
  }
  /// The same as `delivery.isPlain`, for most answers by one look.
  package var isDeliveredPlainly: Bool { rare.map { $0.isDeliveredPlainly } ?? true }
  /// The same as `delivery.delay`, without a copy of the rest.
  package var delay: Duration { rare.map { $0.parts.delivery.delay } ?? .zero }
  /// The same as `delivery.fault`, without a copy of the rest.
  package var fault: TransportFault? { rare.flatMap { $0.parts.delivery.fault } }
  /// It has waited for its time.
  package mutating func delayIsOver() { change { $0.delivery.delay = .zero } }
  /// The room that the content takes; held until the response has left.
  package var leases: [MemoryLease] {
    get { rare?.parts.leases ?? [] }
    set { change { $0.leases = newValue } }
  }
  /// A stream that has no end of its own: news, for as long as there are any. What was sent so far is
  /// always a whole, so it ends properly when the server stops; and it ends when its reader closes the
  /// connection, if only for writing, so that nothing is taken for somebody who has gone.
  public var isLive: Bool {
    get { rare?.parts.isLive ?? false }
    set { change { $0.isLive = newValue } }
  }
  /// What the reader of a live stream gets when it has got nothing for a while, between two pieces: a
  /// comment of an event stream, so that no proxy on the way takes the connection for dead.
  public var heartbeat: StaticString? {
    get { rare?.parts.heartbeat }
    set { change { $0.heartbeat = newValue } }
  }

  /// Content of a response. What few responses have is held by reference, so that a body is one word.
  public enum Body: Sendable {
    case empty
    /// Sent in one go with the head when small; never copied when large.
    case bytes([UInt8])
    /// Known content in pieces (stored uploads): sent piece by piece, never copied together.
    case chunks([[UInt8]])
    /// Made while it is sent; with back-pressure. `length` known: Content-Length, else chunked
    /// (or close-delimited for an HTTP/1.0 peer).
    indirect case stream(length: UInt64?, BodyProducer)
    /// Fetched by the connection from a source until that ends, without a task, so that thousands may be
    /// open at once. Of unknown length.
    indirect case followed(any BodySource)

    /// What makes it while it is sent; nil where it is known.
    public var producer: BodyProducer? {
      switch self {
      case .empty, .bytes, .chunks: nil
      case .stream(_, let producer): producer
      case .followed(let source): { writer in try await writer.follow(source) }
      }
    }

    /// The number of bytes, where it is known beforehand.
    public var length: UInt64? {
      switch self {
      case .empty: 0
      case .bytes(let bytes): UInt64(bytes.count)
      case .chunks(let chunks): chunks.reduce(0) { $0 + UInt64($1.count) }
      case .stream(let length, _): length
      case .followed: nil
      }
    }
  }

  /// A streamed body of unknown length.
  public static func streaming(
    _ status: Status, fields: Fields = Fields(), isLive: Bool = false,
    _ producer: @escaping BodyProducer
  ) -> Response {
    var response = Response(status, fields: fields, body: .stream(length: nil, producer))
    response.isLive = isLive
    return response
  }

  /// News, for as long as `source` has any.
  public static func following(
    _ source: any BodySource, _ status: Status = .ok, fields: Fields = Fields()
  ) -> Response {
    var response = Response(status, fields: fields, body: .followed(source))
    response.isLive = true
    return response
  }
}

/// Writes a streamed body: runs as a task on its connection's own loop, is cancelled when the peer
/// goes away, and ends the body by returning. Throwing cuts the message off (the peer sees that it
/// is incomplete: the connection closes without the last chunk).
public typealias BodyProducer = @Sendable (BodyWriter) async throws -> Void

/// How the transport shall deliver a response: pauses and faults, as values that travel down.
public struct Delivery: Sendable {
  /// Wall time to wait before the first byte of the head goes out.
  public var delay: Duration = .zero
  /// Wall time to wait before each piece of the content, counted from 0: a piece of a streamed or
  /// chunked body, or the content as a whole.
  public var piecePause: (@Sendable (_ piece: Int) -> Duration)?
  public var fault: TransportFault?
  /// Close the connection after this response, whatever the peer wanted.
  public var closesConnection = false
  /// The same without a word of it in the answer.
  public var closesSilently = false

  public init() {}
  public var isPlain: Bool {
    delay == .zero && piecePause == nil && fault == nil && !closesConnection && !closesSilently
  }
}

/// A deliberate failure on the wire, decided above and performed by the transport.
///
/// **Units**: `afterBytes` counts bytes of the content as it stands behind the head (for `reset`:
/// bytes of the whole response, head included); rates are bytes a second of the whole response.
public enum TransportFault: Sendable, Equatable {
  /// RST once exactly that many bytes of the response have been handed to the peer.
  case reset(afterBytes: Int)
  /// Close (FIN) without a byte.
  case empty
  /// Head and framing as for the whole content, then FIN inside the content; nil: in its middle.
  case truncate(afterBytes: Int?)
  /// Stop after that many content bytes (nil: in the middle), keep the connection open, never finish.
  case stall(afterBytes: Int?)
  /// And, if asked for, RST once so many bytes of the response have left.
  case throttle(bytesPerSecond: Int, resetAfterBytes: Int? = nil)
  /// Pieces of `bytes` with a pause before each.
  case dribble(bytes: Int, pause: Duration)
  /// Wrong bytes: see `Corruption`.
  case corrupt(Corruption)
  /// As `empty`. Whoever decides on it goes on with it for so long, as a server that is down would.
  case refuse(for: Duration)
  /// Strikes the request while its content comes in, and is no part of a response's delivery.
  case upload(UploadFault)
  /// Strikes a connection when TLS begins there, and is no part of a response's delivery.
  case tls(TLSFault)

  public enum Corruption: Sendable, Equatable {
    /// The chunked coding is broken: a chunk-size line that is no number.
    case chunkFraming
    /// Bits of the content are flipped, positions from `seed`; the framing stays right.
    case flippedBytes(count: Int, seed: UInt64)
  }

  /// What journal and metrics call it.
  public var name: String {
    switch self {
    case .tls(let fault): "tls \(fault.name)"
    case .upload: "\(kind) on request"
    default: kind
    }
  }

  /// Of the request's content, not of an answer.
  public var isOfUpload: Bool { if case .upload = self { true } else { false } }

  /// What scenarios call it.
  public var kind: String {
    switch self {
    case .reset: "reset"
    case .empty: "empty"
    case .truncate: "truncate"
    case .stall: "stall"
    case .throttle: "throttle"
    case .dribble: "dribble"
    case .corrupt: "corrupt"
    case .refuse: "refuse"
    case .upload(let fault):
      switch fault.ending {
      case .none: "throttle"
      case .reset: "reset"
      case .stall: "stall"
      }
    case .tls: "tls"
    }
  }

  /// Whether nothing of an answer is ever sent, so that nobody need make one.
  public var sendsNothing: Bool {
    switch self {
    case .reset(let count): count == 0
    case .empty, .refuse: true
    default: false
    }
  }
}
