import Determinism
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("A request that no rule can strike, as its head says, is decided by the head")
struct PassedRequestTests {
  private static let catalog = ScenarioCatalog(services: [SampleService()])

  private static func engine(_ rules: [JSON]) throws -> ScenarioEngine {
    ScenarioEngine(
      try Scenario.read(
        ["wavetank": 1, "variables": ["v": 1], "rules": .array(rules)], catalog: catalog),
      catalog: catalog, tenant: "t", seed: 1, start: VirtualInstant(seconds: 0))
  }

  private static func decision(
    _ engine: ScenarioEngine, _ request: Request = Request(.get, "/ships")
  ) -> RuleDecision? {
    if case .passed(let decision) = engine.regard(request, operation: 0) { decision } else { nil }
  }

  static let requests: [(match: JSON, target: String, isPassed: Bool)] = [
    (["header": ["x-case": "a"]], "/ships", true),
    (["header": ["x-case": ["glob": "long-enough*"]]], "/ships", true),
    (["header": ["x-case": ["present": false]]], "/ships", false),
    (["header": ["x-case": ["not": "a"]]], "/ships", false),
    (["header": ["X-HERE": "a"]], "/ships", false),
    (["query": ["q": "1"]], "/ships", true),
    (["query": ["q": "1"]], "/ships?p=1", false),
    (["query": ["q": ["any": ["1", "2"]]], "header": ["x-here": "b"]], "/ships", true),
    (["path": "/boats"], "/ships", false),
    (["body": ["pointer": ["/n": 1]]], "/ships", false),
    ([:], "/ships", false),
  ]

  @Test(
    "Where all that it might meet wants fields or items of a query that it has not",
    arguments: requests)
  func heads(_ match: JSON, _ target: String, _ isPassed: Bool) throws {
    let engine = try Self.engine([["match": match, "pass": true]])
    let request = Request(.get, target, fields: Fields(["x-here": "c"]))
    #expect((Self.decision(engine, request) != nil) == isPassed)
  }

  @Test("It is decided once, until rules or variables change, and told as it was then")
  func kept() throws {
    let rule: JSON = ["name": "r", "match": ["header": ["x-case": "a"]], "set": ["v": 3]]
    let engine = try Self.engine([rule])
    let first = try #require(Self.decision(engine))
    #expect(Self.decision(engine) === first)
    #expect(engine.setVariables(["v": 2]))
    let second = try #require(Self.decision(engine))
    #expect(second !== first)
    _ = engine.trigger("r")
    let third = try #require(Self.decision(engine))
    _ = try engine.add(["name": "s", "match": ["query": ["q": "1"]], "error": 503])
    let fourth = try #require(Self.decision(engine))
    let subject = RuleSubject(
      request: Request(.get, "/ships", fields: Fields(["x-case": "a"])), tenant: "t",
      service: "harbor", operation: nil)
    #expect(
      engine.decide(
        subject, operation: 0, now: VirtualInstant(seconds: 0), wall: VirtualInstant(seconds: 0)
      ).0.struck)
    #expect(Self.decision(engine) !== fourth)
    let told = [first, second, third, fourth].map { $0.trace.trace.explained() }
    #expect(told.map { $0["variablesBefore"]?["v"] } == [1, 2, 3, 3])
    #expect(told.map { $0["rulesInForce"] } == [1, 1, 1, 2])
  }

  @Test("The journal says of it what each rule wanted")
  func journal() async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "r", "match": ["header": ["x-case": "a"]], "error": 503])
    #expect(await harness.peer.send(.get, "/ships").status == 200)
    #expect(
      await harness.peer.send(.post, "/ships", body: #"{"name":"one"}"#).status / 100 == 2)
    let entry = try #require(harness.live.journal.entry(1))
    let why = try #require(entry.trace).explained()
    #expect(why["rulesInForce"] == 1)
    #expect(why["rulesStruck"] == [])
  }
}

@Suite("Rules that are in force to the letter are not read again")
struct RulesInForceTests {
  private static let catalog = ScenarioCatalog(services: [SampleService()])
  private static let known: [JSON] = [
    ["name": "a", "match": ["operation": "harbor.ship.*"], "error": 503],
    ["name": "b", "match": ["path": "/odd"], "pass": true],
  ]

  private static func document(_ rules: [JSON]) -> JSON {
    ["wavetank": 1, "variables": ["v": 1], "rules": .array(rules)]
  }

  static let others: [[JSON]] = [
    known, known.reversed(), [], known + [["name": "c", "error": 500]],
    [["name": "a", "match": ["operation": "harbor.ship.*"], "error": 500]],
    known + known, known + [["name": "c", "eror": 500]], [known[0], 3],
    known + [["error": 500], ["error": 501]],
    [["name": "a", "match": ["operation": "harbor.none"], "error": 503]],
  ]

  @Test("What is read beside them is as if it had been read alone", arguments: others)
  func same(_ rules: [JSON]) throws {
    let engine = ScenarioEngine(
      try Scenario.read(Self.document(Self.known), catalog: Self.catalog), catalog: Self.catalog,
      tenant: "t", seed: 1, start: VirtualInstant(seconds: 0))
    let document = Self.document(rules)
    do {
      let alone = try Scenario.read(document, catalog: Self.catalog)
      let beside = try Scenario.read(document, catalog: Self.catalog, beside: engine.rules)
      #expect(beside.source == alone.source)
      #expect(beside.rules.map(\.name) == alone.rules.map(\.name))
      #expect(beside.rules.map(\.source) == alone.rules.map(\.source))
      #expect(beside.rules.map(\.match) == alone.rules.map(\.match))
      #expect(beside.variables == alone.variables)
    } catch {
      #expect(throws: error) {
        try Scenario.read(document, catalog: Self.catalog, beside: engine.rules)
      }
    }
  }

  @Test("A snapshot of what is in force is put in force with the rules as they lie")
  func restored() throws {
    let engine = ScenarioEngine(
      .empty, catalog: Self.catalog, tenant: "t", seed: 1, start: VirtualInstant(seconds: 0))
    _ = try engine.add(.array(Self.known))
    let saved = engine.saved()
    let other = ScenarioEngine(
      .empty, catalog: Self.catalog, tenant: "t", seed: 1, start: VirtualInstant(seconds: 0))
    try other.prepareRestore(SavedRules(reading: saved), beside: engine).putInForce()
    #expect(other.rules === engine.rules)
    #expect(other.scenario.source == engine.scenario.source)
    _ = try engine.add(["name": "c", "error": 500])
    try other.prepareRestore(SavedRules(reading: saved), beside: engine).putInForce()
    #expect(other.rules.names == ["a", "b"])
  }
}
