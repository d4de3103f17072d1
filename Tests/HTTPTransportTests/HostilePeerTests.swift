import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Hostile peers", .overBothTransports)
struct HostilePeerTests {
  private static let echo: TestServer.Handler = { request in
    switch request.target.text {
    case "/collect":
      .collect(limit: 1 << 20) { content in
        guard case .complete(let bytes) = content else { return .now(.text("too large")) }
        return .now(Response(.ok, body: .bytes(bytes)))
      }
    case "/echo":
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    case "/endless":
      .now(
        .streaming(.ok) { while true { try await $0.write([UInt8](repeating: 1, count: 10_000)) } })
    default: .now(.text("ok"))
    }
  }

  private static func stillServes(_ server: TestServer) throws {
    let peer = try server.peer()
    try peer.send(get)
    #expect(try peer.readResponse().text == "ok")
  }

  @Test("A whole exchange dripped byte by byte")
  func drip() async throws {
    try await TestServer.with(handler: Self.echo) { server in
      let peer = try server.peer()
      let chunked = "POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      try peer.drip("\(get)\(chunked)3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n\(get)")
      #expect(try peer.readResponse().text == "ok")
      #expect(try peer.readResponse().text == "abcde")
      #expect(try peer.readResponse().text == "ok")
    }
  }

  enum Leaving: String, CaseIterable, Sendable { case close, halfClose, reset }

  @Test(
    "A peer that leaves anywhere inside a message",
    arguments: Leaving.allCases, ["/", "/collect", "/echo", "/endless"])
  func leaves(_ leaving: Leaving, _ path: String) async throws {
    let whole = Array(
      "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
        .utf8)
    try await TestServer.with(handler: Self.echo) { server in
      for count in stride(from: 0, through: whole.count, by: 3) {
        let peer = try server.peer()
        try peer.send(Array(whole[..<count]))
        switch leaving {
        case .close: peer.close()
        case .reset: peer.reset()
        case .halfClose:
          peer.closeWrite()
          // An endless stream is not read to its end; everything else ends by itself.
          if path != "/endless" { _ = peer.readToEnding() }
          peer.close()
        }
      }
      try Self.stillServes(server)
      try await waitUntil("all connections are gone") { server.server.connectionCount <= 0 }
      let begun = server.recorder.begun.load(ordering: .relaxed)
      #expect(server.recorder.ended.load(ordering: .relaxed) == begun)
    }
  }

  @Test("A truncated message of a half-closed peer is told 400 (RFC 9112 §8)")
  func truncated() async throws {
    try await TestServer.with(handler: Self.echo) { server in
      for text in [
        "GET / HTTP/1.1\r\nHost",
        "POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
      ] {
        let peer = try server.peer()
        try peer.send(text)
        peer.closeWrite()
        #expect(try peer.readResponse().status == 400)
        #expect(try peer.readToEnd().isEmpty)
      }
    }
  }

  @Test("A reader that never reads stops its producer at the mark (DESIGN §11)")
  func neverReads() async throws {
    let written = Atomic<Int>(0)
    let handler: TestServer.Handler = { _ in
      .now(
        .streaming(.ok) { writer in
          while true {
            try await writer.write([UInt8](repeating: 1, count: 10_000))
            written.wrappingAdd(10_000, ordering: .relaxed)
          }
        })
    }
    try await TestServer.with({ $0.sendBufferBytes = 16_384 }, handler: handler) { server in
      let peer = try server.peer(receiveBuffer: 4096)
      try peer.send(get)
      // Waits until nothing is written any more: twice the same figure some turns apart.
      var last = -1
      while true {
        await letOthersRun(2000)
        let now = written.load(ordering: .relaxed)
        if now == last, now > 0 { break }
        last = now
      }
      // The stream's marks, the output queue and both socket buffers (which the kernel doubles
      // and may let grow).
      #expect(last < 2_000_000)
      _ = try peer.read(count: 3_000_000)
      #expect(written.load(ordering: .relaxed) > last)
      peer.close()
      #expect(try await server.recorder.next().ending == .peerClosed)
    }
  }

  @Test("A service that does not read stops its peer at the mark")
  func neverIsRead() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { content in
        _ = try? await content.next()
        await gate.wait()
        var count = 0
        while let piece = try? await content.next() { count += piece.count }
        return .text("\(count)")
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
      let piece = [UInt8](repeating: 1, count: 100_000)
      var sent = 0
      var refusals = 0
      while refusals < 200 {
        let count = try peer.sendSome(piece)
        sent += count
        refusals = count == 0 ? refusals + 1 : 0
        if count == 0 { await Task.yield() }
      }
      // The kernel's buffers on both sides, and the marks.
      #expect(sent < 20_000_000)
      gate.open()
      var left = 50_000_000 - sent
      while left > 0 {
        let part = left < piece.count ? Array(piece[..<left]) : piece
        try peer.send(part)
        left -= part.count
      }
      let rest = try peer.readResponse().text
      #expect(Int(rest) ?? 0 > 49_000_000)
    }
  }

  @Test("A pipeliner that never reads is not read either")
  func pipelinerThatNeverReads() async throws {
    try await TestServer.with({ $0.sendBufferBytes = 16_384 }, handler: Self.echo) { server in
      let peer = try server.peer(receiveBuffer: 4096)
      let requests = Array(String(repeating: get, count: 500).utf8)
      var refusals = 0
      var sent = 0
      while refusals < 500 {
        let count = try peer.sendSome(requests)
        sent += count
        refusals = count == 0 ? refusals + 1 : 0
        if count == 0 { await Task.yield() }
      }
      #expect(sent < 20_000_000)
      // Everything complete that was sent is answered once it is read.
      for _ in 0..<(sent / get.utf8.count) { #expect(try peer.readResponse().status == 200) }
    }
  }

  @Test("A service that waits for something else is told when its peer's content breaks off")
  func contentBreaksOff() async throws {
    let isTold = Gate()
    let handler: TestServer.Handler = { _ in
      .later { _ in
        await withTaskCancellationHandler {
          await isTold.wait()
        } onCancel: {
          isTold.open()
        }
        return .text("never")
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
      try await waitUntil("the service is asked") {
        server.recorder.begun.load(ordering: .relaxed) == 1
      }
      peer.closeWrite()
      #expect(try peer.readResponse().status == 400)
      await isTold.wait()
    }
  }

  @Test("Many connections at once that all leave by RST")
  func resets() async throws {
    try await TestServer.with({ $0.loopCount = 2 }, handler: Self.echo) { server in
      for round in 0..<10 {
        let peers = try (0..<50).map { _ in try server.peer() }
        for (index, peer) in peers.enumerated() {
          try? peer.send(
            index % 2 == 0 ? get : "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
        }
        for (index, peer) in peers.enumerated() where index % 3 != round % 3 { peer.reset() }
      }
      try Self.stillServes(server)
      try await waitUntil("all connections are gone") { server.server.connectionCount <= 0 }
      let begun = server.recorder.begun.load(ordering: .relaxed)
      #expect(server.recorder.ended.load(ordering: .relaxed) == begun)
    }
  }
}
