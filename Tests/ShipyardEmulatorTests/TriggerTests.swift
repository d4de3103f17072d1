import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Triggering a fleet")
struct TriggerTests {
  @Test("201 has request id, the four ids and the log link (Shipyard, API Triggers)")
  func accepted() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.post, ShipyardDemo.runsPath)
    #expect(reply.status == 201)
    let run = try #require(reply.json["data"]?["fleet_run_id"]?.stringValue)
    #expect(UUIDText.isUUID(run))
    #expect(
      reply.json == [
        "request": ["id": JSON(reply.field("X-Request-Id"))],
        "data": [
          "fleet_id": .string(ShipyardDemo.fleet), "project_id": .string(ShipyardDemo.project),
          "org_id": .string(ShipyardDemo.org), "fleet_run_id": .string(run),
        ],
        "log": .string(
          "http://127.0.0.1:7070/Harbor%20Labs/projects/\(ShipyardDemo.project)/fleets/\(ShipyardDemo.fleet)/logs/\(run)"
        ),
      ])
    #expect(reply.json.objectValue?.keys == ["request", "data", "log"])
    let page = try await harness.send(
      .get,
      "/Harbor%20Labs/projects/\(ShipyardDemo.project)/fleets/\(ShipyardDemo.fleet)/logs/\(run)",
      key: nil)
    #expect(page.status == 200)
    #expect(page.text.contains(run))
  }

  /// Every rule for a value, one after the other: REGION is configured as "us", LIMIT as "100".
  @Test(
    "A value replaces, adds, empties or leaves a variable (Shipyard, API Triggers)",
    arguments: [
      (#""REGION":"eu""#, "REGION", "eu"), (#""NEW":"x""#, "NEW", "x"),
      (#""REGION":"""#, "REGION", ""), (#""REGION":null"#, "REGION", "us"),
      (#""OTHER":"1""#, "REGION", "us"), (#""REGION":"none""#, "REGION", "none"),
      (#""REGION":7"#, "REGION", "7"), (#""REGION":1.50"#, "REGION", "1.50"),
      (#""REGION":true"#, "REGION", "true"), (#""region":"x""#, "REGION", "us"),
      (#""REGION":"a\u00e9\n""#, "REGION", "aé\n"), (#""NEW":null"#, "NEW", nil),
      (#""SHIPYARD_ORG_ID":"x""#, "SHIPYARD_ORG_ID", ShipyardDemo.org),
    ] as [(String, String, String?)])
  func value(member: String, name: String, expected: String?) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger(
      ShipyardDemo.runsPath,
      #"{"vessel_overrides":[{"name":"Extract","environment_variable_overrides":{\#(member)}}]}"#)
    #expect(try harness.environment(of: "Extract", in: run)[name] == expected)
    #expect(try harness.environment(of: "Load", in: run)["REGION"] == nil)
    #expect(try harness.environment(of: "Load", in: run)["TARGET"] == "warehouse")
  }

  @Test("Of several entries for one vessel the later ones win, key by key (assumed)")
  func laterEntriesWin() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger(
      ShipyardDemo.runsPath,
      #"""
      {"vessel_overrides":[
        {"name":"Extract","environment_variable_overrides":{"REGION":"a","LIMIT":"1"}},
        {"name":"Extract","environment_variable_overrides":{"REGION":"b","LIMIT":null}},
        {"name":"Load"}]}
      """#)
    let environment = try harness.environment(of: "Extract", in: run)
    #expect(environment["REGION"] == "b")
    #expect(environment["LIMIT"] == "1")
  }

  /// Bodies that clients are known to send, with whatever type.
  @Test(
    "The body decides, never Content-Type or Accept (contract §1.3)",
    arguments: ["application/json", "application/x-www-form-urlencoded", "text/weird", ""],
    [
      "", "{}", #"{"vessel_overrides":[]}"#, #"{"vessel_overrides":null}"#, "ata",
      " {\"vessel_overrides\": []}\n",
    ])
  func bodies(type: String, body: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .post, ShipyardDemo.runsPath, [("Content-Type", type), ("Accept", "text/csv")], text: body)
    #expect(reply.status == 201)
  }

  @Test(
    "What is no trigger's body is answered 400 and starts nothing",
    arguments: [
      "{", "[]", "null", "7", "\"text\"", "{}{}", "\u{FEFF}\u{FEFF}{}", " ",
      #"{"vessel_overrides":{}}"#, #"{"vessel_overrides":[null]}"#, #"{"vessel_overrides":[1]}"#,
      #"{"vessel_overrides":[{}]}"#, #"{"vessel_overrides":[{"name":7}]}"#,
      #"{"vessel_overrides":[{"name":"Extract","environment_variable_overrides":[]}]}"#,
      #"{"vessel_overrides":[{"name":"Extract","environment_variable_overrides":{"A":[]}}]}"#,
      #"{"vessel_overrides":[{"name":"Extract","environment_variable_overrides":{"A":{}}}]}"#,
      "vessel_overrides=name&vessel_overrides=environment_variable_overrides",
      String(repeating: "[", count: 100_000),
    ])
  func malformed(body: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(.post, ShipyardDemo.runsPath, text: body)
    #expect(reply.status == 400)
    #expect(reply.isFailureForm)
    #expect(reply.field("X-Wavetank-Remark") != nil)
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.isEmpty)
  }

  @Test("Bytes that are no UTF-8 are answered 400")
  func notUTF8() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .post, ShipyardDemo.runsPath,
      body: Array(#"{"a":""#.utf8) + [0xFF, 0xC0] + Array(#""}"#.utf8))
    #expect(reply.status == 400)
  }

  @Test("A dict that requests form-encoded is refused with advice, or ignored by a setting (Q1)")
  func formEncoded() async throws {
    let body = "vessel_overrides=name&vessel_overrides=environment_variable_overrides"
    let refused = try await ServiceHarness(ShipyardService()).send(
      .post, ShipyardDemo.runsPath, text: body)
    #expect(refused.field("X-Wavetank-Remark")?.contains("json.dumps") == true)
    let lenient = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a"])], settings: ["acceptFormOverrides": true]))
    #expect(try await lenient.send(.post, ShipyardDemo.runsPath, text: body).status == 201)
  }

  @Test(
    "Unknown vessels and members are ignored with a remark, and refused in strict mode (assumed)",
    arguments: [
      #"{"vessel_overrides":[{"name":"Nobody","environment_variable_overrides":{"A":"1"}}]}"#,
      #"{"surprise":1}"#, #"{"vessel_overrides":[{"name":"Extract","surprise":1}]}"#, "ata",
    ])
  func strictness(body: String) async throws {
    let lenient = try await ServiceHarness(ShipyardService()).send(
      .post, ShipyardDemo.runsPath, text: body)
    #expect(lenient.status == 201)
    #expect(lenient.field("X-Wavetank-Remark") != nil)
    let strict = try await ServiceHarness(ShipyardService(), isStrict: true).send(
      .post, ShipyardDemo.runsPath, text: body)
    #expect(strict.status == 400)
  }

  @Test(
    "A status that no override has skips nothing and gets a remark",
    arguments: ["BOGUS", "success", "TERMINATED", " SUCCESS"])
  func unknownStatus(status: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let reply = try await harness.send(
      .post, ShipyardDemo.runsPath,
      text: """
        {"vessel_overrides": [{"name": "Extract",
          "environment_variable_overrides": {"SHIPYARD_OVERRIDE_STATUS": "\(status)"}}]}
        """)
    #expect(reply.status == 201)
    #expect(reply.field("X-Wavetank-Remark")?.contains("SHIPYARD_OVERRIDE_STATUS") == true)
    let run = try #require(reply.json["data"]?["fleet_run_id"]?.stringValue)
    harness.advance(.seconds(1))
    #expect(try await harness.voyages(of: run)["Extract"]?["Vessel Status"] == "Running")
  }

  @Test("The same requests give the same bytes in another process")
  func deterministic() async throws {
    let one = try await ServiceHarness(ShipyardService()).send(.post, ShipyardDemo.runsPath)
    let other = try await ServiceHarness(ShipyardService()).send(.post, ShipyardDemo.runsPath)
    #expect(one.body == other.body)
  }

  @Test("Request ids differ from request to request, in success and failure alike")
  func requestIDs() async throws {
    let harness = try ServiceHarness(ShipyardService())
    var seen: Set<String> = []
    for (method, path) in [
      (.post, ShipyardDemo.runsPath), (.post, ShipyardDemo.runsPath), (.get, ShipyardDemo.runsPath),
      (.get, "/orgs"),
      (.get, "/orgs/x/fleets"), (.get, "/no/such/path"), (.put, "/orgs"),
    ] as [(HTTPModel.Method, String)] {
      let reply = try await harness.send(method, path)
      let id = try #require(reply.field("X-Request-Id"), "\(path)")
      #expect(seen.insert(id).inserted)
      if let inBody = reply.json["request"]?["id"]?.stringValue { #expect(inBody == id) }
    }
  }
}
