import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("verify: counts, order, near misses and what cannot be known (DESIGN §8)")
struct VerifyTests {
  /// Three requests: create a, create b (both with content), list with a key; one of no operation.
  private func harness(journal limits: JournalLimits = JournalLimits()) async throws
    -> ScenarioHarness
  {
    let harness = try ScenarioHarness(
      [
        "wavetank": 1,
        "rules": [["name": "first", "match": ["method": "POST"], "times": 1, "delay": "1ms"]],
        "expect": ["rules": ["first": 1], "unmatched": 1],
      ], journalLimits: limits)
    _ = await harness.peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    _ = await harness.peer.send(.post, "/ships", body: #"{"name":"b"}"#)
    _ = await harness.peer.send(.get, "/ships?q=1", ["Authorization": "Bearer secret-key"])
    _ = await harness.peer.send(.get, "/nowhere")
    return harness
  }

  private func verify(_ harness: ScenarioHarness, _ json: JSON) throws -> VerifyReport {
    let question = try VerifyQuestion.read(json, catalog: harness.pipeline.catalog)
    return Verifier(pipeline: harness.pipeline, live: harness.live).check(question.expectation)
  }

  static let questions: [(JSON, VerifyReport.Verdict)] = [
    (["match": ["method": "POST"], "exactly": 2], .holds),
    (["match": ["method": "POST"], "exactly": 1], .fails),
    (["match": ["method": "POST"], "atLeast": 2], .holds),
    (["match": ["method": "POST"], "atLeast": 3], .fails),
    (["match": ["method": "POST"], "atMost": 2], .holds),
    (["match": ["method": "POST"], "atMost": 1], .fails),
    (["match": ["method": "POST"], "atLeast": 1, "atMost": 2], .holds),
    (["match": ["method": "PUT"]], .fails), (["match": ["method": "PUT"], "exactly": 0], .holds),
    (["match": [:], "exactly": 4], .holds),
    (
      [
        "match": ["operation": "harbor.ship.create", "body": ["json": ["name": "b"]]], "exactly": 1,
      ], .holds
    ),
    (["match": ["operation": "harbor.ship.list", "query": ["q": 1]]], .holds),
    (["match": ["credential": "Bearer secret-key"]], .holds),
    (["rules": ["first": 1]], .holds), (["rules": ["first": ["atLeast": 2]]], .fails),
    (["rules": ["frist": 1]], .fails), (["unmatched": 1], .holds), (["unmatched": 0], .fails),
    (["order": [["method": "POST"], ["method": "GET"]]], .holds),
    (["order": [["method": "POST"], ["method": "POST"], ["path": "/nowhere"]]], .holds),
    (["order": [["method": "GET"], ["method": "POST"]]], .fails),
    (["order": [["path": "/nowhere"], ["path": "/nowhere"]]], .fails),
    (
      ["requests": [["match": ["method": "POST"], "exactly": 2], ["match": ["method": "PUT"]]]],
      .fails
    ),
  ]

  @Test("Questions and their verdicts", arguments: questions)
  func question(_ json: JSON, _ verdict: VerifyReport.Verdict) async throws {
    #expect(try verify(try await harness(), json).verdict == verdict)
  }

  @Test("The scenario's own expect is checked")
  func ownExpectation() async throws {
    let harness = try await harness()
    let expectation = try #require(try harness.engine().scenario.expectation)
    let report = Verifier(pipeline: harness.pipeline, live: harness.live).check(expectation)
    #expect(report.verdict == .holds)
    #expect(report.checks.count == 2)
  }

  @Test("A near miss names the exchange and its first difference")
  func nearMisses() async throws {
    let report = try verify(
      try await harness(),
      ["match": ["operation": "harbor.ship.create", "body": ["json": ["name": "c"]]]])
    let miss = try #require(report.checks.first?.nearMisses.first)
    #expect(miss.number == 2)
    #expect(miss.request == "POST /ships")
    #expect(miss.failed == "match.body.json")
    #expect(miss.found == #""b" at /name"#)
    #expect(report.json["checks"]?[0]?["nearMisses"]?[0]?["exchange"] == 2)
  }

  @Test(
    "A rule that did not strike has near misses: its match, a variable, its turn, another in front")
  func nearStrikes() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": ["phase": "cold"],
      "rules": [
        ["name": "puts", "match": ["method": "PUT"], "error": 503],
        ["name": "warm", "match": ["method": "POST"], "where": ["phase": "warm"], "error": 503],
        ["name": "third", "match": ["method": "POST"], "skip": 2, "error": 503],
        ["name": "front", "match": ["method": "POST"], "delay": "1ms"],
        ["name": "behind", "match": ["method": "POST"], "error": 503],
      ],
    ])
    _ = await harness.peer.send(.post, "/ships", body: #"{"name":"a"}"#)
    let names = ["puts", "warm", "third", "front", "behind"]
    let counts = JSONObject(names.map { ($0, 1) })
    let checks = try verify(harness, ["rules": .object(counts)]).checks
    #expect(checks.map(\.verdict) == [.fails, .fails, .fails, .holds, .fails])
    let misses = checks.map { $0.nearMisses.first }
    #expect(misses[0]?.failed == "match.method" && misses[0]?.found == #""POST""#)
    #expect(misses[1]?.failed == "where.phase" && misses[1]?.found == #""cold""#)
    #expect(misses[2]?.found == "skipped: request 1 of the first 2")
    #expect(checks[3].matched == [1] && misses[3] == nil)
    #expect(misses[4]?.expected == "no other rule in front of it")
  }

  @Test("A path of no operation that a rule answers is not unmatched")
  func answered() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["match": ["path": "/mine"], "respond": ["text": "hi"]],
        ["match": ["path": "/slow"], "delay": "1ms"],
      ],
    ])
    _ = await harness.peer.send(.get, "/mine")
    #expect(try verify(harness, ["unmatched": 0]).verdict == .holds)
    _ = await harness.peer.send(.get, "/slow")
    #expect(try verify(harness, ["unmatched": 1]).verdict == .holds)
  }

  @Test("A request of no operation counts for the service whose rules have looked at it")
  func serviceOfNoOperation() async throws {
    var quay = SampleService()
    (quay.name, quay.hostNames) = ("quay", ["api.quay.example"])
    let rule: JSON = ["name": "q", "match": ["service": "quay"], "respond": ["status": 299]]
    let harness = try ScenarioHarness(
      ["wavetank": 1, "rules": [rule]], services: [SampleService(), quay])
    for (host, status) in [("api.quay.example", 299), ("api.harbor.example", 404)] {
      #expect(await harness.statuses(1, .get, "/zzz", ["Host": host]) == [status])
    }
    for service in ["quay", "harbor"] {
      let question: JSON = ["match": ["service": .string(service)], "exactly": 1]
      #expect(try verify(harness, question).verdict == .holds, "\(service)")
    }
  }

  @Test("Credentials do not appear in a report")
  func masked() async throws {
    let report = try verify(
      try await harness(), ["match": ["operation": "harbor.ship.list", "credential": "other"]])
    #expect(report.verdict == .fails)
    #expect(!report.json.text.contains("secret-key"))
  }

  static let dropped: [(JSON, VerifyReport.Verdict)] = [
    (["match": ["method": "POST"], "exactly": 2], .unknown),
    (["match": ["path": "/nowhere"], "atLeast": 1], .holds),
    (["match": ["path": "/nowhere"], "exactly": 1], .unknown),
    (["match": ["path": "/nowhere"], "exactly": 0], .fails),
    (["match": ["method": "POST"], "atLeast": 9], .fails),
    (["match": [:], "atMost": 9], .holds),
    (["unmatched": 1], .unknown), (["rules": ["first": 1]], .holds),
    (["order": [["method": "POST"], ["path": "/nowhere"]]], .unknown),
    (["order": [["method": "GET"], ["path": "/nowhere"]]], .holds),
  ]

  @Test("Where dropped entries could matter the answer is unknown", arguments: dropped)
  func dropping(_ json: JSON, _ verdict: VerifyReport.Verdict) async throws {
    let harness = try await harness(journal: JournalLimits(entries: 2))
    let report = try verify(harness, json)
    #expect(report.verdict == verdict, "\(report.json.text)")
    #expect(report.dropped == 2)
  }

  @Test("Where content was not kept whole the answer is unknown")
  func cutContent() async throws {
    let harness = try await harness(journal: JournalLimits(contentPrefix: 3))
    let match: JSON = ["operation": "harbor.ship.create", "body": ["json": ["name": "a"]]]
    #expect(try verify(harness, ["match": match, "exactly": 1]).verdict == .unknown)
    #expect(try verify(harness, ["match": match, "exactly": 3]).verdict == .fails)
    #expect(try verify(harness, ["match": match, "atMost": 2]).verdict == .holds)
  }

  static let refused: [(JSON, String)] = [
    (["exactly": 1], "a count needs a"), (["macth": [:]], #"did you mean "match"?"#),
    (["match": ["operation": "harbor.ship.creat"]], #"did you mean "harbor.ship.create"?"#),
    (["match": [:], "exactly": 1, "atLeast": 1], "excludes"),
    (["match": [:], "atLeast": 3, "atMost": 2], "is more than"),
    (["match": [:], "exactly": -1], "whole number of at least 0"), ([1], "expected an object"),
  ]

  @Test("A malformed question is refused", arguments: refused)
  func refusal(_ json: JSON, _ message: String) throws {
    let harness = try ScenarioHarness(["wavetank": 1])
    do {
      _ = try VerifyQuestion.read(json, catalog: harness.pipeline.catalog)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.problems.contains { $0.message.contains(message) }, "\(error.problems)")
    }
  }
}
