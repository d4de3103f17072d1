import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("The JSON Schema and the reader say the same (DESIGN §7)")
struct ScenarioSchemaTests {
  let catalog = ScenarioCatalog(services: [Harbor()])
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

  @Test("Every place has the same keys in both, and the schema has no other places")
  func keys() throws {
    var visited: Set<[String]> = []
    var wrong: [String] = []
    _ = try Scenario.read(ScenarioSamples.everything, catalog: catalog) { reader, kind, keys in
      guard kind == .object, !keys.isEmpty || reader.value.objectValue?.isEmpty == true else {
        return
      }
      let tokens = JSONPointer(reader.pointer)?.tokens ?? []
      let schemas = schema.objects(at: tokens).map { $0.keys.sorted() }
      visited.formUnion(schemas.filter { $0 == keys.sorted() })
      if !schemas.contains(keys.sorted()) {
        wrong.append("\(reader.pointer): reader \(keys.sorted()), schema \(schemas)")
      }
    }
    #expect(wrong == [])
    let unvisited = Set(schema.allObjects).subtracting(visited)
    // Sections of services are theirs.
    #expect(unvisited.filter { $0 != ["harbor"] } == [])
  }

  @Test("What one refuses the other refuses too", arguments: ScenarioSamples.wrong)
  func refusedByBoth(_ change: (pointer: String, value: JSON)) throws {
    let tokens = try #require(JSONPointer(change.pointer)).tokens
    let document = ScenarioSamples.changed(ScenarioSamples.everything, tokens[...], change.value)
    #expect(document != ScenarioSamples.everything)
    #expect(problems(document) != [], "the reader accepts it")
    #expect(schema.errors(document) != [], "the schema accepts it")
  }

  @Test("An unknown key is refused by both, wherever it stands")
  func unknownKeys() throws {
    var pointers: [String] = []
    _ = try Scenario.read(ScenarioSamples.everything, catalog: catalog) { reader, kind, keys in
      if kind == .object, !keys.isEmpty { pointers.append(reader.pointer) }
    }
    #expect(pointers.count > 40)
    for pointer in Set(pointers) {
      let tokens = try #require(JSONPointer(pointer)).tokens + ["unheard-of"]
      let document = ScenarioSamples.changed(ScenarioSamples.everything, tokens[...], 1)
      #expect(problems(document).contains { $0.message.contains("unknown key") }, "\(pointer)")
      #expect(schema.errors(document) != [], "\(pointer)")
    }
  }
}
