import HTTPModel
import HTTPTransport
import Testing
import WavetankTestKit

private let expecting =
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
private let interim = "HTTP/1.1 100 Continue\r\n\r\n"

/// RFC 9110 §10.1.1, and the habits of the Scramjet clients (its contract, §1.3 and §1.10).
@Suite("Expect: 100-continue", .overBothTransports)
struct ExpectContinueTests {
  @Test("A collector asks for the content with 100")
  func collector() async throws {
    let handler: TestServer.Handler = { _ in
      .collect(limit: 10) { content in
        guard case .complete(let bytes) = content else { return .now(.text("?")) }
        return .now(Response(.ok, body: .bytes(bytes)))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting)
      #expect(try peer.read(until: "\r\n\r\n") == interim)
      try peer.send("hello")
      let response = try peer.readResponse()
      #expect(response.text == "hello" && response.interim.isEmpty)
    }
  }

  @Test("A final answer that comes at once has no 100 before it and closes")
  func atOnce() async throws {
    try await TestServer.with(handler: { _ in .now(.text("no", status: .forbidden)) }) {
      server in
      let peer = try server.peer()
      try peer.send(expecting)
      let response = try peer.readResponse()
      #expect(response.status == 403 && response.interim.isEmpty)
      #expect(response.fields["connection"] == "close")
    }
  }

  @Test("Content that arrives with the head needs no 100")
  func contentIsThere() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .text(String(decoding: (try? await content.collect(limit: 9)) ?? [], as: UTF8.self))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting + "hello" + expecting + "again")
      for text in ["hello", "again"] {
        let response = try peer.readResponse()
        #expect(response.text == text && response.interim.isEmpty)
      }
    }
  }

  @Test("A service that does not read holds the 100 back until it does")
  func heldBack() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { content in
        await gate.wait()
        return .text(String(decoding: (try? await content.collect(limit: 9)) ?? [], as: UTF8.self))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting)
      #expect(!peer.hasInput(within: .milliseconds(30)))
      gate.open()
      #expect(try peer.read(until: "\r\n\r\n") == interim)
      try peer.send("hello")
      #expect(try peer.readResponse().text == "hello")
    }
  }

  @Test("A peer that does not wait gets its content read, and no late 100")
  func impatient() async throws {
    let gate = Gate()
    let handler: TestServer.Handler = { _ in
      .later { content in
        await gate.wait()
        return .text(String(decoding: (try? await content.collect(limit: 9)) ?? [], as: UTF8.self))
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting)
      #expect(!peer.hasInput(within: .milliseconds(30)))
      try peer.send("hel")
      #expect(!peer.hasInput(within: .milliseconds(30)))
      gate.open()
      try peer.send("lo")
      let response = try peer.readResponse()
      #expect(response.text == "hello" && response.interim.isEmpty)
    }
  }

  @Test("A stream that reads gets 100 before its own head")
  func streamThatReads() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .streaming(.ok) { writer in
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting)
      #expect(try peer.read(until: "\r\n\r\n") == interim)
      try peer.send("hello")
      #expect(try peer.readResponse().text == "hello")
    }
  }

  @Test("A stream that writes first sends its head and no 100 ever")
  func streamThatWrites() async throws {
    let handler: TestServer.Handler = { _ in
      .later { content in
        .streaming(.ok) { writer in
          try await writer.write("first")
          while let piece = try await content.next() { try await writer.write(piece) }
        }
      }
    }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send(expecting)
      #expect(try peer.read(until: "first\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
      try peer.send("hello")
      #expect(try peer.read(until: "0\r\n\r\n") == "5\r\nhello\r\n0\r\n\r\n")
    }
  }

  @Test("HTTP/1.0 peers never get a 100")
  func http10() async throws {
    let handler: TestServer.Handler = { _ in .collect(limit: 10) { _ in .now(.text("ok")) } }
    try await TestServer.with(handler: handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
      #expect(!peer.hasInput(within: .milliseconds(30)))
      try peer.send("hello")
      #expect(try peer.readResponse().interim.isEmpty)
    }
  }
}
