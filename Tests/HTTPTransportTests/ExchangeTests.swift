import Dispatch
import HTTPModel
import HTTPTransport
import Testing
import WavetankTestKit

private let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

@Suite("Exchanges over a real socket", .overBothTransports)
struct ExchangeTests {
  @Test("A request is answered inline, with Date and Content-Length (RFC 9110 §6.6.1, §8.6)")
  func inline() async throws {
    try await TestServer.with(handler: { _ in .now(.text("hello")) }) { server in
      let peer = try server.peer()
      try peer.send(get)
      let response = try peer.readResponse()
      #expect(response.status == 200)
      #expect(response.text == "hello")
      #expect(response.fields["content-length"] == "5")
      let date = try #require(response.fields["date"])
      #expect(date.utf8.count == 29 && date.hasSuffix(" GMT"))
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .completed)
      #expect(outcome.responseContentBytes == 5)
    }
  }

  @Test("Pipelined requests of every kind are answered in order (RFC 9112 §9.3.2)")
  func pipelining() async throws {
    let handler: TestServer.Handler = { request in
      let name = request.target.text
      switch name.first(where: { $0.isLetter }) {
      case "l": return .later { _ in .text(name) }
      case "s": return .now(.streaming(.ok) { try await $0.write(name) })
      case "d":
        var response = Response.text(name)
        response.delivery.delay = .milliseconds(3)
        return .now(response)
      case "b": return .now(Response(.ok, body: .bytes([UInt8](repeating: 0x62, count: 100_000))))
      case "c":
        return .collect(limit: 100) { content in
          guard case .complete(let bytes) = content else { return .now(.text("too large")) }
          return .now(Response(.ok, body: .bytes(bytes)))
        }
      default: return .now(.text(name))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      let names = ["n", "l", "s", "d", "b", "n", "c", "l", "b", "s", "c", "n"]
      var bytes = ""
      for (index, name) in names.enumerated() {
        if name == "c" {
          bytes += "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nc\(index + 10)"
        } else {
          bytes += "GET /\(name)\(index) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
      }
      try peer.send(bytes)
      for (index, name) in names.enumerated() {
        let response = try peer.readResponse()
        switch name {
        case "b": #expect(response.content.count == 100_000)
        case "c": #expect(response.text == "c\(index + 10)")
        default: #expect(response.text == "/\(name)\(index)")
        }
      }
    }
  }

  @Test("Answers that wait for the end of their round stay in order, whatever comes behind them")
  func sharedRounds() async throws {
    let gate = DispatchSemaphore(value: 0)
    let handler: TestServer.Handler = { request in
      let path = String(request.target.path)
      switch path {
      case "/block":
        _ = gate.wait(timeout: .now() + 10)
        return .now(.text("blocked"))
      case let path where path.hasPrefix("/later"): return .later { _ in .text(path) }
      default: return .now(.text(path))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let (blocker, other) = (try server.peer(), try server.peer())
      let peers = [try server.peer(), try server.peer(), try server.peer()]
      for peer in peers + [other] {  // accepted, so that one round can serve them all
        try peer.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try peer.readResponse().text == "/first")
      }
      // 256 bytes each, so that the loop's buffer of 64 KiB ends between two of them.
      let paths = (0..<500).map { $0 > 255 && $0.isMultiple(of: 32) ? "/later\($0)" : "/\($0)" }
      let requests = paths.map { path in
        let head = "GET \(path) HTTP/1.1\r\nHost: a\r\nPadding: "
        return head + String(repeating: "x", count: 252 - head.utf8.count) + "\r\n\r\n"
      }
      // While the loop is busy everything arrives, more than it reads in one go.
      try blocker.send("GET /block HTTP/1.1\r\nHost: a\r\n\r\n")
      for peer in peers { try peer.send(requests.joined()) }
      try other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
      gate.signal()
      for peer in peers {
        for path in paths { #expect(try peer.readResponse().text == path) }
      }
      #expect(try other.readResponse().text == "/other")
      #expect(try blocker.readResponse().text == "blocked")
    }
  }

  @Test("A thousand pipelined requests that each leave the fast path do not nest")
  func deepPipelining() async throws {
    let big = [UInt8](repeating: 1, count: 20_000)
    try await TestServer.with(handler: { _ in .now(Response(.ok, body: .bytes(big))) }) { server in
      let peer = try server.peer()
      try peer.send(String(repeating: get, count: 1000))
      for _ in 0..<1000 { #expect(try peer.readResponse().content.count == 20_000) }
    }
  }

  @Test("HEAD has the length of GET and no content (RFC 9110 §9.3.2)")
  func head() async throws {
    try await TestServer.with(handler: { _ in .now(.text("hello")) }) { server in
      let peer = try server.peer()
      try peer.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      let head = try peer.readResponse(toHead: true)
      #expect(head.fields["content-length"] == "5")
      #expect(head.content.isEmpty)
      #expect(try peer.readResponse().text == "hello")
    }
  }

  @Test("A HEAD of a stream runs no producer and ends at once")
  func headOfStream() async throws {
    let handler: TestServer.Handler = { _ in .now(.streaming(.ok) { try await $0.write("x") }) }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      let head = try peer.readResponse(toHead: true)
      #expect(head.fields["transfer-encoding"] == "chunked")
      #expect(try peer.readResponse().text == "x")
    }
  }

  @Test("204 and 304 have neither content nor length (RFC 9110 §8.6)", arguments: [204, 304])
  func noContent(_ code: Int) async throws {
    let handler: TestServer.Handler = { _ in .now(.text("no", status: Status(code))) }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(get + get)
      for _ in 0..<2 {
        let response = try peer.readResponse()
        #expect(response.status == code)
        #expect(!response.fields.contains("content-length"))
      }
    }
  }

  @Test("An HTTP/1.0 peer gets a close; with keep-alive it may go on (RFC 9112 §9.3)")
  func http10() async throws {
    try await TestServer.with(handler: { _ in .now(.text("hello")) }) { server in
      let peer = try server.peer()
      try peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n")
      let first = try peer.readResponse()
      #expect(first.fields["connection"] == "keep-alive")
      let second = try peer.readResponse()
      #expect(second.fields["connection"] == "close")
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("A request that names no host is told where it arrived; others are not")
  func arrivalHost() async throws {
    try await TestServer.with(handler: { .now(.text($0.arrivalHost ?? "-")) }) { server in
      for (head, expected) in [
        ("GET / HTTP/1.0", "127.0.0.1:\(server.port)"), ("GET / HTTP/1.0\r\nHost: a", "-"),
        ("GET http://a/ HTTP/1.0", "-"), ("GET / HTTP/1.1\r\nHost: a", "-"),
      ] {
        let peer = try server.peer()
        try peer.send(head + "\r\n\r\n")
        #expect(try peer.readResponse().text == expected, "\(head)")
      }
    }
  }

  @Test("A stream to an HTTP/1.0 peer lasts until the close, unframed (RFC 9112 §6.3)")
  func http10Stream() async throws {
    let handler: TestServer.Handler = { _ in
      .now(
        .streaming(.ok) {
          try await $0.write("one ")
          try await $0.write("two")
        })
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let text = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(text.hasSuffix("\r\n\r\none two"))
      #expect(text.contains("Connection: close\r\n"))
      #expect(!text.contains("Transfer-Encoding"))
    }
  }

  @Test("A half-closed peer still gets all its answers (DESIGN §11)")
  func halfClosed() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { request in
      if request.target.text == "/later" {
        return .later { _ in
          await gate.wait()
          return .text("late")
        }
      }
      return .now(.text("now"))
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n" + get)
      peer.closeWrite()
      #expect(!peer.hasInput(within: .milliseconds(20)))
      gate.open()
      #expect(try peer.readResponse().text == "late")
      #expect(try peer.readResponse().text == "now")
      #expect(try peer.readToEnd().isEmpty)
    }
  }

  @Test("A chunked GET of which no chunk ever comes is answered at once (Scramjet contract §1.3)")
  func chunkedGetWithoutChunks() async throws {
    let handler: TestServer.Handler = { _ in .now(.streaming(.ok) { try await $0.write("out") }) }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("GET /stdout HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      #expect(try peer.readResponse().text == "out")
    }
  }

  @Test("Request and response stream at the same time")
  func bothWays() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
          writer.setTrailers(content.trailers)
        }
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      _ = try peer.read(until: "\r\n\r\n")
      for word in ["one", "three", "seven"] {
        try peer.send("\(word.utf8.count)\r\n\(word)\r\n")
        #expect(try peer.read(until: "\(word)\r\n") == "\(word.utf8.count)\r\n\(word)\r\n")
      }
      try peer.send("0\r\nX-Sum: 42\r\n\r\n" + get)
      #expect(try peer.read(until: "\r\n\r\n") == "0\r\nX-Sum: 42\r\n\r\n")
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .completed)
      #expect(outcome.requestContentBytes == 13)
      #expect(String(decoding: outcome.requestContentPrefix, as: UTF8.self) == "onethreeseven")
      #expect(String(decoding: outcome.responseContentPrefix, as: UTF8.self) == "onethreeseven")
    }
  }

  @Test("A stream of known length has it, and is cut off where it ends")
  func streamOfKnownLength() async throws {
    let handler: TestServer.Handler = { _ in
      .now(Response(.ok, body: .stream(length: 4) { try await $0.write("four and more") }))
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(get + get)
      for _ in 0..<2 {
        let response = try peer.readResponse()
        #expect(response.text == "four")
        #expect(response.fields["content-length"] == "4")
      }
    }
  }

  @Test("A producer that throws, or gives too little, leaves an incomplete message")
  func producerFails() async throws {
    struct Failure: Error {}
    let handler: TestServer.Handler = { request in
      let length: UInt64? = request.target.text == "/short" ? 100 : nil
      return .now(
        Response(
          .ok,
          body: .stream(length: length) {
            try await $0.write("some")
            if length == nil { throw Failure() }
          }))
    }
    try await TestServer.with(handler: handler) { server in
      for path in ["/throws", "/short"] {
        let peer = try server.peer()
        try peer.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(throws: RawPeerError.closed(after: Array("some".utf8))) { try peer.readResponse() }
        #expect(try await server.recorder.next().ending == .producerFailed)
      }
    }
  }

  @Test("Known pieces are sent one after another, as one message")
  func chunks() async throws {
    let pieces = (1...50).map { [UInt8](repeating: UInt8($0), count: $0 * 1000) }
    try await TestServer.with(handler: { _ in .now(Response(.ok, body: .chunks(pieces))) }) {
      server in
      let peer = try server.peer()
      try peer.send(get + get)
      for _ in 0..<2 {
        let response = try peer.readResponse()
        #expect(response.content == Array(pieces.joined()))
        #expect(response.fields["content-length"] == "1275000")
      }
    }
  }

  @Test("Content beyond the collector's limit is told, and the connection closes")
  func tooLarge() async throws {
    let handler: TestServer.Handler = { _ in
      .collect(limit: 10) { content in
        if case .tooLarge(let limit) = content {
          return .now(.text("limit \(limit)", status: .contentTooLarge))
        }
        return .now(.text("fits"))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")
      #expect(try peer.readResponse().text == "fits")
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n")
      let refused = try peer.readResponse()
      #expect(refused.status == 413 && refused.text == "limit 10")
      #expect(refused.fields["connection"] == "close")

      let chunked = try server.peer()
      try chunked.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n")
      #expect(try chunked.readResponse().status == 413)
    }
  }

  @Test("Content that nobody reads does not cost the connection while it is small")
  func unreadContent() async throws {
    try await TestServer.with(handler: { _ in .now(.text("early")) }) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
      #expect(try peer.readResponse().text == "early")
      try peer.send([UInt8](repeating: 0x61, count: 5000))
      try peer.send(get)
      #expect(try peer.readResponse().text == "early")
    }
  }

  @Test("An early answer to a large upload reaches the peer, not an RST (RFC 9112 §9.6)")
  func earlyAnswerToLargeUpload() async throws {
    let handler: TestServer.Handler = { _ in .now(.text("no", status: .forbidden)) }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n")
      try peer.send([UInt8](repeating: 0x61, count: 2_000_000))
      let response = try peer.readResponse()
      #expect(response.status == 403)
      #expect(response.fields["connection"] == "close")
      #expect(peer.readToEnding().ending == .closed)
    }
  }

  @Test("A port that is taken is refused with the call's name")
  func portTaken() async throws {
    try await TestServer.with({ $0.loopCount = 2 }, handler: { _ in .now(.text("a")) }) { server in
      let error = #expect(throws: SystemError.self) {
        _ = try TestServer(
          {
            $0.port = server.port
            $0.loopCount = 2
          }, handler: { _ in .now(.text("b")) })
      }
      #expect(error?.call == .bind && error?.isAddressInUse == true)
    }
  }

  @Test("All loops share one port")
  func loopsShareOnePort() async throws {
    try await TestServer.with({ $0.loopCount = 4 }, handler: { _ in .now(.text("a")) }) { server in
      let peers = try (0..<40).map { _ in try server.peer() }
      for peer in peers {
        try peer.send(get)
        #expect(try peer.readResponse().text == "a")
      }
    }
  }
}
