import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("The rule engine: draws, changes at run time, state, explanations")
struct ScenarioEngineTests {
  static let dice: JSON = ["name": "dice", "probability": 0.3, "error": 503]

  @Test("The same seed gives the same draws; another seed, tenant or name gives others")
  func draws() async throws {
    func statuses(_ seed: Int, _ tenant: String, _ name: String) async throws -> [Int] {
      let harness = try ScenarioHarness([
        "wavetank": 1, "seed": .integer(seed),
        "rules": [["name": .string(name), "probability": 0.3, "error": 503]],
      ])
      return await harness.statuses(200, .get, "/_t/\(tenant)/ships")
    }
    let first = try await statuses(1, "a", "dice")
    #expect(try await statuses(1, "a", "dice") == first)
    #expect(try await statuses(2, "a", "dice") != first)
    #expect(try await statuses(1, "b", "dice") != first)
    #expect(try await statuses(1, "a", "dice 2") != first)
    #expect((40...80).contains(first.count { $0 == 503 }))
  }

  @Test("Other rules, other requests and other tenants do not shift a rule's draws")
  func unshifted() async throws {
    let alone = try ScenarioHarness(["wavetank": 1, "rules": [Self.dice]])
    let expected = await alone.statuses(60)
    let crowded = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "before", "probability": 0.5, "delay": "1ms", "continue": true],
        [
          "name": "posts", "match": ["method": "POST"], "probability": 0.5,
          "respond": ["text": "{{id}}"],
        ],
        ["name": "dice", "match": ["method": "GET"], "probability": 0.3, "error": 503],
      ],
    ])
    var seen: [Int] = []
    for _ in 0..<60 {
      _ = await crowded.peer.send(.post, "/ships", body: "{}")
      _ = await crowded.peer.send(.get, "/_t/other/ships")
      seen += await crowded.statuses(1)
    }
    #expect(seen == expected)
  }

  @Test("Connections of other tenants do not shift what is counted per connection")
  func connections() async throws {
    func statuses(noise: Int) async throws -> [Int] {
      let harness = try ScenarioHarness(
        rule: ["name": "dice", "probability": 0.5, "per": "connection", "error": 503])
      var seen: [Int] = []
      for _ in 0..<20 {
        for _ in 0..<noise { _ = await TestClient(harness.pipeline).send(.get, "/_t/other/ships") }
        let peer = TestClient(harness.pipeline)
        for _ in 0..<3 { seen.append(await peer.send(.get, "/ships").status) }
      }
      return seen
    }
    let quiet = try await statuses(noise: 0)
    #expect(try await statuses(noise: 3) == quiet)
    #expect(Set(quiet) == [200, 503])
  }

  @Test("Rules are added, replaced, switched and removed at run time")
  func changes() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "rules": [["name": "a", "times": 1, "error": 500]],
    ])
    let engine = try harness.engine()
    #expect(await harness.statuses(2) == [500, 200])
    #expect(try engine.add(["name": "b", "error": 502]) == ["b"])
    #expect(await harness.statuses(1) == [502])
    #expect(try engine.add(["name": "a", "times": 1, "error": 504]) == ["a"])
    #expect(await harness.statuses(2) == [504, 502])
    #expect(engine.setRule("b", isEnabled: false))
    #expect(await harness.statuses(1) == [200])
    #expect(engine.setRule("b", isEnabled: true))
    #expect(engine.removeRule("b"))
    #expect(!engine.removeRule("b"))
    #expect(await harness.statuses(1) == [200])
    #expect(
      try engine.add(["rules": [["error": 505], ["name": "z"]]], first: true) == ["rule 2", "z"])
    #expect(engine.scenario.rules.map(\.name) == ["rule 2", "z", "a"])
    #expect(engine.scenario.source["rules"]?.arrayValue?.count == 3)
    #expect(throws: ScenarioProblems.self) {
      try engine.add(["name": "c", "emit": ["trigger": "c"]])
    }
    #expect(engine.scenario.rules.count == 3)
    try harness.live.reset()
    #expect(await harness.statuses(2) == [500, 200])
  }

  @Test("A rule that is added again begins anew in its place, with the text that came last")
  func addedAgain() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "rules": [["name": "a", "times": 1, "error": 503], ["name": "b"]],
    ])
    let engine = try harness.engine()
    let texts = [
      #"{"name":"a","times":1,"error":503}"#, #"{"name":"a","times":1,"error":503}"#,
      #"{"name":"a","error":503,"times":1}"#, #"{"name":"a","error":503,"times":1}"#,
    ]
    for (round, text) in texts.enumerated() {
      #expect(await harness.statuses(2) == [503, 200])
      engine.setRule("a", isEnabled: false)
      #expect(try engine.add(JSON(parsing: Array(text.utf8))) == ["a"])
      #expect(engine.rules.names == ["a", "b"])
      #expect(engine.rules.sourceTexts.first == Array(text.utf8))
      #expect(String(decoding: engine.scenarioText, as: UTF8.self).contains(text))
      // What the other remembers stays.
      #expect(engine.strikeCounts.map(\.reached) == [0, round + 1])
    }
    #expect(await harness.statuses(2) == [503, 200])
  }

  @Test("A swap keeps the counts of unchanged rules and the variables")
  func swap() async throws {
    let catalog = ScenarioCatalog(services: [SampleService()])
    let first: JSON = [
      "wavetank": 1, "variables": ["x": 1, "y": 1],
      "rules": [
        ["name": "kept", "times": 2, "error": 500, "set": ["x": 5, "y": 5]],
        ["name": "changed", "times": 1, "error": 502],
      ],
    ]
    let second: JSON = [
      "wavetank": 1, "variables": ["x": 1, "y": 2],
      "rules": [
        ["name": "kept", "times": 2, "error": 500, "set": ["x": 5, "y": 5]],
        ["name": "changed", "times": 1, "error": 503],
      ],
    ]
    let harness = try ScenarioHarness(first)
    #expect(await harness.statuses(1) == [500])
    let scenario = Scenario.merged([try Scenario.read(second, catalog: catalog)])
    harness.pipeline.swap(scenario, isStrict: false)
    let engine = try harness.engine()
    #expect(engine.variables == ["x": 5, "y": 2])
    #expect(await harness.statuses(3) == [500, 503, 200])
  }

  @Test("State is saved and restored: counts, windows and variables go on where they were")
  func snapshot() async throws {
    let scenario: JSON = [
      "wavetank": 1, "variables": ["n": 0],
      "rules": [
        ["name": "n", "set": ["n": ["add": 1]], "continue": true],
        ["name": "limit", "limit": ["requests": 3, "window": "1m"]],
        [
          "name": "seq", "per": "credential",
          "sequence": [["error": 500], ["error": 502], ["error": 504]],
        ],
      ],
    ]
    let whole = try ScenarioHarness(scenario)
    let expected = await whole.statuses(6)
    let harness = try ScenarioHarness(scenario)
    #expect(await harness.statuses(2) == Array(expected[..<2]))
    let engine = try harness.engine()
    let data = try JSONEncoder().encode(engine.state)
    let other = try ScenarioHarness(scenario)
    try other.engine().restore(
      engine.scenarioAndRules, try JSONDecoder().decode(ScenarioState.self, from: data),
      start: engine.start)
    #expect(await other.statuses(4) == Array(expected[2...]))
    #expect(try other.engine().variables["n"] == 6)
  }

  @Test("The explanation tells every rule's fate")
  func explanation() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": ["p": 1],
      "rules": [
        ["name": "other op", "match": ["operation": "harbor.tides"]],
        ["name": "header", "match": ["header": ["x-a": "1"]], "error": 500],
        ["name": "off", "enabled": false],
        ["name": "later", "between": ["1h", nil]],
        ["name": "where", "where": ["p": 2]],
        ["name": "skip", "skip": 1],
        ["name": "never", "probability": 0],
        ["name": "strike", "set": ["p": 3], "error": 503],
        ["name": "not reached"],
      ],
    ])
    #expect(await harness.peer.send(.get, "/ships", ["X-A": "2"]).status == 503)
    let entry = try #require(harness.live.journal.entry(1))
    let trace = try #require(entry.trace)
    let json = trace.explained(for: harness.pipeline.subject(of: entry, in: harness.live))
    let considered = try #require(json["rulesConsidered"]?.arrayValue)
    #expect(
      considered.map { $0["rule"]?.stringValue } == [
        "other op", "header", "off", "later", "where", "skip", "never", "strike",
      ])
    #expect(considered[0]["failed"] == "match.operation")
    #expect(considered[1]["failed"] == "match.header.x-a")
    #expect(considered[1]["expected"] == #""1""#)
    #expect(considered[1]["found"] == #""2""#)
    #expect(considered[2]["outcome"] == "switched off")
    #expect(considered[4]["failed"] == "where.p")
    #expect(considered[6]["draw"]?.doubleValue != nil)
    #expect(considered[7]["outcome"] == "struck")
    #expect(json["rulesStruck"] == ["strike"])
    #expect(json["variablesBefore"] == ["p": 1])
    #expect(json["variablesAfter"] == ["p": 3])
  }

  @Test("A rule is looked at only for operations that it may concern")
  func index() throws {
    let catalog = ScenarioCatalog(services: [SampleService()])
    var rules: [JSON] = []
    for number in 0..<1000 {
      rules.append([
        "name": .string("r\(number)"), "match": ["operation": "harbor.tides"], "error": 500,
      ])
    }
    rules.append(["match": ["method": "DELETE"]])
    rules.append(["match": ["body": ["json": [:]], "operation": "harbor.ship.create"]])
    rules.append(["match": ["path": "/odd"]])
    let scenario = Scenario.merged([
      try Scenario.read(["wavetank": 1, "rules": .array(rules)], catalog: catalog)
    ])
    let set = RuleSet(scenario, catalog: catalog)
    func path(_ path: String) -> RuleSubject {
      RuleSubject(
        request: Request(.get, path), tenant: "default", service: "harbor", operation: nil)
    }
    #expect(positions(set.candidates(operation: 0, for: path("/ships"))) == [])
    #expect(positions(set.candidates(operation: 0, for: path("/odd"))) == [1002])
    #expect(positions(set.candidates(operation: 1, for: path("/odd"))) == [1001, 1002])
    #expect(positions(set.candidates(operation: 1, for: path("/%6fdd"))) == [1001, 1002])
    #expect(set.concern(operation: 1)?.needsContent == true)
    #expect(set.concern(operation: 0)?.needsContent != true)
    #expect(set.candidates(operation: 5, for: path("/api/v1/tides/1")).count == 1000)
    #expect(positions(set.candidates(operation: nil, for: path("/odd"))) == [1000, 1002])
  }

  @Test("An index leaves no rule out: the same rules match as without one")
  func indexIsWhole() throws {
    let catalog = ScenarioCatalog(services: [SampleService()])
    let paths = [
      "/ships", "/ships/a b", "/ships/*", "/ships/{ship}", "*", "/odd%20one", "/odd one",
    ]
    var random = SeededRandom(key: 7)
    func draw<Element>(_ elements: [Element]) -> Element {
      elements[Int(random.next() % UInt64(elements.count))]
    }
    let rules = (0..<200).map { number -> JSON in
      var match = JSONObject()
      if draw([true, false]) {
        match["path"] = draw([.string(draw(paths)), [.string(draw(paths)), .string(draw(paths))]])
      }
      if draw([true, false]) {
        match["operation"] = draw([
          "harbor.ship.*", "harbor.tides", ["harbor.tides", "harbor.ship.get"],
        ])
      }
      if draw([true, false, false]) {
        match["header"] = ["x-case": draw(["a", "b", ["any": ["a", "c"]], ["glob": "a*"], 5])]
      }
      if draw([true, false, false]) { match["query"] = ["q": draw(["1", 1, ["not": "1"]])] }
      if draw([true, false, false, false]) {
        match["body"] = [
          "pointer": ["/n": draw(["x", 1, ["any": ["x", "y"]], ["any": ["x", 1]]])]
        ]
      }
      if draw([true, false, false]) { match["method"] = draw(["GET", "POST", "HEAD"]) }
      return ["name": .string("r\(number)"), "match": .object(match), "pass": true]
    }
    let scenario = try Scenario.read(["wavetank": 1, "rules": .array(rules)], catalog: catalog)
    let set = RuleSet(scenario, catalog: catalog)
    let targets = [
      "/ships?q=1", "/ships/a%20b?q=2&q=1", "/ships/x", "/odd%20one", "/odd one", "/api/v1/tides/2",
    ]
    let contents = [#"{"n":"x"}"#, #"{"n":1}"#, "[]", "no"]
    for (number, path) in targets.enumerated() {
      for (method, operation) in [(Method.get, 2), (.get, 0), (.head, 0), (.post, 1), (.get, nil)] {
        let subject = RuleSubject(
          request: Request(
            method, path, fields: Fields(["X-Case": draw(["a", "b", "5", "z"]), "x-case": "c"])),
          tenant: "default", service: "harbor",
          operation: operation.map { catalog.operations[$0].operation.name },
          content: .whole(Array(contents[number % 4].utf8)))
        func matching(_ indices: some Sequence<Int>) -> [Int] {
          indices.filter { scenario.rules[$0].match.firstFailure(for: subject) == nil }
        }
        let found = matching(positions(set.candidates(operation: operation, for: subject)))
        #expect(found == matching(scenario.rules.indices), "\(method) \(path) \(operation ?? -1)")
        #expect(found.isEmpty || set.concern(operation: operation) != nil)
        #expect(found.isEmpty || !set.pass(subject.request, operation: operation))
      }
    }
  }

  @Test("An event that nobody knows leaves a remark on the answer")
  func unknownEvent() async throws {
    let harness = try ScenarioHarness(rule: ["name": "r", "emit": ["crashHbu": "x"]])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.status == 200)
    #expect(reply.field("x-wavetank-remark")?.contains("crashHbu") == true)
  }
}
