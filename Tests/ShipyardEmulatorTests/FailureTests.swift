import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Failures of every operation (contract §2.8)")
struct FailureTests {
  struct Endpoint: Sendable, CustomTestStringConvertible {
    var method: HTTPModel.Method
    /// `{o}`, `{p}`, `{f}`, `{b}` stand for ids.
    var template: String
    var body = ""
    var testDescription: String { "\(method) \(template)" }

    func path(
      org: String = ShipyardDemo.org, project: String = ShipyardDemo.project,
      fleet: String = ShipyardDemo.fleet
    )
      -> String
    {
      var path = ""
      var rest = Substring(template)
      while let brace = rest.firstIndex(of: "{") {
        path += rest[..<brace]
        switch rest[rest.index(after: brace)] {
        case "o": path += org
        case "p": path += project
        case "f": path += fleet
        default: path += ShipyardDemo.fleet
        }
        rest = rest[rest.index(brace, offsetBy: 3)...]
      }
      return path + rest
    }
  }

  static let yaml =
    "name: n\nvessels:\n  v:\n    source: {type: CODE, language: BASH, file_to_run: a}\n"

  static let endpoints: [Endpoint] = [
    Endpoint(method: .post, template: "/orgs/{o}/projects/{p}/fleets/{f}/fleetruns"),
    Endpoint(method: .get, template: "/orgs/{o}/projects/{p}/fleets/{f}/fleetruns"),
    Endpoint(method: .get, template: "/orgs/{o}/projects/{p}/fleets/{f}/runs"),
    Endpoint(method: .get, template: "/orgs/{o}/voyages"),
    Endpoint(method: .put, template: "/orgs/{o}/projects/{p}/fleets", body: yaml),
    Endpoint(method: .get, template: "/orgs/{o}/projects/{p}/fleets/{f}"),
    Endpoint(method: .get, template: "/orgs"),
    Endpoint(method: .get, template: "/orgs/{o}/fleets"),
    Endpoint(method: .post, template: "/orgs/{o}/temporary_external_files", body: "x"),
    Endpoint(
      method: .post, template: "/orgs/{o}/blueprints", body: #"{"name":"b","pallet_type":2}"#),
    Endpoint(method: .post, template: "/orgs/{o}/blueprints/{b}", body: "{}"),
  ]

  @Test("No key is 401, before anything else is looked at (C)", arguments: endpoints)
  func noKey(endpoint: Endpoint) async throws {
    let harness = try ServiceHarness(ShipyardService())
    for key in [nil, ""] {
      for org in [ShipyardDemo.org, "None"] {
        let reply = try await harness.send(
          endpoint.method, endpoint.path(org: org), key: key, text: endpoint.body)
        #expect(reply.status == 401)
        #expect(reply.isFailureForm)
      }
    }
  }

  @Test("An unknown or deleted key is 401", arguments: endpoints)
  func unknownKey(endpoint: Endpoint) async throws {
    let harness = try ServiceHarness(
      ShipyardService(), keys: [.init(key: "good"), .init(key: "gone", status: 401)])
    for key in ["gone", "never"] {
      let reply = try await harness.send(
        endpoint.method, endpoint.path(), key: key, text: endpoint.body)
      #expect(reply.status == 401)
      #expect(reply.isFailureForm)
    }
  }

  @Test(
    "Ids that do not resolve are 400, never 404",
    arguments: endpoints.filter { $0.template.contains("{o}") },
    ["None", "x", "%00", "11111111-1111-4111-8111-111111111112", "1111111111114111811111111111"])
  func unresolvedOrganization(endpoint: Endpoint, id: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      endpoint.method, endpoint.path(org: id), text: endpoint.body)
    #expect(reply.status == 400)
    #expect(reply.isFailureForm)
  }

  @Test(
    "A project or fleet that is none, or another's, is 400",
    arguments: endpoints.filter { $0.template.contains("{p}") })
  func unresolvedProject(endpoint: Endpoint) async throws {
    let harness = try ServiceHarness(ShipyardService())
    for project in ["None", "22222222-2222-4222-8222-222222222223", ShipyardDemo.org] {
      let reply = try await harness.send(
        endpoint.method, endpoint.path(project: project), text: endpoint.body)
      #expect(reply.status == 400)
      #expect(reply.isFailureForm)
    }
    guard endpoint.template.contains("{f}") else { return }
    for fleet in ["None", "33333333-3333-4333-8333-333333333334", ShipyardDemo.project] {
      let reply = try await harness.send(endpoint.method, endpoint.path(fleet: fleet))
      #expect(reply.status == 400)
    }
  }

  @Test("Another verb on a known path is 405 with Allow", arguments: endpoints)
  func otherVerb(endpoint: Endpoint) async throws {
    let harness = try ServiceHarness(ShipyardService())
    for method in [HTTPModel.Method.delete, .patch] {
      let reply = try await harness.send(method, endpoint.path())
      #expect(reply.status == 405)
      #expect(reply.isFailureForm)
      #expect(reply.field("Allow")?.contains(endpoint.method.name) == true)
    }
  }

  @Test(
    "A path of no known form is 404",
    arguments: [
      "/orgs/\(ShipyardDemo.org)", "/orgs/\(ShipyardDemo.org)/projects",
      "\(ShipyardDemo.fleetPath)/fleetrun",
      "\(ShipyardDemo.fleetPath)/logs", "\(ShipyardDemo.runsPath)/more", "/org",
    ])
  func unknownPath(path: String) async throws {
    let reply = try await ServiceHarness(ShipyardService()).send(.get, path)
    #expect(reply.status == 404)
    #expect(reply.isFailureForm)
  }

