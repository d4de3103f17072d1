import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite("Hubs and spaces")
struct HubRuleTests {
  private static let owned: JSON = [
    "hubs": [
      "sth-0", ["id": "own-1", "accessKey": "k1"], ["id": "own-2", "accessKey": "k1"],
      ["id": "own-3", "selfHosted": true],
    ]
  ]

  private func listed(_ harness: ServiceHarness) async throws -> [String] {
    let list = try await harness.send(.get, "\(ScramjetDemo.space)/list").json.arrayValue ?? []
    return list.compactMap { $0["id"]?.stringValue }
  }

  @Test(
    "A crash ends a hub's instances and keeps its sequences; it is away until it recovers (DESIGN §7)"
  )
  func crash() throws {
    let bench = try StateBench()
    let other = try bench.anotherHub("h2")
    let (gone, stays) = (try bench.start("forever"), try bench.start("forever", on: other))
    bench.change { state, step in state.crashHub(bench.hub, by: "crashed", &step) }
    var hub = bench.box.read { $0.hubs[bench.hub] }
    #expect(bench.instance(gone) == nil && bench.instance(stays) != nil)
    #expect(hub?.sequenceOrder == ["q"])
    #expect(hub?.isConnected == false && hub?.isHealthy == false)
    bench.change { state, step in state.recoverHub(bench.hub, &step) }
    hub = bench.box.read { $0.hubs[bench.hub] }
    #expect(hub?.isConnected == true && hub?.isHealthy == true)
    #expect(bench.box.read { $0.inconsistencies } == [])
  }

  @Test("A hub that is away answers 503, and is told of by its space (contract §3.6)")
  func away() async throws {
    let harness = try ServiceHarness(
      ScramjetService(), given: ["hubs": ["sth-0", ["id": "far", "connected": false]]])
    let far = "\(ScramjetDemo.space)/sth/far"
    #expect(try await harness.send(.get, "\(far)/api/v1/version").status == 503)
    let info = try await harness.send(.get, "\(far)/info").json
    #expect(info["healthy"] == false && info["isConnectionActive"] == false)
    #expect(info["info"]?["lastDisconnected"] != nil)
  }

  @Test("Hubs that are there and well come first, else as they joined (contract §3.6)")
  func order() async throws {
    let harness = try ServiceHarness(
      ScramjetService(),
      given: [
        "hubs": [
          ["id": "away", "connected": false], "b", ["id": "ill", "healthy": false], "a",
        ]
      ])
    #expect(try await listed(harness) == ["b", "a", "away", "ill"])
  }

  static let choices: [(JSON, Int, [JSON])] = [
    (["id": "own-1"], 202, [["sthId": "own-1", "reason": "id_drop"]]),
    (
      ["accessKey": "k1"], 202,
      [["sthId": "own-1", "reason": "key_revoked"], ["sthId": "own-2", "reason": "key_revoked"]]
    ),
    (["limit": 2], 202, [["sthId": "own-3", "reason": "limit_exceeded"]]),
    (["id": "sth-0"], 400, []), (["id": "nobody"], 404, []), (["accessKey": "k2"], 404, []),
    ([:], 400, []), (["other": 1], 400, []),
  ]

  @Test(
    "A space disconnects the hubs that users host, by id, key or limit (contract §2.2)",
    arguments: choices)
  func disconnect(_ body: JSON, _ status: Int, _ gone: [JSON]) async throws {
    let harness = try ServiceHarness(ScramjetService(), given: Self.owned)
    let reply = try await harness.post("\(ScramjetDemo.space)/disconnect", body)
    #expect(reply.status == status)
    #expect(reply.json["disconnected"]?.arrayValue ?? [] == gone)
    for hub in gone {
      let id = hub["sthId"]?.stringValue ?? ""
      let info = try await harness.send(.get, "\(ScramjetDemo.space)/sth/\(id)/info").json
      #expect(info["disconnectReason"] == hub["reason"])
    }
  }

