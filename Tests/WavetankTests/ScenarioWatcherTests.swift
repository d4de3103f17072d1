import Foundation
import HTTPModel
import PayloadCodecs
import Synchronization
import Testing

@testable import Wavetank

@Suite("Watched scenario files (DESIGN §7)")
struct ScenarioWatcherTests {
  @Test("A good edit is taken over, a bad one is reported and the old one stays")
  func edits() async throws {
    let file = FileManager.default.temporaryDirectory.appending(
      path: "wavetank-watch-\(ProcessInfo.processInfo.processIdentifier).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(#"{"wavetank":1,"rules":[{"name":"a","error":500}]}"#.utf8).write(to: file)
    let sea = try await Sea(file.path)
    #expect(await sea.status(.get, "/orgs") == 500)

    let notices = Notices()
    var configuration = Configuration()
    configuration.scenarios = [file.path]
    configuration.onNotice = { notices.add($0.text) }
    let watcher = ScenarioWatcher(configuration, sea.emulator.pipeline)
    #expect(!watcher.look())
    #expect(notices.all.isEmpty)

    try Data(#"{"wavetank":1,"rules":[{"name":"a","error":502},{"x":1}]}"#.utf8).write(to: file)
    #expect(!watcher.look())
    #expect(await sea.status(.get, "/orgs") == 500)
    #expect(notices.all.last?.contains("/rules/1/x: unknown key") == true)

    try Data(#"{"wavetank":1,"rules":[{"name":"other","error":503}]}"#.utf8).write(to: file)
    #expect(watcher.look())
    #expect(!watcher.look())
    #expect(await sea.status(.get, "/orgs") == 503)
    #expect(await sea.status(.get, "/_t/new/orgs") == 503)

    // Another file of the same size and time: stores of packages give all of theirs one time.
    let date = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1)]
    try FileManager.default.setAttributes(date, ofItemAtPath: file.path)
    watcher.look()
    let other = file.appendingPathExtension("new")
    try Data(#"{"wavetank":1,"rules":[{"name":"other","error":504}]}"#.utf8).write(to: other)
    try FileManager.default.setAttributes(date, ofItemAtPath: other.path)
    try FileManager.default.removeItem(at: file)
    try FileManager.default.moveItem(at: other, to: file)
    #expect(watcher.look())
    #expect(await sea.status(.get, "/orgs") == 504)

    try FileManager.default.removeItem(at: file)
    #expect(!watcher.look())
    #expect(await sea.status(.get, "/orgs") == 504)
    await sea.stop()
  }

  private final class Notices: Sendable {
    private let texts = Mutex<[String]>([])
    func add(_ text: String) { texts.withLock { $0.append(text) } }
    var all: [String] { texts.withLock { $0 } }
  }
}
