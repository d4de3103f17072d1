import HTTPModel
import HTTPTransport
import HTTPWire
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

@Suite(
  "A tunnel to another host goes through unread (DESIGN §13)", .overBothTransports,
  .timeLimit(.minutes(5)))
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
