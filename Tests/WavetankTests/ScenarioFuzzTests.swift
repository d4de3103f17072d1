import EmulatorKernel
import Foundation
import KernelTestKit
import PayloadCodecs
import Scenarios
import Testing

@testable import Wavetank

/// Scenario files, changed in one or two places: reader and schema give one verdict.
///
/// `SEED=…` repeats a run, `ROUNDS=…` makes it longer.
@Suite("Mutated scenarios: reader and schema agree (DESIGN §7)")
struct ScenarioFuzzTests {
  let loader = Scenarios.loader(isStrict: false)
  let schema: MiniSchema

  init() { schema = MiniSchema(root: ScenarioSchema.document(loader.catalog)) }

  /// What is wrong with a value although its form is right, so that no schema can say it.
  private static let beyondSchema = [
    "unknown template", "is no parameter here", "there are two", "there is no", "unknown rule",
    "unknown variable", "circular", "does not compile", "is more than", "must come before",
    "no operation matches", "unknown signal", "can only end a timeline", "streams past",
    "stands here", "time zone", "base64", "longer than 0", "at most 1m",
    "The default of the parameter", "only in a scenario file on disk", "\"after\" spoils",
    "at least 1 byte", "unknown name",
    "cannot be a handle", "a webhook needs", "has no value", "of the parameter", "is used twice",
    "has such a project", "no vessel of that name", "needs at least one vessel",
    "'language' is missing", "arguments/", "guardrails/", "letters, digits", "needs 'when'",
    "before any request", "these strike connections", "a host alone", "it is no zip archive",
  ]

  /// What other readers read, of which the schema is a rough description.
  private static let foreign = ["/behaviors/scramjet", "/store/0/package"]

  private func problems(_ document: JSON) -> [String] {
    do throws(ScenarioLoadError) {
      let text = try ScenarioDocument(document.serialized(), name: "x.json")
      _ = try loader.load([text])
      return []
    } catch {
      return error.problems.map(\.text)
    }
  }

  /// What examples speak of: a rule, a signal that somebody waits for.
  private static func completed(_ sample: JSON) -> JSON {
    guard case .object(var document) = sample else { return sample }
    document["rules"] = .array(
      (document["rules"]?.arrayValue ?? []) + [["name": "a rule's name"]])
    var behaviors = document["behaviors"]?.objectValue ?? JSONObject()
    behaviors["steamship"] = .array(
      (behaviors["steamship"]?.arrayValue ?? []) + [
        ["timeline": [["state": "running", "signal": "go"]]]
      ])
    document["behaviors"] = .object(behaviors)
    return .object(document)
  }

  @Test("The example of every key loads, and the schema takes it")
  func examples() {
    let samples = ScenarioSchema.samples(loader.catalog)
    // What an example names stands in the example of another key.
    let absent = [
      "only in a scenario file on disk", "there is no package", "there is no sequence",
      "unknown name", "there is no such file",
      // Of a rule of its own only.
      "there is no fault on a request in a sequence",
    ]
    #expect(samples.count > 300)
    for sample in samples {
      let document = Self.completed(sample)
      let found = problems(document).filter { text in !absent.contains { text.contains($0) } }
      #expect(found == [], "\(sample.text)")
      #expect(schema.errors(document) == [], "\(sample.text)")
    }
  }

  private static let seeds: [JSON] =
    ScenarioLibrary.texts.values.sorted().compactMap { try? JSON(parsing: Array($0.utf8)) }
    + [ServiceSectionSamples.whole]

  @Test(
    "What the schema refuses the reader refuses; what the reader refuses the schema refuses, where it can know"
  )
  func oneVerdict() throws {
    let environment = ProcessInfo.processInfo.environment
    let seed = environment["SEED"].flatMap(UInt64.init) ?? 11
    let rounds = environment["ROUNDS"].flatMap(Int.init) ?? 3_000
    print("SEED=\(seed) ROUNDS=\(rounds)")
    var refused = 0
    for round in 0..<rounds {
      var random = SeededRandom(seed: seed, ["scenario fuzz"], count: UInt64(round))
      var document = Self.seeds[round % Self.seeds.count]
      for _ in 0...Int(random.next() % 2) { document = Mutation.applied(to: document, &random) }
      let bySchema = schema.errors(document)
      let byReader = problems(document)
      if !byReader.isEmpty { refused += 1 }
      if !bySchema.isEmpty, byReader.isEmpty {
        Issue.record("round \(round): only the schema refuses it: \(bySchema)\n\(document.text)")
      }
      if bySchema.isEmpty {
        let excuses = Self.beyondSchema + Self.foreign
        let known = byReader.filter { text in !excuses.contains { text.contains($0) } }
        if !known.isEmpty {
          Issue.record("round \(round): only the reader refuses it: \(known)\n\(document.text)")
        }
      }
    }
    #expect(refused > rounds / 3)
  }
}

/// One change of a document at a place chosen by chance.
enum Mutation {
  static func applied(to document: JSON, _ random: inout SeededRandom) -> JSON {
    var places = document.placeCount
    let target = Int(random.next() % UInt64(max(1, places - 1))) + 1
    places = target
    return changed(document, &places, &random)
  }

  /// Counts places down to the one that is changed.
  private static func changed(
    _ json: JSON, _ left: inout Int, _ random: inout SeededRandom
  ) -> JSON {
    switch json {
    case .object(let object):
      var result = JSONObject()
      for (key, value) in object.members {
        left -= 1
        if left == 0 {
          result.members += member(key, value, &random)
        } else {
          result.members.append((key, left > 0 ? changed(value, &left, &random) : value))
        }
      }
      return .object(result)
    case .array(let elements):
      return .array(
        elements.flatMap { element -> [JSON] in
          left -= 1
          guard left >= 0 else { return [element] }
          guard left == 0 else { return [changed(element, &left, &random)] }
          return random.next() % 4 == 0 ? [element, element] : [other(element, &random)]
        })
    default: return json
    }
  }

  private static func member(
    _ key: String, _ value: JSON, _ random: inout SeededRandom
  ) -> [(key: String, value: JSON)] {
    switch random.next() % 8 {
    case 0: return []
    case 1: return [(key + "x", value)]
    case 2: return [(key, value), ("error", 500)]
    case 3: return [(key, value), ("fault", "reset")]
    default: return [(key, other(value, &random))]
    }
  }

  private static let others: [JSON] = [
    .null, true, false, 0, 1, -1, 1_000_000_000_000, 0.5, 99, 600, "", "x", "1s", "1KiB", "*",
    "2026-01-01T00:00:00Z", "{{bogus}}", [], ["x"], [[:]], [:], ["x": 1], ["add": "x"],
    ["present": true], ["by": 5],
  ]

  private static func other(_ value: JSON, _ random: inout SeededRandom) -> JSON {
    if random.next() % 6 == 0 { return [value] }
    return others[Int(random.next() % UInt64(others.count))]
  }
}

extension JSON {
  fileprivate var placeCount: Int {
    switch self {
    case .object(let object): object.members.reduce(1) { $0 + $1.value.placeCount }
    case .array(let elements): elements.reduce(1) { $0 + $1.placeCount }
    default: 1
    }
  }
}
