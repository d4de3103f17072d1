import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

extension Reply {
  /// Whether it is the body that every failure has.
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

/// What only tests of Shipyard need.
extension ServiceHarness {
  /// - Parameter key: nil: no key at all.
  func send(
    _ method: HTTPModel.Method, _ target: String, key: String?,
    _ fields: [(String, String)] = [], body: [UInt8] = []
  ) async throws -> Reply {
    var harness = self
    harness.key = key
    return try await harness.send(method, target, fields, body: body)
  }

  func send(
    _ method: HTTPModel.Method, _ target: String, key: String?, _ fields: [(String, String)] = [],
    text: String
  ) async throws -> Reply {
    try await send(method, target, key: key, fields, body: Array(text.utf8))
  }

  func send(
    _ method: HTTPModel.Method, _ target: String, _ fields: [(String, String)] = [], text: String
  ) async throws -> Reply {
    try await send(method, target, fields, body: Array(text.utf8))
  }

  /// Triggers the built-in fleet (or another) and gives the id of the run.
  func trigger(_ path: String = ShipyardDemo.runsPath, _ body: String = "") async throws -> String {
    let reply = try await send(.post, path, text: body)
    try #require(reply.status == 201, "\(reply.text) \(reply.fields.pairs)")
    return try #require(reply.json["data"]?["fleet_run_id"]?.stringValue)
  }

  func row(of run: String, in path: String = ShipyardDemo.runsPath) async throws -> [String: String]
  {
    let rows = try await send(.get, path).rows.filter { $0["Fleet Log ID"] == run }
    try #require(rows.count == 1, "a run stands in the table once")
    return rows[0]
  }

  /// The voyages of a run by vessel name.
  func voyages(of run: String, org: String = ShipyardDemo.org) async throws -> [String: [String:
    String]]
  {
    let rows = try await send(.get, "/orgs/\(org)/voyages").rows
    return Dictionary(
      rows.filter { $0["Fleet Log ID"] == run }.map { ($0["Vessel Name"] ?? "", $0) },
      uniquingKeysWith: { $1 })
  }

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
func oneProject(_ fleets: [JSON], timezone: String = "UTC", settings: JSON = [:]) -> JSON {
  [
    "settings": settings,
    "orgs": [
      [
        "id": .string(ShipyardDemo.org), "name": "Harbor Labs",
        "projects": [
          [
            "id": .string(ShipyardDemo.project), "name": "Harbor", "timezone": .string(timezone),
            "fleets": .array(fleets),
          ]
        ],
      ]
    ],
  ]
}

/// A fleet with Bash vessels, for `oneProject`.
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
    "_id": .string(ShipyardDemo.fleet), "name": .string(name),
    "vessels": .object(JSONObject(members)),
    "connections": connections, "triggers": triggers,
  ]
}
