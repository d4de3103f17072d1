import HTTPModel
import Synchronization

/// A listening socket of one loop.
final class Listener: Channel {
  private let server: ServerShared
  /// How all comes that comes here, where that is not the plain way.
  private let arrival: Arrival?
  /// Where what comes to one of the machine's addresses goes, if not to us.
  var through: (@Sendable (NumericAddress, UInt16) -> AdoptedPlace)?
  /// Whether who comes here is a program of this machine like others. What is kept in is none.
  var trustsPeers = true
  /// Given up for a moment when there are no descriptors left, so that a waiting connection can be
  /// accepted and closed instead of staying in the backlog for ever.
  private var spare: Int32
  private var isPaused = false
  /// Nil: whoever comes is taken.
  private let gate: ListenerGate?
  /// It does not listen just now, which epoll would tell without end.
  private var isUnwatched = false
  /// Connections of this loop that were idle when last looked, oldest last.
  private var idleCandidates: [Connection] = []

  /// Accepted in one go; then others have their turn.
  private static let batchSize = 64
  private static let resumeToken: UInt64 = 1

  init(
    loop: EventLoop, fd: Int32, server: ServerShared, arrival: Arrival? = nil,
    gate: ListenerGate? = nil
  ) {
    (self.server, self.arrival, self.gate) = (server, arrival, gate)
    spare = loop.system.openSpare()
    super.init(loop: loop, fd: fd)
  }

  func open() throws(SystemError) { try register(for: Readiness.read) }

  func close() {
    closeDescriptor()
    if spare >= 0 { loop.system.close(spare) }
    spare = -1
  }

  override func onEvents(_ events: UInt32) {
    if let gate { return onEvents(events, gate) }
    for _ in 0..<Self.batchSize {
      do {
        guard let (fd, address) = try loop.system.accept(self.fd) else { return }
        accepted(fd, address)
      } catch {
        return acceptFailed(error)
      }
    }
  }

  /// The same where nobody may be taken.
  private func onEvents(_ events: UInt32, _ gate: ListenerGate) {
    if events & Readiness.hangUp != 0 {
      isUnwatched = true
      return unwatch()
    }
    for _ in 0..<Self.batchSize {
      do {
        switch try gate.accept(fd, loop.system) {
        case .one(let fd, let address, let count): accepted(fd, address, (gate, count))
        case .nobody: return
        case .shut: return setInterest(0)
        }
      } catch {
        return acceptFailed(error)
      }
    }
  }

  /// Somebody opened or shut a gate. Those who wait behind one that is shut are not looked at.
  func gateHasMoved(_ gate: ListenerGate) {
    guard self.gate === gate, gate.isOpen, !isPaused else { return }
    goOn()
  }

  override func onTimer(_ token: UInt64) {
    guard isPaused else { return }
    isPaused = false
    if spare < 0 { spare = loop.system.openSpare() }
    goOn()
  }

  private func goOn() {
    guard isUnwatched else { return setInterest(Readiness.read) }
    do {
      try watchAgain(for: Readiness.read)
      isUnwatched = false
    } catch {
      pause()
    }
  }

  override func onCommand(_ command: ChannelCommand) {
    if case .drain = command { close() }
    if case .abort = command { close() }
  }

  private func accepted(
    _ fd: Int32, _ address: SocketAddress, _ gate: (ListenerGate, shutCount: Int)? = nil
  ) {
    let count = server.connectionCount.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
    loop.system.setNoDelay(fd)
    if let bytes = server.configuration.sendBufferBytes { loop.system.setSendBuffer(fd, bytes) }
    var peer = address.peer
    if !trustsPeers { peer = PeerAddress(host: peer.host, port: peer.port, isLoopback: false) }
    let connection = Connection(loop: loop, fd: fd, server: server, peer: peer)
    connection.arrival = arrival
    connection.gate = gate
    do {
      try connection.open()
    } catch {
      return connection.close(.peerClosed)
    }
    switch place(of: fd) {
    case .here: break
    case .elsewhere(var target):
      target.isAskedFor = false
      connection.tunnel = target
      return connection.turn()
    case .nowhere:
      connection.stream.resetWhenClosed()
      return connection.close(.peerClosed)
    }
    if count > server.configuration.connectionsMax, !closeOldestIdle(except: connection) {
      connection.refuse(
        .serviceUnavailable, reason: "Too many connections.", retryAfter: 1)
      connection.turn()
    }
  }

  private func place(of fd: Int32) -> AdoptedPlace {
    guard let through, let address = try? loop.system.localAddress(fd),
      let place = NumericAddress(host: address.peer.host)
    else { return .here }
    return through(place, address.port)
  }

  /// Makes room for a new connection. The candidates are looked for in one pass over the table and
  /// used up one by one, so that a flood of connections costs one pass for many of them.
  private func closeOldestIdle(except newest: Connection) -> Bool {
    if let connection = nextIdleCandidate(except: newest) {
      connection.close(.timedOut)
      return true
    }
    idleCandidates = loop.channels
      .compactMap { $0 as? Connection }
      .filter { $0.isIdle && $0 !== newest }
      .sorted { $0.deadline.instant > $1.deadline.instant }
    if idleCandidates.count > 64 { idleCandidates.removeFirst(idleCandidates.count - 64) }
    guard let connection = nextIdleCandidate(except: newest) else { return false }
    connection.close(.timedOut)
    return true
  }

  private func nextIdleCandidate(except newest: Connection) -> Connection? {
    while let connection = idleCandidates.popLast() {
      if connection.isIdle, connection !== newest { return connection }
    }
    return nil
  }

  /// No descriptors or no memory: what waits is turned away, then accepting pauses for a moment
  /// (the socket stays readable, and the loop would do nothing else).
  private func acceptFailed(_ error: SystemError) {
    if error.isOutOfDescriptors, spare >= 0 {
      loop.system.close(spare)
      spare = -1
      if let (fd, _) = try? loop.system.accept(self.fd) { loop.system.close(fd) }
      spare = loop.system.openSpare()
    }
    setInterest(0)
    pause()
  }

  private func pause() {
    isPaused = true
    loop.schedule(self, at: loop.system.now() + 50_000_000, token: Self.resumeToken)
  }
}
