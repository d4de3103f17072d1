import Foundation
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Testing
import Wavetank

/// Same version, scenario, seed and requests: the same bytes back (DESIGN §1, §7).
@Suite("Determinism", .serialized)
struct DeterminismAcceptanceTests {
  static let chaos: JSON = [
    "wavetank": 1, "seed": 42, "clock": ["mode": "skip", "start": "2026-01-01T00:00:00Z"],
    "variables": ["n": 0],
    "rules": [
      ["name": "count", "probability": 0.5, "set": ["n": ["add": 1]], "continue": true],
      ["name": "reset", "probability": 0.1, "fault": "reset"],
      ["name": "flip", "probability": 0.1, "fault": ["corrupt": ["bytes": 3]]],
      [
        "name": "error", "probability": 0.15,
        "error": ["status": 503, "message": "{{id}} {{vars.n}}"],
      ],
      ["name": "answer", "probability": 0.1, "respond": ["text": "{{id}} {{now}} {{count}}"]],
      [
        "name": "per resource", "match": ["service": "shipyard"], "per": "resource",
        "probability": 0.3, "error": 500,
      ],
    ],
  ]

  /// A session over all three services, as everything that a client can see.
  private func session(_ scenario: String, noise: Bool) async throws -> [String] {
    let sea = try await Sea(scenario)
    var seen: [String] = []
    var tasks: [JSON] = []
    for round in 0..<30 {
      if noise {
        for target in ["/_t/other/orgs", "/_t/other/api/v1/account/current", "/_t/other/nowhere"] {
          _ = await sea.status(.get, target)
        }
      }
      for (method, target, body) in try requests(round, tasks) {
        do {
          let reply = try await sea.send(
            method, target, body: body,
            fields: [
              "Host": "127.0.0.1:7070", "Content-Type": "application/json",
              "X-Task-Background": round % 2 == 0 ? "true" : "false",
            ])
          if let id = reply.json["status"]?["taskId"] { tasks.append(id) }
          let fields = reply.fields.pairs.filter { $0.name.lowercased() != "date" }
            .map { "\($0.name): \($0.value)" }
          seen.append("\(reply.status) \(fields) \(reply.text)")
        } catch {
          seen.append("\(target): \(error)")
        }
      }
    }
    await sea.stop()
    return seen
  }

  private func requests(
    _ round: Int, _ tasks: [JSON]
  ) throws -> [(Method, String, [UInt8]?)] {
    func text(_ json: JSON) -> [UInt8] { json.serialized() }
    return [
      (.post, "/api/v1/workspace/create", text(["handle": .string("w\(round)")])),
      (.post, "/api/v1/file/create", text(["type": "blocks", "blocks": [["text": "hello"]]])),
      (.post, "/api/v1/task/status", text(["taskId": tasks.last ?? "none"])),
      (.put, Sea.store, try Sea.package()), (.get, Sea.store, nil),
      (.get, Sea.hub + "/sequences", nil),
      (.post, Sea.nightly + "/fleetruns", text([:])), (.get, Sea.nightly + "/fleetruns", nil),
      (.get, "/orgs", nil), (.post, Sea.webhook, text(["round": .integer(round)])),
    ]
  }

  private func scenarioFile() throws -> String {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "wavetank-chaos-\(ProcessInfo.processInfo.processIdentifier).json")
    try Data(Self.chaos.serialized()).write(to: file)
    return file.path
  }

  @Test("A long session comes out the same twice, and traffic of another tenant changes nothing")
  func sessions() async throws {
    let file = try scenarioFile()
    defer { try? FileManager.default.removeItem(atPath: file) }
    let first = try await session(file, noise: false)
    let again = try await session(file, noise: false)
    let noisy = try await session(file, noise: true)
    #expect(first.count == 300)
    #expect(Set(first).count > 150)
    #expect(
      first.contains { $0.contains("reset") || $0.contains("closed") || $0.contains("system") })
    for (index, line) in first.enumerated() {
      #expect(line == again[index], "request \(index)")
      #expect(line == noisy[index], "request \(index) with traffic of another tenant")
      if line != again[index] || line != noisy[index] { return }
    }
  }
}
