import Determinism
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Rules that come and go one by one are as if they had been read together")
struct RuleChangeTests {
  /// The rules of an engine as a plain list, gone through from its front.
  private struct Model {
    struct Entry {
      var rule: ScenarioRule
      var isEnabled: Bool?
      var struck = 0
    }

    let catalog: ScenarioCatalog
    var entries: [Entry] = []
    var variables: JSONObject = [:]

    func read(_ rules: [JSON]) throws -> Scenario {
      Scenario.merged([
        try Scenario.read(
          ["wavetank": 1, "variables": ["v0": 0], "rules": .array(rules)], catalog: catalog)
      ])
    }

    /// What was wrong; nothing has changed then.
    mutating func add(_ rules: [JSON], first: Bool) throws -> [ScenarioProblem] {
      var next = entries
      var fresh: [Entry] = []
      for json in rules {
        let rule = try read([json]).rules[0]
        if let index = next.firstIndex(where: { $0.rule.name == rule.name }) {
          next[index] = Entry(rule: rule)
        } else {
          fresh.append(Entry(rule: rule))
        }
      }
      next.insert(contentsOf: fresh, at: first ? 0 : next.count)
      let problems = try read(next.map(\.rule.source)).ruleProblems
      if problems.isEmpty { entries = next }
      return problems
    }

    /// Whether one struck.
    mutating func meet(_ subject: RuleSubject) -> Bool {
      for (index, entry) in entries.enumerated()
      where (entry.isEnabled ?? true) && entry.rule.match.firstFailure(for: subject) == nil
        && entry.rule.conditions.allSatisfy({ variables[$0.name] == 0 })
      {
        entries[index].struck += 1
        for assignment in entry.rule.assignments { variables[assignment.name] = 0 }
        return true
      }
      return false
    }
  }

  private static let catalog = ScenarioCatalog(services: [SampleService()])

  private static func below(_ limit: Int, _ random: inout SeededRandom) -> Int {
    Int(random.next() % UInt64(limit))
  }

  private static func rule(_ random: inout SeededRandom) -> JSON {
    guard case .object(var rule) = TextSearchTests.rule(below(30, &random), &random) else {
      return [:]
    }
    if below(3, &random) == 0, case .object(var match)? = rule["match"] {
      match["operation"] = ["harbor.ship.get", "harbor.ship.*"][below(2, &random)]
      rule["match"] = .object(match)
    }
    let variable = "v\(below(4, &random))"
    switch below(8, &random) {
    case 0, 1: rule["set"] = .object([variable: 0])
    case 2: rule["where"] = .object([variable: 0])
    case 3: rule["emit"] = ["trigger": .string("r\(below(30, &random))")]
    case 4: rule["emit"] = ["disableRule": .string("r\(below(30, &random))")]
    case 5: rule["emit"] = ["setVariables": .object([variable: 0])]
    default: break
    }
    return .object(rule)
  }

  private static func engine(_ scenario: Scenario) -> ScenarioEngine {
    ScenarioEngine(
      scenario, catalog: catalog, tenant: "t", seed: 1, start: VirtualInstant(seconds: 1))
  }

  private func compare(
    _ engine: ScenarioEngine, _ model: Model, _ random: inout SeededRandom, _ place: String
  ) throws {
    let rules = model.entries.map(\.rule)
    #expect(engine.rules.names == rules.map(\.name), "\(place)")
    #expect(
      engine.scenario.source["rules"]?.arrayValue ?? [] == rules.map(\.source), "\(place)")
    #expect(engine.strikeCounts.map(\.struck) == model.entries.map(\.struck), "\(place)")
    #expect(engine.variables == model.variables, "\(place)")
    let anew = RuleSet(try model.read(rules.map(\.source)), catalog: Self.catalog)
    #expect(engine.rules.index.sourceBytes == anew.index.sourceBytes, "\(place)")
    // Once something is wrong, all of them are asked until nothing is.
    #expect(!engine.rules.index.links.isSound || anew.index.links.isSound, "\(place)")
    let subject = TextSearchTests.subject(&random)
    for operation in [nil] + Self.catalog.operations.indices.map(Optional.some) {
      let found = engine.rules.candidates(operation: operation, for: subject).map(\.rule)
      func matching(_ rules: [ScenarioRule]) -> [String] {
        rules.filter { $0.match.firstFailure(for: subject) == nil }.map(\.name)
      }
      if operation == nil { #expect(matching(found) == matching(rules), "\(place)") }
      let same = anew.candidates(operation: operation, for: subject).map(\.rule)
      #expect(matching(found) == matching(same), "\(place)")
      let passes = engine.rules.pass(subject.request, operation: operation)
      #expect(passes == anew.pass(subject.request, operation: operation), "\(place)")
      #expect(!passes || matching(found).isEmpty, "\(place)")
      let (one, other) = (
        engine.rules.concern(operation: operation), anew.concern(operation: operation)
      )
      #expect((one == nil) == (other == nil), "\(place)")
      #expect(one?.needsContent == other?.needsContent, "\(place)")
      #expect(one?.mayTakeLong == other?.mayTakeLong, "\(place)")
    }
  }

