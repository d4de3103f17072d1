import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Synchronization
import Testing

@testable import SteamshipEmulator

/// One tenant's Steamship without pipeline and sockets: a call in, a response out.
struct Harness {
  let service: SteamshipService
  let tenant: Tenant
  let world: World<SteamshipState>
  var key = "test-key"
  var workspaceID: String?

  init(
    given: JSON? = nil, behaviors: JSON? = nil, mode: ClockMode = .manual, seed: UInt64 = 7,
    storageLimit: UInt64 = 1 << 30, outbound: Outbound? = nil,
    allowance: OutboundAllowance = .local
  ) throws {
    service = SteamshipService(outbound: outbound, allowance: allowance)
    let start = VirtualInstant(seconds: 1_900_000_000)
    let clock = VirtualClock(mode: mode, start: start, wall: { start })
    let blobs = BlobStore(budget: MemoryBudget(limit: storageLimit))
    tenant = Tenant(
      name: "default", seed: seed, clock: clock,
      keys: CredentialKeys(keys: nil, now: { clock.now }), blobs: blobs)
    var step = Step(
      now: start, ids: IDSource(seed: seed, tenant: "default"), blobs: blobs)
    let state = try service.makeState(WorldSeed(given: given, behaviors: behaviors), &step)
    let box = StateBox(state, ids: step.ids, blobs: blobs)
    tenant.add(box)
    world = World(tenant: tenant, box: box)
  }

  /// Bytes in the blob store.
  var storedBytes: Int { tenant.blobs.all.reduce(0) { $0 + $1.blob.count } }

  func advance(_ duration: Duration) { tenant.advance(to: tenant.clock.now + duration) }

  /// A call of an operation by its name.
  func call(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = [],
    target: String = "/api/v1/x", content: [UInt8]? = nil, parameters: [String: String] = [:],
    method: Method = .post, peer: PeerAddress = .none
  ) throws -> Call {
    let endpoint = try #require(SteamshipEndpoints.byName["steamship.\(name)"])
    var lines = Fields(["Authorization": "Bearer \(key)"])
    if !fields.contains(where: { $0.0 == "Host" }) { lines.append("Host", "127.0.0.1:7070") }
    if let workspaceID { lines.append("X-Workspace-Id", workspaceID) }
    for (name, value) in fields { lines.append(name, value) }
    let bytes = content ?? body.serialized()
    let request = Request(
      method: method, target: RequestTarget(target), fields: lines,
      framing: .length(UInt64(bytes.count)))
    var pathBytes: [UInt8] = []
    var ranges: [Range<Int>] = []
    let names = parameters.keys.sorted()
    for name in names {
      let start = pathBytes.count
      pathBytes += Array((parameters[name] ?? "").utf8)
      ranges.append(start..<pathBytes.count)
    }
    return Call(
      request: request, operation: endpoint.operation, endpointIndex: 0,
      parameters: PathParameters(names: names, ranges: ranges, bytes: pathBytes), content: bytes,
      tenant: tenant,
      exchange: Exchange(connectionID: 1, sequenceNumber: 1, peer: peer),
      credential: service.credential(of: request))
  }

  /// An operation by its name, answered to its end.
  func send(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = [],
    target: String = "/api/v1/x", content: [UInt8]? = nil, parameters: [String: String] = [:],
    method: Method = .post, peer: PeerAddress = .none
  ) async throws -> Response {
    let call = try call(
      name, body, fields: fields, target: target, content: content, parameters: parameters,
      method: method, peer: peer)
    return await respond(to: call)
  }

  func respond(to call: Call) async -> Response {
    guard let endpoint = SteamshipEndpoints.byName[call.operation.name] else {
      return Response(.notFound)
    }
    return await service.respond(to: call, at: endpoint, in: world)
      .response(RequestContent(complete: call.content))
  }

  /// The parsed content of an answer.
  func json(
    _ name: String, _ body: JSON = [:], fields: [(String, String)] = []
  ) async throws -> JSON {
    try JSON(parsing: try await send(name, body, fields: fields).content)
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

extension Response {
  /// All content, also of a streamed body.
  var content: [UInt8] {
    get async throws {
      switch body {
      case .empty: []
      case .bytes(let bytes): bytes
      case .chunks(let chunks): Array(chunks.joined())
      case .stream(_, let producer): try await BodyWriter.collect(producer)
      }
    }
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
