import HTTPModel

/// A tunnel to another host: what comes from one end goes out at the other, unread.
///
/// Each end is read only once all that was read before has left at the other. The end of one direction
/// is passed on as FIN, and the other goes on; a reset is passed on as a reset.
///
/// **Isolation**: the loop's thread. The ends hold the relay, and it them, until both are closed.
final class Relay {
  private enum State {
    /// Awaits the host's addresses.
    case lookingUp
    /// Awaits that the host takes the connection.
    case connecting
    /// Awaits what the host says to our opening.
    case opening
    case open
    /// The client is told why there is no tunnel, and has until the end of a lingering close.
    case refused
    case over
  }

  private let server: ServerShared
  private let loop: EventLoop
  private let target: RelayTarget
  private let client: RelayEnd
  private var host: RelayEnd?
  private var addresses: ArraySlice<SocketAddress> = []
  private var state = State.lookingUp
  private var isDraining = false
  private var lastProgress: Int64
  /// When the earliest timer fires.
  private var armed = Int64.max

  /// Takes the descriptor of a connection over, which is over with that, and what it has read.
  /// - Parameter first: bytes that the client sent already.
  init(
    _ connection: Channel, _ server: ServerShared, to target: RelayTarget, first: [UInt8]
  ) {
    (self.server, self.target) = (server, target)
    loop = connection.loop
    lastProgress = connection.loop.now
    client = RelayEnd(loop: connection.loop, fd: connection.fd)
    client.relay = self
    client.read = first
    client.replace(connection)
    let handle = loop.handle
    let key = client.key
    NameLookup.addresses(of: target.host) { found in
      handle.post(.channel(key, .lookedUp(found)))
    }
    step()
  }

  // MARK: What happens

  func lookedUp(_ found: NameLookup.Outcome) {
    guard case .lookingUp = state else { return }
    switch found {
    case .failure(.unknown(let reason)): refuse("\(target.host) is not found: \(reason)")
    case .failure(.timedOut): refuse("\(target.host) is not found in time")
    case .success(let found):
      addresses = found.compactMap { SocketAddress(host: $0.text, port: target.port) }[...]
      connect()
    }
    step()
  }

  private func connect(after error: SystemError? = nil) {
    state = .connecting
    var error = error
    while let address = addresses.popFirst() {
      do throws(SystemError) {
        let fd = try loop.system.makeSocket(address)
        let end = RelayEnd(loop: loop, fd: fd)
        end.relay = self
        do throws(SystemError) {
          loop.system.setNoDelay(fd)
          let isConnected = try loop.system.connect(fd, address)
          try end.register(for: isConnected ? Readiness.read : Readiness.write)
          host = end
          if isConnected { established() }
          return
        } catch let failure {
          end.relay = nil
          loop.system.close(fd)
          throw failure
        }
      } catch let failure {
        error = failure
      }
    }
    let reason = error.map { SystemCalls.message(of: $0.code) } ?? "it has no address"
    refuse("\(target.host):\(target.port) is not reached: \(reason)")
  }