  @Test(
    "A body above 10 MB is 413", arguments: endpoints.filter { $0.method != .get })
  func tooLarge(endpoint: Endpoint) async throws {
    let body = [UInt8](repeating: UInt8(ascii: " "), count: 10_000_001)
    let reply = try await ServiceHarness(ShipyardService()).send(
      endpoint.method, endpoint.path(), body: body)
    #expect(reply.status == 413)
    #expect(reply.isFailureForm)
  }

  @Test("Double slashes collapse, ids and names of fields are compared in any case")
  func leniency() async throws {
    let harness = try ServiceHarness(ShipyardService())
    #expect(try await harness.send(.get, "/" + ShipyardDemo.runsPath).status == 200)
    #expect(
      try await harness.send(
        .post,
        "/orgs/\(ShipyardDemo.org)//projects/\(ShipyardDemo.project)/fleets/\(ShipyardDemo.fleet)//fleetruns"
      )
      .status == 201)
    let reply = try await harness.send(
      .get, "/orgs", key: nil, [("x-shipyard-api-KEY", "k"), ("Authorization", "Basic eDp5")])
    #expect(reply.status == 200)
  }

  @Test("A key sees its own organizations and projects, and may do what its rights say")
  func rights() async throws {
    let second = "99999999-1111-4111-8111-111111111111"
    var given = oneProject([bashFleet(["a"])])
    guard case .object(var object) = given, case .array(var orgs)? = object["orgs"] else { return }
    orgs.append(["id": .string(second), "name": "Second"])
    object["orgs"] = .array(orgs)
    object["keys"] = [
      ["key": "all"], ["key": "reader", "orgs": ["Harbor Labs"], "rights": ["read"]],
      ["key": "second", "orgs": [.string(second)]],
      ["key": "runner", "projects": ["Harbor"], "rights": ["run", "read"]],
    ]
    given = .object(object)
    let harness = try ServiceHarness(ShipyardService(), given: given)
    func status(
      _ method: HTTPModel.Method, _ path: String, _ key: String, _ body: String = ""
    ) async throws -> Int {
      try await harness.send(method, path, key: key, text: body).status
    }
    #expect(try await status(.get, "/orgs", "stranger") == 401)
    #expect(try await status(.post, ShipyardDemo.runsPath, "reader") == 403)
    #expect(try await status(.get, ShipyardDemo.runsPath, "reader") == 200)
    #expect(try await status(.post, ShipyardDemo.runsPath, "runner") == 201)
    #expect(
      try await status(.put, "\(ShipyardDemo.projectPath)/fleets", "runner", Self.yaml) == 403)
    #expect(try await status(.put, "\(ShipyardDemo.projectPath)/fleets", "all", Self.yaml) == 200)
    #expect(try await status(.post, ShipyardDemo.runsPath, "second") == 403)
    #expect(try await status(.get, "/orgs/\(ShipyardDemo.org)/voyages", "second") == 403)
    let visible = try await harness.send(.get, "/orgs", key: "second").json["data"]?.arrayValue
    #expect(visible?.compactMap { $0["name"]?.stringValue } == ["Second"])
    #expect(
      try await harness.send(.get, "/orgs", key: "all").json["data"]?.arrayValue?.count == 2)
  }

  @Test("An organization that may not run is 403 for triggers only")
  func notRunnable() async throws {
    let harness = try ServiceHarness(ShipyardService())
    try harness.emit(["setRunnable": ["org": "Harbor Labs", "runnable": false]])
    let reply = try await harness.send(.post, ShipyardDemo.runsPath)
    #expect(reply.status == 403)
    #expect(reply.isFailureForm)
    #expect(try await harness.send(.post, ShipyardDemo.webhookPath, key: nil).status == 403)
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).status == 200)
    let orgs = try await harness.send(.get, "/orgs").json
    #expect(orgs["data"]?[0]?["is_runnable"] == false)
  }

  @Test("GET /orgs has the documented members and no envelope of a request")
  func organizations() async throws {
    let reply = try await ServiceHarness(ShipyardService()).send(.get, "/orgs")
    #expect(
      reply.text
        == #"{"data_kind":"organizations","data":[{"id":"\#(ShipyardDemo.org)","name":"Harbor Labs","created_at":"2024-02-01T09:00:00.000000Z","updated_at":"2024-02-01T09:00:00.000000Z","has_billing":false,"is_runnable":true,"is_in_developer_plan":false,"is_over_developer_plan_limit":false,"developer_plan_period_start":null,"developer_plan_period_end":null}]}"#
    )
  }

  @Test("GET /orgs/{o}/fleets tells the graph of each fleet")
  func fleets() async throws {
    let reply = try await ServiceHarness(ShipyardService()).send(
      .get, "/orgs/\(ShipyardDemo.org)/fleets")
    #expect(reply.json["data_kind"] == "fleets")
    let fleet = try #require(reply.json["data"]?[0])
    #expect(fleet["id"] == .string(ShipyardDemo.fleet))
    #expect(fleet["name"] == "Nightly")
    let ids = try #require(fleet["pallet_ids"]?.arrayValue)
    #expect(ids.count == 2)
    #expect(fleet["vessel_dag"]?["vertices"] == .array(ids))
    #expect(fleet["vessel_dag"]?["versions"] == [1, 1])
    #expect(
      fleet["vessel_dag"]?["edges"]
        == [["from": ids[0], "to": ids[1], "condition": "SUCCESS"]])
  }
}
