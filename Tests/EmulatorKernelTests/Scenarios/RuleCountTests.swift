import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("How often a rule strikes (DESIGN §7)")
struct RuleCountTests {
  static let countTable: [(JSON, [Int])] = [
    (["error": 503], [503, 503, 503, 503, 503, 503]),
    (["error": 503, "times": 2], [503, 503, 200, 200, 200, 200]),
    (["error": 503, "times": 0], [200, 200, 200, 200, 200, 200]),
    (["error": 503, "skip": 2], [200, 200, 503, 503, 503, 503]),
    (["error": 503, "every": 3], [200, 200, 503, 200, 200, 503]),
    (["error": 503, "skip": 1, "every": 2], [200, 200, 503, 200, 503, 200]),
    (["error": 503, "skip": 1, "every": 2, "times": 1], [200, 200, 503, 200, 200, 200]),
    (["error": 503, "probability": 0], [200, 200, 200, 200, 200, 200]),
    (["error": 503, "probability": 1], [503, 503, 503, 503, 503, 503]),
    (["error": 503, "enabled": false], [200, 200, 200, 200, 200, 200]),
    (
      ["sequence": [["error": 500], ["pass": true], ["error": 502]]],
      [500, 200, 502, 200, 200, 200]
    ),
    (
      ["sequence": [["error": 500], ["error": 502]], "end": "stay"],
      [500, 502, 502, 502, 502, 502]
    ),
    (
      ["sequence": [["error": 500], ["error": 502]], "end": "loop"],
      [500, 502, 500, 502, 500, 502]
    ),
    (
      ["sequence": [["error": 500, "times": 2], ["error": 502]], "end": "loop"],
      [500, 500, 502, 500, 500, 502]
    ),
    (
      ["sequence": [["error": 500], ["error": 502]], "end": "stay", "times": 3, "skip": 1],
      [200, 500, 502, 502, 200, 200]
    ),
  ]

  @Test("skip, times, every, probability and sequence", arguments: countTable)
  func counts(_ rule: JSON, _ expected: [Int]) async throws {
    let harness = try ScenarioHarness(rule: rule)
    #expect(await harness.statuses(6) == expected)
  }

