import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("What rules make has bounds (DESIGN §7)")
struct EngineLimitTests {
  static let growing: [JSON] = [
    "{{vars.a}}{{vars.a}}", ["{{vars.a}}", "{{vars.a}}"], ["x": "{{vars.a}}", "y": "{{vars.a}}"],
    ["{{vars.a}}"], ["{{vars.b}}{{vars.a}}"], "{{vars.a}}{{request.header.x-long}}",
  ]

  @Test("A variable that grows with every request stops growing, with a remark", arguments: growing)
  func variables(_ value: JSON) async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "grow", "set": ["a": value], "pass": true],
      variables: ["a": "0123456789", "b": "-"])
    var remark: String?
    for _ in 0..<200 where remark == nil {
      let reply = await harness.peer.send(
        .get, "/ships", ["X-Long": String(repeating: "x", count: 8_000)])
      #expect(reply.status == 200)
      remark = reply.field("x-wavetank-remark")
    }
    #expect(remark?.contains("\"grow\"") == true)
    #expect(remark?.contains("stays as it is") == true)
    let variables = try harness.engine().variables
    #expect(JSON.object(variables).serialized().count < 100_000)
    // The world with it can be saved and put back.
    let saved = try harness.engine().saved()
    _ = try harness.engine().prepareRestore(SavedRules(reading: saved))
  }

  @Test("Templates of one answer fill in 16 MiB at most, with a remark")
  func templates() async throws {
    let harness = try ScenarioHarness(
      rule: [
        "name": "echo", "match": ["method": "POST"],
        "respond": ["text": .string(String(repeating: "{{request.text}}", count: 1_000))],
      ])
    let reply = await harness.peer.send(
      .post, "/doors/a", body: String(repeating: "x", count: 1 << 20))
    #expect(reply.status == 200)
    #expect(reply.body.count <= EngineLimits.templateBytesMax)
    #expect(reply.body.count >= 15 << 20)
    #expect(reply.field("x-wavetank-remark")?.contains("was cut") == true)
  }

  static let sums: [(before: JSON, step: JSON, after: JSON?)] = [
    (1, 2, 3), (1, 0.5, 1.5), (0.5, 0.5, 1), ("a", 1, 1),
    (9_007_199_254_740_993, 1, 9_007_199_254_740_994), (.integer(.max), -1, .integer(.max - 1)),
    (.decimal("1e308"), .decimal("1e308"), nil),
  ]

  @Test("A sum is right to the last digit, or the variable stays, with a remark", arguments: sums)
  func sum(_ before: JSON, _ step: JSON, _ after: JSON?) async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "count", "set": ["n": ["add": step]], "pass": true], variables: ["n": before])
    let remark = await harness.peer.send(.get, "/ships").field("x-wavetank-remark")
    let stays = if case .none = after { true } else { false }
    #expect((remark?.contains("stays as it is") ?? false) == stays)
    let found = try #require(try harness.engine().variables["n"])
    #expect(found.isSameValue(as: after ?? before), "\(found)")
  }

  @Test("What texts are compared with numbers: those that JSON knows")
  func numberTexts() async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["query": ["n": ["gt": 4]]], "error": 503])
    for (text, isNumber) in [
      ("5", true), ("4.5", true), ("5e0", true), ("%2B5", true), ("0x10", false), ("inf", false),
      ("infinity", false), ("nan", false), ("1e999", false), ("5%20", false), ("", false),
    ] {
      let reply = await harness.peer.send(.get, "/ships?n=\(text)")
      #expect(reply.status == (isNumber ? 503 : 200), "\(text)")
    }
  }

  @Test("Each trigger makes other ids, the same in every run, also across a snapshot")
  func triggeredIDs() async throws {
    let scenario: JSON = [
      "wavetank": 1, "variables": ["x": ""],
      "rules": [
        ["name": "a", "match": ["method": "GET"], "emit": ["trigger": "b"], "pass": true],
        ["name": "b", "match": ["method": "TRACE"], "set": ["x": "{{id}}"]],
      ],
    ]
    func ids(_ harness: ScenarioHarness, _ count: Int) async throws -> [String] {
      var ids: [String] = []
      for _ in 0..<count {
        _ = await harness.statuses(1)
        ids.append(try harness.engine().variables["x"]?.stringValue ?? "")
      }
      return ids
    }
    let expected = try await ids(ScenarioHarness(scenario), 4)
    #expect(Set(expected).count == 4)
    let harness = try ScenarioHarness(scenario)
    #expect(try await ids(harness, 2) == Array(expected[..<2]))
    let other = try ScenarioHarness(scenario)
    let state = try JSONEncoder().encode(harness.engine().state)
    try other.engine().restore(
      nil, JSONDecoder().decode(ScenarioState.self, from: state), start: other.engine().start)
    #expect(try await ids(other, 2) == Array(expected[2...]))
  }

  @Test("A rule that triggers itself by way of a template ends, with a remark")
  func circle() async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "a", "emit": ["trigger": "{{vars.next}}"], "pass": true],
      variables: ["next": "a"])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.status == 200)
    #expect(reply.field("x-wavetank-remark")?.contains("more than 32 deep") == true)
  }

  @Test("Rules that trigger each other twice, and those again twice, end")
  func doublings() async throws {
    var rules: [JSON] = (0..<30).map { number in
      let next: JSON = ["trigger": .string("r\(number + 1)")]
      return [
        "name": .string("r\(number)"), "emit": [next, next],
        "match": ["method": .string(number == 0 ? "GET" : "TRACE")],
      ]
    }
    rules.append(["name": "r30", "set": ["n": ["add": 1]], "match": ["method": "TRACE"]])
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": ["n": 0], "rules": .array(rules),
    ])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.status == 200)
    #expect(reply.field("x-wavetank-remark")?.contains("more than 1000 events") == true)
    #expect(reply.field("x-wavetank-remark")?.utf8.count ?? 0 < 4_000)
    #expect(try harness.engine().variables["n"]?.intValue ?? 0 > 100)
  }

  @Test("setVariables brings only so many variables into being")
  func manyVariables() throws {
    let harness = try ScenarioHarness(["wavetank": 1, "variables": ["a": 1], "rules": []])
    func set(_ range: Range<Int>) throws(ScenarioProblems) {
      let members = range.map { (key: "v\($0)", value: JSON.integer($0)) }
      _ = try harness.live.emit(["setVariables": .object(JSONObject(members))])
    }
    try set(0..<999)
    #expect(throws: ScenarioProblems.self) { try set(999..<1_000) }
    try set(0..<10)
    #expect(throws: ScenarioProblems.self) {
      _ = try harness.live.emit([
        "setVariables": ["a": .string(String(repeating: "x", count: 70_000))]
      ])
    }
    #expect(try harness.engine().variables["a"] == 1)
  }

  @Test("The journal counts what its traces keep alive of variables")
  func journal() async throws {
    let harness = try ScenarioHarness(
      [
        "wavetank": 1, "variables": ["a": 1],
        "rules": [["set": ["a": "{{request.text}}"], "pass": true]],
      ],
      journalLimits: JournalLimits(entries: 1_000, bytes: 1 << 20))
    for number in 0..<60 {
      let content = String(repeating: "x", count: 40_000) + "\(number)"
      _ = await harness.peer.send(.post, "/doors/a", body: content)
    }
    #expect(harness.live.journal.entries.count < 30)
    #expect(harness.live.journal.status.dropped > 30)
  }
}
