import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("The JSON Schema and the reader say the same (DESIGN §7)")
struct ScenarioSchemaTests {
  let catalog = ScenarioCatalog(services: [SampleService()])
  let schema: MiniSchema

  init() { schema = MiniSchema(root: ScenarioSchema.document(catalog)) }

  private func problems(_ document: JSON) -> [ScenarioProblem] {
    do {
      _ = try Scenario.read(document, catalog: catalog)
      return []
    } catch {
      return error.problems
    }
  }

  @Test("A document with every key is valid for both")
  func everything() {
    #expect(problems(ScenarioSamples.everything) == [])
    #expect(schema.errors(ScenarioSamples.everything) == [])
  }

  @Test("What one refuses the other refuses too", arguments: ScenarioSamples.wrong)
  func refusedByBoth(_ change: (pointer: String, value: JSON)) throws {
    let tokens = try #require(JSONPointer(change.pointer)).tokens
    let document = ScenarioSamples.changed(ScenarioSamples.everything, tokens[...], change.value)
    #expect(document != ScenarioSamples.everything)
    #expect(problems(document) != [], "the reader accepts it")
    #expect(schema.errors(document) != [], "the schema accepts it")
  }

  @Test(
    "A form says what it reads, the value that it takes where nothing is given included",
    arguments: [
      (["per": "credential"], true), (["per": "nobody"], false), ([:], true), (["every": 0], false),
      (["every": 2], true), (["end": "loop"], false), (["error": 500, "fault": "reset"], false),
      (["limit": ["window": "1m", "requests": 1], "error": 500], false),
      (["respond": ["text": "a", "json": 1]], false), (["delay": [:]], false),
      (["delay": ["fixed": "1s", "uniform": ["min": "1s", "max": "2s"]]], false),
      (["fault": ["reset": true, "empty": true]], false), (["between": [0, "1s"]], false),
      (["set": ["n": ["add": "x"]]], false), (["error": ["status": 500, "header": nil]], false),
      (["match": ["body": ["pointer": ["": ["a": "x"]]]]], false),
      (["match": ["body": ["pointer": ["": ["present": true]]]]], true),
      (["match": ["query": ["a": ["x", "y"]]]], false), (["match": ["credential": ["x"]]], false),
      (["match": ["header": ["a": ["x"]]]], false), (["match": ["body": ["text": ["x"]]]], false),
      (["respond": ["header": ["Content-Length": "5"]]], false),
      (["emit": ["advance": "{{vars.pause}}"]], true), (["emit": ["advance": ["by": 5]]], false),
    ] as [(JSON, Bool)])
  func verdicts(_ rule: JSON, _ isTaken: Bool) {
    let document: JSON = ["wavetank": 1, "rules": [rule]]
    #expect(problems(document).isEmpty == isTaken, "reader: \(problems(document))")
    #expect(schema.errors(document).isEmpty == isTaken, "schema: \(schema.errors(document))")
  }
}
