import EmulatorKernel
import Glibc
import KernelTestKit
import PayloadCodecs
import Testing

@testable import Wavetank

@Suite("The services' parts of a scenario: schema and reader say the same (DESIGN §7)")
struct ServiceSectionTests {
  let loader = Scenarios.loader(isStrict: false)
  let schema: MiniSchema

  init() { schema = MiniSchema(root: ScenarioSchema.document(loader.catalog)) }

  private func problems(_ document: JSON) throws -> [ScenarioLoadProblem] {
    let text = try ScenarioDocument(document.serialized(), name: "sample.json")
    do {
      _ = try loader.load([text])
      return []
    } catch {
      return error.problems
    }
  }

  @Test("Sections with every key are valid for both")
  func everything() throws {
    #expect(try problems(ServiceSectionSamples.whole) == [])
    #expect(schema.errors(ServiceSectionSamples.whole) == [])
  }

  static let archives: [(String, JSON, [String])] = [
    (
      "steamship",
      ["packages": [["handle": "a", "code": "bad"], ["handle": "b", "code": "gone"]]],
      [
        "/given/steamship/packages/1/code: gone: there is no such file",
        "/given/steamship/packages/0/code: it is no zip archive with a file api.py at its top",
      ]
    ),
    (
      "steamship", ["plugins": [["handle": "a", "type": "tagger", "codeBase64": "AAEC"]]],
      ["/given/steamship/plugins/0/code: it is no zip archive with a file api.py at its top"]
    ),
    (
      "scramjet", ["sequences": [["code": "bad"], ["code": "gone"]]],
      [
        "/given/scramjet/sequences/1/code: gone: there is no such file",
        "/given/scramjet/sequences/0/code: it is no package of a sequence",
      ]
    ),
  ]

  @Test("Code that is no archive, or is not there, is told once, in its place", arguments: archives)
  func codeIsNoArchive(_ service: String, _ given: JSON, _ messages: [String]) throws {
    var loader = loader
    loader.readFile = { path throws(FileError) in
      guard path == "bad" else { throw FileError(call: "read", path: path, code: ENOENT) }
      return Array("no archive".utf8)
    }
    let document: JSON = ["wavetank": 1, "given": .object([service: given])]
    let text = try ScenarioDocument(document.serialized(), name: "sample.json")
    let error = #expect(throws: ScenarioLoadError.self) { _ = try loader.load([text]) }
    let found = error?.problems.map { "\($0.pointer): \($0.message)" }
    #expect(found == messages)
  }

  @Test("Mistakes in several services are told all at once, with the nearest valid key")
  func allAtOnce() throws {
    var document = ServiceSectionSamples.whole
    let changes: [(path: [String], value: JSON, message: String)] = [
      (["given", "steamship", "packages", "0", "metods"], [], "\"methods\""),
      (["given", "scramjet", "hubs", "1", "overladed"], true, "\"overloaded\""),
      (["given", "shipyard", "orgs", "0", "runable"], true, "\"runnable\""),
      (
        ["given", "shipyard", "orgs", "0", "projects", "0", "fleets", "0", "triger"], [:],
        "\"triggers\""
      ),
      (
        [
          "given", "shipyard", "orgs", "0", "projects", "0", "fleets", "0", "vessels", "Extract",
          "guardrails", "retry_cuont",
        ], 1, "\"retry_count\""
      ),
      (["behaviors", "steamship", "0", "timeline", "0", "state"], "runing", "\"running\""),
      (["behaviors", "scramjet", "0", "behavior"], "ecoh", "\"echo\""),
      (["behaviors", "shipyard", "0", "attempts", "0", "exot"], 1, "\"exit\""),
      (["rules", "0", "tims"], 1, "\"times\""), (["clok"], [:], "\"clock\""),
    ]
    for change in changes {
      document = ServiceSectionSamples.changed(document, change.path[...], change.value)
    }
    let found = try problems(document)
    for change in changes {
      let pointer = "/" + change.path.joined(separator: "/")
      let problem = found.first { $0.pointer == pointer }
      #expect(problem?.message.contains(change.message) == true, "\(pointer): \(found.map(\.text))")
      #expect(problem?.line != nil)
    }
    #expect(found.count == changes.count, "\(found.map(\.text))")
  }

  @Test("A mistake in a section of the first of two documents is told with its place there")
  func twoDocuments() throws {
    let texts = [
      #"{"wavetank":1,"behaviors":{"shipyard":[{"attempts":[{"exit":300}]}]}}"#,
      #"{"wavetank":1,"behaviors":{"shipyard":[{"attempts":[{"exit":0}]},{"attempts":[{"exot":0}]}]}}"#,
    ]
    let documents = try texts.enumerated().map { number, text in
      try ScenarioDocument(Array(text.utf8), name: "\(number).json")
    }
    let error = #expect(throws: ScenarioLoadError.self) { try loader.load(documents) }
    let places = error?.problems.map { $0.file + $0.pointer } ?? []
    #expect(
      Set(places) == [
        "0.json/behaviors/shipyard/0/attempts/0/exit",
        "1.json/behaviors/shipyard/1/attempts/0/exot",
      ])
  }

  static let wrongEvents: [(event: JSON, message: String)] = [
    (["crashHbu": "sth-0"], "did you mean \"crashHub\"?"),
    (["runFlet": "Nightly"], "did you mean \"runFleet\"?"),
    (["crashHub": "sth-0", "spaec": "demo"], "did you mean \"space\"?"),
    (["crashHub": 5], "expected a string"), (["failInstance": "x", "code": 300], "from 1 to 255"),
    (["terminateVessel": ["run": "x"]], "the key \"vessel\" is missing"),
    (["runFleet": ["fleet": "x", "overides": [:]]], "did you mean \"overrides\"?"),
    (["signal": ""], "expected a string"),
    (["crashHub": "a", "killInstance": "b"], "unknown key"),
    (["setRunnable": ["org": "Labs", "runnable": "no"]], "true or false"),
  ]

  @Test("A wrong event is refused when the scenario is read, by both", arguments: wrongEvents)
  func events(_ wrong: (event: JSON, message: String)) throws {
    let document: JSON = ["wavetank": 1, "rules": [["name": "a", "emit": wrong.event]]]
    let found = try problems(document)
    #expect(found.contains { $0.message.contains(wrong.message) }, "\(found.map(\.text))")
    #expect(found.allSatisfy { $0.pointer.hasPrefix("/rules/0/emit") })
  }

  @Test("A signal that no timeline waits for is refused")
  func signals() throws {
    var document = ServiceSectionSamples.whole
    document = ServiceSectionSamples.changed(
      document, ["rules", "0", "emit", "0", "signal"], "gp")
    let found = try problems(document)
    #expect(found.map(\.message) == ["unknown signal \"gp\"; did you mean \"go\"?"])
  }
}
