import HTTPModel
import HTTPTransport
import Synchronization
import TLSLayer
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/// Each fault of DESIGN §13, seen on the wire.
@Suite("Faults of TLS on the wire", .enabled(if: TLSLibrary.lack == nil), .timeLimit(.minutes(15)))
struct TLSFaultTests {
  /// The first connection meets the fault, the others none.
  private static func serving(
    _ fault: TLSFault, _ body: (TestServer, Asked) async throws -> Void
  ) async throws {
    let asked = Asked()
    try await TestServer.with(
      { $0.tlsFault = { asked.first($0) ? fault : nil } },
      handler: { _ in .now(.text(String(repeating: "x", count: 40_000))) }
    ) { server in
      try await body(server, asked)
      #expect(try isServed(server))
    }
  }

  private final class Asked: Sendable {
    private let arrivals = Mutex<[TLSArrival]>([])
    var hosts: [String] { arrivals.withLock { $0.map(\.host) } }

    func first(_ arrival: TLSArrival) -> Bool {
      arrivals.withLock { arrivals in
        arrivals.append(arrival)
        return arrivals.count == 1
      }
    }
  }

  private static func isServed(_ server: TestServer) throws -> Bool {
    let peer = try RawPeer(port: server.port)
    try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
    try peer.send(get)
    return try peer.readResponse().text.utf8.count == 40_000
  }

  static let flaws: [TLSFault] = [.expired, .notYetValid, .wrongHost, .selfSigned, .untrusted]

  @Test(
    "Each flaw of a certificate is refused by its reader, and the next is served", arguments: flaws)
  func flaw(_ fault: TLSFault) async throws {
    try await Self.serving(fault) { server, asked in
      let peer = try RawPeer(port: server.port)
      #expect(throws: TLSError.self) {
        try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
      }
      #expect(asked.hosts == ["localhost"])
    }
  }

  static let instead: [(TLSFault, [UInt8], RawPeer.Ending)] = [
    (.close, [], .closed), (.reset, [], .reset),
    (.alert(40), [0x15, 3, 3, 0, 2, 2, 40], .closed),
    (.alert(109), [0x15, 3, 3, 0, 2, 2, 109], .closed),
  ]

  @Test("What comes in place of a handshake is just that", arguments: instead)
  func inPlace(_ fault: TLSFault, _ bytes: [UInt8], _ ending: RawPeer.Ending) async throws {
    try await Self.serving(fault) { server, _ in
      let peer = try RawPeer(port: server.port)
      // Split: the name may come later than the first byte.
      let hello = try TestIdentity.hello()
      try peer.send(Array(hello.prefix(20)))
      #expect(!peer.hasInput(within: .milliseconds(10)))
      try peer.send(Array(hello.dropFirst(20)))
      let found = peer.readToEnding()
      #expect(found.bytes == bytes && found.ending == ending)
    }
  }

  @Test("plainHTTP answers in the clear")
  func plain() async throws {
    try await Self.serving(.plainHTTP) { server, _ in
      let peer = try RawPeer(port: server.port)
      try peer.send(try TestIdentity.hello())
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.starts(with: Array("HTTP/1.1 400 Bad Request\r\n".utf8)) && ending == .closed)
    }
  }

  @Test("stall says nothing for ever, and neither a stop nor the next client waits for it")
  func stall() async throws {
    let asked = Asked()
    try await TimedServer.with(
      { $0.tlsFault = { asked.first($0) ? .stall : nil } }, handler: { _ in .now(.text("hi")) }
    ) { timed in
      let peer = try timed.peer()
      try await timed.await(.receive) { try peer.send(try TestIdentity.hello()) }
      await timed.advance(by: .seconds(3600))
      #expect(!peer.hasInput(within: .milliseconds(20)))
      #expect(timed.connectionCount == 1)
      let other = try timed.peer()
      try other.becomeSecure(try TestIdentity.client())
      try other.send(get)
      #expect(try other.readResponse().text == "hi")
      // It goes when its peer goes.
      peer.close()
      try await waitUntil("it is gone") { timed.connectionCount == 1 }
    }
  }

  @Test("A stop of the server does not wait for a stalled handshake")
  func stop() async throws {
    let server = try TestServer({ $0.tlsFault = { _ in .stall } }) { _ in .now(.text("hi")) }
    let peer = try RawPeer(port: server.port)
    try peer.send(try TestIdentity.hello())
    #expect(!peer.hasInput(within: .milliseconds(20)))
    // With a grace that would end the test.
    await server.server.stop(grace: .seconds(3600))
    #expect(peer.readToEnding().ending != .timedOut)
  }

  @Test("cutRecord: FIN in the middle of the answer's first record, and the exchange is a fault")
  func cut() async throws {
    try await Self.serving(.cutRecord) { server, _ in
      let peer = try RawPeer(port: server.port)
      try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
      try peer.send(get)
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.isEmpty && ending == .closed)
      #expect(try await server.recorder.next().ending == .fault)
    }
  }

  @Test("corruptRecord: the answer's first record cannot be read")
  func corrupt() async throws {
    try await Self.serving(.corruptRecord) { server, _ in
      let peer = try RawPeer(port: server.port)
      try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
      try peer.send(get)
      #expect(peer.readToEnding().bytes.isEmpty)
      guard case .library(let reason) = peer.socket.session?.failure else {
        Issue.record("the session is well")
        return
      }
      #expect(reason.contains("bad record mac"))
    }
  }
}
