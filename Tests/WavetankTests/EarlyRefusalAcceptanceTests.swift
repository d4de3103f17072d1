import HTTPModel
import Testing
import Wavetank
import WavetankTestKit

/// What is refused whatever its content is: told at the head, before the content is asked for or
/// read, and with a word about the connection (RFC 9110 §10.1.1, RFC 9112 §9.6).
@Suite("Refusals before the content")
struct EarlyRefusalAcceptanceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Method and target.
    var line: String
    /// Field lines besides `Host`.
    var fields: [String] = []
    var status: Int
    var host = "127.0.0.1"
    /// Told at the head only to who waits for a 100: else the content is collected first.
    var needsExpectation = false

    var testDescription: String { name }
  }

  private static let json = "Content-Type: application/json"
  private static let key = "X-Shipyard-API-Key: k"

  static let cases: [Case] = [
    .init(name: "unknown path", line: "POST /nope/x", status: 404),
    .init(name: "unknown method", line: "PATCH \(Sea.nightly)/fleetruns", status: 405),
    .init(
      name: "malformed tenant", line: "POST /api/v1/workspace/create",
      fields: ["X-Wavetank-Tenant: No!"], status: 400),
    .init(
      name: "signed URL", line: "PUT /api/v1/signed/default/userStorage/a?signature=x", status: 403),
    .init(
      name: "Steamship, no key", line: "POST /api/v1/workspace/create", fields: [json], status: 401,
      needsExpectation: true),
    .init(
      name: "Steamship upload, no key", line: "POST /api/v1/file/create",
      fields: ["Content-Type: multipart/form-data; boundary=x"], status: 401),
    .init(
      name: "Scramjet, type", line: "POST \(Sea.hub)/sequence/echo.tar.gz/start",
      fields: ["Content-Type: text/plain"], status: 400, needsExpectation: true),
    .init(
      name: "Scramjet, unknown hub",
      line: "POST /api/v1/space/demo/api/v1/sth/none/api/v1/sequence/echo.tar.gz/start",
      fields: [json], status: 404, needsExpectation: true),
    .init(
      name: "Scramjet, unknown instance", line: "POST \(Sea.hub)/instance/none/_kill",
      fields: [json], status: 404, needsExpectation: true),
    .init(
      name: "Scramjet topic, type", line: "POST \(Sea.hub)/topic/t",
      fields: ["Content-Type: image/png"], status: 400),
    .init(
      name: "Shipyard, no key", line: "POST \(Sea.nightly)/fleetruns", status: 401,
      needsExpectation: true),
    .init(
      name: "Shipyard, unknown project",
      line: "PUT /orgs/\(Sea.organization)/projects/none/fleets", fields: [key], status: 400,
      needsExpectation: true),
    .init(
      name: "Shipyard webhook, unknown", line: "POST /00000000-0000-4000-8000-000000000000/t",
      status: 400, needsExpectation: true),
    .init(
      name: "rule", line: "POST \(Sea.nightly)/fleetruns", fields: [key, "X-Rule: 1"], status: 503,
      needsExpectation: true),
    .init(
      name: "rule for an upload", line: "PUT \(Sea.store)/a.tar.gz", fields: ["X-Rule: 1"],
      status: 503),
    .init(
      name: "control API, foreign host", line: "POST /_wavetank/reset", status: 403,
      host: "example.com"),
    .init(name: "control API, unknown", line: "POST /_wavetank/nope", status: 404),
    .init(name: "control API, method", line: "DELETE /_wavetank/version", status: 405),
  ]

  private static func with(_ body: (Emulator) throws -> Void) async throws {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    let emulator = try await Emulator.start(configuration)
    do {
      let control = try RawPeer(port: emulator.port)
      let rule = """
        {"name": "busy", "match": {"header": {"x-rule": "1"}}, "error": 503}
        """
      try control.send(
        "POST /_wavetank/scenario/rules HTTP/1.1\r\nHost: 127.0.0.1\r\n\(json)\r\n"
          + "Content-Length: \(rule.utf8.count)\r\n\r\n" + rule)
      #expect(try control.readResponse().status < 300)
      try body(emulator)
    } catch {
      await emulator.stop(within: .zero)
      throw error
    }
    await emulator.stop(within: .zero)
  }

  private static func head(_ example: Case, _ more: String...) -> String {
    let lines = ["Host: \(example.host)"] + example.fields + more
    return "\(example.line) HTTP/1.1\r\n\(lines.joined(separator: "\r\n"))\r\n\r\n"
  }

  @Test("A peer that waits for 100 (Continue) gets the refusal and no 100, then a close")
  func noContinue() async throws {
    try await Self.with { emulator in
      for example in Self.cases {
        for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
          let peer = try RawPeer(port: emulator.port)
          try peer.send(Self.head(example, framing, "Expect: 100-continue"))
          guard peer.hasInput(within: .seconds(30)) else {
            Issue.record("\(example.name), \(framing): no answer")
            continue
          }
          let response = try peer.readResponse()
          #expect(response.status == example.status, "\(example.name): \(response.text)")
          #expect(response.interim.isEmpty, "\(example.name)")
          #expect(response.fields["connection"] == "close", "\(example.name)")
          peer.close()
        }
      }
    }
  }

  @Test("Content of unknown length that is not waited for: the refusal says that it closes")
  func chunked() async throws {
    try await Self.with { emulator in
      for example in Self.cases where !example.needsExpectation {
        let peer = try RawPeer(port: emulator.port)
        try peer.send(Self.head(example, "Transfer-Encoding: chunked") + "5\r\nhello\r\n")
        let response = try peer.readResponse()
        #expect(response.status == example.status, "\(example.name)")
        #expect(response.fields["connection"] == "close", "\(example.name)")
        // What is sent after all is read away: no RST that could destroy the answer.
        try peer.send("5\r\nhello\r\n0\r\n\r\n")
        #expect(peer.readToEnding().ending == .closed, "\(example.name)")
      }
    }
  }

  @Test(
    "Whatever is refused with its content here, or a little of it to come, keeps the connection")
  func kept() async throws {
    try await Self.with { emulator in
      let next = "GET /_wavetank/version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
      for example in Self.cases {
        for (framing, content) in [
          ("Content-Length: 5", "hello"),
          ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"),
        ] {
          let peer = try RawPeer(port: emulator.port)
          try peer.send(Self.head(example, framing) + content + next)
          let response = try peer.readResponse()
          #expect(response.status == example.status, "\(example.name): \(response.text)")
          #expect(response.fields["connection"] != "close", "\(example.name), \(framing)")
          #expect(try peer.readResponse().status == 200, "\(example.name)")
        }
      }
    }
  }

  @Test("What is not refused gets its 100, and content too long by its own word gets 413 without")
  func others() async throws {
    try await Self.with { emulator in
      let peer = try RawPeer(port: emulator.port)
      let start = Case(
        name: "", line: "POST \(Sea.nightly)/fleetruns", fields: [Self.key], status: 201)
      try peer.send(Self.head(start, "Content-Length: 2", "Expect: 100-continue"))
      #expect(try peer.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
      try peer.send("{}")
      #expect(try peer.readResponse().status == 201)
      try peer.send(Self.head(start, "Content-Length: 99999999", "Expect: 100-continue"))
      let refused = try peer.readResponse()
      #expect(refused.status == 413 && refused.interim.isEmpty)
      #expect(refused.fields["connection"] == "close")
    }
  }
}
