import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Reading whole scenarios")
struct ScenarioReadingTests {
  let catalog = ScenarioCatalog(services: [SampleService()])

  private func problems(_ documents: JSON...) -> [ScenarioProblem] {
    do {
      var scenarios: [Scenario] = []
      for document in documents { scenarios.append(try Scenario.read(document, catalog: catalog)) }
      return Scenario.merged(scenarios).problems(catalog: catalog)
    } catch {
      return error.problems
    }
  }

  private func rule(_ rule: JSON) -> JSON { ["wavetank": 1, "rules": [rule]] }

  static let refused: [(JSON, String, String)] = [
    ([:], "", #"the key "wavetank" is missing"#),
    (["wavetank": 2], "/wavetank", "expected format version 1, found 2"),
    (["wavetank": 1, "ruels": []], "/ruels", #"did you mean "rules"?"#),
    (["wavetank": 1, "given": ["harbour": [:]]], "/given/harbour", #"did you mean "harbor"?"#),
    (
      ["wavetank": 1, "given": ["harbor": ["ships": 5]]], "/given/harbor/ships", "expected an array"
    ),
    (["wavetank": 1, "clock": ["mode": "scaled"]], "/clock", #"needs "factor""#),
    (["wavetank": 1, "clock": ["mode": "real", "factor": 2]], "/clock", "only for the mode"),
    (
      ["wavetank": 1, "rules": [["name": "a"], ["name": "a"]]], "/rules/1/name",
      #"two rules with the name "a""#
    ),
    (
      ["wavetank": 1, "rules": [["match": ["operation": "harbor.ship.lst"]]]],
      "/rules/0/match/operation", #"did you mean "harbor.ship.list"?"#
    ),
    (
      ["wavetank": 1, "rules": [["match": ["operation": "harbor.boat.*"]]]],
      "/rules/0/match/operation", "no operation matches"
    ),
    (
      ["wavetank": 1, "rules": [["match": ["service": "harbr"]]]], "/rules/0/match/service",
      #"did you mean "harbor"?"#
    ),
    (
      [
        "wavetank": 1,
        "rules": [["match": ["operation": "harbor.cargo.put", "body": ["text": "x"]]]],
      ],
      "/rules/0/match/body", "streams past"
    ),
    (
      [
        "wavetank": 1,
        "rules": [["respond": ["text": "{{path.id}}"], "match": ["operation": "harbor.ship.get"]]],
      ],
      "/rules/0", "{{path.id}} is no parameter here"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["text": "{{vars.x"]]]], "/rules/0/respond/text",
      "without }}"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["text": "{{vars.x./~2}}"]]]],
      "/rules/0/respond/text", "no JSON Pointer"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["text": "{{conut}}"]]]], "/rules/0/respond/text",
      #"did you mean "count"?"#
    ),
    (
      ["wavetank": 1, "rules": [["error": 500, "respond": ["status": 200]]]], "/rules/0",
      "exclude each other"
    ),
    (
      ["wavetank": 1, "rules": [["end": "loop", "error": 500]]], "/rules/0/end",
      #"belongs to a "sequence""#
    ),
    (["wavetank": 1, "rules": [["after": true]]], "/rules/0/after", "spoils an answer"),
    (
      ["wavetank": 1, "rules": [["delay": ["max": "1s"]]]], "/rules/0/delay", "needs one of fixed"
    ),
    (
      ["wavetank": 1, "rules": [["delay": ["uniform": ["min": "2s", "max": "1s"]]]]],
      "/rules/0/delay/uniform", "more than"
    ),
    (["wavetank": 1, "rules": [["fault": "throttle"]]], "/rules/0/fault", "needs settings"),
    (
      ["wavetank": 1, "rules": [["match": ["path": ["/a", "/ships/{rest…}/x"]]]]],
      "/rules/0/match/path/1", "nothing may follow"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["file": "x"]]]], "/rules/0/respond/file",
      "only in a scenario file on disk"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["base64": "a"]]]], "/rules/0/respond/base64", "base64"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["header": ["a b": "c"]]]]],
      "/rules/0/respond/header/a b", "no field name"
    ),
    (
      ["wavetank": 1, "rules": [["respond": ["header": ["Content-Length": "5"]]]]],
      "/rules/0/respond/header/Content-Length", "framing"
    ),
    (
      ["wavetank": 1, "rules": [["between": ["2s", "1s"]]]], "/rules/0/between", "must come before"
    ),
    (
      ["wavetank": 1, "rules": [["where": ["phse": 1]]], "variables": ["phase": 1]],
      "/rules/0/where/phse", #"did you mean "phase"?"#
    ),
    (
      ["wavetank": 1, "rules": [["name": "a", "emit": ["trigger": "a"]]]], "/rules/0/emit",
      #"circular emit: "a" → "a""#
    ),
    (
      [
        "wavetank": 1,
        "rules": [
          ["name": "a", "emit": ["trigger": "b"]],
          ["name": "b", "emit": [["advance": "1s"], ["trigger": "a"]]],
        ],
      ], "/rules/1/emit", "circular emit"
    ),
    (
      ["wavetank": 1, "rules": [["name": "abc", "emit": ["enableRule": "abd"]]]], "/rules/0/emit",
      #"did you mean "abc"?"#
    ),
    (
      ["wavetank": 1, "rules": [["emit": ["advance": 5]]]], "/rules/0/emit/advance", "duration"
    ),
    (
      ["wavetank": 1, "rules": [["name": "abc"]], "expect": ["rules": ["abd": 1]]],
      "/expect/rules/abd", #"did you mean "abc"?"#
    ),
  ]

  @Test("What is wrong is refused with place, reason and the nearest word", arguments: refused)
  func isRefused(_ document: JSON, _ pointer: String, _ message: String) {
    let found = problems(document)
    #expect(
      found.contains { $0.pointer == pointer && $0.message.contains(message) }, "\(found)")
  }

  @Test("All problems of a document come at once")
  func allAtOnce() {
    let found = problems([
      "wavetank": 1, "sed": 1,
      "rules": [["probability": 2], ["match": ["operation": "nope"]], ["fault": "rest"]],
    ])
    #expect(
      Set(found.map(\.pointer)) == [
        "/sed", "/rules/0/probability", "/rules/1/match/operation", "/rules/2/fault",
      ])
  }

  @Test("Several documents merge in order")
  func merging() throws {
    let first: JSON = [
      "wavetank": 1, "name": "a", "seed": 1, "auth": ["keys": [["key": "k"], ["key": "l"]]],
      "given": ["harbor": ["ships": ["x"], "one": 1]], "variables": ["v": 1, "w": 1],
      "rules": [["name": "r", "error": 500], ["error": 501]],
    ]
    let second: JSON = [
      "wavetank": 1, "name": "b", "seed": 2, "auth": ["keys": [["key": "l", "status": 403]]],
      "given": ["harbor": ["ships": ["y"], "one": 2]], "variables": ["w": 2],
      "rules": [["name": "r", "error": 503], ["name": "s", "error": 504]],
      "expect": ["unmatched": 0],
    ]
    let merged = Scenario.merged([
      try Scenario.read(first, catalog: catalog), try Scenario.read(second, catalog: catalog),
    ])
    #expect(merged.name == "a + b")
    #expect(merged.seed == 2)
    #expect(merged.keys?.map(\.key) == ["k", "l"])
    #expect(merged.keys?[1].status == 403)
    #expect(merged.given["harbor"] == ["ships": ["x", "y"], "one": 2])
    #expect(merged.variables == ["v": 1, "w": 2])
    #expect(merged.rules.map(\.name) == ["r", "rule 2", "s"])
    #expect(merged.rules[0].source["error"] == 503)
    #expect(merged.expectation?.unmatched == CountExpectation(exactly: 0))
    let again = Scenario.merged([try Scenario.read(merged.source, catalog: catalog)])
    #expect(again.source == merged.source)
    #expect(again.rules.map(\.name) == merged.rules.map(\.name))
    #expect(again.keys == merged.keys)
  }

  @Test("The merged document of everything reads back as the same")
  func roundTrip() throws {
    let scenario = Scenario.merged([
      try Scenario.read(ScenarioSamples.everything, catalog: catalog)
    ])
    let again = Scenario.merged([try Scenario.read(scenario.source, catalog: catalog)])
    #expect(again.source == scenario.source)
    #expect(again.rules.map(\.source) == scenario.rules.map(\.source))
  }
}
