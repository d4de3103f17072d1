import Foundation
import HTTPModel
import PayloadCodecs
import Synchronization
import Testing
import Wavetank

/// `--durable` (DESIGN §12): whoever is answered can rely on it, and whoever cannot is told so. What the
/// client gets is what everything else tells, too.
@Suite("What --durable cannot save is refused, and told as refused")
struct DurableAcceptanceTests {
  struct Change: Sendable, CustomTestStringConvertible {
    var method = Method.post
    let target: String
    let body: String
    /// In the journal and the metrics; nil: the control API's, which stands in neither.
    var operation: String?
    var testDescription: String { target }
  }

  private static let changes = [
    Change(
      target: "/api/v1/workspace/create", body: #"{"handle":"x"}"#,
      operation: "steamship.workspace.create"),
    Change(
      target: "/_t/blue/api/v1/workspace/create", body: #"{"handle":"x"}"#,
      operation: "steamship.workspace.create"),
    // Its content is read as it comes.
    Change(
      target: "/api/v1/space/demo/api/v1/topic/arrivals", body: "1\n",
      operation: "scramjet.space.publish"),
    Change(method: .put, target: "/_wavetank/clock", body: #"{"mode":"manual"}"#),
  ]

  @Test("Journal, counters and log have the status that went out", arguments: changes)
  func told(_ change: Change) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "wavetank-durable-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let log = Lines()
    let shore = try await PublicDataAcceptanceTests.Shore { configuration in
      configuration.scenarios = ["demo"]
      configuration.dataDirectory = directory.path
      configuration.isDurable = true
      configuration.saveInterval = .seconds(3600)
      configuration.log = LogOptions { log.add($0) }
    }
    // The worlds have no place: a directory stands where each one's file should be.
    for name in ["default", "blue"] {
      try FileManager.default.createDirectory(
        at: directory.appending(path: "\(name).tar.gz"), withIntermediateDirectories: false)
    }
    let reply = try await shore.send(
      change.method, change.target, ["Authorization": "Bearer k"], body: Array(change.body.utf8))
    #expect(reply.status == 500)
    #expect(reply.text.contains("cannot be saved"))
    let tenant = change.target.hasPrefix("/_t/blue") ? "blue" : "default"
    let journal = try await shore.send(.get, "/_wavetank/journal?detail=whole&tenant=\(tenant)")
    let entry = journal.json["entries"]?[0]
    let metrics = try await shore.send(.get, "/_wavetank/metrics").text
    if let operation = change.operation {
      #expect(entry?["operation"]?.stringValue == operation)
      #expect(entry?["status"]?.intValue == 500)
      #expect(entry?["response"]?["content"]?.stringValue == reply.text)
      #expect(entry?["number"]?.intValue.map(String.init) == reply.fields["x-wavetank-exchange"])
      let counted = metrics.split(separator: "\n").filter {
        $0.hasPrefix("wavetank_requests_total{operation=\"\(operation)\"")
      }
      #expect(
        counted == ["wavetank_requests_total{operation=\"\(operation)\",status=\"500\"} 1"])
    }
    await shore.stop()
    #expect(log.text.contains(" 500"), "\(log.text)")
  }

  private final class Lines: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    func add(_ more: [UInt8]) -> Bool {
      bytes.withLock { $0 += more }
      return true
    }
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
  }
}
