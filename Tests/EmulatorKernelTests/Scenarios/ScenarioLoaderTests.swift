import Foundation
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Loading scenario files")
struct ScenarioLoaderTests {
  /// Files in memory.
  private func loader(_ files: [String: String] = [:]) -> ScenarioLoader {
    ScenarioLoader(
      catalog: ScenarioCatalog(services: [SampleService()]),
      library: ["shipped": #"{"wavetank":1}"#]
    ) { path throws(FileError) in
      guard let text = files[path] else { throw FileError(call: "read", path: path, code: ENOENT) }
      return Array(text.utf8)
    }
  }

  private func problems(_ files: [String: String], _ names: [String]) -> [String] {
    do {
      _ = try loader(files).load(names)
      return []
    } catch {
      return error.problems.map(\.text)
    }
  }

  @Test("JSON5 with comments and trailing commas, YAML, and shipped names are taken")
  func forms() throws {
    let files = [
      "a.json": "// hello\n{wavetank: 1, name: 'a', rules: [{error: 503,},],}",
      "b.yaml": "wavetank: 1\nname: b\nrules:\n  - name: slow\n    delay: 20ms\n",
      "c": "# yaml without an ending\nwavetank: 1\n",
    ]
    let merged = try loader(files).load(["a.json", "b.yaml", "c", "shipped"])
    #expect(merged.name == "a + b")
    #expect(merged.rules.map(\.name) == ["rule 1", "slow"])
  }

  static let refused: [([String: String], [String], String)] = [
    (
      ["a.json": "{\n  \"wavetank\": 1,\n  \"rules\": [\n    {\"tims\": 2}\n  ]\n}"], ["a.json"],
      #"a.json:4:6: /rules/0/tims: unknown key "tims"; did you mean "times"?"#
    ),
    (
      ["a.yaml": "wavetank: 1\nrules:\n  - name: x\n    probability: 2\n"], ["a.yaml"],
      "a.yaml:4:5: /rules/0/probability: expected a number from 0 to 1, found 2"
    ),
    (["a.json": "{\"wavetank\": 1"], ["a.json"], "a.json:1:15: the text cannot be read"),
    (["a.yaml": "a: [1"], ["a.yaml"], "a.yaml:1:"),
    ([:], ["gone.json"], "gone.json: there is no such file"),
    ([:], ["shiped"], #"shiped: neither a file nor a shipped scenario; did you mean "shipped"?"#),
    (
      [
        "a.json": #"{"wavetank":1,"rules":[{"name":"x"}]}"#,
        "b.json":
          "{\"wavetank\":1,\n\"rules\":[{\"name\":\"y\"},\n{\"name\":\"z\",\"where\":{\"q\":1}}]}",
      ],
      ["a.json", "b.json"], #"b.json:3:22: /rules/1/where/q: unknown variable "q""#
    ),
    (
      ["a.json": "{\"wavetank\":1,\n\"rules\":[{\"respond\":{\"file\":\"no.bin\"}}]}"], ["a.json"],
      "a.json:2:22: /rules/0/respond/file: no.bin: there is no such file"
    ),
    (
      ["a.json": "{\"wavetank\":1,\n\"given\":{\"harbor\":{\"ships\":1}}}"], ["a.json"],
      "a.json:2:20: /given/harbor/ships: expected an array"
    ),
  ]

  @Test("Problems name file, line and column", arguments: refused)
  func isRefused(_ files: [String: String], _ names: [String], _ message: String) {
    let found = problems(files, names)
    #expect(found.contains { $0.hasPrefix(message) }, "\(found)")
  }

  @Test("A file that is missing is one problem, not two")
  func missingOnce() {
    let text = #"{"wavetank":1,"rules":[{"respond":{"file":"no.bin"}}]}"#
    #expect(problems(["a.json": text], ["a.json"]).count == 1)
  }

  @Test("Problems of all files come at once")
  func allFiles() {
    let found = problems(
      ["a.json": "{}", "b.json": #"{"wavetank":2}"#], ["a.json", "b.json", "c.json"])
    #expect(Set(found.map { $0.prefix(6) }) == ["a.json", "b.json", "c.json"])
  }

  @Test("Fifty megabytes are refused by size with a clear sentence")
  func tooLarge() {
    let found = problems(["big.json": String(repeating: " ", count: 50_000_000)], ["big.json"])
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("big.json: 50000000 bytes are too many for a scenario") == true)
  }

  @Test("A file named in a scenario is taken in, relative to the scenario")
  func inlined() throws {
    let files = [
      "dir/a.json":
        #"{"wavetank":1,"rules":[{"respond":{"file":"x.bin"}},{"sequence":[{"respond":{"file":"x.bin"}}]}]}"#,
      "dir/x.bin": "hello",
    ]
    let scenario = try loader(files).load(["dir/a.json"])
    guard case .respond(let effect) = scenario.rules[0].action else {
      Issue.record("no respond")
      return
    }
    #expect(effect.content == .bytes(Array("hello".utf8)))
    #expect(scenario.rules[0].source["respond"] == ["base64": "aGVsbG8="])
    #expect(scenario.rules[1].source["sequence"]?[0]?["respond"] == ["base64": "aGVsbG8="])
  }

  @Test("What is no regular file is refused and not waited for")
  func pipes() throws {
    for path in ["/dev/zero", "/"] {
      let error = #expect(throws: FileError.self) { try ScenarioFiles.read(path) }
      #expect(error?.reason == "it is no regular file")
    }
    let error = #expect(throws: FileError.self) { try ScenarioFiles.read("/no/such/file.json") }
    #expect(error?.isMissing == true)
  }
}
