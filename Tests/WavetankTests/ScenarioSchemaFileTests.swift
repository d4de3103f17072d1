import Foundation
import HTTPModel
import PayloadCodecs
import Scenarios
import Testing

@testable import Wavetank

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
    let isSame = shipped == served.json  // A Bool: the difference of two long values takes minutes.
    #expect(isSame, "REGENERATE=1 writes the file anew")
    #expect(shipped["$defs"]?["operationName"]?["anyOf"]?[0]?["enum"]?.arrayValue?.count ?? 0 > 100)
  }

  static let page = file.deletingLastPathComponent().appending(path: "REFERENCE.md")

  @Test("Scenarios/REFERENCE.md is what the forms say")
  func reference() throws {
    let page = ScenarioReference.page(Scenarios.loader(isStrict: false).catalog)
    if ProcessInfo.processInfo.environment["REGENERATE"] == "1" {
      try page.write(to: Self.page, atomically: true, encoding: .utf8)
      return
    }
    let shipped = try String(contentsOf: Self.page, encoding: .utf8)
    let isSame = shipped == page
    #expect(isSame, "REGENERATE=1 swift test --filter ScenarioSchemaFile writes it anew")
  }

  /// Every node that people read: properties, definitions, and what stands in them.
  private static func properties(_ schema: JSON, _ place: String) -> [(String, JSON)] {
    switch schema {
    case .object(let object):
      object.members.flatMap { key, value -> [(String, JSON)] in
        let inner = properties(value, "\(place)/\(key)")
        guard key == "properties", let members = value.objectValue else { return inner }
        return inner + members.members.map { ("\(place)/\($0.key)", $0.value) }
      }
    case .array(let elements): elements.flatMap { properties($0, place) }
    default: []
    }
  }

  @Test("Every key has a sentence, and an example where it tells more than the form")
  func described() {
    let catalog = Scenarios.loader(isStrict: false).catalog
    let keys = Self.properties(ScenarioSchema.document(catalog), "")
    #expect(keys.count > 250)
    for (place, key) in keys where !place.hasSuffix("/if/mode") {
      #expect(key["description"]?.stringValue?.isEmpty == false, "\(place)")
    }
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
