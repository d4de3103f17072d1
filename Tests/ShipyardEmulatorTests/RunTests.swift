import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("How a run proceeds")
struct RunTests {
  @Test("Scheduled, Running, Success: vessels one after the other, times to the second")
  func life() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger()
    var row = try await harness.row(of: run)
    #expect(
      row == [
        "Fleet ID": ShipyardDemo.fleet, "Fleet Name": "Nightly", "Fleet Version": "1",
        "Fleet Log ID": run, "Status": "Scheduled", "Start Time": "", "End Time": "",
        "Duration": "", "Billable Runtime": "", "Vessels Count": "2", "Trigger": "API",
      ])
    var voyages = try await harness.voyages(of: run)
    #expect(Set(voyages.values.compactMap { $0["Vessel Status"] }) == ["Scheduled"])

    harness.advance(.milliseconds(500))
    row = try await harness.row(of: run)
    #expect(row["Status"] == "Running")
    #expect(row["Start Time"] == "2026-01-05T10:00:00Z")
    voyages = try await harness.voyages(of: run)
    #expect(voyages["Extract"]?["Vessel Status"] == "Running")
    #expect(voyages["Load"]?["Vessel Status"] == "Scheduled")

    harness.advance(.milliseconds(999))
    #expect(try await harness.voyages(of: run)["Extract"]?["Vessel Status"] == "Running")
    harness.advance(.milliseconds(1))
    voyages = try await harness.voyages(of: run)
    #expect(voyages["Extract"]?["Exit Code"] == "0")
    #expect(voyages["Load"]?["Vessel Status"] == "Running")

    harness.advance(.seconds(1))
    row = try await harness.row(of: run)
    #expect(row["Status"] == "Success")
    #expect(row["End Time"] == "2026-01-05T10:00:02Z")
    #expect(row["Duration"] == "2")
    #expect(row["Billable Runtime"] == "2")
    voyages = try await harness.voyages(of: run)
    let load = try #require(voyages["Load"])
    #expect(load["Vessel Trigger"] == "API")
    #expect(load["Fleet Log Status"] == "Success")
    #expect(load["Vessel Start Time"] == "2026-01-05T10:00:01Z")
    #expect(load["Vessel End Time"] == "2026-01-05T10:00:02Z")
    #expect(load["Duration"] == "1")
    #expect(load["Retries"] == "0")
  }

  @Test("With the clock mode skip the first look finds the run finished (DESIGN §4)")
  func skip() async throws {
    let harness = try ServiceHarness(ShipyardService(), mode: .skip)
    let run = try await harness.trigger()
    var statuses: [String] = []
    for _ in 0..<2 { statuses.append(try await harness.row(of: run)["Status"] ?? "") }
    #expect(statuses == ["Success", "Success"])
    let now = harness.now
    let other = try await harness.trigger()
    #expect(try await harness.voyages(of: other)["Load"]?["Vessel Status"] == "Success")
    #expect(harness.now - now == .milliseconds(2_500))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    /// Exit codes by vessel; those left out exit 0.
    var exits: [String: Int] = [:]
    var connections: JSON
    var statuses: [String: String]
    var run: String
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "success takes the success path", connections: ["a": ["b": "SUCCESS"]],
      statuses: ["a": "Success", "b": "Success", "c": "Success"], run: "Success"),
    Case(
      name: "an error leaves the success path", exits: ["a": 1],
      connections: ["a": ["b": "SUCCESS", "c": "ERRORED"]],
      statuses: ["a": "Errored", "b": "Incomplete", "c": "Success"], run: "Errored"),
    Case(
      name: "exit 255 is an error", exits: ["a": 255], connections: ["a": ["b": "ERRORED"]],
      statuses: ["a": "Errored", "b": "Success", "c": "Success"], run: "Errored"),
    Case(
      name: "completed holds for an error", exits: ["a": 3],
      connections: ["a": ["b": "COMPLETED"]],
      statuses: ["a": "Errored", "b": "Success", "c": "Success"], run: "Errored"),
    Case(
      name: "incomplete reaches everything after it, COMPLETED too", exits: ["a": 1],
      connections: ["a": ["b": "SUCCESS"], "b": ["c": "COMPLETED"]],
      statuses: ["a": "Errored", "b": "Incomplete", "c": "Incomplete"], run: "Errored"),
    Case(
      name: "a success leaves the error path and the run is a success",
      connections: ["a": ["b": "ERRORED"], "b": ["c": "ERRORED"]],
      statuses: ["a": "Success", "b": "Incomplete", "c": "Incomplete"], run: "Success"),
    Case(
      name: "all incoming conditions must hold", exits: ["b": 1],
      connections: ["a": ["c": "SUCCESS"], "b": ["c": "SUCCESS"]],
      statuses: ["a": "Success", "b": "Errored", "c": "Incomplete"], run: "Errored"),
    Case(
      name: "each incoming condition is its own", exits: ["b": 1],
      connections: ["a": ["c": "SUCCESS"], "b": ["c": "ERRORED"]],
      statuses: ["a": "Success", "b": "Errored", "c": "Success"], run: "Errored"),
  ]

  @Test("Connections decide which vessels run (Shipyard, Connections)", arguments: cases)
  func connections(_ example: Case) async throws {
    let behaviors = example.exits.sorted { $0.key < $1.key }.map { vessel, exit -> JSON in
      ["when": ["vessel": .string(vessel)], "attempts": [["exit": .integer(exit), "for": "1s"]]]
    }
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a", "b", "c"], connections: example.connections)]),
      behaviors: .array(behaviors))
    let run = try await harness.trigger()
    harness.advance(.seconds(60))
    let voyages = try await harness.voyages(of: run)
    #expect(voyages.mapValues { $0["Vessel Status"] ?? "" } == example.statuses)
    #expect(try await harness.row(of: run)["Status"] == example.run)
    for voyage in voyages.values where voyage["Vessel Status"] == "Incomplete" {
      for column in ["Exit Code", "Vessel Start Time", "Duration", "Billable Runtime"] {
        #expect(voyage[column] == "")
      }
    }
  }

  @Test("A vessel waits for all before it, also when one is much slower")
  func joins() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a", "b", "c"], connections: ["a": ["c": "SUCCESS"], "b": ["c": "SUCCESS"]])
      ]),
      behaviors: [["when": ["vessel": "b"], "attempts": [["for": "1h"]]]])
    let run = try await harness.trigger()
    harness.advance(.seconds(3599))
    #expect(try await harness.voyages(of: run)["c"]?["Vessel Status"] == "Scheduled")
    harness.advance(.seconds(3))
    let voyages = try await harness.voyages(of: run)
    #expect(voyages["c"]?["Vessel Status"] == "Success")
    let row = try await harness.row(of: run)
    #expect(row["Duration"] == "3601")
    #expect(row["Billable Runtime"] == "3602")
  }

  @Test("Retries: count, waits, billable runtime without waits (Shipyard, Guardrails)")
  func retries() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], guardrails: ["a": ["retry_count": 2, "retry_wait": "5m"]])
      ]),
      behaviors: [
        [
          "when": ["fleet": "Te*", "vessel": "?"],
          "attempts": [
            ["exit": 1, "for": "1500ms"], ["exit": 2, "for": "1500ms"], ["exit": 0, "for": "2s"],
          ],
        ]
      ])
    let run = try await harness.trigger()
    harness.advance(.seconds(10))
    var voyage = try #require(try await harness.voyages(of: run)["a"])
    #expect(voyage["Vessel Status"] == "Retrying")
    #expect(voyage["Retries"] == "0")
    #expect(try await harness.row(of: run)["Status"] == "Running")
    harness.advance(.seconds(300))
    voyage = try #require(try await harness.voyages(of: run)["a"])
    #expect(voyage["Vessel Status"] == "Retrying")
    #expect(voyage["Retries"] == "1")
    harness.advance(.seconds(600))
    voyage = try #require(try await harness.voyages(of: run)["a"])
    #expect(voyage["Vessel Status"] == "Success")
    #expect(voyage["Retries"] == "2")
    #expect(voyage["Duration"] == "605")
    #expect(voyage["Billable Runtime"] == "5")
  }

  @Test("The view of a run tells when each attempt began and ended, and which is going on")
  func attempts() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], guardrails: ["a": ["retry_count": 2, "retry_wait": "5m"]])
      ]),
      behaviors: [
        [
          "attempts": [
            ["exit": 1, "for": "1500ms"], ["exit": 2, "for": "1s"], ["exit": 0, "for": "2s"],
          ]
        ]
      ])
    let run = try await harness.trigger()
    /// Milliseconds since the first one began; nil: it goes on.
    func spans() throws -> [[Int64?]] {
      let attempts = try harness.described(run)["voyages"]?[0]?["attempts"]?.arrayValue ?? []
      func instant(_ json: JSON?) -> Int64? {
        json?.stringValue.flatMap { VirtualInstant(iso8601: $0)?.epochMilliseconds }
      }
      let first = instant(attempts.first?["startedAt"]) ?? 0
      return attempts.map { one in
        [instant(one["startedAt"]), instant(one["endedAt"])].map { $0.map { $0 - first } }
      }
    }
    #expect(try spans() == [])
    harness.advance(.seconds(1))
    #expect(try spans() == [[0, nil]])
    harness.advance(.seconds(9))
    #expect(try spans() == [[0, 1500]])
    harness.advance(.seconds(300))
    #expect(try spans() == [[0, 1500], [301_500, 302_500]])
    harness.advance(.seconds(600))
    #expect(try spans() == [[0, 1500], [301_500, 302_500], [602_500, 604_500]])
  }

  @Test(
    "When retries end: used up, excluded, no wait, cut off",
    arguments: [
      (["retry_count": 1], 1, "1", "1", "2s"),
      (["retry_count": 24, "exclude_exit_code_ranges": ["3-5"]], 4, "0", "4", "1s"),
      (["retry_count": 1, "exclude_exit_code_ranges": ["3-5", 7]], 6, "1", "6", "2s"),
      (["retry_count": 0], 1, "0", "1", "1s"),
      (["runtime_cutoff": "10m", "retry_count": 1], 0, "1", "124", "1h"),
      (
        ["runtime_cutoff": "10m", "retry_count": 3, "exclude_exit_code_ranges": [124]], 0, "0",
        "124", "1h"
      ),
    ] as [(JSON, Int, String, String, String)])
  func retriesEnd(
    guardrails: JSON, exit: Int, retries: String, code: String, duration: String
  ) async throws {
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet(["a"], guardrails: ["a": guardrails])]),
      behaviors: [["attempts": [["exit": .integer(exit), "for": .string(duration)]]]])
    let run = try await harness.trigger()
    harness.advance(.seconds(86_000))
    let voyage = try #require(try await harness.voyages(of: run)["a"])
    #expect(voyage["Vessel Status"] == "Errored")
    #expect(voyage["Retries"] == retries)
    #expect(voyage["Exit Code"] == code)
    #expect(try await harness.row(of: run)["Status"] == "Errored")
  }

  @Test("A vessel terminated before its run starts stays so, with all that follow; others run")
  func terminatedBeforeStart() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a", "b", "c"], connections: ["a": ["b": "SUCCESS"]])]))
    let run = try await harness.trigger()
    try harness.emit(["terminateVessel": ["run": .string(run), "vessel": "a"]])
    harness.advance(.seconds(60))
    let voyages = try await harness.voyages(of: run)
    #expect(voyages["a"]?["Vessel Status"] == "Terminated")
    #expect(voyages["a"]?["Vessel Start Time"] == "")
    #expect(voyages["b"]?["Vessel Status"] == "Terminated")
    #expect(voyages["c"]?["Vessel Status"] == "Success")
    #expect(try await harness.row(of: run)["Status"] == "Terminated")
  }

  @Test("retry_count counts repetitions: ten attempts more than the first (Shipyard, Guardrails)")
  func retryCount() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], guardrails: ["a": ["retry_count": 10, "retry_wait": "5m"]])
      ]),
      behaviors: [["attempts": [["exit": 1, "for": "1m"]]]])
    let run = try await harness.trigger()
    harness.advance(.seconds(7_200))
    let voyage = try #require(try await harness.voyages(of: run)["a"])
    #expect(voyage["Retries"] == "10")
    #expect(voyage["Duration"] == "3660")
    #expect(voyage["Billable Runtime"] == "660")
  }

  @Test("What attempts print is seen on the run's page and in the state, attempt by attempt")
  func output() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a", "b"], guardrails: ["a": ["retry_count": 1]])]),
      behaviors: [
        [
          "when": ["vessel": "a"],
          "attempts": [
            ["exit": 1, "for": "1s", "output": "busy <1>\n"],
            ["exit": 0, "for": "1s", "output": "done\n"],
          ],
        ]
      ])
    let run = try await harness.trigger(
      ShipyardDemo.runsPath,
      #"{"vessel_overrides":[{"name":"b","environment_variable_overrides":{"SHIPYARD_OVERRIDE_STATUS":"SUCCESS"}}]}"#
    )
    func outputs() throws -> [String?] {
      try harness.described(run)["voyages"]?.arrayValue?.map { $0["output"]?.stringValue } ?? []
    }
    #expect(try outputs() == ["", ""])
    harness.advance(.seconds(2))
    #expect(try outputs() == ["busy <1>\n", "Vessel has been skipped due to override."])
    harness.advance(.seconds(60))
    #expect(try outputs()[0] == "busy <1>\ndone\n")
    let page = try await harness.send(
      .get,
      "/Harbor%20Labs/projects/\(ShipyardDemo.project)/fleets/\(ShipyardDemo.fleet)/logs/\(run)",
      key: nil)
    #expect(page.text.contains("<pre>busy &lt;1&gt;\ndone\n</pre>"))
  }

  @Test("A retry without a wait comes after about 30 s")
  func retryDelay() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a"], guardrails: ["a": ["retry_count": 1]])]),
      behaviors: [["attempts": [["exit": 1, "for": "1s"], ["exit": 0, "for": "1s"]]]])
    let run = try await harness.trigger()
    harness.advance(.seconds(100))
    #expect(try await harness.row(of: run)["Duration"] == "32")
  }

  @Test(
    "SHIPYARD_OVERRIDE_STATUS skips a vessel (documented screenshot)",
    arguments: [
      ("SUCCESS", "0", "Success", "Incomplete"), ("SUCCESSFUL", "0", "Success", "Incomplete"),
      ("ERROR", "1", "Incomplete", "Success"), ("ERRORED", "1", "Incomplete", "Success"),
    ])
  func overrideStatus(value: String, exit: String, good: String, bad: String) async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(
          ["a", "good", "bad"], connections: ["a": ["good": "SUCCESS", "bad": "ERRORED"]])
      ]))
    let run = try await harness.trigger(
      ShipyardDemo.runsPath,
      #"{"vessel_overrides":[{"name":"a","environment_variable_overrides":{"SHIPYARD_OVERRIDE_STATUS":"\#(value)"}}]}"#
    )
    harness.advance(.seconds(60))
    let voyages = try await harness.voyages(of: run)
    let skipped = try #require(voyages["a"])
    #expect(skipped["Vessel Status"] == "Success")
    #expect(skipped["Exit Code"] == exit)
    #expect(skipped["Retries"] == "0")
    #expect(skipped["Vessel Start Time"] == "")
    #expect(skipped["Vessel End Time"] == "2026-01-05T10:00:00Z")
    #expect(skipped["Duration"] == "")
    #expect(skipped["Billable Runtime"] == "")
    #expect(voyages["good"]?["Vessel Status"] == good)
    #expect(voyages["bad"]?["Vessel Status"] == bad)
    #expect(try await harness.row(of: run)["Status"] == "Success")
  }

  @Test("A run whose vessels are all skipped ends at once, as a success")
  func allSkipped() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([bashFleet(["a", "b"], connections: ["a": ["b": "SUCCESS"]])]))
    let skip = #""environment_variable_overrides":{"SHIPYARD_OVERRIDE_STATUS":"SUCCESS"}"#
    let run = try await harness.trigger(
      ShipyardDemo.runsPath, #"{"vessel_overrides":[{"name":"a",\#(skip)},{"name":"b",\#(skip)}]}"#)
    harness.advance(.milliseconds(500))
    let row = try await harness.row(of: run)
    #expect(row["Status"] == "Success")
    #expect(row["Duration"] == "0")
    #expect(row["Billable Runtime"] == "0")
  }

  @Test("Another value of SHIPYARD_OVERRIDE_STATUS skips nothing", arguments: ["", "success", "x"])
  func otherOverrideStatus(value: String) async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger(
      ShipyardDemo.runsPath,
      #"{"vessel_overrides":[{"name":"Extract","environment_variable_overrides":{"SHIPYARD_OVERRIDE_STATUS":"\#(value)"}}]}"#
    )
    harness.advance(.seconds(60))
    #expect(try await harness.voyages(of: run)["Extract"]?["Duration"] == "1")
  }

  @Test("Terminating a vessel stops it and all that follow; others go on")
  func terminateVessel() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(
          ["a", "b", "c", "side"], connections: ["a": ["b": "SUCCESS"], "b": ["c": "ERRORED"]])
      ]),
      behaviors: [["attempts": [["for": "10s"]]]])
    let run = try await harness.trigger()
    harness.advance(.milliseconds(2000))
    try harness.emit(["terminateVessel": ["run": .string(run), "vessel": "a"]])
    var voyages = try await harness.voyages(of: run)
    #expect(voyages["a"]?["Vessel Status"] == "Terminated")
    #expect(voyages["a"]?["Exit Code"] == "143")
    #expect(voyages["a"]?["Billable Runtime"] == "2")
    #expect(voyages["b"]?["Vessel Status"] == "Terminated")
    #expect(voyages["c"]?["Vessel Status"] == "Terminated")
    #expect(voyages["c"]?["Exit Code"] == "")
    #expect(voyages["side"]?["Vessel Status"] == "Running")
    #expect(try await harness.row(of: run)["Status"] == "Running")
    harness.advance(.seconds(60))
    voyages = try await harness.voyages(of: run)
    #expect(voyages["side"]?["Vessel Status"] == "Success")
    #expect(try await harness.row(of: run)["Status"] == "Terminated")
    #expect(throws: ScenarioProblems.self) {
      try harness.emit(["terminateRun": .string(run)])
    }
  }

  @Test("Terminating a run that waits to start ends it without a start")
  func terminateScheduled() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger()
    try harness.emit(["terminateRun": "Nightly"])
    let row = try await harness.row(of: run)
    #expect(row["Status"] == "Terminated")
    #expect(row["Start Time"] == "")
    harness.advance(.seconds(60))
    #expect(try await harness.row(of: run) == row)
    #expect(harness.live.tenant.nextDue == nil)
  }

  @Test("Run now: the trigger is On Demand, its overrides arrive")
  func onDemand() async throws {
    let harness = try ServiceHarness(ShipyardService())
    try harness.emit([
      "runFleet": [
        "fleet": "Nightly",
        "overrides": [
          "vessel_overrides": [
            ["name": "Load", "environment_variable_overrides": ["TARGET": "lake"]]
          ]
        ],
      ]
    ])
    let row = try #require(try await harness.send(.get, ShipyardDemo.runsPath).rows.first)
    #expect(row["Trigger"] == "On Demand")
    #expect(try harness.environment(of: "Load", in: row["Fleet Log ID"] ?? "")["TARGET"] == "lake")
    #expect(throws: ScenarioProblems.self) { try harness.emit(["runFleet": "Nightley"]) }
  }

  @Test("The platform's variables tell ids, names, times and neighbours (Shipyard, Environment)")
  func environment() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(
          ["a", "b1", "b2", "c"],
          connections: [
            "a": ["b1": "SUCCESS", "b2": "SUCCESS"], "b1": ["c": "COMPLETED"],
            "b2": ["c": "COMPLETED"],
          ])
      ]))
    let run = try await harness.trigger()
    var variables = try harness.environment(of: "b2", in: run)
    #expect(variables["SHIPYARD_VESSEL_START_TIME"] == nil)
    harness.advance(.seconds(60))
    variables = try harness.environment(of: "b2", in: run)
    let voyages = try await harness.voyages(of: run)
    func log(_ vessel: String) -> String { voyages[vessel]?["Vessel Log ID"] ?? "" }
    for (name, value) in [
      ("SHIPYARD_ORG_NAME", "Harbor Labs"), ("SHIPYARD_PROJECT_NAME", "Harbor"),
      ("SHIPYARD_FLEET_NAME", "Test"), ("SHIPYARD_VESSEL_NAME", "b2"),
      ("SHIPYARD_FLEET_LOG_ID", run), ("SHIPYARD_LOG_ID", log("b2")),
      ("SHIPYARD_LOG_WORKDIR", "/home/shipyard"), ("HOME", "/home/shipyard"),
      ("USER", "shipyard"), ("SHIPYARD_VESSEL_START_TIME", "2026-01-05T10:00:01Z"),
      ("SHIPYARD_VESSEL_START_TIME_MONTH", "01"), ("SHIPYARD_VESSEL_START_TIME_DAY", "05"),
      ("SHIPYARD_VESSEL_START_TIME_MILLISECOND", "500"),
      ("SHIPYARD_VESSEL_START_TIME_EPOCH", "1767607201"),
      ("SHIPYARD_FLEET_START_TIME", "2026-01-05T10:00:00Z"),
      ("SHIPYARD_FLEET_UPSTREAM_COUNT", "1"), ("SHIPYARD_FLEET_UPSTREAM_LOG_IDS", log("a")),
      ("SHIPYARD_FLEET_CURRENTSTREAM_COUNT", "2"), ("SHIPYARD_FLEET_CURRENTSTREAM_INDEX", "1"),
      ("SHIPYARD_FLEET_CURRENTSTREAM_LOG_IDS", "\(log("b1")),\(log("b2"))"),
      ("SHIPYARD_FLEET_DOWNSTREAM_COUNT", "1"), ("SHIPYARD_FLEET_DOWNSTREAM_LOG_IDS", log("c")),
    ] {
      #expect(variables[name] == value, "\(name)")
    }
  }

  @Test("Behaviors are chosen by fleet, vessel and trigger; the first that matches decides")
  func behaviors() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      behaviors: [
        ["when": ["trigger": "webhook"], "attempts": [["exit": 9]]],
        ["when": ["fleet": "Other"], "attempts": [["exit": 8]]],
        ["when": ["fleet": "N*y", "vessel": "L??d"], "attempts": [["exit": 7]]],
        ["when": ["vessel": "Load"], "attempts": [["exit": 6]]],
      ])
    let run = try await harness.trigger()
    let hooked = try await harness.trigger(ShipyardDemo.webhookPath)
    harness.advance(.seconds(60))
    #expect(try await harness.voyages(of: run)["Load"]?["Exit Code"] == "7")
    #expect(try await harness.voyages(of: run)["Extract"]?["Exit Code"] == "0")
    #expect(try await harness.voyages(of: hooked)["Extract"]?["Exit Code"] == "9")
  }
}
