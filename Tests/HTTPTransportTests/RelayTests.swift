import Glibc
import HTTPModel
import HTTPTransport
import HTTPWire
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

@Suite(
  "A tunnel to another host goes through unread (DESIGN §13)", .overBothTransports,
  .timeLimit(.minutes(15)))
struct RelayTests {
  /// A server that lets everything through, a host, and a peer that asks for it.
  private static func with(
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (TestServer, BlockingListener) async throws -> Void
  ) async throws {
    let host = try BlockingListener()
    try await TestServer.with(
      {
        $0.tunnels = { _ in .goesThrough }
        change(&$0)
      }, handler: { _ in .now(.text("ours")) }
    ) { try await body($0, host) }
  }

  private static func connect(to port: UInt16, host: String = "127.0.0.1") -> String {
    "CONNECT \(host):\(port) HTTP/1.1\r\nHost: \(host):\(port)\r\n\r\n"
  }

  private static func open(
    _ server: TestServer, _ host: BlockingListener
  ) throws -> (RawPeer, BlockingSocket) {
    let peer = try server.peer()
    try peer.send(connect(to: host.port))
    let far = try host.accept()
    #expect(try peer.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
    return (peer, far)
  }

  @Test("Bytes go both ways as they are, also those that came with the CONNECT; ends go one by one")
  func bothWays() async throws {
    try await Self.with { server, host in
      let peer = try server.peer()
      try peer.send(Self.connect(to: host.port) + "GET / HTTP/1.1\r\n\u{0}\u{16}")
      let far = try host.accept()
      #expect(try peer.read(until: "\r\n\r\n") == "HTTP/1.1 200 Connection established\r\n\r\n")
      var seen: [UInt8] = []
      while seen.count < 18 { seen += try far.receive() }
      #expect(seen == Array("GET / HTTP/1.1\r\n\u{0}\u{16}".utf8))
      try far.send(Array("not HTTP\n".utf8))
      #expect(try peer.read(count: 9) == Array("not HTTP\n".utf8))
      // Half-closed, the other direction goes on.
      peer.closeWrite()
      #expect(try far.receive().isEmpty)
      try far.send(Array("the rest".utf8))
      far.shutdownWrite()
      #expect(try peer.readToEnd() == Array("the rest".utf8))
      #expect(server.recorder.begun.load(ordering: .relaxed) == 0)
    }
  }

