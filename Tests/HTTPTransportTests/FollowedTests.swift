import Glibc
import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
private let last = "GET /source HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/// Gives each of its readers the same pieces, one at a time and each upon news of it.
final class PieceSource: BodySource {
  private struct State {
    var places: [ObjectIdentifier: Int] = [:]
    var takenBytes = 0
    var endCount = 0
  }
  private let pieces: [[UInt8]]
  private let isEndless: Bool
  private let state = Mutex(State())

  /// - Parameter isEndless: they are given again and again.
  init(_ pieces: [[UInt8]], isEndless: Bool = false) {
    (self.pieces, self.isEndless) = (pieces, isEndless)
  }

  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    let piece = state.withLock { state -> [UInt8]? in
      let place = state.places[ObjectIdentifier(writer), default: 0]
      guard isEndless || place < pieces.count else { return nil }
      let piece = pieces[place % pieces.count]
      state.places[ObjectIdentifier(writer)] = place + 1
      state.takenBytes += piece.count
      return piece
    }
    guard let piece else { return BodyPortion([], .end) }
    writer.sourceIsReady()
    return BodyPortion([piece], .later)
  }

  func end(for writer: BodyWriter) {
    state.withLock { state in
      state.places[ObjectIdentifier(writer)] = nil
      state.endCount += 1
    }
  }

  var takenBytes: Int { state.withLock { $0.takenBytes } }
  var endCount: Int { state.withLock { $0.endCount } }

  var handler: TestServer.Handler {
    { request in
      request.target.text == "/source"
        ? .now(Response(.ok, body: .followed(self))) : .now(.text("ok"))
    }
  }
}

