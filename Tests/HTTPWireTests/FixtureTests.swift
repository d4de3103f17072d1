import Foundation
import Testing

@testable import HTTPWire

/// A fixture: raw bytes in `Fixtures/<topic>/<name>.http`, the expected trace in `<name>.txt`.
/// Topics that begin with `response` are read as a client reads.
struct WireFixture: Sendable, CustomTestStringConvertible {
  var topic: String
  var name: String
  var bytes: [UInt8]
  var expected: [String]

  var testDescription: String { "\(topic)/\(name)" }

  static let all: [WireFixture] = {
    guard let root = Bundle.module.resourceURL?.appending(path: "Fixtures") else { return [] }
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    var fixtures: [WireFixture] = []
    for case let file as URL in files ?? .init() where file.pathExtension == "http" {
      let text = file.deletingPathExtension().appendingPathExtension("txt")
      guard let bytes = try? Data(contentsOf: file),
        let expected = try? String(contentsOf: text, encoding: .utf8)
      else { continue }
      fixtures.append(
        WireFixture(
          topic: file.deletingLastPathComponent().lastPathComponent,
          name: file.deletingPathExtension().lastPathComponent, bytes: Array(bytes),
          expected: expected.split(separator: "\n").map(String.init)))
    }
    return fixtures.sorted { $0.testDescription < $1.testDescription }
  }()
}

@Suite("Messages recorded as bytes")
struct FixtureTests {
  @Test("gives the recorded events, whole and however it is cut", arguments: WireFixture.all)
  func givesRecordedEvents(_ fixture: WireFixture) {
    let role: ConnectionMachine.Role = fixture.topic.hasPrefix("response") ? .client : .server
    for cuts in everyCut(of: fixture.bytes.count) {
      let trace = MachineTrace.of(fixture.bytes, cutAt: cuts, role: role)
      #expect(trace == fixture.expected, "cut at \(cuts.prefix(3))")
    }
  }

  @Test("The fixtures are found")
  func areFound() { #expect(WireFixture.all.count >= 20) }
}
