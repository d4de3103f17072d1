import EmulatorKernel
import Foundation
import HTTPModel
import PayloadCodecs
import Testing

@testable import ScramjetEmulator

@Suite(
  "The mark `recorded` stands where a recording of the published hub shows the operation at work")
struct RecordedFidelityTests {
  private static let parity = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Conformance/scramjet/parity")

  private static func json(_ folder: String, _ file: String) throws -> JSON {
    try JSON(parsing: Array(Data(contentsOf: parity.appending(path: "\(folder)/\(file)"))))
  }

  /// The operations whose request a flow sends and whose answer, or a later piece of it, succeeded.
  private static func covered() throws -> [String: Set<String>] {
    var table = RouteTable(foldsCase: true, skipsEmptySegments: true)
    for (index, endpoint) in Row.all.enumerated() where !endpoint.operation.isClaimed {
      for route in endpoint.operation.routes { table.insert(route.method, route.template, index) }
    }
    var covered: [String: Set<String>] = [:]
    for file in try FileManager.default.contentsOfDirectory(
      atPath: parity.appending(path: "flows").path)
    {
      let steps = try json("flows", file)["steps"]?.arrayValue ?? []
      let records = try json("recordings", file)["steps"]?.arrayValue ?? []
      let succeeded = Set(
        records.filter { (200..<300).contains($0["status"]?.intValue ?? 0) }
          .compactMap { $0["id"]?.stringValue })
      for step in steps {
        guard let method = step["method"]?.stringValue, let path = step["path"]?.stringValue,
          step["absolute"]?.boolValue != true, let id = step["id"]?.stringValue
        else { continue }
        let reads = steps.filter { $0["read"]?.stringValue == id }
          .compactMap { $0["id"]?.stringValue }
        guard !succeeded.isDisjoint(with: reads + [id]) else { continue }
        let target = "/api/v1" + path.replacing(/\{\{[^}]*\}\}/, with: "x")
        if case .found(let index, _) = table.match(Method(method), RequestTarget(target)) {
          covered[Row.all[index].operation.name, default: []].insert(
            String(file.dropLast(".json".count)))
        }
      }
    }
    return covered
  }

  @Test("Every recorded operation is marked, no other is, and its source is one of the recordings")
  func marks() throws {
    let covered = try Self.covered()
    #expect(covered.count > 30)
    for endpoint in Row.all {
      let operation = endpoint.operation
      let flows = covered[operation.name]
      #expect((operation.fidelity == .recorded) == (flows != nil), "\(operation.name)")
      let recording = operation.source?.split(separator: "recording ").last.map(String.init)
      #expect((recording != nil) == (flows != nil), "\(operation.name)")
      if let recording { #expect(flows?.contains(recording) == true, "\(operation.name)") }
      #expect(
        (operation.source ?? Evidence.sources.first { $0.key == operation.fidelity }?.value)?
          .isEmpty == false,
        "\(operation.name)")
    }
  }

  @Test("The table beside the conformance checks tells the same marks")
  func table() throws {
    let text = try String(
      contentsOf: Self.parity.deletingLastPathComponent().appending(path: "README.md"),
      encoding: .utf8)
    for endpoint in Row.all {
      let short = String(endpoint.operation.name.dropFirst("scramjet.".count))
      guard let row = text.split(separator: "\n").first(where: { $0.hasPrefix("| `\(short)` |") })
      else { continue }
      #expect(row.contains("| \(endpoint.operation.fidelity.rawValue) |"), "\(short)")
    }
  }
}
