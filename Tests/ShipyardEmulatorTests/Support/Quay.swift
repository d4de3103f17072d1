import EmulatorKernel
import HTTPModel
import PayloadCodecs
import ShipyardEmulator
import Synchronization
import Testing

/// A Shipyard of its own behind the pipeline, without sockets; its clock stands until it is moved.
struct Quay: Sendable {
  let pipeline: Pipeline

  /// The ids of the built-in world.
  static let org = "11111111-1111-4111-8111-111111111111"
  static let project = "22222222-2222-4222-8222-222222222222"
  static let fleet = "33333333-3333-4333-8333-333333333333"
  static let projectPath = "/orgs/\(org)/projects/\(project)"
  static let fleetPath = "\(projectPath)/fleets/\(fleet)"
  static let runsPath = "\(fleetPath)/fleetruns"
  static let webhookPath = "/44444444-4444-4444-8444-444444444444/demo-webhook-token"
  static let start = "2026-01-05T10:00:00Z"

  init(
    given: JSON? = nil, behaviors: JSON? = nil, start: String = Quay.start,
    mode: ClockMode = .manual, isStrict: Bool = false, keys: [CredentialKeys.Key]? = nil
  ) throws {
    let instant = try #require(VirtualInstant(iso8601: start))
    pipeline = try Pipeline(
      services: [ShipyardService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(
          clock: TenantBlueprint.Clock(mode, start: instant), keys: keys,
          given: given.map { ["shipyard": $0] } ?? [:],
          behaviors: behaviors.map { ["shipyard": $0] } ?? [:], isStrict: isStrict),
        wall: { instant }))
  }

  // MARK: Requests

  struct Reply: Sendable {
    let response: Response
    let body: [UInt8]
    var status: Int { response.status.code }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    func field(_ name: String) -> String? { response.fields[name] }

    /// The body that every failure has.
    var isFailureForm: Bool {
      guard case .object(let object) = json, object.keys == ["request", "data"],
        object["data"] == .null, let id = object["request"]?["id"]?.stringValue
      else { return false }
      return UUIDText.isUUID(id) && field("X-Request-Id") == id
        && field("Content-Type") == "application/json"
    }

    /// Rows of a CSV without quoted fields, by column name.
    var rows: [[String: String]] {
      let lines = text.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      guard let header = lines.first else { return [] }
      return lines.dropFirst().map { line in
        Dictionary(zip(header, line), uniquingKeysWith: { $1 })
      }
    }
  }

  private static let sequence = Atomic<UInt64>(0)

  /// - Parameter key: nil: no key at all.
  func send(
    _ method: HTTPModel.Method, _ target: String, key: String? = "any",
    _ fields: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> Reply {
    var lines = Fields(["Host": "127.0.0.1:7070"])
    if let key { lines.append("X-Shipyard-API-Key", key) }
    for (name, value) in fields { lines.append(name, value) }
    let request = Request(
      method: method, target: RequestTarget(target), fields: lines,
      framing: body.isEmpty ? .none : .length(UInt64(body.count)))
    var exchange = Exchange(
      connectionID: 1, sequenceNumber: Self.sequence.add(1, ordering: .relaxed).newValue,
      peer: .none)
    var answer = pipeline.respond(to: request, exchange: &exchange)
    while true {
      switch answer {
      case .now(let response): return try await Self.reply(response)
      case .collect(let limit, let then):
        answer = then(body.count > limit ? .tooLarge(limit: limit) : .complete(body))
      case .later(let work):
        return try await Self.reply(await work(RequestContent(complete: body)))
      }
    }
  }

  private static func reply(_ response: Response) async throws -> Reply {
    switch response.body {
    case .empty: Reply(response: response, body: [])
    case .bytes(let bytes): Reply(response: response, body: bytes)
    case .chunks(let chunks): Reply(response: response, body: Array(chunks.joined()))
    case .stream(_, let producer):
      Reply(response: response, body: try await BodyWriter.collect(producer))
    }
  }

  func send(
    _ method: HTTPModel.Method, _ target: String, key: String? = "any",
    _ fields: [(String, String)] = [], text: String
  ) async throws -> Reply {
    try await send(method, target, key: key, fields, body: Array(text.utf8))
  }

  /// Triggers the built-in fleet (or another) and gives the id of the run.
  func trigger(_ path: String = Quay.runsPath, _ body: String = "") async throws -> String {
    let reply = try await send(.post, path, text: body)
    try #require(reply.status == 201, "\(reply.text) \(reply.response.fields.pairs)")
    return try #require(reply.json["data"]?["fleet_run_id"]?.stringValue)
  }

  func row(of run: String, in path: String = Quay.runsPath) async throws -> [String: String] {
    let rows = try await send(.get, path).rows.filter { $0["Fleet Log ID"] == run }
    try #require(rows.count == 1, "a run stands in the table once")
    return rows[0]
  }

  /// The voyages of a run by vessel name.
  func voyages(of run: String, org: String = Quay.org) async throws -> [String: [String: String]] {
    let rows = try await send(.get, "/orgs/\(org)/voyages").rows
    return Dictionary(
      rows.filter { $0["Fleet Log ID"] == run }.map { ($0["Vessel Name"] ?? "", $0) },
      uniquingKeysWith: { $1 })
  }

  // MARK: The world

  var cloud: Cloud { pipeline.tenants.default }
  var now: VirtualInstant { cloud.tenant.clock.now }
  var state: JSON { cloud.slots[0].describe() }

  func advance(_ duration: Duration) { cloud.tenant.advance(to: now + duration) }
  func advance(to text: String) throws {
    cloud.tenant.advance(to: try #require(VirtualInstant(iso8601: text)))
  }
  func emit(_ event: JSONObject) throws { try #require(try cloud.emit(event)) }

  /// The described run: status, voyages, environments.
  func described(_ run: String) throws -> JSON {
    try #require(state["runs"]?.arrayValue?.first { $0["id"]?.stringValue == run })
  }

  func environment(of vessel: String, in run: String) throws -> [String: String] {
    let voyage = try described(run)["voyages"]?.arrayValue?.first {
      $0["vessel"]?.stringValue == vessel
    }
    let members = try #require(voyage?["environment"]?.objectValue?.members)
    return Dictionary(
      members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 })
  }
}

/// A scenario's `given` with one organization, one project and these fleets.
func harbor(_ fleets: [JSON], timezone: String = "UTC", settings: JSON = [:]) -> JSON {
  [
    "settings": settings,
    "orgs": [
      [
        "id": .string(Quay.org), "name": "Harbor Labs",
        "projects": [
          [
            "id": .string(Quay.project), "name": "Harbor", "timezone": .string(timezone),
            "fleets": .array(fleets),
          ]
        ],
      ]
    ],
  ]
}

/// A fleet with Bash vessels, for `harbor`.
/// - Parameter guardrails: by vessel.
func bashFleet(
  _ vessels: [String], connections: JSON = [:], guardrails: [String: JSON] = [:],
  triggers: JSON = .null, name: String = "Test"
) -> JSON {
  let members = vessels.map { vessel in
    (
      key: vessel,
      value: [
        "source": [
          "type": "CODE", "language": "BASH", "file": ["name": "a.sh", "content": "true"],
          "file_to_run": "a.sh",
        ],
        "guardrails": guardrails[vessel] ?? .null,
      ] as JSON
    )
  }
  return [
    "_id": .string(Quay.fleet), "name": .string(name), "vessels": .object(JSONObject(members)),
    "connections": connections, "triggers": triggers,
  ]
}
