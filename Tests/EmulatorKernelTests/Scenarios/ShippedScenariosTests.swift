import Foundation
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("The shipped scenarios are the same as files and in the program")
struct ShippedScenariosTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let library = root.appending(
    path: "Sources/Scenarios/Library/ScenarioLibrary.swift")

  private static func files() throws -> [(name: String, text: String)] {
    let folder = root.appending(path: "Scenarios")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }.sorted()
      .map { file in
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        return (String(file.dropLast(".json".count)), text)
      }
  }

  /// The source of the library, made of the files. `REGENERATE=1` writes it.
  private static func source(_ files: [(name: String, text: String)]) -> String {
    var source = """
      package import PayloadCodecs

      /// The shipped scenarios, in the program itself so that one file is enough to run it. The texts
      /// are those of the files in `Scenarios/`; `ShippedScenariosTests` holds them together and, with
      /// `REGENERATE=1`, writes this file.
      package enum ScenarioLibrary {
        /// By name: the file's name without its ending.
        package static let texts: TextMap<String> = [

      """
    for (name, text) in files {
      source += "    \"\(name)\": #\"\"\"\n"
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        source += line.isEmpty ? "\n" : "      \(line)\n"
      }
      source += "\n      \"\"\"#,\n"
    }
    return source + "  ]\n}\n"
  }

  @Test("Library and files agree")
  func agree() throws {
    let files = try Self.files()
    if ProcessInfo.processInfo.environment["REGENERATE"] == "1" {
      try Self.source(files).write(to: Self.library, atomically: true, encoding: .utf8)
      return
    }
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
