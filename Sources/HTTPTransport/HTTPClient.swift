package import HTTPModel
package import HTTPWire
import Synchronization
package import TLSLayer

/// Why a request got no response, or not all of it.
package enum HTTPClientError: Error, Sendable, Equatable {
  /// Neither a numeric address nor `localhost`: this client asks no name server.
  case unknownHost(String)
  /// The TLS session cannot be, its certificate's fault or another's.
  case secure(TLSError)
  /// A system call failed; `.connect` with ECONNREFUSED when nobody listens.
  case system(SystemError)
  /// The server closed before its response was complete.
  case closed
  /// The server does not speak HTTP/1.1.
  case malformed(HTTPParseError)
  /// Not connected, no response head, or not its content in time.
  case timedOut
  case cancelled
  /// The response's content is longer than the caller wanted.
  case tooLarge(limit: Int)

  /// Whether the peer went away, by a close or a reset.
  var isOfPeer: Bool {
    switch self {
    case .closed: true
    case .system(let error): error.isReset
    default: false
    }
  }

  /// What is wrong with the bytes of a malformed response, or with TLS, in words; else empty.
  package var complaint: String {
    switch self {
    case .malformed(let error): error.reason
    case .secure(let error): error.description
    default: ""
    }
  }
}

/// A small HTTP/1.1 client on an event loop: for the control tool, for tests, for forwarding.
///
/// Connections are kept and used again, one exchange at a time. Content streams both ways with the
/// same marks as in the server. No redirects, no cookies, no proxies.
package final class HTTPClient: Sendable {
  package struct Configuration: Sendable {
    package var connectTimeout: Duration = .seconds(5)
    /// From the request to the response's head.
    package var responseTimeout: Duration = .seconds(60)
    /// Without a byte of the response's content for so long; nil: a stream may be silent.
    package var contentTimeout: Duration?
    /// From the request to the end of the response, whatever comes meanwhile; nil: as long as it takes.
    package var exchangeTimeout: Duration?
    /// How long an unused connection is kept.
    package var idleTimeout: Duration = .seconds(15)
    package var limits: WireLimits = {
      var limits = WireLimits()
      limits.contentBytesMax = .max
      return limits
    }()
    package var faults: SystemFaults?
    package var clock: LoopClock?

    package init() {}
  }

  let configuration: Configuration
  let loop: LoopHandle
  private let ownsLoop: Bool
  let id: UInt64

  private static let numbers = Atomic<UInt64>(0)

  /// - Parameter loop: a server's loop to live on; absent: one of its own, until `shutdown()`.
  package init(
    configuration: Configuration = Configuration(), loop: LoopHandle? = nil
  ) throws(SystemError) {
    self.configuration = configuration
    ownsLoop = loop == nil
    self.loop =
      if let loop { loop } else {
        try EventLoop.start(
          system: SystemCalls(faults: configuration.faults, clock: configuration.clock))
      }
    id = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
  }

  deinit { shutdown() }

  /// Closes every connection; exchanges in flight fail with `.closed`.
  package func shutdown() {
    let id = self.id
    let ownsLoop = self.ownsLoop
    loop.post(
      .run { loop in
        loop.clientPools.removeValue(forKey: id)?.closeAll()
        if ownsLoop { loop.stop() }
      })
  }

  /// Content of a request.
  package enum Body: Sendable {
    case empty
    case bytes([UInt8])
    /// Made while it is sent. `length` known: Content-Length, else chunked.
    case stream(length: UInt64?, BodyProducer)
  }

  /// Sends a request and returns when the response's head has come; its content streams.
  ///
  /// - Parameters:
  ///   - host: numeric, or `localhost`.
  ///   - target: the request-target as it goes out.
  ///   - fields: `Host` is added if absent; framing fields are the client's.
  package func send(
    _ method: Method, host: String, port: UInt16, target: String, fields: Fields = Fields(),
    body: Body = .empty
  ) async throws(HTTPClientError) -> ClientResponse {
    try await send(
      method, to: Place(host: host, port: port), target: target, fields: fields, body: body)
  }

  /// Where a request goes.
  package struct Place: Sendable {
    /// As the field `Host` and the certificate have it.
    package var host: String
    package var port: UInt16
    /// Tried one after the other; nil: what `host` is in numbers.
    package var addresses: [NumericAddress]?
    /// Who may stand for the host; nil: no TLS is spoken.
    package var trust: TLSClientContext?

    package init(
      host: String, port: UInt16, addresses: [NumericAddress]? = nil,
      trust: TLSClientContext? = nil
    ) {
      self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
      self.port = port
      self.addresses = addresses
      self.trust = trust
    }
  }

  package func send(
    _ method: Method, to place: Place, target: String, fields: Fields = Fields(),
    body: Body = .empty
  ) async throws(HTTPClientError) -> ClientResponse {
    let numeric = place.addresses ?? NumericAddress(host: place.host).map { [$0] } ?? []
    let addresses = numeric.compactMap { SocketAddress(host: $0.text, port: place.port) }
    guard !addresses.isEmpty else { throw .unknownHost(place.host) }
    var fields = fields
    if !fields.contains("host") {
      // An IPv6 address in its brackets (RFC 3986 §3.2.2).
      let host = place.host.contains(":") ? "[\(place.host)]" : place.host
      fields.append("Host", "\(host):\(place.port)")
    }
    let request = ClientRequest(
      method: method, target: target, fields: fields, body: body, addresses: addresses[...],
      place: place)
    let reply = ClientReply()
    return try await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        reply.await(continuation)
        start(request, reply)
      }
    } onCancel: {
      reply.complete(.failure(.cancelled))
      loop.post(.run { $0.clientPools[self.id]?.abandonCompleted() })
    }.get()
  }

  private func start(_ request: ClientRequest, _ reply: ClientReply) {
    let configuration = self.configuration
    let id = self.id
    let isTaken = loop.post(
      .run { loop in
        let pool = loop.clientPools[id] ?? ClientPool(loop: loop, configuration: configuration)
        loop.clientPools[id] = pool
        pool.start(request, reply)
      })
    // A loop that has ended takes nothing any more.
    if !isTaken { reply.complete(.failure(.closed)) }
  }
}

