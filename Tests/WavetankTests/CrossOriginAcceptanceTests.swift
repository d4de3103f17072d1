import Foundation
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Testing
import Wavetank
import WavetankTestKit

/// What a preflight allows the answer carries too, else a page's program learns nothing of it, least
/// of all why it failed (the Fetch standard, "CORS check").
@Suite("Pages of any origin may call every emulated API, and read what goes wrong")
struct CrossOriginAcceptanceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var method = Method.post
    var target: String
    var fields: [(String, String)] = []
    var body: [UInt8] = []
    var status: Int
    var testDescription: String { name }
  }

  private static let bearer = ("Authorization", "Bearer k")
  private static let shipyardKey = ("X-Shipyard-API-Key", "k")

  static let cases: [Case] = [
    .init(name: "Steamship", target: "/api/v1/workspace/get", fields: [bearer], status: 200),
    .init(name: "no key", target: "/api/v1/workspace/get", status: 401),
    .init(
      name: "broken content", target: "/api/v1/workspace/get", fields: [bearer], body: [0x7B],
      status: 400),
    .init(
      name: "unknown thing", target: "/api/v1/file/get", fields: [bearer],
      body: Array(#"{"id": "X"}"#.utf8), status: 404),
    .init(name: "unknown path", target: "/api/v1/nothing/at/all", fields: [bearer], status: 404),
    .init(name: "unknown path of none", method: .get, target: "/nothing", status: 404),
    .init(name: "slashes", target: "//api/v1//workspace///get", fields: [bearer], status: 200),
    .init(
      name: "a slash at the end", target: "/api/v1/workspace/get/", fields: [bearer], status: 404),
    .init(name: "wrong method", method: .delete, target: "/api/v1/workspace/get", status: 405),
    .init(
      name: "too large", target: "/api/v1/task/status", fields: [bearer],
      body: [UInt8](repeating: 0x20, count: 70_000), status: 413),
    .init(
      name: "raw, private", method: .get, target: "/api/v1/block/X/raw", status: 404),
    .init(
      name: "signed URL", method: .get, target: "/api/v1/signed/w/userData/a", status: 403),
    .init(name: "package", target: "/apps/default/none/greet", fields: [bearer], status: 404),
    .init(
      name: "malformed tenant", target: "/api/v1/workspace/get",
      fields: [("X-Wavetank-Tenant", "No!")], status: 400),
    .init(name: "empty tenant", target: "/_t//api/v1/workspace/get", status: 400),
    .init(name: "another tenant", target: "/_t/blue/api/v1/workspace/get", status: 401),
    .init(name: "a rule's error", target: "/api/v1/task/noop", fields: [bearer], status: 503),
    .init(name: "a rule's answer", target: "/api/v1/task/get", fields: [bearer], status: 418),
    .init(name: "a rule's limit", target: "/api/v1/task/list", fields: [bearer], status: 429),
    .init(name: "Scramjet hub", method: .get, target: "/api/v1/version", status: 200),
    .init(name: "Scramjet hub, unknown", method: .get, target: "/api/v1/bogus", status: 404),
    .init(
      name: "Scramjet platform", method: .get, target: "\(Sea.hub)/instances", fields: [bearer],
      status: 200),
    .init(name: "Shipyard", method: .get, target: "\(Sea.nightly)/fleetruns", status: 401),
    .init(
      name: "Shipyard webhook", target: "/00000000-0000-4000-8000-000000000000/t", status: 400),
  ]

  private static let scenario = #"""
    {"wavetank": 1, "rules": [
      {"name": "e", "match": {"operation": "steamship.task.noop"}, "error": 503},
      {"name": "r", "match": {"operation": "steamship.task.get"}, "respond": {"status": 418, "text": "t"}},
      {"name": "l", "match": {"operation": "steamship.task.list"},
       "limit": {"requests": 0, "window": "1m"}}
    ]}
    """#

  private func origins(_ fields: Fields) -> [String] {
    fields.pairs.filter { $0.name.lowercased() == "access-control-allow-origin" }.map(\.value)
  }

  @Test("A preflight and the answer behind it allow the same origins", arguments: cases)
  func both(_ subject: Case) async throws {
    let file = NSTemporaryDirectory() + "wavetank-origins-\(UUID().uuidString).json"
    try Self.scenario.write(toFile: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: file) }
    let shore = try await PublicDataAcceptanceTests.Shore { $0.scenarios = [file] }
    let names = subject.fields.map(\.0).joined(separator: ",")
    let asked = try await shore.client.send(
      .options, host: "127.0.0.1", port: shore.emulator.port, target: subject.target,
      fields: Fields([
        "Origin": "https://app.example",
        "Access-Control-Request-Method": .init(subject.method.name),
        "Access-Control-Request-Headers": .init(names.isEmpty ? "content-type" : names),
      ]))
    // The method of a 405 is none that a preflight allows.
    if subject.status != 405, !subject.name.contains("tenant") || subject.name == "another tenant" {
      #expect((200..<300).contains(asked.status.code), "\(asked.status.code)")
    }
    #expect(origins(asked.fields) == ["*"])
    var fields = Fields(["Origin": "https://app.example"])
    for (name, value) in subject.fields { fields.append(name, value) }
    let answer = try await shore.client.send(
      subject.method, host: "127.0.0.1", port: shore.emulator.port, target: subject.target,
      fields: fields, body: subject.body.isEmpty ? .empty : .bytes(subject.body))
    #expect(answer.status.code == subject.status)
    #expect(origins(answer.fields) == ["*"])
    _ = try await answer.collect()
    await shore.stop()
  }

  @Test("The control API lets no page in")
  func control() async throws {
    let shore = try await PublicDataAcceptanceTests.Shore()
    for (method, target) in [
      (Method.get, "/_wavetank/tenants"), (.options, "/_wavetank/tenants"),
      (.get, "/_wavetank/health"), (.get, "/_wavetank/nothing"), (.get, "/"),
      (.get, "/_t/blue/_wavetank/journal"), (.post, "/_wavetank/reset"),
    ] {
      let answer = try await shore.send(
        method, target,
        ["Origin": "https://app.example", "Access-Control-Request-Method": "GET"])
      #expect(origins(answer.fields) == [], "\(method) \(target)")
    }
    await shore.stop()
  }

  @Test(
    "What the engine refuses before anybody is asked says so too",
    arguments: [
      ("GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\n", 414),
      ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 200_000))\r\n\r\n", 431),
    ])
  func engine(head: String, status: Int) async throws {
    let shore = try await PublicDataAcceptanceTests.Shore()
    let peer = try RawPeer(port: shore.emulator.port)
    // It may close before all of it is sent.
    try? peer.send(head)
    let answer = try peer.readResponse(toHead: true)
    #expect(answer.status == status)
    #expect(answer.fields["access-control-allow-origin"] == "*")
    await shore.stop()
  }
}
