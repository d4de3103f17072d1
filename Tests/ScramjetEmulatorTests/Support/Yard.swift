import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Synchronization
import Testing

@testable import ScramjetEmulator

/// A Scramjet world of its own behind the pipeline, without sockets; its clock stands until moved.
struct Yard: Sendable {
  let pipeline: Pipeline

  static let space = "/api/v1/space/demo/api/v1"
  static let hub = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1"
  static let alone = "/api/v1"

  init(
    given: JSON? = nil, behaviors: JSON? = nil, mode: ClockMode = .manual, isStrict: Bool = false,
    keys: [CredentialKeys.Key]? = nil
  ) throws {
    let instant = try #require(VirtualInstant(iso8601: "2026-01-05T10:00:00Z"))
    pipeline = try Pipeline(
      services: [ScramjetService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(
          clock: TenantBlueprint.Clock(mode, start: instant), keys: keys,
          given: given.map { ["scramjet": $0] } ?? [:],
          behaviors: behaviors.map { ["scramjet": $0] } ?? [:], isStrict: isStrict),
        wall: { instant }))
  }

  struct Reply: Sendable {
    let response: Response
    let body: [UInt8]
    var status: Int { response.status.code }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    var error: JSON? { json["error"] }
  }

  private static let sequence = Atomic<UInt64>(0)

  /// The answer to a request whose content is complete; a streamed body is not run.
  func answer(
    _ method: HTTPModel.Method, _ path: String, _ fields: [(String, String)] = [],
    body: [UInt8] = []
  ) async -> Response {
    var lines = Fields(["Host": "127.0.0.1:7070", "Authorization": "Bearer any"])
    for (name, value) in fields { lines.append(name, value) }
    let request = Request(
      method: method, target: RequestTarget(path), fields: lines,
      framing: body.isEmpty ? .none : .length(UInt64(body.count)))
    var exchange = Exchange(
      connectionID: 1, sequenceNumber: Self.sequence.add(1, ordering: .relaxed).newValue,
      peer: .none)
    var answer = pipeline.respond(to: request, exchange: &exchange)
    while true {
      switch answer {
      case .now(let response): return response
      case .collect(let limit, let then):
        answer = then(body.count > limit ? .tooLarge(limit: limit) : .complete(body))
      case .later(let work): return await work(RequestContent(complete: body))
      }
    }
  }

  func send(
    _ method: HTTPModel.Method, _ path: String, _ fields: [(String, String)] = [],
    body: [UInt8] = []
  ) async throws -> Reply {
    let response = await answer(method, path, fields, body: body)
    switch response.body {
    case .empty: return Reply(response: response, body: [])
    case .bytes(let bytes): return Reply(response: response, body: bytes)
    case .chunks(let chunks): return Reply(response: response, body: Array(chunks.joined()))
    case .stream(_, let producer):
      return Reply(response: response, body: try await BodyWriter.collect(producer))
    }
  }

  func post(_ path: String, _ body: JSON) async throws -> Reply {
    try await send(.post, path, [("Content-Type", "application/json")], body: body.serialized())
  }

  func delete(_ path: String, _ fields: [(String, String)] = []) async throws -> Reply {
    try await send(.delete, path, [("Content-Type", "application/json")] + fields)
  }

  static func package(_ manifest: JSONObject) throws -> [UInt8] {
    try #require(ScramjetSeed.archive(manifest))
  }

  /// Uploads a package with that name (and behaviour) and starts it: the path of the instance.
  func start(
    _ name: String = "echo", emulator: JSON? = nil, _ body: JSON = [:], hub: String = Yard.hub
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

  // MARK: The world

  var cloud: Cloud { pipeline.tenants.default }
  func advance(_ duration: Duration) {
    cloud.tenant.advance(to: cloud.tenant.clock.now + duration)
  }
  var state: JSON { cloud.slots[0].describe() }
}
