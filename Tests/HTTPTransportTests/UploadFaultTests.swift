import HTTPModel
import HTTPTransport
import Synchronization
import Testing
import WavetankTestKit

/// Faults on the request's side, seen on the wire: throttled, reset after N bytes, not read any more.
@Suite("Faults of uploads", .overBothTransports)
struct UploadFaultTests {
  enum Coding: String, CaseIterable, Sendable { case length, chunked }

  private static func head(_ coding: Coding, _ count: Int) -> String {
    let framing =
      coding == .length ? "Content-Length: \(count)" : "Transfer-Encoding: chunked"
    return "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n"
  }

  /// In chunks of 7 bytes, so that the framing is cut everywhere.
  private static func coded(_ content: [UInt8], _ coding: Coding) -> [UInt8] {
    guard coding == .chunked else { return content }
    var coded: [UInt8] = []
    for start in stride(from: 0, to: content.count, by: 7) {
      let piece = content[start..<min(start + 7, content.count)]
      coded += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
    }
    return coded + Array("0\r\n\r\n".utf8)
  }

  /// Says how much came.
  private static let counting: TestServer.Handler = { _ in
    .collect(limit: 1 << 20) { content in
      guard case .complete(let bytes) = content else { return .now(Response(.contentTooLarge)) }
      return .now(
        Response(
          .ok, body: .bytes(Array("\(bytes.count) \(bytes.reduce(0) { $0 &+ Int($1) })".utf8))))
    }
  }

  private static let streaming: TestServer.Handler = { _ in
    .later { content in
      let bytes = (try? await content.collect(limit: 1 << 20)) ?? nil
      return Response(.ok, body: .bytes(Array("\(bytes?.count ?? -1)".utf8)))
    }
  }

  @Test(
    "throttle: all of it arrives, no faster than the rate", arguments: Coding.allCases,
    [false, true])
  func throttle(_ coding: Coding, _ isStreamed: Bool) async throws {
    let content = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
    try await TestServer.with(
      upload: UploadFault(bytesPerSecond: 4_000),
      handler: isStreamed ? Self.streaming : Self.counting
    ) { server in
      for _ in 0..<2 {
        let peer = try server.peer()
        let start = ContinuousClock.now
        try peer.send(Self.head(coding, content.count))
        try peer.send(Self.coded(content, coding))
        let answer = try peer.readResponse()
        #expect(answer.status == 200 && answer.text.hasPrefix("600"), "\(answer.text)")
        // 600 bytes and more in portions of 80, the first at once.
        #expect(ContinuousClock.now - start >= .milliseconds(120))
        #expect(try await server.recorder.next().ending == .completed)
      }
    }
  }

  @Test("A rate below a line of the framing comes to an end, and the connection is used again")
  func slowest() async throws {
    try await TestServer.with(upload: UploadFault(bytesPerSecond: 50), handler: Self.counting) {
      server in
      let peer = try server.peer()
      for _ in 0..<2 {
        try peer.send(Self.head(.chunked, 0))
        try peer.send(Self.coded([1, 2, 3], .chunked))
        #expect(try peer.readResponse().text == "3 6")
      }
    }
  }

  @Test(
    "reset: RST once N bytes have come, and not before", arguments: Coding.allCases,
    [0, 1, 100, 599])
  func reset(_ coding: Coding, _ count: Int) async throws {
    try await TestServer.with(
      upload: UploadFault(ending: .reset, afterBytes: count), handler: Self.counting
    ) { server in
      let peer = try server.peer()
      let head = Array(Self.head(coding, 600).utf8)
      if count > 1 {
        try peer.send(head)
        let first = Array(Self.coded([UInt8](repeating: 7, count: 600), coding)[..<(count / 2)])
        try peer.send(first)
        #expect(!peer.hasInput(within: .milliseconds(30)))
        try? peer.send(
          Array(Self.coded([UInt8](repeating: 7, count: 600), coding)[(count / 2)...]))
      } else {
        // At once: a second call may meet the RST of the first, and then no read sees it any more.
        try peer.send(head + Self.coded([UInt8](repeating: 7, count: 600), coding))
      }
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.isEmpty && ending == .reset)
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .fault)
      #expect(outcome.requestContentBytes == UInt64(count))
    }
  }

  @Test("What is shorter than that is answered as ever, and so is what has no content")
  func short() async throws {
    for ending in [UploadFault.Ending.reset, .stall] {
      try await TestServer.with(
        upload: UploadFault(ending: ending, afterBytes: 100), handler: Self.counting
      ) { server in
        let peer = try server.peer()
        try peer.send(Self.head(.length, 5) + "12345")
        #expect(try peer.readResponse().text.hasPrefix("5 "))
        try peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try peer.readResponse().text.hasPrefix("0 "))
      }
    }
  }

  @Test("stall: nothing is read any more until the peer gives up, and a stop does not wait for it")
  func stall() async throws {
    try await TestServer.with(
      upload: UploadFault(ending: .stall, afterBytes: 10), handler: Self.counting
    ) { server in
      let peer = try server.peer()
      try peer.send(Self.head(.length, 600) + String(repeating: "x", count: 600))
      #expect(!peer.hasInput(within: .milliseconds(50)))
      #expect(server.recorder.ended.load(ordering: .relaxed) == 0)
      peer.close()
      #expect(try await server.recorder.next().ending == .fault)
      let other = try server.peer()
      try other.send(Self.head(.length, 600) + String(repeating: "x", count: 600))
      #expect(!other.hasInput(within: .milliseconds(50)))
      await server.server.stop(grace: .seconds(60))
      #expect(try await server.recorder.next().ending == .fault)
    }
  }

  @Test("throttle and reset together: slowly, then RST")
  func both() async throws {
    try await TestServer.with(
      upload: UploadFault(bytesPerSecond: 4_000, ending: .reset, afterBytes: 400),
      handler: Self.counting
    ) { server in
      let peer = try server.peer()
      let start = ContinuousClock.now
      try peer.send(Self.head(.length, 600))
      try peer.send([UInt8](repeating: 7, count: 600))
      #expect(peer.readToEnding().ending == .reset)
      #expect(ContinuousClock.now - start >= .milliseconds(80))
    }
    var response = Response(.ok, body: .bytes([UInt8](repeating: 7, count: 600)))
    response.delivery.fault = .throttle(bytesPerSecond: 4_000, resetAfterBytes: 400)
    let shown = response
    try await TestServer.with(handler: { _ in .now(shown) }) { server in
      let peer = try server.peer()
      let start = ContinuousClock.now
      try peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      let (bytes, ending) = peer.readToEnding()
      #expect(bytes.count == 400 && ending == .reset)
      #expect(ContinuousClock.now - start >= .milliseconds(80))
      #expect(try await server.recorder.next().ending == .fault)
    }
  }

  @Test("A connection ends behind its answer, announced or not")
  func closing() async throws {
    for isSilent in [false, true] {
      var response = Response(.ok, body: .bytes([1, 2, 3]))
      response.delivery.closesSilently = isSilent
      response.delivery.closesConnection = !isSilent
      let shown = response
      try await TestServer.with(handler: { _ in .now(shown) }) { server in
        let peer = try server.peer()
        try peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let (bytes, ending) = peer.readToEnding()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(ending == .closed)
        #expect(text.contains("Connection: close") == !isSilent)
        #expect(text.contains("Content-Length: 3"))
        #expect(try await server.recorder.next().ending == .completed)
      }
    }
  }
}
