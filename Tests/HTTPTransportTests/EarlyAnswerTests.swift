import HTTPModel
import HTTPTransport
import Testing
import WavetankTestKit

private let get = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/// Answers that do not wait for their request's content. What they say about the connection is kept:
/// a peer sends its next request on a connection that it was not told to leave.
/// Source: RFC 9112 §9.3 and §9.6.
@Suite("An answer before the content", .overBothTransports)
struct EarlyAnswerTests {
  /// Whatever way it is decided by: at the head, by a task, when too much is collected, after a delay.
  static let ways: [(name: String, handler: TestServer.Handler)] = [
    ("now", { _ in .now(.text("no", status: .forbidden)) }),
    (
      "now, large",
      { _ in .now(Response(.notFound, body: .bytes(.init(repeating: 1, count: 99_999)))) }
    ),
    ("now, in pieces", { _ in .now(Response(.notFound, body: .chunks([[1, 2], [3]]))) }),
    ("now, as a stream", { _ in .now(.streaming(.notFound) { try await $0.write("no") }) }),
    ("later", { _ in .later { _ in .text("no", status: .conflict) } }),
    (
      "later, in the middle",
      { _ in
        .later { content in
          _ = try? await content.next()
          return .text("no", status: .conflict)
        }
      }
    ),
    (
      "too large",
      { _ in .collect(limit: 2) { _ in .now(.text("no", status: .contentTooLarge)) } }
    ),
    (
      "delayed",
      { _ in
        var response = Response.text("no", status: .serviceUnavailable)
        response.delivery.delay = .milliseconds(5)
        return .now(response)
      }
    ),
    (
      "throttled",
      { _ in
        var response = Response.text("no", status: .serviceUnavailable)
        response.delivery.fault = .throttle(bytesPerSecond: 100_000)
        return .now(response)
      }
    ),
  ]

  /// Answers what is asked next, and everything else as `handler` does.
  private static func handler(_ handler: @escaping TestServer.Handler) -> TestServer.Handler {
    { $0.target.text == "/next" ? .now(.text("next")) : handler($0) }
  }

  @Test("to content of unknown length says that the connection closes", arguments: 0..<ways.count)
  func unknownLength(_ way: Int) async throws {
    try await TestServer.with(handler: Self.handler(Self.ways[way].handler)) { server in
      for part in ["5\r\nhello\r\n", "5\r\nhel"] {
        let peer = try server.peer()
        try peer.send(chunked)
        if Self.ways[way].name.contains("middle") || Self.ways[way].name == "too large" {
          try peer.send(part)
        }
        let response = try peer.readResponse()
        #expect(response.status >= 400)
        #expect(response.fields["connection"] == "close", "\(Self.ways[way].name)")
        // The rest of the upload and another request: read away, never an RST.
        try peer.send(part + String(repeating: "x", count: 300_000) + get)
        #expect(try peer.readToEnd().isEmpty)
      }
    }
  }

  @Test(
    "to content that is here already keeps the connection, whatever its coding",
    arguments: 0..<ways.count)
  func contentIsHere(_ way: Int) async throws {
    try await TestServer.with(handler: Self.handler(Self.ways[way].handler)) { server in
      for request in [
        chunked + "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
      ] {
        // Collected content that is too large is only partly read when that shows.
        if Self.ways[way].name == "too large", request.contains("chunked") { continue }
        let peer = try server.peer()
        try peer.send(request + get)
        let response = try peer.readResponse()
        #expect(response.status >= 400)
        #expect(!response.fields.contains("connection"), "\(Self.ways[way].name)")
        #expect(try peer.readResponse().text == "next")
      }
    }
  }

  @Test(
    "to a little content of known length keeps the connection, however late it comes",
    arguments: 0..<ways.count)
  func littleContent(_ way: Int) async throws {
    // The wait below is longer than what an unread rest of a connection that closes would get.
    try await TestServer.with(
      { $0.lingerTimeout = .milliseconds(20) }, handler: Self.handler(Self.ways[way].handler)
    ) { server in
      if Self.ways[way].name.contains("middle") { return }
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
      let response = try peer.readResponse()
      #expect(response.status >= 400)
      #expect(!response.fields.contains("connection"), "\(Self.ways[way].name)")
      for _ in 0..<3 {
        try peer.send([UInt8](repeating: 0x61, count: 20_000))
        #expect(!peer.hasInput(within: .milliseconds(20)))
      }
      try peer.send(get)
      #expect(try peer.readResponse().text == "next")
    }
  }

  @Test(
    "to much content of known length says that the connection closes", arguments: 0..<ways.count)
  func muchContent(_ way: Int) async throws {
    try await TestServer.with(handler: Self.handler(Self.ways[way].handler)) { server in
      let peer = try server.peer()
      let whole = 20_000_000
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(whole)\r\n\r\nhello")
      let response = try peer.readResponse()
      #expect(response.status >= 400)
      #expect(response.fields["connection"] == "close", "\(Self.ways[way].name)")
      // A peer that reads only once it has sent all: it gets through with that.
      try peer.send([UInt8](repeating: 0x61, count: whole - 5))
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  /// Streams an answer once it has seen a piece of the content.
  private static let enough = handler { _ in
    .later { content in
      .streaming(.ok) { writer in
        _ = try await content.next()
        try await writer.write("enough")
      }
    }
  }

  @Test("A stream that ends before its request's content keeps the connection it has promised")
  func streamEndsFirst() async throws {
    try await TestServer.with(handler: Self.enough) { server in
      let peer = try server.peer()
      try peer.send(chunked + "5\r\nhello\r\n")
      let response = try peer.readResponse()
      #expect(response.text == "enough" && !response.fields.contains("connection"))
      for _ in 0..<20 { try peer.send("2710\r\n" + String(repeating: "x", count: 10_000) + "\r\n") }
      try peer.send("0\r\n\r\n" + get)
      #expect(try peer.readResponse().text == "next")
    }
  }

  @Test("Content that breaks after its answer gets no second one")
  func brokenAfterwards() async throws {
    try await TestServer.with(handler: Self.enough) { server in
      let peer = try server.peer()
      try peer.send(chunked + "5\r\nhello\r\n")
      #expect(try peer.readResponse().text == "enough")
      try peer.send("ZZ\r\n" + get)
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("Content that stops coming after its answer does not hold the connection for ever")
  func stopsComing() async throws {
    try await TestServer.with(
      { $0.contentTimeout = .milliseconds(30) },
      handler: { _ in .now(.text("no", status: .forbidden)) }
    ) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
      #expect(try peer.readResponse().status == 403)
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("A request on its way when the server closes does not cost the answer before it")
  func requestOnItsWay() async throws {
    let handler: TestServer.Handler = { _ in
      var response = Response.text("last")
      response.delivery.closesConnection = true
      return .now(response)
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(get)
      #expect(peer.hasInput(within: .seconds(30)))
      // The answer lies here unread; what is sent now must not bring an RST that destroys it.
      try peer.send(get)
      try peer.send(get)
      let (bytes, ending) = peer.readToEnding()
      #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\nlast"))
      #expect(ending == .closed)
    }
  }
}