  @Test(
    "The host ends first: the client may go on",
    arguments: ["127.0.0.1", "localhost", "far.localhost"])
  func hostEnds(_ name: String) async throws {
    try await Self.with { server, host in
      let peer = try server.peer()
      try peer.send(Self.connect(to: host.port, host: name))
      let far = try host.accept()
      #expect(try peer.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      far.shutdownWrite()
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("Who does not read stops who sends, and nothing is lost", arguments: [true, false])
  func backPressure(isUpload: Bool) async throws {
    try await Self.with({ $0.sendBufferBytes = 65_536 }) { server, host in
      let (peer, far) = try Self.open(server, host)
      // No period of buffers.
      let pattern = (0..<65_537).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
      let most = 100_000_000
      var (sent, stalls) = (0, 0)
      while stalls < 30, sent < most {
        let piece = Array(pattern[(sent % pattern.count)...])
        let count = isUpload ? try peer.sendSome(piece) : try far.sendSome(piece)
        sent += count
        stalls = count == 0 ? stalls + 1 : 0
        guard count == 0 else { continue }
        // Nothing comes to who sends: this waits.
        _ =
          isUpload
          ? peer.hasInput(within: .milliseconds(10)) : far.isReadable(within: .milliseconds(10))
      }
      #expect(sent < most, "it was stopped")
      var (got, isSame) = (0, true)
      while got < sent {
        let piece = isUpload ? try far.receive() : try peer.read(count: min(65_536, sent - got))
        guard !piece.isEmpty else { break }
        for byte in piece {
          if pattern[got % pattern.count] != byte { isSame = false }
          got += 1
        }
      }
      #expect(isSame && got == sent, "\(got) of \(sent)")
    }
  }

  @Test("What cannot be reached is 502, and the reason phrase says why")
  func unreachable() async throws {
    try await Self.with { server, host in
      let closed = try BlockingListener().port
      for (name, port, reason) in [
        ("127.0.0.1", closed, "127.0.0.1:\(closed) is not reached: Connection refused"),
        ("localhost", closed, "localhost:\(closed) is not reached: Connection refused"),
        ("no-such-host.invalid", 443, "no-such-host.invalid is not found: "),
      ] {
        let peer = try server.peer()
        try peer.send(Self.connect(to: port, host: name))
        let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 502 \(reason)"), "\(answer)")
        #expect(answer.contains("\r\nConnection: close\r\n"))
      }
    }
  }

  @Test("A reset is passed on as a reset, whoever makes it")
  func resets() async throws {
    try await Self.with { server, host in
      let (peer, far) = try Self.open(server, host)
      far.reset()
      #expect(peer.readToEnding().ending == .reset)
      let (other, end) = try Self.open(server, host)
      other.reset()
      #expect(throws: SystemError.self) { try end.receive() }
    }
  }

  @Test("A tunnel in which nothing happens ends after its time, one in use does not")
  func idle() async throws {
    let clock = LoopClock()
    try await Self.with({
      $0.clock = clock
      $0.relayIdleTimeout = .seconds(100)
    }) { server, host in
      let (peer, far) = try Self.open(server, host)
      for _ in 0..<3 {
        await clock.advance(by: .seconds(99))
        try far.send([1])
        #expect(try peer.read(count: 1) == [1])
      }
      await clock.advance(by: .seconds(101))
      #expect(try far.receive().isEmpty)
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  /// A server without a port of its own, to whose socket everybody comes and is passed on.
  private static func withPassage(
    opening: String, _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (UInt16, BlockingListener) async throws -> Void
  ) async throws {
    let host = try BlockingListener()
    let target = RelayTarget(host: "127.0.0.1", port: host.port, opening: Array(opening.utf8))
    try await TestServer.with(
      {
        $0.listens = false
        change(&$0)
      }, handler: { _ in .now(.text("ours")) }
    ) { server in
      #expect(server.port == 0)
      let (socket, port) = try ListeningSocket.make()
      server.server.adopt(socket) { _, _ in .elsewhere(target) }
      try await body(port, host)
    }
  }

  @Test(
    "A host is opened with a CONNECT of ours, and what was sent meanwhile follows its 200",
    arguments: [1, 4, 5, 6, 7, 64])
  func opening(bytesOfRead: Int) async throws {
    let opening = "CONNECT ours:1 HTTP/1.1\r\nHost: ours:1\r\n\r\n"
    let faults = SystemFaults()
    faults.fail(.receive, on: 0..<1000, with: .short(bytesOfRead))
    try await Self.withPassage(opening: opening) {
      // Other tests may hold every thread for longer than a connect may take.
      $0.clock = LoopClock()
      $0.faults = faults
    } _: { port, host in
      for pieces in [
        ["HTTP/1.1 200 fine\r\n\r\nfirst"], ["HTTP/1.1 2", "00 ok\r\nA: b\r\n\r", "\nfirst"],
      ] {
        let peer = try RawPeer(port: port)
        try peer.send("GET / HTTP/1.1\r\n")
        let far = try host.accept()
        var seen: [UInt8] = []
        while seen.count < opening.utf8.count { seen += try far.receive() }
        #expect(seen == Array(opening.utf8), "nothing of the client's before the 200")
        for piece in pieces { try far.send(Array(piece.utf8)) }
        #expect(try peer.read(count: 5) == Array("first".utf8))
        var rest: [UInt8] = []
        while rest.count < 16 { rest += try far.receive() }
        #expect(rest == Array("GET / HTTP/1.1\r\n".utf8))
        peer.closeWrite()
        #expect(try far.receive().isEmpty)
        far.shutdownWrite()
        #expect(try peer.readToEnd().isEmpty)
      }
    }
  }

  @Test(
    "A host that does not take the tunnel ends it with a reset",
    arguments: [
      "HTTP/1.1 403 no\r\n\r\n", "HTTP/1.1 2000 odd\r\n\r\n", "", "SSH-2.0-x\r\n\r\n",
      String(repeating: "x", count: 20_000),
    ])
  func openingRefused(_ answer: String) async throws {
    try await Self.withPassage(opening: "CONNECT ours:1 HTTP/1.1\r\n\r\n") { port, host in
      let peer = try RawPeer(port: port)
      let far = try host.accept()
      try far.send(Array(answer.utf8))
      far.shutdownWrite()
      #expect(peer.readToEnding().ending == .reset)
    }
  }

  @Test("A host that says nothing to the opening has the time of a connect")
  func openingSilent() async throws {
    let clock = LoopClock()
    try await Self.withPassage(opening: "CONNECT ours:1 HTTP/1.1\r\n\r\n") {
      $0.clock = clock
      $0.relayConnectTimeout = .seconds(10)
    } _: { port, host in
      let peer = try RawPeer(port: port)
      let far = try host.accept()
      #expect(try !far.receive().isEmpty)
      await clock.advance(by: .seconds(11))
      #expect(peer.readToEnding().ending == .reset)
    }
  }

  @Test("Who comes to an address of nobody's is reset")
  func nowhere() async throws {
    try await TestServer.with({ $0.listens = false }, handler: { _ in .now(.text("ours")) }) {
      let (socket, port) = try ListeningSocket.make()
      $0.server.adopt(socket) { _, _ in .nowhere }
      do {
        let peer = try RawPeer(port: port)
        #expect(peer.readToEnding().ending == .reset)
      } catch let error as SystemError {
        // So fast that even the connect ends by it.
        #expect(error.call == .connect && error.code == ECONNRESET)
      }
    }
  }

  @Test("Many tunnels, ended in every way, leave nothing behind")
  func nothingIsLeft() async throws {
    try await Self.with { server, host in
      for number in 0..<60 {
        let (peer, far) = try Self.open(server, host)
        switch number % 4 {
        case 0:
          peer.close()
          _ = try? far.receive()
        case 1:
          far.close()
          _ = peer.readToEnding()
        case 2:
          peer.reset()
          _ = try? far.receive()
        default:
          far.shutdownWrite()
          peer.closeWrite()
          #expect(try far.receive().isEmpty && peer.readToEnd().isEmpty)
        }
      }
      let witness = try server.peer()
      // The tunnels are gone, and the witness is accepted.
      for _ in 0..<1000 where server.server.connectionCount != 1 {
        _ = witness.hasInput(within: .milliseconds(10))
      }
      #expect(server.server.connectionCount == 1)
    }
  }
}
