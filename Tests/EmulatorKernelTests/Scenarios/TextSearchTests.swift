import Determinism
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Rules with expressions are looked for all at once")
struct TextSearchTests {
  private static let words = [
    "ship", "Harbor", "aurora", "Kelp", "süd", "no-17", "dock 4", "x", ".*",
  ]

  private static func word(_ random: inout SeededRandom) -> String {
    words[Int(random.next() % UInt64(words.count))]
  }

  /// An expression of words, groups, choices and repetitions.
  private static func expression(_ random: inout SeededRandom, depth: Int = 0) -> String {
    let parts = (0...Int(random.next() % 3)).map { _ -> String in
      let word = word(&random)
      switch random.next() % (depth < 3 ? 12 : 7) {
      case 0: return "\\b" + word
      case 1: return "[\(word.prefix(1) == "." ? "a" : word.prefix(1))]"
      case 2: return "\\d{1,2}"
      case 3: return word + "?"
      case 4: return "."
      case 5, 6: return word
      case 7: return "(" + expression(&random, depth: depth + 1) + ")+"
      case 8: return "(?i:" + expression(&random, depth: depth + 1) + ")"
      case 9: return "(" + expression(&random, depth: depth + 1) + "){0,2}"
      default:
        return "(" + expression(&random, depth: depth + 1) + "|"
          + expression(&random, depth: depth + 1) + ")"
      }
    }
    let anchors = depth == 0 ? random.next() % 4 : 0
    return (anchors & 1 == 1 ? "^" : "") + parts.joined() + (anchors & 2 == 2 ? "$" : "")
  }

  private static func matcher(_ random: inout SeededRandom, depth: Int = 0) -> JSON {
    switch random.next() % (depth < 2 ? 9 : 5) {
    case 0, 1, 2: return ["regex": .string(expression(&random))]
    case 3: return ["contains": .string(word(&random))]
    case 4: return ["glob": .string("*" + word(&random) + "?" + word(&random) + "*")]
    case 5:
      return ["any": [matcher(&random, depth: depth + 1), matcher(&random, depth: depth + 1)]]
    case 6:
      return ["all": [matcher(&random, depth: depth + 1), matcher(&random, depth: depth + 1)]]
    case 7: return ["not": matcher(&random, depth: depth + 1)]
    default: return .string(word(&random))
    }
  }

  private static func text(_ random: inout SeededRandom) -> String {
    let text = (0...Int(random.next() % 4)).map { _ in word(&random) }.joined(
      separator: random.next() % 2 == 0 ? "" : " ")
    return switch random.next() % 6 {
    case 0: text.uppercased()
    case 1: text.lowercased()
    case 2: text.replacing("k", with: "\u{212A}").replacing("s", with: "\u{17F}")
    default: text
    }
  }

  static func rule(_ number: Int, _ random: inout SeededRandom) -> JSON {
    var match = JSONObject()
    for _ in 0...Int(random.next() % 2) {
      switch random.next() % 6 {
      case 0: match["header"] = ["x-ship": matcher(&random)]
      case 1: match["query"] = ["q": matcher(&random)]
      case 2: match["body"] = ["text": matcher(&random)]
      case 3: match["body"] = ["pointer": ["/n": matcher(&random)]]
      case 4: match["path"] = .string("/*" + word(&random) + "*")
      default: match["host"] = matcher(&random)
      }
    }
    return ["name": .string("r\(number)"), "match": .object(match), "pass": true]
  }

