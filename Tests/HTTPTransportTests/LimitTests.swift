import HTTPModel
import HTTPTransport
import HTTPWire
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Limits of the engine, each with its status", .overBothTransports)
struct LimitTests {
  private static let ok: TestServer.Handler = { _ in .now(.text("ok")) }

  @Test(
    "A breach is told with its status and a reason, the connection closes, nothing more is read",
    arguments: [
      ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
      ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n", 431),
      ("GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X: y\r\n", count: 201))\r\n", 431),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
      ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
      ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
      ("GET / HTTP/1.1\r\n\r\n", 400),
      ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
      ("\u{16}\u{3}\u{1}", 400),
    ])
  func breaches(_ request: String, _ status: Int) async throws {
    try await TestServer.with(handler: Self.ok) { server in
      let peer = try server.peer()
      try? peer.send(get + request + get)
      #expect(try peer.readResponse().status == 200)
      let refused = try peer.readResponse()
      #expect(refused.status == status)
      #expect(refused.fields["connection"] == "close")
      #expect(refused.fields["content-type"] == "application/json")
      #expect(refused.text.contains("\"reason\":\""))
      #expect(try peer.readToEnd().isEmpty)
      #expect(server.recorder.begun.load(ordering: .relaxed) == 1)
    }
  }

  @Test("A broken chunk in collected content is 400 and close")
  func brokenChunk() async throws {
    let handler: TestServer.Handler = { _ in .collect(limit: 100) { _ in .now(.text("never")) } }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX\r\n")
      let response = try peer.readResponse()
      #expect(response.status == 400 && response.fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
      #expect(try await server.recorder.next().ending == .peerClosed)
    }
  }

  @Test("A broken chunk in streamed content is told to its reader")
  func brokenChunkInStream() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .streaming(.ok) { writer in
          do {
            while let piece = try await content.next() { try await writer.write(piece) }
          } catch {
            try await writer.write(" \(error)")
          }
        }
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
      #expect(try peer.read(until: "ab\r\n").hasSuffix("2\r\nab\r\n"))
      try peer.send("XX\r\n")
      let rest = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(rest == "16\r\n its framing is broken\r\n0\r\n\r\n")
    }
  }

  @Test("A streamed upload beyond the limit ends with 413")
  func streamedUploadTooLarge() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        do {
          while let piece = try await content.next() { _ = piece }
          return .text("complete")
        } catch {
          return .text("\(error)", status: .contentTooLarge)
        }
      }
    }
    try await TestServer.with({ $0.limits.contentBytesMax = 100 }, handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n")
      let response = try peer.readResponse()
      #expect(response.status == 413)
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("At the connection limit the oldest idle connection makes room")
  func oldestIdleCloses() async throws {
    try await TestServer.with({ $0.connectionsMax = 3 }, handler: Self.ok) { server in
      let peers = try (0..<3).map { _ in try server.peer() }
      for peer in peers {
        try peer.send(get)
        #expect(try peer.readResponse().text == "ok")
      }
      // The first is now the most recently used.
      try peers[0].send(get)
      #expect(try peers[0].readResponse().text == "ok")
      let fourth = try server.peer()
      try fourth.send(get)
      #expect(try fourth.readResponse().text == "ok")
      #expect(try peers[1].readToEnd().isEmpty)
      try peers[0].send(get)
      #expect(try peers[0].readResponse().text == "ok")
    }
  }

  @Test("Without an idle connection to close, the newcomer gets 503 with Retry-After")
  func connectionLimit() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { _ in
        await gate.wait()
        return .text("ok")
      }
    }
    try await TestServer.with({ $0.connectionsMax = 2 }, handler: handler) { server in
      let peers = try (0..<2).map { _ in try server.peer() }
      for peer in peers { try peer.send(get) }
      try await waitUntil("two requests have begun") {
        server.recorder.begun.load(ordering: .relaxed) >= 2
      }
      // In the clear: nobody knows yet what it would have spoken.
      let third = try RawPeer(port: server.port)
      try third.send(get)
      let refused = try third.readResponse()
      #expect(refused.status == 503)
      #expect(refused.fields["retry-after"] == "1")
      #expect(try third.readToEnd().isEmpty)
      gate.open()
      for peer in peers { #expect(try peer.readResponse().text == "ok") }
    }
  }
}