/// A request as it travels to the loop.
struct ClientRequest: Sendable {
  var method: Method
  var target: String
  var fields: Fields
  var body: HTTPClient.Body
  /// Those that were not tried yet.
  var addresses: ArraySlice<SocketAddress>
  var place: HTTPClient.Place

  /// Requests of one name may have one connection.
  var placeName: String {
    "\(place.trust == nil ? "http" : "https") \(place.host) \(place.port) \(addresses.first?.peer.host ?? "")"
  }

  /// May be sent again when a kept connection turns out to be dead (RFC 9110 §9.2.2).
  var isRepeatable: Bool {
    if case .stream = body { return false }
    switch method {
    case .get, .head, .put, .delete, .options: return true
    default: return false
    }
  }
}

/// A response: its head, and its content as it arrives.
package struct ClientResponse: Sendable {
  package var status: Status
  package var version: HTTPVersion
  package var fields: Fields
  package var content: RequestContent
  /// Closes the connection when nobody holds the response any more and content is left unread.
  let lease: ClientLease

  /// Everything up to `limit` bytes.
  package func collect(limit: Int = 16 * 1024 * 1024) async throws(HTTPClientError) -> [UInt8] {
    do {
      guard let bytes = try await content.collect(limit: limit) else {
        throw HTTPClientError.tooLarge(limit: limit)
      }
      return bytes
    } catch let error as HTTPClientError {
      throw error
    } catch ContentError.cancelled {
      throw .cancelled
    } catch ContentError.malformed {
      throw .malformed(HTTPParseError(.invalidChunkSize, at: 0))
    } catch ContentError.timedOut {
      throw .timedOut
    } catch {
      throw .closed
    }
  }

  /// Ends the exchange without reading on.
  package func cancel() { lease.release() }
}

/// Whoever holds a response holds this; its end ends the exchange.
final class ClientLease: Sendable {
  private let onRelease: @Sendable () -> Void
  init(_ onRelease: @escaping @Sendable () -> Void) { self.onRelease = onRelease }
  func release() { onRelease() }
  deinit { onRelease() }
}

/// The one answer to a waiting `send`: whoever is first decides.
final class ClientReply: Sendable {
  typealias Outcome = Result<ClientResponse, HTTPClientError>
  private struct State {
    var continuation: CheckedContinuation<Outcome, Never>?
    var early: Outcome?
    var isDone = false
  }
  private let state = Mutex(State())

  func await(_ continuation: CheckedContinuation<Outcome, Never>) {
    let early = state.withLock { state -> Outcome? in
      if state.early == nil { state.continuation = continuation }
      return state.early
    }
    if let early { continuation.resume(returning: early) }
  }

  /// False if it had been decided before.
  @discardableResult
  func complete(_ outcome: Outcome) -> Bool {
    let (continuation, isFirst) = state.withLock {
      state -> (CheckedContinuation<Outcome, Never>?, Bool) in
      guard !state.isDone else { return (nil, false) }
      state.isDone = true
      if state.continuation == nil { state.early = outcome }
      defer { state.continuation = nil }
      return (state.continuation, true)
    }
    continuation?.resume(returning: outcome)
    return isFirst
  }

  var isDone: Bool { state.withLock { $0.isDone } }
}
