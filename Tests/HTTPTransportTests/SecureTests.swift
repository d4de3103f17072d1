import HTTPModel
import HTTPTransport
import Synchronization
import TLSLayer
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite(
  "TLS on the port of plain HTTP", .enabled(if: TLSLibrary.lack == nil), .timeLimit(.minutes(15)))
struct SecureTests {
  private static let how: TestServer.Handler = { request in
    .now(.text(request.arrival?.isSecure == true ? "secure" : "plain"))
  }

  private static func securePeer(_ server: TestServer) throws -> RawPeer {
    let peer = try RawPeer(port: server.port)
    try peer.becomeSecure(try TestIdentity.client())
    return peer
  }

  private static func isServed(_ server: TestServer) throws -> Bool {
    let peer = try securePeer(server)
    try peer.send(get)
    return try peer.readResponse().text == "secure"
  }

  @Test("The first byte decides, connection by connection (RFC 8446 §5.1)")
  func bothOnOnePort() async throws {
    try await TestServer.with(handler: Self.how) { server in
      for _ in 0..<3 {
        #expect(try Self.isServed(server))
        let plain = try RawPeer(port: server.port)
        try plain.send(get + get)
        for _ in 0..<2 { #expect(try plain.readResponse().text == "plain") }
      }
    }
  }

  @Test("A session is resumed by its ticket, and TLS 1.3 is spoken")
  func resumption() async throws {
    try await TestServer.with(handler: Self.how) { server in
      let first = try Self.securePeer(server)
      try first.send(get)
      #expect(try first.readResponse().text == "secure")
      let session = try #require(first.socket.session)
      #expect(session.version == "TLSv1.3" && !session.isResumed)
      let ticket = try #require(session.ticket())
      let second = try RawPeer(port: server.port)
      try second.becomeSecure(try TestIdentity.client(), resuming: ticket)
      try second.send(get)
      #expect(try second.readResponse().text == "secure")
      #expect(second.socket.session?.isResumed == true)
    }
  }

  @Test("Garbage behind 0x16 gets an alert and the end; others go on", arguments: 0..<40)
  func garbage(_ seed: UInt64) async throws {
    var random = SeededNoise(seed)
    let hello = try TestIdentity.hello()
    let bytes =
      switch seed % 4 {
      case 0: [0x16] + random.bytes(1 + random.below(600))
      case 1: random.mutate(hello)
      case 2: [0x16, 3, 1, 0xFF, 0xFF] + random.bytes(70_000)
      default: Array(hello.prefix(random.below(hello.count))) + Array(get.utf8)
      }
    try await TestServer.with(handler: Self.how) { server in
      let peer = try RawPeer(port: server.port)
      try? peer.send(bytes)
      peer.closeWrite()
      // A reset, too, is an end: of more than was read.
      let (answer, ending) = peer.readToEnding()
      #expect(ending != .timedOut)
      #expect(!answer.starts(with: Array("HTTP".utf8)) || bytes.first != 0x16)
      #expect(try Self.isServed(server))
    }
  }

  @Test("What is no handshake at all gets an alert, too, and why is told (RFC 8446 §6)")
  func noHandshake() async throws {
    let told = Mutex<[(host: String?, failure: TLSError)]>([])
    try await TestServer.with(
      {
        $0.onBrokenHandshake = { _, host, failure in
          told.withLock { $0.append((host, failure)) }
        }
      }, handler: Self.how
    ) { server in
      for bytes in [
        [0x16] + Array(repeating: 0x41, count: 300), [0x16, 0, 2, 0, 5] + Array("aaaaa".utf8),
        [0x16, 3, 1, 0, 16] + Array("GET / HTTP/1.1\r\n".utf8),
      ] as [[UInt8]] {
        let peer = try RawPeer(port: server.port)
        try peer.send(bytes)
        let answer = peer.readToEnding().bytes
        #expect(answer.count == 7 && answer.starts(with: [0x15, 3]) && answer[5] == 2, "\(answer)")
      }
      // Who does not trust the authority says so itself.
      let peer = try RawPeer(port: server.port)
      let stranger = try TLSClientContext(trustsSystem: false)
      #expect(throws: (any Error).self) {
        try peer.becomeSecure(stranger, host: "localhost")
        try peer.send(get)
        _ = try peer.readResponse()
      }
      peer.close()
      try await waitUntil("all are told") { told.withLock { $0.count } == 4 }
      #expect(told.withLock { $0.map { $0.failure.isDistrust } } == [false, false, false, true])
      #expect(told.withLock { $0.last?.host } == "localhost")
      #expect(try Self.isServed(server))
    }
  }

