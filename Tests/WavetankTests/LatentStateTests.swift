import Foundation
import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

/// A service's world begins when somebody first looks at it, and nobody can tell (DESIGN §4).
@Suite struct LatentStateTests {
  static let scenario: JSON = [
    "wavetank": 1, "clock": ["mode": "manual", "start": "2026-01-01T00:00:00Z"],
  ]
  static let services = ["steamship", "scramjet", "shipyard"]

  private func sea() async throws -> Sea {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "wavetank-latent-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(Self.scenario.serialized()).write(to: file)
    return try await Sea(file.path)
  }

  private func worlds(_ sea: Sea, _ services: [String]) async throws -> [String: String] {
    var worlds: [String: String] = [:]
    for service in services {
      let reply = try await sea.control(.get, "/state/\(service)")
      #expect(reply.status == 200)
      worlds[service] = reply.text
    }
    return worlds
  }

  @Test("a world that begins an hour later, and after another, is the one that would have begun")
  func late() async throws {
    let (early, late) = (try await sea(), try await sea())
    _ = try await worlds(early, Self.services)
    for sea in [early, late] { try await sea.advance("1h") }
    let (expected, found) = (
      try await worlds(early, Self.services), try await worlds(late, Self.services.reversed())
    )
    for service in Self.services { #expect(found[service] == expected[service], "\(service)") }
    await early.stop()
    await late.stop()
  }

  @Test("the built-in worlds have nothing due at their start, so none is missed that has not begun")
  func nothingDue() async throws {
    let sea = try await sea()
    _ = try await worlds(sea, Self.services)
    #expect(try await sea.control(.get, "/clock").json["nextDue"] == .null)
    await sea.stop()
  }

  @Test("a world that a scenario describes begins at once: what is due in it is")
  func scenario() async throws {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "wavetank-latent-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    let given: JSON = [
      "wavetank": 1, "clock": ["mode": "manual", "start": "2026-01-01T00:00:00Z"],
      "given": [
        "scramjet": [
          "sequences": [["id": "seq-1", "package": ["name": "one-second"]]],
          "instances": [["sequence": "seq-1"]],
        ]
      ],
      "behaviors": [
        "scramjet": [
          [
            "when": ["sequence": "one-second"],
            "program": [["on": "start", "do": [["sleep": "1s"], ["exit": 0]]]],
          ]
        ]
      ],
    ]
    try Data(given.serialized()).write(to: file)
    let sea = try await Sea(file.path)
    #expect(try await sea.control(.get, "/clock").json["nextDue"] != .null)
    await sea.stop()
  }

  @Test("a tenant weighs what it has for itself: its journal, its users, not the planted worlds")
  func weight() async throws {
    let sea = try await sea()
    func bytes() async throws -> Int {
      let metrics = try await sea.control(.get, "/metrics").text
      let line = try #require(
        metrics.split(separator: "\n").first { $0.hasPrefix("wavetank_stored_bytes ") })
      return try #require(line.split(separator: " ").last.flatMap { Double($0) }.map { Int($0) })
    }
    // What the first tenant makes is there for all.
    _ = try await worlds(sea, Self.services)
    _ = await sea.status(.get, "/_t/one/orgs")
    let before = try await bytes()
    _ = await sea.status(.get, "/_t/two/orgs")
    let one = try await bytes() - before
    _ = await sea.status(.get, "/_t/two\(Sea.store)")
    _ = await sea.status(.post, "/_t/two/api/v1/account/current")
    #expect(one > 0 && one < 8 << 10)
    let all = try await bytes() - before
    #expect(all > one && all < 32 << 10)
    await sea.stop()
  }
}