  static func subject(_ random: inout SeededRandom) -> RuleSubject {
    let word = word(&random)
    let values = [JSON.string(text(&random)), .array([.string(word)]), 17, ["no-17": true]]
    let content: JSON = ["n": values[Int(random.next() % 4)], "text": .string(text(&random))]
    func escaped(_ text: String) -> String {
      text.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    let target = "/" + escaped(text(&random)) + "?q=" + escaped(text(&random))
    return RuleSubject(
      request: Request(
        .post, target,
        fields: Fields(["Host": "\(word.filter(\.isLetter)).example:80", "X-Ship": text(&random)])),
      tenant: "default", service: "harbor", operation: nil,
      content: .whole(content.serialized()))
  }

  @Test("The same rules match as when each is asked", arguments: 1...8)
  func agreesWithOneByOne(_ seed: UInt64) throws {
    let catalog = ScenarioCatalog(services: [SampleService()])
    var random = SeededRandom(key: seed)
    let rules = (0..<150).map { Self.rule($0, &random) }
    let scenario = try Scenario.read(["wavetank": 1, "rules": .array(rules)], catalog: catalog)
    let set = RuleSet(scenario, catalog: catalog)
    var matched = 0
    var passedOver = 0
    for _ in 0..<150 {
      let subject = Self.subject(&random)
      let candidates = Set(positions(set.candidates(operation: nil, for: subject)))
      passedOver += scenario.rules.count - candidates.count
      for index in scenario.rules.indices {
        let rule = scenario.rules[index]
        guard rule.match.firstFailure(for: subject) == nil else { continue }
        matched += 1
        #expect(candidates.contains(index), "\(rule.source.text) SEED=\(seed)")
      }
    }
    // Both happen, so that the test says something.
    #expect(matched > 1_000)
    #expect(passedOver > 1_000)
  }

  @Test("A thousand expressions leave a request one rule to ask")
  func passesOver() throws {
    let catalog = ScenarioCatalog(services: [SampleService()])
    let forms = ["^ship-NN-[a-z]+$", "ship-[0-9]+-no-NN$", "(?i)boat-NN|pier-NN-", "^(wreck-NN)+$"]
    for form in forms {
      let rules = (1_000..<2_000).map { number -> JSON in
        let pattern = JSON.string(form.replacing("NN", with: "\(number)"))
        return ["match": ["header": ["x-ship": ["regex": pattern]]], "error": 503]
      }
      let scenario = try Scenario.read(["wavetank": 1, "rules": .array(rules)], catalog: catalog)
      let set = RuleSet(scenario, catalog: catalog)
      let text = "ship-1500-no-1500 boat-1500 wreck-1500"
      let subject = RuleSubject(
        request: Request(.get, "/ships", fields: Fields(["X-Ship": text])), tenant: "default",
        service: "harbor", operation: nil)
      #expect(positions(set.candidates(operation: nil, for: subject)) == [500], "\(form)")
      #expect(set.concern(operation: nil)?.mayTakeLong == false)
      #expect(!set.meetsMany(operation: nil, subject))
    }
  }

  @Test("What an expression must have is found in it, in lower case")
  func required() throws {
    let cases: [(String, [[String]])] = [
      ("abc", [["abc"]]), ("^Ab\\bc$", [["abc"]]), ("ab", []), ("abc|de", []),
      ("abc|def", [["abc", "def"]]), ("x(abc|def)yyy", [["abc", "def"], ["yyy"]]),
      ("abc*def", [["def"]]), ("(abc)+", [["abc"]]), ("(abc)*", []), ("(abc)?def", [["def"]]),
      ("(?i)DOCK-7", [["doc"]]), ("(?i)Harbor", [["harbor"]]), ("(?i)maskee", []),
      ("grün", [["grün"]]),
      ("a.cde", [["cde"]]), ("[abc]", []), ("abc\\d+xyz", [["abc"], ["xyz"]]),
    ]
    for (pattern, wanted) in cases {
      let found = try TextPattern(pattern).required.map { required in
        required.anyOf.map { String(decoding: $0, as: UTF8.self) }
      }
      #expect(found == wanted, "\(pattern)")
    }
  }

  @Test("No other letter of ASCII is written in a character beyond it than those that are known")
  func otherCases() {
    for value in UInt32(0x80)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      for mapping in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
        let scalars = mapping.unicodeScalars
        guard scalars.count == 1, let other = scalars.first, other.isASCII else { continue }
        let folded = RequiredText.folded(UInt8(other.value))
        #expect(RegexSet.hasOtherCaseBeyondASCII(folded), "U+\(String(value, radix: 16))")
      }
    }
  }

  @Test("A rule that strikes is told, however many others stand in front of it")
  func told() async throws {
    let rules = (0..<600).map { number -> JSON in
      [
        "match": ["header": ["x-ship": ["regex": .string("^boat-\(number + 1_000)$")]]],
        "error": 503,
      ]
    }
    let harness = try ScenarioHarness(["wavetank": 1, "rules": .array(rules)])
    let reply = await harness.peer.send(.get, "/ships", ["X-Ship": "boat-1599"])
    #expect(reply.status == 503)
    let entry = try #require(harness.live.journal.entry(1))
    let trace = try #require(entry.trace)
    let told = trace.explained(for: harness.pipeline.subject(of: entry, in: harness.live))
    #expect(told["rulesConsidered"]?.arrayValue?.count == RuleTrace.entryLimit + 1)
    #expect(told["rulesConsidered"]?.arrayValue?.last?["outcome"] == "struck")
    #expect(told["cut"] == true)
  }
}