  @Test("A handshake that drips in is cut when a head would be; its bytes buy no time")
  func drip() async throws {
    try await TimedServer.with(handler: Self.how) { timed in
      let hello = try TestIdentity.hello()
      let peer = try timed.peer()
      for byte in hello.prefix(6) {
        try await timed.await(.receive) { try peer.send([byte]) }
        await timed.advance(by: .seconds(1))
      }
      #expect(!peer.hasInput(within: .milliseconds(10)))
      await timed.advance(by: .seconds(5))
      #expect(peer.readToEnding().bytes.isEmpty)
      try await waitUntil("it is gone") { timed.connectionCount == 0 }
    }
  }

  @Test("A thousand handshakes given up half-way leave nothing behind")
  func abandoned() async throws {
    try await TestServer.with(handler: Self.how) { server in
      let hello = try TestIdentity.hello()
      for number in 0..<1000 {
        let peer = try RawPeer(port: server.port)
        try peer.send(Array(hello.prefix(1 + number % hello.count)))
        if number % 3 == 0 { peer.reset() } else { peer.close() }
      }
      try await waitUntil("all are gone") { server.server.connectionCount == 0 }
      #expect(try Self.isServed(server))
    }
  }

  @Test("A name of 16 KiB is refused, one that is none is served as the address (RFC 6066 §3)")
  func names() async throws {
    try await TestServer.with(handler: Self.how) { server in
      let long = try Self.hello(named: [UInt8](repeating: 0x61, count: 15_500))
      let peer = try RawPeer(port: server.port)
      try peer.send(long)
      let (answer, _) = peer.readToEnding()
      #expect(answer.first == 0x15)
      #expect(try Self.isServed(server))
    }
  }

  /// A first message whose host is `name`, as a client would never send it.
  private static func hello(named name: [UInt8]) throws -> [UInt8] {
    var bytes = try TestIdentity.hello(host: "localhost")
    let old = Array("localhost".utf8)
    let at = try #require(bytes.firstRange(of: old)).lowerBound
    func add(_ count: Int, at place: Int) {
      let value = (Int(bytes[place]) << 8 | Int(bytes[place + 1])) + count
      (bytes[place], bytes[place + 1]) = (
        UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)
      )
    }
    let more = name.count - old.count
    // The name, its list, its extension; the extensions end the message.
    for place in [at - 2, at - 5, at - 7] { add(more, at: place) }
    let extensions = try #require(Self.extensionsLength(bytes))
    for place in [extensions, 7, 3] { add(more, at: place) }
    bytes.replaceSubrange(at..<at + old.count, with: name)
    return bytes
  }

  /// Where the length of a first message's extensions stands (RFC 8446 §4.1.2).
  private static func extensionsLength(_ hello: [UInt8]) -> Int? {
    var at = 5 + 4 + 2 + 32
    at += 1 + Int(hello[at])
    at += 2 + (Int(hello[at]) << 8 | Int(hello[at + 1]))
    at += 1 + Int(hello[at])
    return at + 1 < hello.count ? at : nil
  }

  @Test("A build or a server without TLS answers with an alert, and says why once")
  func without() async throws {
    try await TestServer.with(
      { $0.makeSecureContext = nil }, handler: Self.how
    ) { server in
      let peer = try RawPeer(port: server.port)
      try peer.send(try TestIdentity.hello())
      #expect(peer.readToEnding().bytes == [0x15, 3, 3, 0, 2, 2, 80])
      let plain = try RawPeer(port: server.port)
      try plain.send(get)
      #expect(try plain.readResponse().text == "plain")
    }
  }

  @Test("The end of the peer's content is its end, without FIN too; it still gets its answers")
  func closeNotify() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { _ in
        await gate.wait()
        return .text("late")
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try Self.securePeer(server)
      try peer.send(get)
      peer.endContent()
      #expect(!peer.hasInput(within: .milliseconds(20)))
      gate.open()
      #expect(try peer.readResponse().text == "late")
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("A record that was changed on its way ends the connection, not the server")
  func badRecord() async throws {
    try await TestServer.with(handler: Self.how) { server in
      let peer = try Self.securePeer(server)
      try peer.send(get)
      #expect(try peer.readResponse().text == "secure")
      try peer.sendRaw([0x17, 3, 3, 0, 40] + [UInt8](repeating: 7, count: 40))
      #expect(peer.readToEnding().bytes.isEmpty)
      #expect(try Self.isServed(server))
    }
  }
}
