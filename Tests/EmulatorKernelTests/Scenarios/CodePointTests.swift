@testable import EmulatorKernel
@testable import Scenarios
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

/// What a scenario names or matches is compared by code points, not as Unicode normalises it.
@Suite struct CodePointTests {
  static let pairs: [(String, String)] = [
    ("caf\u{E9}", "cafe\u{301}"), ("\u{212A}elvin", "Kelvin"),
    ("a\u{301}\u{323}", "a\u{323}\u{301}"),
  ]

  /// Conditions that hold for the first text of a pair alone.
  static func conditions(_ text: String) -> [JSON] {
    [
      .string(text), ["contains": .string(text)], ["glob": .string(text + "*")],
      ["regex": .string("^" + text + "$")], ["any": [.string(text), "other"]],
      ["all": [.string(text)]],
    ]
  }

  @Test("A condition on the content holds for its own code points", arguments: pairs)
  func content(_ left: String, _ right: String) async throws {
    for condition in Self.conditions(left) {
      let harness = try ScenarioHarness(
        rule: [
          "name": "r", "match": ["method": "POST", "body": ["pointer": ["/name": condition]]],
          "error": 503,
        ])
      for (name, status) in [(left, 503), (right, 201)] {
        let body = JSON.object(["name": .string(name)]).text
        #expect(
          await harness.peer.send(.post, "/ships", body: body).status == status, "\(condition)")
      }
    }
    let harness = try ScenarioHarness(
      rule: ["name": "r", "match": ["body": ["json": [left: 1]]], "error": 503])
    for (name, status) in [(left, 503), (right, 400)] {
      let body = JSON.object([name: 1]).text
      #expect(await harness.peer.send(.post, "/ships", body: body).status == status)
    }
  }

  static let expressions: [(pattern: String, text: String, matches: Bool)] = [
    ("e", "cafe\u{301}", true), ("e", "caf\u{E9}", false), ("\u{301}", "cafe\u{301}", true),
    ("^caf.$", "caf\u{E9}", true), ("^caf.$", "cafe\u{301}", false),
    ("^caf..$", "cafe\u{301}", true), ("^a.b$", "a\r\nb", false), ("^a\\s\\sb$", "a\r\nb", true),
    ("[\u{E9}]", "e\u{301}", false), ("(?i)k", "\u{212A}x\u{301}K", true),
    ("^e?.$", "e\u{301}", true), ("^\u{AC00}$", "\u{1100}\u{1161}", false),
  ]

  @Test("A regular expression goes over code points", arguments: expressions)
  func patterns(_ item: (pattern: String, text: String, matches: Bool)) throws {
    #expect(try TextPattern(item.pattern).matches(item.text) == item.matches)
  }

  @Test("What is contained is so by code points")
  func containment() async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "r", "match": ["query": ["q": ["contains": "e"]]], "error": 503])
    for (name, status) in [("cafe\u{301}", 503), ("caf\u{E9}", 200)] {
      let target = "/ships?q=\(PercentCoding.encode(name))"
      #expect(await harness.peer.send(.get, target).status == status)
    }
  }

  @Test("A saved state has its keys in the order of code points, and all of them", arguments: pairs)
  func stateOrder(_ left: String, _ right: String) throws {
    let names = [left, right, "a", "z"]
    let map = TextMap(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
    var weighed = WeighedDictionary<ExactText, Int>()
    for (index, name) in names.enumerated() { weighed[name] = index }
    let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    for json in [try StateEncoder.encode(map), try StateEncoder.encode(weighed)] {
      let texts = json.arrayValue?.compactMap(\.stringValue) ?? []
      #expect(texts.elementsEqual(sorted) { $0.isExactly($1) }, "\(json)")
    }
  }

  @Test("A condition on query and header holds for its own code points", arguments: pairs)
  func queryAndHeader(_ left: String, _ right: String) async throws {
    for condition in Self.conditions(left) {
      for match in [["query": ["q": condition]], ["header": ["x-name": condition]]] as [JSON] {
        let harness = try ScenarioHarness(rule: ["name": "r", "match": match, "error": 503])
        for (name, status) in [(left, 503), (right, 200)] {
          let reply = await harness.peer.send(
            .get, "/ships?q=\(PercentCoding.encode(name))", ["X-Name": name])
          #expect(reply.status == status, "\(match)")
        }
      }
    }
  }

  @Test("Rules are two where their names differ by code points, and counted so", arguments: pairs)
  func names(_ left: String, _ right: String) async throws {
    let harness = try ScenarioHarness(
      rule: ["name": .string(left), "match": ["path": "/ships"], "times": 1, "error": 503])
    let engine = try harness.engine()
    _ = try engine.add(
      .array([["name": .string(right), "match": ["path": "/ships"], "times": 1, "error": 504]]),
      first: false)
    #expect(engine.strikeCounts.count == 2)
    #expect(engine.hasRule(left) && engine.hasRule(right))
    for status in [503, 504, 200] {
      #expect(await harness.peer.send(.get, "/ships").status == status)
    }
    // Through a snapshot, the counts stay where they were.
    let saved = engine.saved()
    try engine.prepareRestore(SavedRules(reading: saved)).putInForce()
    #expect(await harness.peer.send(.get, "/ships").status == 200)
    #expect(engine.strikeCounts.map(\.struck) == [1, 1])
  }

  @Test("Keys of a scenario are told apart by code points", arguments: pairs)
  func keys(_ left: String, _ right: String) {
    let keys = CredentialKeys(
      keys: [.init(key: left), .init(key: right, status: 403)],
      now: { VirtualInstant(seconds: 0) })
    #expect(keys.verdict(on: left) == .accepted(user: nil, rights: nil))
    #expect(keys.verdict(on: right) == .refused(status: 403))
    keys.expire(left)
    #expect(keys.verdict(on: left) == .refused(status: 401))
    #expect(keys.verdict(on: right) == .refused(status: 403))
  }
}
