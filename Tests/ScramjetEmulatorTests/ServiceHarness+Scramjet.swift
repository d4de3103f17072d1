import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

/// What only tests of Scramjet need.
extension ServiceHarness {
  func delete(_ path: String, _ fields: [(String, String)] = []) async throws -> Reply {
    try await send(.delete, path, [("Content-Type", "application/json")] + fields)
  }

  static func package(_ manifest: JSONObject) throws -> [UInt8] {
    try #require(ScramjetSeed.archive(manifest))
  }

  /// Uploads a package with that name (and behaviour) and starts it: the path of the instance.
  func start(
    _ name: String = "echo", emulator: JSON? = nil, _ body: JSON = [:],
    hub: String = ScramjetDemo.hub
  ) async throws -> String {
    var manifest: JSONObject = ["name": .string(name), "main": "index.js"]
    if let emulator { manifest["emulator"] = emulator }
    let upload = try await send(
      .post, "\(hub)/sequence", [("Content-Type", "application/octet-stream")],
      body: try Self.package(manifest))
    let sequence = try #require(upload.json["id"]?.stringValue)
    let reply = try await post("\(hub)/sequence/\(sequence)/start", body)
    let id = try #require(reply.json["id"]?.stringValue, "\(reply.text)")
    return "\(hub)/instance/\(id)"
  }

  func give(
    _ instance: String, _ text: String, ends: Bool = true, lane: String = "input"
  ) async throws {
    let type = lane == "input" ? "text/plain" : "application/octet-stream"
    _ = try await send(
      .post, "\(instance)/\(lane)",
      [("Content-Type", type), ("x-end-stream", ends ? "true" : "false")], body: Array(text.utf8))
  }
}

extension Reply {
  var error: JSON? { json["error"] }
}