@Suite("Bodies that are fetched from a source", .overBothTransports, .timeLimit(.minutes(15)))
struct FollowedTests {
  /// About the number of digits of a size line, what is sent from its place, and what is more than the
  /// loop gathers.
  private static let pieces = [
    1, 15, 16, 17, 255, 256, 4095, 4096, 16_383, 16_384, 65_535, 65_536, 70_000, 3,
  ].map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) } }

  private static let wire: [UInt8] =
    pieces.flatMap { piece in
      Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
    } + Array("0\r\n\r\n".utf8)

  @Test(
    "Each piece is a chunk, whatever its size and whatever the kernel takes (RFC 9112 §7.1)",
    arguments: [
      (0..<1, SystemFaults.Failure.short(1)), (1..<400, .short(1)), (1..<2000, .short(3)),
      (1..<400, .short(17)), (1..<60, .short(4000)), (2..<3, .errno(EAGAIN)),
      (5..<6, .errno(EAGAIN)), (9..<10, .errno(EINTR)),
    ])
  func chunks(_ calls: Range<Int>, _ failure: SystemFaults.Failure) async throws {
    let source = PieceSource(Self.pieces)
    let faults = SystemFaults()
    faults.fail(.send, on: calls, with: failure)
    try await TestServer.with({ $0.faults = faults }, handler: source.handler) { server in
      let peer = try server.peer()
      try peer.send(last)
      let head = try peer.read(until: "\r\n\r\n")
      #expect(head.contains("Transfer-Encoding: chunked"))
      #expect(try peer.readToEnd() == Self.wire)
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .completed)
      #expect(outcome.responseContentBytes == UInt64(Self.pieces.reduce(0) { $0 + $1.count }))
      #expect(outcome.responseContentPrefix == Array(Self.pieces.joined().prefix(4096)))
      #expect(source.endCount == 1)
    }
  }

  @Test("What stands behind it is answered behind it, in order (RFC 9112 §9.3.2)")
  func pipelined() async throws {
    let source = PieceSource([Array("one ".utf8), Array("two".utf8)])
    try await TestServer.with(handler: source.handler) { server in
      let peer = try server.peer()
      let ask = "GET /source HTTP/1.1\r\nHost: a\r\n\r\n"
      try peer.send(get + ask + get + ask + ask + get)
      for isSource in [false, true, false, true, true, false] {
        #expect(try peer.readResponse().text == (isSource ? "one two" : "ok"))
      }
      #expect(source.endCount == 3)
    }
  }

  @Test("HEAD fetches nothing and lets go of it; what follows is answered (RFC 9110 §9.3.2)")
  func head() async throws {
    let ended = Atomic(0)
    let handler: TestServer.Handler = { request in
      guard request.target.text == "/source" else { return .now(.text("ok")) }
      let source = EndingSource(PieceSource([[1]])) { ended.add(1, ordering: .relaxed) }
      return .now(Response(.ok, body: .followed(source)))
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("HEAD /source HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      let response = try peer.readResponse(toHead: true)
      #expect(response.status == 200 && response.fields["transfer-encoding"] == "chunked")
      #expect(try peer.readResponse().text == "ok")
      #expect(ended.load(ordering: .relaxed) == 1)
    }
  }

  @Test("For an HTTP/1.0 peer it lasts until the close, unframed (RFC 9112 §6.3)")
  func http10() async throws {
    let source = PieceSource(Self.pieces)
    try await TestServer.with(handler: source.handler) { server in
      let peer = try server.peer()
      try peer.send("GET /source HTTP/1.0\r\n\r\n")
      _ = try peer.read(until: "\r\n\r\n")
      #expect(try peer.readToEnd() == Array(Self.pieces.joined()))
    }
  }

  @Test("A peer that waits for 100 gets its head and no 100 (RFC 9110 §10.1.1)")
  func expecting() async throws {
    let source = PieceSource([Array("news".utf8)])
    try await TestServer.with(handler: source.handler) { server in
      let peer = try server.peer()
      try peer.send(
        "POST /source HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
      let response = try peer.readResponse()
      #expect(response.interim.isEmpty && response.status == 200 && response.text == "news")
    }
  }

  @Test("A reader that never reads is not fetched for beyond the mark, and goes on when it does")
  func neverReads() async throws {
    let source = PieceSource([[UInt8](repeating: 1, count: 10_000)], isEndless: true)
    try await TestServer.with({ $0.sendBufferBytes = 16_384 }, handler: source.handler) { server in
      let peer = try server.peer(receiveBuffer: 4096)
      try peer.send("GET /source HTTP/1.1\r\nHost: a\r\n\r\n")
      // Until nothing is fetched any more: twice the same figure some turns apart.
      var taken = -1
      while true {
        await letOthersRun(2000)
        let now = source.takenBytes
        if now == taken, now > 0 { break }
        taken = now
      }
      // The stream's marks and both socket buffers, which the kernel doubles and may let grow.
      #expect(taken < 2_000_000)
      // Others are served meanwhile.
      let other = try server.peer()
      try other.send(get)
      #expect(try other.readResponse().text == "ok")
      _ = try peer.read(count: 3_000_000)
      #expect(source.takenBytes > taken)
      peer.close()
      #expect(try await server.recorder.next().ending == .completed)
      #expect(try await server.recorder.next().ending == .peerClosed)
      try await waitUntil("it is told") { source.endCount == 1 }
    }
  }

  @Test(
    "A connection that breaks on call N ends it, once, and nothing else", arguments: 1...8,
    [ECONNRESET, EPIPE])
  func broken(_ number: Int, _ code: Int32) async throws {
    let source = PieceSource([[UInt8](repeating: 1, count: 100)], isEndless: true)
    let faults = SystemFaults()
    faults.fail(.send, on: [number], with: .errno(code))
    try await TestServer.with({ $0.faults = faults }, handler: source.handler) { server in
      while faults.count(of: .send) < number {
        // Over TLS it may be the handshake that fails.
        guard let peer = try? server.peer() else { continue }
        try? peer.send("GET /source HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = peer.readToEnding()
      }
      try await waitUntil("the connection is gone") { server.server.connectionCount <= 0 }
      let begun = server.recorder.begun.load(ordering: .relaxed)
      #expect(server.recorder.ended.load(ordering: .relaxed) == begun)
      // One that was answered with nothing but a broken head has fetched nothing, and is told too.
      #expect(source.endCount == begun)
      let next = try server.peer()
      try next.send(get)
      #expect(try next.readResponse().text == "ok")
    }
  }

  @Test("At the end of the grace it is cut, and not as if it were whole")
  func stopped() async throws {
    let source = PieceSource([[UInt8](repeating: 1, count: 10)], isEndless: true)
    let server = try TestServer(handler: source.handler)
    let peer = try server.peer()
    try peer.send("GET /source HTTP/1.1\r\nHost: a\r\n\r\n")
    _ = try peer.read(until: "\r\n\r\n")
    await server.stop()
    let (bytes, _) = peer.readToEnding()
    #expect(!bytes.suffix(16).elementsEqual("0\r\n\r\n".utf8))
    #expect(try await server.recorder.next().ending == .serverStopped)
    #expect(source.endCount == 1)
  }
}
