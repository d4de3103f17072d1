import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Fleets as code: large and hostile documents")
struct LargeDocumentTests {
  private static let path = FleetsAsCodeTests.path

  @Test("Alias bombs, deep nesting and a megabyte of anything are refused without effort")
  func bombs() async throws {
    let harness = try ServiceHarness(ShipyardService())
    var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    for index in 1..<12 {
      let alias = "*a\(index - 1)"
      bomb +=
        "a\(index): &a\(index) [\([String](repeating: alias, count: 9).joined(separator: ","))]\n"
    }
    let deep = String(repeating: "[", count: 200_000)
    let deepBlocks = (0..<3_000).map { String(repeating: " ", count: $0) + "a:" }
      .joined(separator: "\n")
    let quotes = String(repeating: "'", count: 999_999)
    let dashes = String(repeating: "- ", count: 499_999)
    let keys = String(repeating: "? ", count: 499_999)
    let anchors = String(repeating: "&a ", count: 333_333)
    let spaces = String(repeating: " ", count: 999_999) + "a"
    let bigKeys = (0..<90_000).map { "k\($0):" }.joined(separator: "\n")
    for (name, text) in [
      ("bomb", bomb), ("deep", deep), ("deepBlocks", deepBlocks), ("quotes", quotes),
      ("dashes", dashes), ("keys", keys), ("anchors", anchors), ("spaces", spaces),
      ("bigKeys", bigKeys),
    ] {
      let reply = try await harness.send(.put, Self.path, text: text)
      #expect(reply.status == 400, "\(name)")
    }
  }

  @Test("A large fleet with much text is stored and comes back equal")
  func large() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let content = String(repeating: "print('é')\\n", count: 200_000)
    let yaml = """
      name: "Caf\\xE9 \\u2603"
      vessels:
        v:
          source: {type: CODE, language: PYTHON, file_to_run: a.py,
                   file: {name: a.py, content: "\(content)"}}
      """
    let reply = try await harness.send(.put, Self.path, text: yaml)
    try #require(reply.status == 200, "\(reply.fields.pairs)")
    #expect(reply.text.hasPrefix("name: Café ☃\n"))
    let again = try await harness.send(.put, Self.path, body: reply.body)
    #expect(again.body == reply.body)
  }

  @Test("A large document that is refused changes nothing, not even the next ids")
  func largeRefused() async throws {
    let content = String(repeating: "echo hello # and more\\n", count: 10_000)
    let large = { (ending: String) in
      """
      name: large
      vessels:
        v:
          source: {type: CODE, language: BASH, file: {name: a.sh, content: "\(content)"}}
      \(ending)
      """
    }
    let harness = try ServiceHarness(ShipyardService())
    let untouched = try ServiceHarness(ShipyardService())
    let before = try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/fleets").json["data"]
    for ending in [
      "connections: {v: {w: SUCCESS}}", "connections: {v: {v: SUCCESS}}", "\tx", "name: again",
    ] {
      #expect(try await harness.send(.put, Self.path, text: large(ending)).isFailureForm)
      #expect(try await harness.send(.put, Self.path, text: large(ending)).status == 400)
    }
    #expect(try await harness.send(.put, Self.path, key: nil, text: large("")).status == 401)
    let elsewhere = "/orgs/\(ShipyardDemo.org)/projects/\(ShipyardDemo.org)/fleets"
    #expect(try await harness.send(.put, elsewhere, text: large("")).status == 400)
    #expect(try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/fleets").json["data"] == before)
    let stored = try await harness.send(.put, Self.path, text: large(""))
    #expect(stored.status == 200)
    #expect(try await untouched.send(.put, Self.path, text: large("")).body == stored.body)
    let id = try #require(stored.text.split(separator: "\n").first { $0.hasPrefix("_id: ") })
    let again = try await harness.send(.get, "\(Self.path)/\(id.dropFirst(5))")
    #expect(again.body == stored.body)
    #expect(again.field("X-Request-Id") != nil)
  }

  @Test("A large trigger and a large blueprint are read like small ones")
  func largeJSON() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let value = String(repeating: "x", count: 100_000)
    let override = #"{"name":"Extract","environment_variable_overrides":{"A":"\#(value)"}}"#
    let run = try await harness.trigger(
      ShipyardDemo.runsPath, #"{"vessel_overrides":[\#(override)]}"#)
    #expect(try await harness.row(of: run)["Status"] == "Scheduled")
    let blueprints = "/orgs/\(ShipyardDemo.org)/blueprints"
    let made = try await harness.send(
      .post, blueprints, text: #"{"name":"b","pallet_type":2,"description":"\#(value)"}"#)
    #expect(made.status == 201)
    for (path, body) in [
      (ShipyardDemo.runsPath, #"{"vessel_overrides":"\#(value)"}"#),
      (ShipyardDemo.runsPath, "[\(value)"),
      (blueprints, #"{"name":3,"x":"\#(value)"}"#), (blueprints, value),
    ] {
      let refused = try await harness.send(.post, path, text: body)
      #expect(refused.status == 400)
      #expect(refused.isFailureForm)
      #expect(try await harness.send(.post, path, key: nil, text: body).status == 401)
    }
  }
}