  @Test("Any sequence of changes, against a plain list", arguments: 1...6)
  func sequences(_ seed: UInt64) throws {
    var random = SeededRandom(key: seed)
    var model = Model(catalog: Self.catalog)
    model.variables = ["v0": 0]
    let engine = Self.engine(try model.read([]))
    var refused = 0
    var struck = 0
    for step in 0..<250 {
      let place = "step \(step) SEED=\(seed)"
      let name = "r\(Self.below(30, &random))"
      let index = model.entries.firstIndex { $0.rule.name == name }
      switch Self.below(10, &random) {
      case 0...4:
        var names = TextSet()
        let rules = (0...Self.below(3, &random)).map { _ in Self.rule(&random) }
          .filter { names.insert($0["name"]?.stringValue ?? "").inserted }
        let first = Self.below(2, &random) == 0
        let wrong = try model.add(rules, first: first)
        do throws(ScenarioProblems) {
          let added = try engine.add(.array(rules), first: first)
          #expect(wrong.isEmpty && TextSet(added) == names, "\(place)")
        } catch {
          refused += 1
          #expect(error.problems.map(\.message) == wrong.map(\.message), "\(place)")
          #expect(error.problems.map(\.pointer) == wrong.map(\.pointer), "\(place)")
        }
      case 5:
        #expect(engine.removeRule(name) == (index != nil), "\(place)")
        if let index { model.entries.remove(at: index) }
      case 6:
        let position = Self.below(35, &random)
        engine.moveRule(name, to: position)
        if let index {
          let entry = model.entries.remove(at: index)
          model.entries.insert(entry, at: min(position, model.entries.count))
        }
      case 7:
        let isEnabled = Self.below(2, &random) == 0
        #expect(engine.setRule(name, isEnabled: isEnabled) == (index != nil), "\(place)")
        if let index { model.entries[index].isEnabled = isEnabled }
      default:
        let subject = TextSearchTests.subject(&random)
        let now = VirtualInstant(seconds: 2)
        _ = engine.decide(subject, operation: nil, now: now, wall: now)
        if model.meet(subject) { struck += 1 }
      }
      try compare(engine, model, &random, place)
    }
    // Both happen, so that the test says something.
    #expect(refused > 5)
    #expect(struck > 5)
  }

  @Test("However often rules are moved to one place, each keeps its own", arguments: 1...2)
  func moves(_ seed: UInt64) throws {
    var random = SeededRandom(key: seed)
    var names = (0..<300).map { "r\($0)" }
    let model = Model(catalog: Self.catalog)
    let engine = Self.engine(
      try model.read(
        names.map { ["name": .string($0), "match": ["header": ["x": "1"]], "pass": true] }))
    for step in 0..<2_000 {
      let from = Self.below(names.count, &random)
      // One place in the middle, its neighbours, the front, behind the last.
      let to = [150, 150, 149, 1, 0, 299, 1_000][Self.below(7, &random)]
      engine.moveRule(names[from], to: to)
      let name = names.remove(at: from)
      names.insert(name, at: min(to, names.count))
      if step % 50 == 0 { #expect(engine.rules.names == names, "step \(step) SEED=\(seed)") }
    }
    let subject = RuleSubject(
      request: Request(.get, "/", fields: Fields(["X": "1"])), tenant: "t", service: nil,
      operation: nil)
    let met = engine.rules.candidates(operation: nil, for: subject)
    #expect(met.map { $0.rule.name } == names)
  }

  @Test("Rules without a name get the next number that is free")
  func names() throws {
    let engine = Self.engine(.empty)
    let added = try engine.add([[:], [:], ["name": "rule 5"], [:]])
    #expect(added == ["rule 1", "rule 2", "rule 5", "rule 4"])
    #expect(engine.removeRule("rule 1"))
    #expect(try engine.add([[:], [:]]) == ["rule 6", "rule 7"])
  }

  @Test("Who asks while rules come and go is answered by those before or those after")
  func concurrently() async throws {
    let engine = Self.engine(.empty)
    _ = try engine.add(["name": "last", "error": 503])
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<3 {
        group.addTask {
          for turn in 0..<200 {
            _ = try? engine.add(
              ["name": .string("w\(worker)"), "match": ["path": "/other"], "error": 500],
              first: turn % 2 == 0)
            if turn % 3 == 0 { _ = engine.removeRule("w\(worker)") }
          }
        }
      }
      group.addTask {
        let now = VirtualInstant(seconds: 2)
        let subject = RuleSubject(
          request: Request(.get, "/ships"), tenant: "t", service: nil, operation: nil)
        for _ in 0..<500 {
          let (outcome, _) = engine.decide(subject, operation: nil, now: now, wall: now)
          #expect(outcome.strikes.map(\.rule) == ["last"])
        }
      }
    }
    #expect(engine.strikeCount(of: "last")?.struck == 500)
    #expect(engine.rules.count == TextSet(engine.rules.names).count)
  }
}

@Suite("A dictionary that shares what does not change")
struct HashTrieTests {
  /// Most keys have the hash of another one.
  private struct Key: Hashable, Sendable {
    let number: Int
    func hash(into hasher: inout Hasher) { hasher.combine(number % 50) }
  }

  @Test("It holds what a dictionary holds, and a copy what it held", arguments: 1...4)
  func agrees(_ seed: UInt64) {
    var random = SeededRandom(key: seed)
    var trie = HashTrie<Key, Int>()
    var plain: [Key: Int] = [:]
    var copies: [(HashTrie<Key, Int>, [Key: Int])] = []
    for step in 0..<2_000 {
      let key = Key(number: Int(random.next() % 150))
      let value = random.next() % 3 == 0 ? nil : step
      trie.update(key) { old in
        #expect(old == plain[key])
        old = value
      }
      plain[key] = value
      if step % 100 == 0 { copies.append((trie, plain)) }
    }
    for (trie, plain) in copies + [(trie, plain)] {
      var seen: [Key: Int] = [:]
      trie.forEach { seen[$0] = $1 }
      #expect(seen == plain)
      for number in 0..<150 { #expect(trie[Key(number: number)] == plain[Key(number: number)]) }
      #expect(trie.isEmpty == plain.isEmpty)
    }
  }
}