  @Test("Counted per resource, each thing has its own count")
  func perResource() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "match": ["operation": "harbor.door.knock"], "times": 1, "per": "resource", "error": 503,
      ])
    #expect(await harness.statuses(2, .post, "/doors/a") == [503, 200])
    #expect(await harness.statuses(2, .post, "/doors/b") == [503, 200])
    #expect(await harness.statuses(1, .post, "/doors/a") == [200])
  }

  @Test("Counted per credential, each key has its own count")
  func perCredential() async throws {
    let harness = try ScenarioHarness(rule: ["times": 1, "per": "credential", "error": 503])
    #expect(await harness.statuses(2, .get, "/ships", ["Authorization": "a"]) == [503, 200])
    #expect(await harness.statuses(2, .get, "/ships", ["Authorization": "b"]) == [503, 200])
    #expect(await harness.statuses(2) == [503, 200])
  }

  @Test("Counted per connection, each connection has its own count")
  func perConnection() async throws {
    let harness = try ScenarioHarness(rule: ["times": 1, "per": "connection", "error": 503])
    let other = TestClient(harness.pipeline)
    #expect(await harness.statuses(2) == [503, 200])
    #expect(await other.send(.get, "/ships").status == 503)
    #expect(await other.send(.get, "/ships").status == 200)
    #expect(await harness.statuses(1) == [200])
  }

  @Test("Things counted are bounded: the oldest is forgotten")
  func boundedKeys() {
    var state = RuleState()
    for number in 0...RuleState.keyLimit { _ = state.reach("r:\(number)") }
    #expect(state.counters.count == RuleState.keyLimit)
    #expect(state.counters["r:0"] == nil)
    #expect(state.reach("r:\(RuleState.keyLimit)") == 2)
  }

  @Test("A rule that asks for variables follows them; set and add change them")
  func variables() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": ["phase": "cold", "n": 0],
      "rules": [
        ["name": "count", "set": ["n": ["add": 1]], "continue": true],
        ["name": "warm", "where": ["n": ["gte": 3]], "times": 1, "set": ["phase": "warm"]],
        ["name": "cold", "where": ["phase": "cold"], "error": 503],
      ],
    ])
    #expect(await harness.statuses(5) == [503, 503, 200, 200, 200])
    let engine = try harness.engine()
    #expect(engine.variables["phase"] == "warm")
    #expect(engine.variables["n"] == 5)
  }

  @Test("Between instants, and between durations after the start, without the end")
  func between() async throws {
    for (period, statuses) in [
      (["1970-01-01T00:16:50Z", "1970-01-01T00:17:00Z"], [200, 503, 200]),
      (["10s", "20s"], [200, 503, 200]), (["10s", nil], [200, 503, 503]),
      ([nil, "20s"], [503, 503, 200]), (["from": "10s"], [200, 503, 503]),
      (["from": "10s", "to": "1970-01-01T00:17:00Z"], [200, 503, 200]),
    ] as [(JSON, [Int])] {
      let harness = try ScenarioHarness(rule: ["between": period, "error": 503])
      var seen: [Int] = []
      for second in [0, 10, 20] {
        harness.live.tenant.advance(to: VirtualInstant(seconds: 1_000 + Int64(second)))
        seen += await harness.statuses(1)
      }
      #expect(seen == statuses, "\(period.text)")
    }
  }

  @Test("A sliding limit on the tenant's clock answers 429 with Retry-After")
  func slidingLimit() async throws {
    let harness = try ScenarioHarness(rule: ["limit": ["requests": 2, "window": "10s"]])
    let tenant = harness.live.tenant
    #expect(await harness.statuses(1) == [200])
    tenant.advance(to: tenant.clock.now + .seconds(4))
    #expect(await harness.statuses(1) == [200])
    let refused = await harness.peer.send(.get, "/ships")
    #expect(refused.status == 429)
    #expect(refused.field("retry-after") == "6")
    tenant.advance(to: tenant.clock.now + .milliseconds(5500))
    #expect(await harness.peer.send(.get, "/ships").field("retry-after") == "1")
    tenant.advance(to: tenant.clock.now + .milliseconds(500))
    #expect(await harness.statuses(2) == [200, 429])
    tenant.advance(to: tenant.clock.now + .seconds(10))
    #expect(await harness.statuses(3) == [200, 200, 429])
  }

  @Test("A fixed limit begins anew with each window")
  func fixedLimit() async throws {
    let harness = try ScenarioHarness(
      rule: ["limit": ["requests": 2, "window": "10s", "kind": "fixed"]])
    let tenant = harness.live.tenant
    #expect(await harness.statuses(3) == [200, 200, 429])
    tenant.advance(to: tenant.clock.now + .seconds(9))
    #expect(await harness.peer.send(.get, "/ships").field("retry-after") == "1")
    tenant.advance(to: tenant.clock.now + .seconds(1))
    #expect(await harness.statuses(3) == [200, 200, 429])
    tenant.advance(to: tenant.clock.now + .seconds(25))
    let refused = await harness.statuses(3)
    #expect(refused == [200, 200, 429])
    // The windows follow each other: 1010, 1020, 1030, so this one ends at 1040.
    #expect(await harness.peer.send(.get, "/ships").field("retry-after") == "5")
  }

  @Test("A limit per credential, and a limit of nothing")
  func limitPer() async throws {
    let harness = try ScenarioHarness(
      rule: ["limit": ["requests": 1, "window": "1m", "per": "credential"]])
    #expect(await harness.statuses(2, .get, "/ships", ["Authorization": "a"]) == [200, 429])
    #expect(await harness.statuses(2, .get, "/ships", ["Authorization": "b"]) == [200, 429])
    let none = try ScenarioHarness(rule: ["limit": ["requests": 0, "window": "1m"]])
    #expect(await none.peer.send(.get, "/ships").field("retry-after") == "60")
  }
}