  @Test("Revoking a key disconnects the hubs that came by it (contract §2.6)")
  func revoked() async throws {
    let keys = "/api/v1/space/demo/apikey"
    let first = try await ServiceHarness(ScramjetService()).post(keys, [:]).json["accessKey"]
    let key = try #require(first?.stringValue)
    let harness = try ServiceHarness(
      ScramjetService(),
      given: [
        "hubs": [
          "sth-0", ["id": "own", "accessKey": .string(key)], ["id": "other", "accessKey": "k"],
        ]
      ])
    #expect(
      try await harness.post(keys, [:]).json["accessKey"] == first, "keys are the same each run")
    #expect(try await harness.send(.get, keys).json["accessKeys"]?.arrayValue?.count == 1)
    #expect(try await harness.delete(keys, [("x-revoke", "unknown")]).status == 404)
    #expect(try await harness.delete(keys, [("x-revoke", key)]).status == 200)
    #expect(try await harness.send(.get, keys).json["accessKeys"] == [])
    let hubs = try await harness.send(.get, "\(ScramjetDemo.space)/list").json
    #expect(hubs.arrayValue?.compactMap { $0["disconnectReason"] } == ["key_revoked"])
    #expect(hubs[2]?["id"] == "own")
  }

  @Test(
    "Only a hub that users host is removed, and while it is connected only by force (contract §2.2)"
  )
  func remove() async throws {
    let harness = try ServiceHarness(ScramjetService(), given: Self.owned)
    #expect(try await harness.delete("\(ScramjetDemo.space)/sth/sth-0").status == 400)
    #expect(try await harness.delete("\(ScramjetDemo.space)/sth/own-1").status == 409)
    let forced = try await harness.delete("\(ScramjetDemo.space)/sth/own-1", [("X-Force", "true")])
    #expect(forced.status == 202)
    #expect(try await listed(harness) == ["sth-0", "own-2", "own-3"])
    #expect(try await harness.send(.get, "\(ScramjetDemo.space)/sth/own-1/info").status == 404)
  }

  @Test(
    "A space that is stopped takes its hubs, topics and packages with it; the bare base is the next space's first hub (contract §2.6)"
  )
  func stopSpace() async throws {
    let harness = try ServiceHarness(
      ScramjetService(),
      given: [
        "spaces": ["demo", "next"], "hubs": ["sth-0", ["id": "n-0", "space": "next"]],
        "topics": ["news"], "store": [["package": ["name": "p", "main": "m"]]],
      ])
    _ = try await harness.start(emulator: "forever")
    #expect(try await harness.send(.get, "/api/v1/status").json["cpm"]?["cpmId"] == "demo")
    #expect(try await harness.post("/api/v1/cpm/demo/stop", [:]).status == 200)
    #expect(try await harness.send(.get, "/api/v1/status").json["cpm"]?["cpmId"] == "next")
    #expect(try await harness.send(.get, "\(ScramjetDemo.space)/version").status == 404)
    let state = harness.state
    #expect(state["spaces"]?.arrayValue?.count == 1)
    #expect(state["streams"] == 4, "only the log and audit of the space and hub that are left")
  }

  @Test(
    "A multi-manager answers for itself while no hub does, or none is left (contract §2.6)",
    arguments: ["crashHub", "removeHub"])
  func managerWithoutHub(_ event: String) async throws {
    let harness = try ServiceHarness(ScramjetService(), given: ["hubs": ["sth-0"]])
    try harness.emit([event: "sth-0"])
    for path in ["list", "info", "load", "health"] {
      #expect(try await harness.send(.get, "/api/v1/\(path)").status == 200, "\(path)")
    }
    #expect(try await harness.send(.get, "/api/v1/list").json == [["id": "demo"]])
    #expect(try await harness.post("/api/v1/cpm/demo/stop", [:]).status == 200)
    #expect(try await harness.send(.get, "/api/v1/list").json == [])
    #expect(try await harness.send(.get, "/api/v1/info").json["managersCount"] == 0)
    #expect(try await harness.send(.get, "\(ScramjetDemo.hub)/info").status == 404)
  }

  @Test("A space's id is taken once (contract §2.6)")
  func startSpace() async throws {
    let harness = try ServiceHarness(ScramjetService())
    #expect(try await harness.post("/api/v1/start", ["id": "new"]).status == 202)
    #expect(try await harness.post("/api/v1/start", ["id": "new"]).status == 409)
    #expect(try await harness.post("/api/v1/start", ["id": "a/b"]).status == 400)
    #expect(try await harness.send(.get, "/api/v1/spaces").json == [["id": "demo"], ["id": "new"]])
  }

  @Test(
    "While somebody reads a hub's audit it beats every ten seconds, and no longer (contract §1.8)")
  func heartbeat() throws {
    let bench = try StateBench()
    let key = try bench.start("forever")
    let audit = bench.box.read { $0.hubs[bench.hub]?.audit }
    let codes = {
      bench.text(audit).split(separator: "\n").compactMap { line in
        (try? JSON(parsing: String(line)))?["opCode"]?.intValue
      }.filter { $0 > 13_000 && $0 < 14_000 }
    }
    #expect(bench.instance(key) != nil)
    bench.advance(.seconds(60))
    #expect(codes() == [])
    bench.change { state, step in state.auditReaderCame(hub: bench.hub, &step) }
    bench.advance(.seconds(20))
    #expect(codes() == [13_010, 13_012, 13_010, 13_012])
    bench.change { state, _ in state.auditReaderLeft(hub: bench.hub) }
    bench.advance(.seconds(60))
    #expect(codes().count == 4)
    #expect(bench.box.read { $0.nextDue } == nil)
  }
}
