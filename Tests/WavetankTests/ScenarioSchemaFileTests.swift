import Foundation
import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

@Suite("The schema that is shipped is the one that is served")
struct ScenarioSchemaFileTests {
  static let file = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Scenarios/scenario.schema.json")

  @Test("GET /_wavetank/scenario.schema.json is Scenarios/scenario.schema.json")
  func same() async throws {
    let sea = try await Sea()
    let served = try await sea.control(.get, "/scenario.schema.json")
    await sea.stop()
    #expect(served.fields["content-type"] == "application/schema+json")
    if ProcessInfo.processInfo.environment["REGENERATE"] == "1" {
      let text = Self.laidOut(served.json, indent: "") + "\n"
      try text.write(to: Self.file, atomically: true, encoding: .utf8)
      return
    }
    let shipped = try JSON(parsing: [UInt8](Data(contentsOf: Self.file)))
    #expect(shipped == served.json, "REGENERATE=1 writes the file anew")
    #expect(shipped["$defs"]?["operationName"]?["anyOf"]?[0]?["enum"]?.arrayValue?.count ?? 0 > 100)
  }

  /// One member or element a line.
  private static func laidOut(_ json: JSON, indent: String) -> String {
    let inner = indent + "  "
    switch json {
    case .object(let object) where !object.isEmpty:
      let lines = object.members.map { member in
        "\(inner)\(JSON.string(member.key).text): \(laidOut(member.value, indent: inner))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    case .array(let elements) where elements.contains { $0.objectValue != nil }:
      let lines = elements.map { inner + laidOut($0, indent: inner) }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
    case .array(let elements):
      return "[" + elements.map(\.text).joined(separator: ", ") + "]"
    default: return json.text
    }
  }
}
