import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import SteamshipEmulator

/// What only tests of Steamship need: its operations by their names.
extension ServiceHarness {
  /// The workspace that every request names.
  var workspaceID: String? {
    get { fields["x-workspace-id"] }
    set {
      fields.remove("x-workspace-id")
      if let newValue { fields.append("X-Workspace-Id", newValue) }
    }
  }

  var world: World<SteamshipState> {
    guard let slot = live.slots[0] as? TypedSlot<SteamshipService> else {
      preconditionFailure("the harness runs another service")
    }
    return slot.world
  }

  /// Bytes in the blob store.
  var storedBytes: Int { tenant.blobs.all.reduce(0) { $0 + $1.blob.count } }

  /// An operation by its name, answered to its end.
  /// - Parameters:
  ///   - content: absent: `body`, unless it is a GET.
  ///   - parameters: those of the operation's path.
  ///   - query: with its question mark.
  func send(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = [], content: [UInt8]? = nil,
    parameters: [String: String] = [:], query: String = "", method: HTTPModel.Method? = nil,
    from peer: PeerAddress? = nil
  ) async throws -> Reply {
    let operation = try #require(
      pipeline.operations.entries.first { $0.operation.name == "steamship.\(name)" }?.operation)
    let route = try #require(
      operation.routes.first { $0.template.parameterNames.allSatisfy { parameters[$0] != nil } },
      "\(name) has no path for \(parameters.keys)")
    var target = route.template.text
    for (name, value) in parameters {
      target = target.replacing("{\(name)}", with: value).replacing("{\(name)…}", with: value)
    }
    let method = method ?? route.method
    return try await send(
      method, target + query, fields,
      body: content ?? (method == .get ? [] : body.serialized()), from: peer)
  }

  /// The parsed content of an answer.
  func json(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = []
  ) async throws -> JSON {
    try JSON(parsing: try await send(name, body, fields: fields).body)
  }

  /// `data` of an answer that must have succeeded.
  func data(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = []
  ) async throws -> JSON {
    let json = try await json(name, body, fields: fields)
    #expect(json["status"]?["state"]?.stringValue != "failed", "\(json.text)")
    return try #require(json["data"])
  }

  func taskState(_ id: String) async throws -> JSON {
    try await json("task.status", ["taskId": .string(id)])["status"] ?? .null
  }

  /// A task of the operation `task.noop`.
  func noop(_ fields: [(String, String)] = []) async throws -> String {
    let json = try await json(
      "task.noop", [:], fields: [("X-Task-Background", "true")] + fields)
    return json["status"]?["taskId"]?.stringValue ?? ""
  }
}

/// A form as the SDK sends it, with the field that names its type.
func multipart(
  _ fields: KeyValuePairs<String, String>, file: [UInt8]
) -> (type: (String, String), content: [UInt8]) {
  var content: [UInt8] = []
  for (name, value) in fields {
    content += Array(
      "--q\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"\(name)\"\r\n\r\n\(value)\r\n"
        .utf8)
  }
  content += Array(
    "--q\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file-part\"\r\nContent-Type: multipart/form-data\r\n\r\n"
      .utf8)
  content += file + Array("\r\n--q--\r\n".utf8)
  return (("Content-Type", "multipart/form-data; boundary=q"), content)
}
