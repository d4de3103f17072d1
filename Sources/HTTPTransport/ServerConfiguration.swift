package import HTTPModel
package import HTTPWire
package import TLSLayer

/// What an `HTTPServer` is started with. Defaults are those of DESIGN §11.
package struct ServerConfiguration: Sendable {
  /// Numeric, or `localhost`.
  package var host = "127.0.0.1"
  /// Otherwise it serves only what is handed to it (`HTTPServer.adopt`).
  package var listens = true
  /// Further addresses on the same port.
  package var furtherHosts: [String] = []
  /// On `::1`, too, where this machine has it.
  package var listensOnLoopback6 = false
  /// 0 picks a free port, the same for all loops.
  package var port: UInt16 = 0
  /// Further ports, on all addresses.
  package var furtherPorts: [UInt16] = []
  /// Ports with names, on all addresses: requests that come there say so (`Arrival.listener`), and each
  /// can be made to take nobody (`HTTPServer.named`).
  package var namedPorts: [(name: String, port: UInt16)] = []
  /// nil: one per processor.
  package var loopCount: Int?
  package var limits = WireLimits()
  package var connectionsMax = 10_000
  /// From the first byte of a head to its last; then 408.
  package var headTimeout: Duration = .seconds(10)
  /// Between requests; then the connection closes.
  package var idleTimeout: Duration = .seconds(60)
  /// While content is awaited: without a byte for so long, 408. Content that may pause has no such
  /// limit (`RequestContent.allowPauses`).
  package var contentTimeout: Duration = .seconds(60)
  /// While something waits to be sent: without progress for so long, the connection is cut.
  package var writeTimeout: Duration = .seconds(60)
  /// After so long without a byte, a live stream that has a heartbeat sends it.
  package var heartbeatInterval: Duration = .seconds(15)
  /// How long content is read and thrown away so that the peer can still read an early answer.
  package var lingerTimeout: Duration = .seconds(2)
  /// From a CONNECT to another host until that takes the connection.
  package var relayConnectTimeout: Duration = .seconds(10)
  /// A tunnel to another host ends when nothing came through it for so long.
  package var relayIdleTimeout: Duration = .seconds(600)
  /// How much content that nobody reads is thrown away to keep the connection; where more of it is
  /// to come, or nobody knows how much, the early answer says that the connection closes.
  package var drainBytesMax = 64 * 1024
  /// What content that is collected and output that waits is counted against.
  package var memory = MemoryBudget()
  /// Makes what TLS needs when the first peer speaks it; nil: none is spoken here. It runs on a loop.
  package var makeSecureContext: (@Sendable () throws(TLSError) -> TLSServerContext)?
  /// What is done, on purpose, to a peer that begins to speak TLS; nil: it is served. It is asked once for
  /// each, on a loop.
  package var tlsFault: @Sendable (TLSArrival) -> TLSFault? = { _ in nil }
  /// What becomes of a CONNECT. It is asked on a loop.
  package var tunnels: @Sendable (TunnelRequest) -> TunnelAnswer = { _ in
    .refuse(Status(502, "No tunnel is opened here"))
  }
  /// Told of requests that the engine refuses by itself. It is called on a loop.
  package var onRefusal: @Sendable (PeerAddress, Status, _ reason: String) -> Void = { _, _, _ in }
  /// Told why a handshake did not come to its end, unless a fault was to break it, with the host that the
  /// peer has asked for.
  package var onBrokenHandshake: @Sendable (PeerAddress, _ host: String?, TLSError) -> Void = {
    _, _, _ in
  }
  /// SO_SNDBUF of accepted connections, for tests of back-pressure.
  package var sendBufferBytes: Int32?
  /// Failures made on purpose, for tests.
  package var faults: SystemFaults?
  /// The time of the loops, for tests; nil: the monotonic clock.
  package var clock: LoopClock?

  package init() {}
}

extension ServerConfiguration {
  /// Whether some of the addresses that it listens on are of IPv4.
  var namesIPv4: Bool {
    ([host] + furtherHosts).contains { !$0.utf8.contains(UInt8(ascii: ":")) }
  }
}

/// What becomes of a tunnel that a peer asks for.
package enum TunnelAnswer: Sendable {
  /// It ends here: what comes through it are requests to us, in the clear or over TLS.
  case endsHere
  /// It goes through to the host that was asked for: nobody here reads what is in it.
  case goesThrough
  /// The reason phrase is all that clients show of the answer.
  case refuse(Status)
}

extension Duration {
  /// Clamped to what fits into nanoseconds.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0 else { return 0 }
    guard seconds < 9_000_000_000 else { return .max / 2 }
    return max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}