  private func established() {
    state = target.opening.isEmpty ? .open : .opening
    lastProgress = loop.now
    host?.out = target.opening
    guard target.isAskedFor else { return }
    client.out += Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)
  }

  /// 502, whose reason phrase is all that clients show; nothing where nobody asked for a tunnel.
  private func refuse(_ reason: String) {
    guard target.isAskedFor else { return end(byReset: true) }
    state = .refused
    lastProgress = loop.now
    client.read = []
    let content = reason + "\n"
    client.out = Array(
      "HTTP/1.1 502 \(reason)\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(content.utf8.count)\r\nConnection: close\r\n\r\n\(content)"
        .utf8)
  }

  fileprivate func happened(_ events: UInt32, at end: RelayEnd) {
    if end === host, case .connecting = state {
      let error = loop.system.pendingError(end.fd)
      guard error == 0 else {
        host = nil
        close(end)
        connect(after: SystemError(.connect, error))
        return step()
      }
      established()
    }
    if events & Readiness.write != 0 {
      end.isBlocked = false
      end.secure?.flush(end.fd, loop.system)
    }
    let isGone = events & (Readiness.error | Readiness.hangUp) != 0
    // Else the read that finds it broken takes first what the peer has left.
    if isGone, !end.isRead { return self.end(byReset: true) }
    step()
  }

  func timerFired() {
    guard state != .over else { return }
    armed = .max
    guard loop.now >= lastProgress + patience else { return arm() }
    switch state {
    case .lookingUp, .connecting:
      host.map(close)
      host = nil
      refuse("\(target.host):\(target.port) is not reached in time")
      step()
    case .opening: end(byReset: true)
    case .open, .refused: end(byReset: false)
    case .over: break
    }
  }

  /// The server stops: who says something goes on until the grace is over.
  fileprivate func drain() {
    isDraining = true
    arm()
  }

  // MARK: Bytes

  /// Moves what can be moved, passes on what has ended, and says what is awaited next.
  private func step() {
    var rounds = 0
    // Fair shares; but what a TLS session holds already, epoll does not tell of.
    while rounds < 4 || client.secure?.mayHaveMore == true || holdsBack {
      rounds += 1
      var hasMoved = flush(client)
      if case .open = state, let host {
        hasMoved = fill(from: client, to: host) || hasMoved
        hasMoved = fill(from: host, to: client) || hasMoved
      } else if case .opening = state, let host {
        hasMoved = open(host) || hasMoved
      } else if case .refused = state, !client.hasEnded {
        // Read away, so that no RST overtakes the answer.
        hasMoved = receive(client) || hasMoved
        client.read = []
      }
      if case .over = state { return }
      guard hasMoved else { break }
      lastProgress = loop.now
    }
    passEndsOn()
    guard state != .over else { return }
    settle(client)
    host.map(settle)
    arm()
  }

  /// What was read could leave, and no event would tell of that: where the last round opened the tunnel.
  private var holdsBack: Bool {
    guard case .open = state, let host else { return false }
    return !client.read.isEmpty && host.out.isEmpty || !host.read.isEmpty && client.out.isEmpty
  }

  /// Hears whether the host takes the tunnel; what stands behind that is the tunnel's already.
  private func open(_ host: RelayEnd) -> Bool {
    var hasMoved = flush(host)
    hasMoved = receive(host) || hasMoved
    guard state == .opening else { return hasMoved }
    let mark = Array("\r\n\r\n".utf8)
    guard let end = host.read.firstRange(of: mark) else {
      if host.hasEnded || host.read.count > Self.headBytesMax { self.end(byReset: true) }
      return hasMoved
    }
    guard host.read.starts(with: Array("HTTP/1.1 200 ".utf8)) else {
      self.end(byReset: true)
      return true
    }
    host.read.removeFirst(end.upperBound)
    state = .open
    return true
  }

  private static let headBytesMax = 16 << 10

  private func fill(from source: RelayEnd, to sink: RelayEnd) -> Bool {
    var hasMoved = flush(sink)
    guard sink.out.isEmpty, state == .open else { return hasMoved }
    if source.read.isEmpty, !source.hasEnded { hasMoved = receive(source) || hasMoved }
    guard !source.read.isEmpty, state == .open else { return hasMoved }
    swap(&sink.out, &source.read)
    _ = flush(sink)
    return true
  }

  /// Reads once into what the end has read.
  private func receive(_ end: RelayEnd) -> Bool {
    guard !end.isClosed else { return false }
    // SAFETY: the buffer is the loop's own and nobody else's meanwhile.
    switch unsafe end.stream.receive(into: loop.readBuffer) {
    case .bytes(0):
      end.hasEnded = true
      return true
    case .bytes(let count):
      // SAFETY: the first `count` bytes of the buffer were just written.
      unsafe end.read.append(contentsOf: loop.readBuffer[..<count])
      return true
    case .wouldBlock: return false
    case .failed:
      self.end(byReset: true)
      return false
    }
  }

  private func flush(_ end: RelayEnd) -> Bool {
    var hasMoved = false
    while !end.out.isEmpty, !end.isBlocked, !end.isClosed, state != .over {
      let offered = min(end.out.count, end.stream.offerMax)
      // SAFETY: the bytes are valid for the call.
      let result = unsafe end.out.withUnsafeBytes {
        unsafe end.stream.send(UnsafeRawBufferPointer(rebasing: $0[..<offered]))
      }
      switch result {
      case .bytes(let count):
        if count == end.out.count { end.out = [] } else { end.out.removeFirst(count) }
        hasMoved = hasMoved || count > 0
      case .wouldBlock: end.isBlocked = true
      case .failed: self.end(byReset: true)
      }
    }
    return hasMoved
  }

  private func passEndsOn() {
    if case .refused = state, client.out.isEmpty, !client.isFinished { finish(client) }
    if case .open = state, let host {
      for (source, sink) in [(client, host), (host, client)]
      where source.hasEnded && source.read.isEmpty && sink.out.isEmpty && !sink.isFinished {
        finish(sink)
      }
    }
    for end in [client, host] {
      if let end, end.hasEnded, end.isFinished, end.read.isEmpty { close(end) }
    }
    if client.isClosed, host?.isClosed ?? true { end(byReset: false) }
  }

  private func finish(_ end: RelayEnd) {
    end.isFinished = true
    if !end.isClosed { end.stream.finish(readsContent: true) }
  }

  // MARK: What is awaited

  private func settle(_ end: RelayEnd) {
    guard !end.isClosed else { return }
    var events: UInt32 = 0
    let other = end === client ? host : client
    let isSlow = !end.read.isEmpty || other?.out.isEmpty == false
    // A part of the host's head waits for its rest.
    end.isRead = !end.hasEnded && isListening(to: end) && (!isSlow || state == .opening)
    if end.isRead { events |= Readiness.read | Readiness.peerClosed }
    let isConnecting = end === host && state == .connecting
    if isConnecting || end.isBlocked || end.secure?.holdsOutput == true {
      events |= Readiness.write
    }
    end.setInterest(events)
    let held = (end.read.count + end.out.count) & ~0x3FFF
    guard held != end.charged else { return }
    server.configuration.memory.charge(held - end.charged)
    end.charged = held
  }

  private func isListening(to end: RelayEnd) -> Bool {
    switch state {
    case .open, .refused: true
    // What the client has read already waits until the tunnel is there.
    case .opening: end === host
    case .lookingUp, .connecting, .over: false
    }
  }

  /// How long nothing may happen.
  private var patience: Int64 {
    switch state {
    case .lookingUp, .connecting, .opening: server.relayConnectTimeout
    case .refused: server.lingerTimeout
    case .open where isDraining: server.lingerTimeout / 4
    case .open: server.relayIdleTimeout
    case .over: 0
    }
  }

  private func arm() {
    let due = lastProgress + patience
    guard state != .over, due < armed else { return }
    guard let end = client.isClosed ? host : client, !end.isClosed else { return }
    armed = due
    loop.schedule(end, at: due, token: 1)
  }

  // MARK: The end

  private func close(_ end: RelayEnd) {
    guard !end.isClosed else { return }
    end.isClosed = true
    end.relay = nil
    end.closeDescriptor()
    server.configuration.memory.charge(-end.charged)
    end.charged = 0
    // Its timers are gone with it.
    armed = .max
  }

  fileprivate func end(byReset: Bool) {
    guard state != .over else { return }
    state = .over
    for end in [client, host] {
      guard let end, !end.isClosed else { continue }
      if byReset { end.stream.resetWhenClosed() } else { end.stream.takeLeave() }
      close(end)
    }
    host = nil
    server.connectionClosed()
  }
}

/// One side of a relay.
final class RelayEnd: Channel {
  /// Nil once it is closed.
  fileprivate var relay: Relay?
  /// What has come in here, and has not been taken by the other end.
  fileprivate var read: [UInt8] = []
  /// What is to leave here.
  fileprivate var out: [UInt8] = []
  fileprivate var charged = 0
  /// The kernel has no room for more.
  fileprivate var isBlocked = false
  /// epoll tells of what comes in.
  fileprivate var isRead = false
  /// The peer sends no more.
  fileprivate var hasEnded = false
  /// FIN is sent.
  fileprivate var isFinished = false
  fileprivate var isClosed = false

  override func onEvents(_ events: UInt32) { relay?.happened(events, at: self) }
  override func onTimer(_ token: UInt64) { relay?.timerFired() }

  override func onCommand(_ command: ChannelCommand) {
    switch command {
    case .lookedUp(let found): relay?.lookedUp(found)
    case .drain: relay?.drain()
    case .abort: relay?.end(byReset: true)
    default: break
    }
  }
}
