package import HTTPModel
import Synchronization

/// An HTTP/1.1 server: event loops, each with its listener, that put requests to one `Responder`.
package final class HTTPServer: Sendable {
  package let host: String
  package let port: UInt16
  /// Those of the configuration, in its order.
  package let named: [NamedListener]
  private let shared: ServerShared
  private let loops: [LoopHandle]
  private let hasStopped = Mutex(false)

  /// Binds, listens, and serves from then on.
  ///
  /// - Errors: `SystemError` of the call that failed; `.bind` with EADDRINUSE when the port is taken
  ///   (also by another server that shares its port among its own loops).
  package static func start(
    configuration: ServerConfiguration, responder: any Responder
  ) throws(SystemError) -> HTTPServer {
    let limit = SystemCalls.raiseDescriptorLimit()
    var configuration = configuration
    // Some descriptors are for others: listeners, files, the client.
    configuration.connectionsMax = max(1, min(configuration.connectionsMax, limit - 64))
    let system = SystemCalls(faults: configuration.faults, clock: configuration.clock)
    let loopCount = max(1, configuration.loopCount ?? SystemCalls.processorCount())
    let (sockets, port) = try makeAllListeners(configuration, loopCount, system)
    let shared = ServerShared(configuration: configuration, responder: responder)
    var loops: [LoopHandle] = []
    var named: [NamedSockets] = []
    do throws(SystemError) {
      for (name, port) in configuration.namedPorts {
        named.append(try NamedSockets(name, port: port, configuration, loopCount, system))
      }
      for _ in 0..<loopCount { loops.append(try EventLoop.start(system: system)) }
      // A port that accepts is a server that is ready: with room for somebody, and for files.
      if limit < 1024 { try system.checkDescriptors(descriptorsLeast) }
    } catch {
      for socket in sockets { system.close(socket) }
      for sockets in named { sockets.close(system) }
      for loop in loops { loop.post(.run { $0.stop() }) }
      throw error
    }
    for (index, socket) in sockets.enumerated() {
      loops[index % loops.count].post(
        .run { loop in
          let listener = Listener(loop: loop, fd: socket, server: shared)
          // Without a place in epoll this loop serves nobody; the others do.
          do { try listener.open() } catch { listener.close() }
        })
    }
    return HTTPServer(
      host: configuration.host, port: port,
      named: named.map { NamedListener($0, loops: loops, server: shared, system: system) },
      shared: shared, loops: loops)
  }

  private init(
    host: String, port: UInt16, named: [NamedListener], shared: ServerShared, loops: [LoopHandle]
  ) {
    self.host = host
    self.port = port
    self.named = named
    self.shared = shared
    self.loops = loops
  }

  private static let descriptorsLeast = 8

  /// Connections open now.
  package var connectionCount: Int { shared.connectionCount.load(ordering: .relaxed) }

  /// `stop` was called.
  package var isStopping: Bool { shared.isStopping.load(ordering: .acquiring) }

  /// How long the turns of all loops took.
  package var loopLag: LoopLag.Counts { loops.reduce(LoopLag.Counts()) { $0 + $1.lag.total } }

  /// Those of all addresses and ports, each for all loops; and the first port.
  private static func makeAllListeners(
    _ configuration: ServerConfiguration, _ count: Int, _ system: SystemCalls
  ) throws(SystemError) -> ([Int32], UInt16) {
    var made: [Int32] = []
    var first: UInt16?
    guard configuration.listens else { return ([], 0) }
    for port in [configuration.port] + configuration.furtherPorts {
      var one = configuration
      one.port = port
      do throws(SystemError) {
        let (sockets, port) = try makeListeners(one, count, system)
        made += sockets
        made += try makeFurtherListeners(one, count, port, system)
        first = first ?? port
      } catch {
        for socket in made { system.close(socket) }
        var error = error
        error.port = port
        throw error
      }
    }
    return (made, first ?? 0)
  }

  /// One listener per loop on the same port.
  ///
  /// The first is bound without SO_REUSEPORT, so that a port which anybody else has is refused;
  /// only then is it shared with the others.
  private static func makeListeners(
    _ configuration: ServerConfiguration, _ count: Int, _ system: SystemCalls
  ) throws(SystemError) -> ([Int32], UInt16) {
    guard var address = SocketAddress(host: configuration.host, port: configuration.port) else {
      throw SystemError.invalidAddress
    }
    var sockets: [Int32] = []
    do {
      for index in 0..<count {
        let socket = try system.makeSocket(address)
        sockets.append(socket)
        if address.isIPv6, configuration.namesIPv4 { try system.restrictToIPv6(socket) }
        try system.allowReuseAddress(socket)
        if index > 0 { try system.allowReusePort(socket) }
        try system.bind(socket, address)
        if index == 0 {
          if count > 1 { try system.allowReusePort(socket) }
          address.port = try system.localAddress(socket).port
          // Listening at once closes the gap in which another could bind the same port.
          try system.listen(socket, backlog: 4096)
        }
      }
      for socket in sockets.dropFirst() { try system.listen(socket, backlog: 4096) }
    } catch {
      for socket in sockets { system.close(socket) }
      var error = error
      error.host = configuration.host
      throw error
    }
    return (sockets, address.port)
  }

  /// The same for each further address.
  private static func makeFurtherListeners(
    _ configuration: ServerConfiguration, _ count: Int, _ port: UInt16, _ system: SystemCalls
  ) throws(SystemError) -> [Int32] {
    var sockets: [Int32] = []
    let loopback6 = configuration.listensOnLoopback6 ? ["::1"] : []
    for host in configuration.furtherHosts + loopback6 {
      var further = configuration
      (further.host, further.port) = (host, port)
      further.furtherHosts.append(configuration.host)
      do throws(SystemError) {
        sockets += try makeListeners(further, count, system).0
      } catch {
        // A port that somebody else has there would get what is meant for us; a free one that was
        // picked here may be his by chance.
        let isTaken = error.isAddressInUse && configuration.port != 0
        let isOptional = configuration.listensOnLoopback6 && host == "::1" && !isTaken
        if isOptional { continue }
        for socket in sockets { system.close(socket) }
        throw error
      }
    }
    return sockets
  }

  /// Stops accepting, lets what is in flight finish for `grace`, then ends streams and cuts the
  /// rest. Returns when everything is closed and the loops have ended.
  package func stop(grace: Duration = .seconds(5)) async {
    let isFirst = hasStopped.withLock { stopped in
      defer { stopped = true }
      return !stopped
    }
    guard isFirst else { return }
    shared.isStopping.store(true, ordering: .sequentiallyConsistent)
    for listener in named { listener.stop() }
    sendToAll(.drain)
    if let first = loops.first {
      first.post(
        .run { loop in
          StopTimer(loop: loop) { [self] in sendToAll(.abort) }
            .start(at: loop.system.now() + grace.nanoseconds)
        })
    }
    await shared.waitUntilEmpty()
    await endLoops()
  }

  /// Serves what comes to a socket that somebody else has bound and made listen; it is the server's
  /// from then on. What is given back ends that.
  /// - Parameters:
  ///   - trustsPeers: false: who comes there counts as one who is elsewhere, though it is here.
  ///   - user: what comes there comes as if that user had shown itself to us as a proxy.
  ///   - through: what becomes of what comes to one of the machine's addresses; nil: it is ours.
  @discardableResult
  package func adopt(
    _ socket: Int32, user: String? = nil, trustsPeers: Bool = true,
    through: (@Sendable (NumericAddress, UInt16) -> AdoptedPlace)? = nil
  ) -> @Sendable () -> Void {
    let loop = loops[Int(socket) % loops.count]
    let adopted = AdoptedListener(socket, user, trustsPeers, through)
    let shared = shared
    let isTaken = loop.post(.run { adopted.open(on: $0, shared) })
    guard isTaken else { return {} }
    return { loop.post(.run { _ in adopted.close() }) }
  }

  private func sendToAll(_ command: ChannelCommand) {
    for loop in loops {
      loop.post(
        .run { loop in
          for channel in loop.channels { channel.onCommand(command) }
        })
    }
  }

  private func endLoops() async {
    for handle in loops {
      await withCheckedContinuation { continuation in
        let isTaken = handle.post(
          .run { loop in
            loop.onEnd.append { continuation.resume() }
            loop.stop()
          })
        if !isTaken { continuation.resume() }
      }
    }
  }
}

