import Foundation
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("The shipped scenarios are the same as files and in the program")
struct ShippedScenariosTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func files() throws -> [(name: String, text: String)] {
    let folder = root.appending(path: "Scenarios")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }.sorted()
      .map { file in
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        return (String(file.dropLast(".json".count)), text)
      }
  }

  @Test("Library and files agree")
  func agree() throws {
    let files = try Self.files()
    #expect(ScenarioLibrary.texts.keys.sorted() == files.map(\.name))
    for (name, text) in files { #expect(ScenarioLibrary.texts[name] == text, "\(name)") }
  }

  @Test("There are at least twelve, each with its own name and a description")
  func described() throws {
    let files = try Self.files()
    #expect(files.count >= 12)
    for (name, text) in files {
      let json = try JSON(parsing: text)
      #expect(json["name"]?.stringValue == name)
      #expect(json["description"]?.stringValue?.hasSuffix(".") == true)
      #expect(json["$schema"] == "./scenario.schema.json")
    }
  }
}
