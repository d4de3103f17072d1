import HTTPModel
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WavetankTestKit

@Suite(
  "Small contents that come with the head are worked on at once", .overBothTransports,
  .timeLimit(.minutes(15)))
struct WholeContentTests {
  /// What is asked first takes what does not begin with an x.
  private static let handler: TestServer.Handler = { _ in
    .atOnce(
      { content in
        if content.first == UInt8(ascii: "x") { return nil }
        return .text("at once \(content.count)")
      },
      orLater: { content in
        let bytes = (try? await content.collect(limit: 1 << 20)) ?? []
        return .text("later \(bytes.count)")
      })
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let fields: String
    let content: String
    let answer: String
    var testDescription: String { name }
  }

  private static let cases = [
    Case(name: "whole", fields: "Content-Length: 3", content: "abc", answer: "at once 3"),
    Case(name: "none", fields: "Content-Length: 0", content: "", answer: "at once 0"),
    Case(name: "no framing", fields: "Accept: */*", content: "", answer: "at once 0"),
    Case(
      name: "that of the limit", fields: "Content-Length: 4096",
      content: String(repeating: "a", count: 4096), answer: "at once 4096"),
    Case(
      name: "beyond the limit", fields: "Content-Length: 4097",
      content: String(repeating: "a", count: 4097), answer: "later 4097"),
    Case(name: "not taken", fields: "Content-Length: 2", content: "xy", answer: "later 2"),
    Case(
      name: "in chunks", fields: "Transfer-Encoding: chunked",
      content: "3\r\nabc\r\n0\r\n\r\n", answer: "later 3"),
  ]

  @Test("Whole, small and of known length, or else as a stream", arguments: cases)
  func ways(_ one: Case) async throws {
    let request = "POST / HTTP/1.1\r\nHost: a\r\n\(one.fields)\r\n\r\n\(one.content)"
    try await TestServer.with(handler: Self.handler) { server in
      let peer = try server.peer()
      try peer.send(request + request)
      for _ in 0..<2 { #expect(try peer.readResponse().text == one.answer) }
      let outcome = try await server.recorder.next()
      #expect(outcome.ending == .completed)
      #expect(outcome.requestContentBytes == UInt64(one.answer.split(separator: " ").last ?? ""))
    }
  }

  @Test("Where its last byte comes behind the head it is a stream, and the connection goes on")
  func split() async throws {
    try await TestServer.with(handler: Self.handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab")
      try await waitUntil("the head is read") {
        server.recorder.begun.load(ordering: .relaxed) == 1
      }
      try peer.send("cPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nd")
      #expect(try peer.readResponse().text == "later 3")
      #expect(try peer.readResponse().text == "at once 1")
    }
  }

  @Test("A content that a rule strikes on its way in is a stream")
  func struck() async throws {
    let upload = UploadFault(bytesPerSecond: 1_000_000)
    try await TestServer.with(upload: upload, handler: Self.handler) { server in
      let peer = try server.peer()
      try peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
      #expect(try peer.readResponse().text == "later 3")
    }
  }
}