/// A timer of a server's first loop: the end of the grace.
private final class StopTimer: Channel {
  private let action: () -> Void

  init(loop: EventLoop, action: @escaping () -> Void) {
    self.action = action
    super.init(loop: loop, fd: loop.system.openSpare())
  }

  func start(at deadline: Int64) {
    // Without a descriptor it has no place among the loop's channels: the grace is over now.
    guard fd >= 0 else { return action() }
    enterWithoutEvents()
    loop.schedule(self, at: deadline, token: 1)
  }

  override func onTimer(_ token: UInt64) {
    closeDescriptor()
    action()
  }
}

/// A listener that comes and goes while its loop runs.
///
/// `@unchecked`: opened and closed on its loop's thread alone.
private final class AdoptedListener: @unchecked Sendable {
  private let socket: Int32
  private let user: String?
  private let trustsPeers: Bool
  private let through: (@Sendable (NumericAddress, UInt16) -> AdoptedPlace)?
  private var listener: Listener?

  init(
    _ socket: Int32, _ user: String?, _ trustsPeers: Bool,
    _ through: (@Sendable (NumericAddress, UInt16) -> AdoptedPlace)?
  ) {
    (self.socket, self.user, self.through) = (socket, user, through)
    self.trustsPeers = trustsPeers
  }

  func open(on loop: EventLoop, _ server: ServerShared) {
    let arrival = user.map { user in
      let host = try? loop.system.localAddress(socket).peer.host
      return Arrival(isSecure: false, tunnelHost: host ?? "localhost", proxyUser: user)
    }
    let listener = Listener(loop: loop, fd: socket, server: server, arrival: arrival)
    listener.through = through
    listener.trustsPeers = trustsPeers
    guard !server.isStopping.load(ordering: .acquiring) else { return listener.close() }
    do {
      try listener.open()
      self.listener = listener
    } catch {
      listener.close()
    }
  }

  func close() {
    if listener?.isRegistered == true { listener?.close() }
    listener = nil
  }
}
