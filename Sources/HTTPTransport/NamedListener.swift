package import HTTPModel
import Synchronization

/// A port with a name, which can be made to take nobody: its listeners on all addresses and loops.
///
/// **Life**: the sockets are there from the start to the end of the server, so nothing that could fail
/// stands between a state and the way back, and the port is ours all the while. A socket that is shut
/// down for reading does not listen any more, and listens again when it is told to.
///
/// **Isolation**: from any thread; what is set holds for whoever connects once `set` has returned.
package final class NamedListener: Sendable {
  package let name: String
  package let port: UInt16
  private let gate: ListenerGate
  private let loops: [LoopHandle]
  private let system: SystemCalls

  private struct Held {
    var state = ListenerState.open
    var places: [NamedSockets.Place]
    /// Our own connections, which fill the backlog.
    var fillers: [Int32] = []
    var hasStopped = false
  }
  private let held: Mutex<Held>

  /// Serves from now on.
  init(_ sockets: NamedSockets, loops: [LoopHandle], server: ServerShared, system: SystemCalls) {
    (name, port) = (sockets.name, sockets.port)
    (self.loops, self.system) = (loops, system)
    gate = ListenerGate()
    held = Mutex(Held(places: sockets.places))
    let arrival = Arrival(isSecure: false, listener: sockets.name)
    for place in sockets.places {
      for (index, socket) in place.sockets.enumerated() {
        loops[index % loops.count].post(
          .run { [gate, self] loop in
            let listener = Listener(
              loop: loop, fd: socket, server: server, arrival: arrival, gate: gate)
            do {
              try listener.open()
            } catch {
              // Without a place in epoll this loop serves nobody; the others do.
              forget(socket)
              listener.close()
            }
          })
      }
    }
  }

  package var state: ListenerState { held.withLock { $0.state } }

  /// - Errors: the first call that failed; everything else was done.
  package func set(_ state: ListenerState) throws(SystemError) {
    try held.withLock { held throws(SystemError) in
      guard !held.hasStopped, held.state != state else { return }
      held.state = state
      drop(&held.fillers)
      if state != .open { gate.shut() }
      var failure: SystemError?
      for place in held.places {
        do throws(SystemError) {
          switch state {
          case .open, .neverAccept:
            for socket in place.sockets {
              try system.listen(socket, backlog: NamedSockets.backlog)
            }
          case .refuse: for socket in place.sockets { system.endListening(socket) }
          case .fullBacklog: try fill(place, &held.fillers)
          }
        } catch {
          failure = failure ?? error
        }
      }
      if state == .open { gate.open() }
      tellLoops()
      if let failure { throw failure }
    }
  }

  /// The server stops: the loops close what listens.
  func stop() {
    held.withLock { held in
      guard !held.hasStopped else { return }
      held.hasStopped = true
      drop(&held.fillers)
      for place in held.places { system.close(place.holder) }
      held.places = []
    }
  }

  private func forget(_ socket: Int32) {
    held.withLock { held in
      for index in held.places.indices { held.places[index].sockets.removeAll { $0 == socket } }
    }
  }

  private func drop(_ fillers: inout [Int32]) {
    for fd in fillers { system.close(fd) }
    fillers = []
  }

  /// Listeners go on or wait, and who came before goes.
  private func tellLoops() {
    for loop in loops {
      loop.post(
        .run { [gate] loop in
          for channel in loop.channels {
            if let listener = channel as? Listener { listener.gateHasMoved(gate) }
            if let connection = channel as? Connection { connection.gateHasMoved(gate) }
          }
        })
    }
  }

  // MARK: A backlog that is full

  /// One socket listens, with the least backlog, and connections of our own take all of it: the kernel
  /// drops the SYN of whoever comes then.
  private func fill(_ place: NamedSockets.Place, _ fillers: inout [Int32]) throws(SystemError) {
    guard let first = place.sockets.first else { return }
    for socket in place.sockets.dropFirst() { system.endListening(socket) }
    try system.listen(first, backlog: 0)
    // One is enough where nobody waits; those who wait already take room as well.
    for _ in 0..<Self.fillersMax {
      if system.isBacklogFull(first) { return }
      let fd = try system.makeSocket(place.reached)
      fillers.append(fd)
      _ = try system.connect(fd, place.reached)
      // On loopback it is through when the call returns, but for a machine that is very busy.
      system.awaitWritable(fd, milliseconds: 100)
    }
    if !system.isBacklogFull(first) { throw SystemError.backlogNotFull }
  }

  private static let fillersMax = 16
}

/// The sockets of a port with a name, bound and listening.
struct NamedSockets {
  /// Of one address.
  struct Place {
    /// Bound, never listening: nobody else gets the port while nobody listens here.
    let holder: Int32
    /// One for each loop.
    var sockets: [Int32]
    /// Where it is reached from this machine.
    let reached: SocketAddress
  }

  let name: String
  private(set) var port: UInt16
  private(set) var places: [Place] = []

  static let backlog: Int32 = 4096

  /// On all addresses of the configuration.
  init(
    _ name: String, port: UInt16, _ configuration: ServerConfiguration, _ count: Int,
    _ system: SystemCalls
  ) throws(SystemError) {
    (self.name, self.port) = (name, port)
    let loopback6 = configuration.listensOnLoopback6 ? ["::1"] : []
    for host in [configuration.host] + configuration.furtherHosts + loopback6 {
      do throws(SystemError) {
        try add(host, restrictsIPv6: configuration.namesIPv4, count, system)
      } catch {
        let isTaken = error.isAddressInUse && port != 0
        if configuration.listensOnLoopback6, host == "::1", !places.isEmpty, !isTaken { continue }
        close(system)
        var error = error
        (error.host, error.port) = (host, port)
        throw error
      }
    }
  }

  /// The holder is bound first and without SO_REUSEPORT, so that a port which anybody else has is
  /// refused, and shares it with our own sockets alone: not, as SO_REUSEADDR would, with whoever comes
  /// while none of them listens.
  private mutating func add(
    _ host: String, restrictsIPv6: Bool, _ count: Int, _ system: SystemCalls
  ) throws(SystemError) {
    guard var address = SocketAddress(host: host, port: port) else {
      throw SystemError.invalidAddress
    }
    var made: [Int32] = []
    do throws(SystemError) {
      for index in 0...count {
        let socket = try system.makeSocket(address)
        made.append(socket)
        if address.isIPv6, restrictsIPv6 { try system.restrictToIPv6(socket) }
        try system.allowReuseAddress(socket)
        if index > 0 { try system.allowReusePort(socket) }
        try system.bind(socket, address)
        if index == 0 {
          try system.allowReusePort(socket)
          address.port = try system.localAddress(socket).port
        } else {
          try system.listen(socket, backlog: Self.backlog)
        }
      }
      try system.allowReuseAddress(made[0], false)
    } catch {
      for socket in made { system.close(socket) }
      throw error
    }
    port = address.port
    var reached = address
    switch address.peer.host {
    case "0.0.0.0": reached = SocketAddress(host: "127.0.0.1", port: port) ?? address
    case "::": reached = SocketAddress(host: "::1", port: port) ?? address
    default: break
    }
    places.append(Place(holder: made[0], sockets: Array(made.dropFirst()), reached: reached))
  }

  func close(_ system: SystemCalls) {
    for place in places {
      for socket in [place.holder] + place.sockets { system.close(socket) }
    }
  }
}
