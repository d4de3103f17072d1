import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

/// Events at a time, without a request: `at` of a scenario.
@Suite("Events at a time")
struct TimedEventTests {
  private static let down: JSON = ["name": "down", "enabled": false, "error": 503]

  private static func outage(_ at: JSON) -> JSON {
    ["wavetank": 1, "clock": ["mode": "manual"], "at": at, "rules": [down]]
  }

  private func statuses(_ harness: ScenarioHarness, at seconds: [Int]) async -> [Int] {
    var found: [Int] = []
    for second in seconds {
      let goal = harness.live.rules!.start + .seconds(second)
      _ = harness.live.tenant.advance(to: goal, stepLimit: 100)
      found += await harness.statuses(1)
    }
    return found
  }

  static let shapes: [JSON] = [
    ["after": "10s", "emit": ["enableRule": "down"], "until": "15s"],
    [["after": "10s", "emit": [["enableRule": "down"]], "until": "15s"]],
    [
      ["after": "10s", "emit": ["enableRule": "down"]],
      ["after": "15s", "emit": ["disableRule": "down"]],
    ],
    [
      "after": "10s", "emit": ["enableRule": "down"], "until": "15s",
      "then": ["disableRule": "down"],
    ],
  ]

  @Test("What begins at 10 s is over at 15 s, in every way to say it", arguments: shapes)
  func comesAndGoes(_ at: JSON) async throws {
    let harness = try ScenarioHarness(Self.outage(at))
    #expect(await statuses(harness, at: [0, 9, 10, 14, 15, 60]) == [200, 200, 503, 503, 200, 200])
  }

  @Test("One jump over both leaves things as after both; a reset begins anew, a look finds it due")
  func jumps() async throws {
    let harness = try ScenarioHarness(Self.outage(Self.shapes[0]))
    #expect(await statuses(harness, at: [20]) == [200])
    try harness.live.reset()
    #expect(await statuses(harness, at: [12]) == [503])
    try harness.live.reset()
    // Nobody advances: the clock is set, as wall time goes on.
    harness.live.tenant.clock.set(to: harness.live.rules!.start + .seconds(12))
    #expect(await harness.statuses(1) == [503])
    #expect(harness.live.tenant.nextDue == harness.live.rules!.start + .seconds(15))
  }

  @Test("What was due while a tenant slept in its file has happened before its first request")
  func sleeper() async throws {
    let wall = HandWall(1_000)
    let scenario: JSON = [
      "wavetank": 1, "clock": ["mode": "real"], "at": Self.shapes[0], "rules": [Self.down],
    ]
    let harness = try ScenarioHarness(scenario, wall: { wall.now })
    let directory = try WorldStoreTests.Directory()
    let store = try WorldStore(directory: directory.path, pipeline: harness.pipeline) { _ in }
    for (pause, status) in [(0, 200), (12, 503), (1, 503), (3, 200)] {
      wall.add(.seconds(pause))
      #expect(await harness.statuses(1, .get, "/_t/blue/ships") == [status])
      store.saveChanged()
      harness.pipeline.tenants.evictIdle(downTo: 0)
      #expect(harness.pipeline.tenants.find("blue") == nil)
    }
  }

  @Test("A snapshot holds how far the timetable has come")
  func isSaved() async throws {
    let harness = try ScenarioHarness(Self.outage(Self.shapes[0]))
    #expect(await statuses(harness, at: [12]) == [503])
    let engine = try harness.engine()
    let saved = engine.saved()
    engine.reset(start: engine.start)
    #expect(engine.nextTimed == engine.start + .seconds(10))
    try engine.prepareRestore(SavedRules(reading: saved)).putInForce()
    #expect(engine.nextTimed == engine.start + .seconds(15))
    #expect(await statuses(harness, at: [13, 15]) == [503, 200])
  }

  @Test(
    "A timetable that takes the place of none is kept, and so is one that takes that of one that is over"
  )
  func isTakenOver() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "clock": ["mode": "manual"], "rules": [Self.down],
    ])
    let engine = try harness.engine()
    let timed = try ScenarioHarness(Self.outage(Self.shapes[0])).engine().scenario
    engine.swap(timed, at: engine.start)
    #expect(await statuses(harness, at: [5, 12, 20]) == [200, 503, 200])
    engine.reset(to: timed, start: engine.start + .seconds(20))
    #expect(await statuses(harness, at: [0, 12]) == [200, 503])
  }

  @Test("Templates in it see time and variables; variables can be set")
  func templates() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "clock": ["mode": "manual", "start": "2026-01-01T00:00:00Z"],
      "variables": ["phase": "cold", "when": ""],
      "at": [
        "after": "1m",
        "emit": ["setVariables": ["phase": "was {{vars.phase}}", "when": "{{now}}"]],
      ],
    ])
    _ = await statuses(harness, at: [61])
    let variables = try harness.engine().variables
    #expect(variables["phase"] == "was cold")
    #expect(variables["when"] == "2026-01-01T00:01:00.000Z")
  }

  @Test("A rule that is triggered at a time cannot move time either; what else it does happens")
  func cannotMoveTime() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "clock": ["mode": "manual"],
      "at": ["after": "10s", "emit": ["trigger": "tide"]],
      "rules": [
        Self.down,
        [
          "name": "tide", "match": ["path": "/nowhere"],
          "emit": [["advance": "1h"], ["enableRule": "down"]],
        ],
      ],
    ])
    #expect(await statuses(harness, at: [9, 11]) == [200, 503])
    #expect(harness.live.tenant.clock.now == harness.live.rules!.start + .seconds(11))
  }

  static let mistakes: [(at: JSON, pointer: String, message: String)] = [
    (["emit": ["enableRule": "down"]], "/at", "after"),
    (["after": "soon", "emit": ["enableRule": "down"]], "/at/after", "an instant such as"),
    (["after": "10s"], "/at", "emit"),
    (["after": "10s", "emit": ["enableRule": "down"], "until": "5s"], "/at", "must come before"),
    (["after": "10s", "emit": ["expireKey": "k"], "until": "15s"], "/at", "no opposite"),
    (["after": "10s", "emit": ["advance": "5s"]], "/at/emit", "no \"advance\""),
    (["after": "10s", "emit": ["enableRule": "up"]], "/at/0/emit", "unknown rule"),
    (
      ["after": "10s", "emit": ["enableRule": "down"], "then": ["expireKey": "k"]], "/at/then",
      "until"
    ),
  ]

  @Test("Mistakes are told with their places", arguments: mistakes.indices)
  func tellsMistakes(_ index: Int) throws {
    let (at, pointer, message) = Self.mistakes[index]
    let error = #expect(throws: ScenarioProblems.self) { try ScenarioHarness(Self.outage(at)) }
    let problem = try #require(error?.problems.first)
    #expect(problem.pointer == pointer)
    #expect(problem.message.contains(message), "\(problem.message)")
  }
}
