import Glibc
import HTTPModel
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

@testable import HTTPTransport

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/// Ports with a name, made to take nobody on purpose; over real sockets. What a client must *not* hear is
/// looked for during a moment; what it must hear is waited for.
@Suite("Ports of their own", .timeLimit(.minutes(15)))
struct NamedListenerTests {
  /// What becomes of a connection that is asked for now.
  private enum Fate: Equatable { case connected, refused, silent }

  /// A connection that is asked for, in the background.
  private final class Caller {
    let fd: Int32

    init(_ port: UInt16) throws {
      let system = SystemCalls()
      let address = try #require(SocketAddress(host: "127.0.0.1", port: port))
      fd = try system.makeSocket(address)
      _ = try? system.connect(fd, address)
    }

    deinit { _ = Glibc.close(fd) }

    func fate(within milliseconds: Int32) -> Fate {
      var poll = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
      // SAFETY: one entry, a local.
      guard unsafe Glibc.poll(&poll, 1, milliseconds) > 0 else { return .silent }
      return SystemCalls().pendingError(fd) == 0 ? .connected : .refused
    }
  }

  private static func with(
    _ body: (TestServer, NamedListener) async throws -> Void
  ) async throws {
    let change: (inout ServerConfiguration) -> Void = {
      $0.loopCount = 3
      $0.namedPorts = [("harbor", 0)]
    }
    try await TestServer.with(
      change, handler: { .now(.text($0.arrival?.listener ?? "no name")) }
    ) { server in
      let named = try #require(server.server.named.first)
      #expect(named.port != 0 && named.port != server.port)
      try await body(server, named)
    }
  }

  private static func answer(_ peer: RawPeer) throws -> String {
    try peer.send(get)
    return try peer.readResponse().text
  }

  private static func expect(_ state: ListenerState, _ named: NamedListener) throws {
    for _ in 0..<2 {
      let caller = try Caller(named.port)
      switch state {
      case .open:
        #expect(try answer(RawPeer(port: named.port)) == "harbor")
      case .refuse: #expect(caller.fate(within: 20_000) == .refused)
      case .fullBacklog: #expect(caller.fate(within: 50) == .silent)
      case .neverAccept:
        #expect(caller.fate(within: 20_000) == .connected)
        let peer = try RawPeer(port: named.port)
        try peer.send(get)
        #expect(!peer.hasInput(within: .milliseconds(50)))
      }
    }
  }

  @Test("Requests say where they came, and each state leads to each other one")
  func allWays() async throws {
    try await Self.with { server, named in
      let states = ListenerState.allCases
      for from in states {
        for to in states {
          try named.set(from)
          try named.set(to)
          #expect(named.state == to)
          try Self.expect(to, named)
          // The other port is as it was.
          #expect(try Self.answer(RawPeer(port: server.port)) == "no name")
        }
      }
      try named.set(.open)
      try Self.expect(.open, named)
    }
  }

  @Test("Who waits in the backlog is served when it is open again, and reset when it is refused")
  func backlog() async throws {
    try await Self.with { _, named in
      try named.set(.neverAccept)
      let waiting = try RawPeer(port: named.port)
      try waiting.send(get)
      #expect(!waiting.hasInput(within: .milliseconds(50)))
      try named.set(.open)
      #expect(try waiting.readResponse().text == "harbor")
      try named.set(.neverAccept)
      let unlucky = try RawPeer(port: named.port)
      try unlucky.send(get)
      try named.set(.refuse)
      #expect(unlucky.readToEnding().ending == .reset)
    }
  }

  @Test("A SYN that the full backlog dropped comes through once there is room")
  func retransmission() async throws {
    try await Self.with { _, named in
      try named.set(.fullBacklog)
      let caller = try Caller(named.port)
      #expect(caller.fate(within: 50) == .silent)
      try named.set(.open)
      #expect(caller.fate(within: 60_000) == .connected)
    }
  }

  @Test("While it takes nobody the port is nobody else's, be his address ever so reusable")
  func isHeld() async throws {
    try await Self.with { _, named in
      let system = SystemCalls()
      let address = try #require(SocketAddress(host: "127.0.0.1", port: named.port))
      for state in ListenerState.allCases {
        try named.set(state)
        let socket = try system.makeSocket(address)
        defer { system.close(socket) }
        try system.allowReuseAddress(socket)
        #expect(throws: SystemError(.bind, EADDRINUSE)) { try system.bind(socket, address) }
      }
    }
  }

  @Test(
    "Connections from before finish what is in flight and close",
    arguments: [
      ListenerState.refuse, .neverAccept, .fullBacklog,
    ])
  func earlierConnections(_ state: ListenerState) async throws {
    let gate = Gate()
    let change: (inout ServerConfiguration) -> Void = { $0.namedPorts = [("harbor", 0)] }
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/slow" else { return .now(.text("ok")) }
      return .later { _ in
        await gate.wait()
        return .text("done")
      }
    }
    try await TestServer.with(change, handler: handler) { server in
      let named = try #require(server.server.named.first)
      let idle = try RawPeer(port: named.port)
      #expect(try Self.answer(idle) == "ok")
      let busy = try RawPeer(port: named.port)
      try busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      try await waitUntil("both requests have begun") {
        server.recorder.begun.load(ordering: .relaxed) >= 2
      }
      let other = try server.peer()
      #expect(try Self.answer(other) == "ok")
      try named.set(state)
      try await waitUntil("the idle peer hears something") { idle.hasInput(within: .zero) }
      #expect(try idle.readToEnd().isEmpty)
      gate.open()
      #expect(try busy.readResponse().text == "done")
      #expect(try busy.readToEnd().isEmpty)
      #expect(try Self.answer(other) == "ok")
    }
  }

  @Test(
    "The server stops in each state, and the port is free then", arguments: ListenerState.allCases)
  func stops(_ state: ListenerState) async throws {
    var fates: [Fate] = []
    // Another test may be given the same port meanwhile, but not each time.
    while fates.last != .refused, fates.count < 5 {
      let server = try TestServer({ $0.namedPorts = [("harbor", 0)] }) { _ in .now(.text("ok")) }
      let named = try #require(server.server.named.first)
      try named.set(state)
      await server.stop()
      // Nothing more comes of it.
      try named.set(.open)
      fates.append(try Caller(named.port).fate(within: 20_000))
    }
    #expect(fates.last == .refused, "\(fates)")
  }

  @Test("A name's port that is taken is said, and nothing is left listening")
  func taken() throws {
    let (socket, port) = try ListeningSocket.make()
    defer { _ = Glibc.close(socket) }
    var configuration = ServerConfiguration()
    configuration.loopCount = 1
    configuration.namedPorts = [("harbor", 0), ("yard", port)]
    do {
      _ = try HTTPServer.start(
        configuration: configuration, responder: Recorder({ _ in .now(.text("ok")) }))
      Issue.record("it began")
    } catch {
      #expect(error.isAddressInUse && error.port == port)
    }
  }
}
