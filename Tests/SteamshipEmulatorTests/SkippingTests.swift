import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@testable import SteamshipEmulator

/// The clock mode `skip` for what is streamed and polled (DESIGN §4).
@Suite("Where the clock skips") struct SkippingTests {
  private func block(_ harness: ServiceHarness) async throws -> (file: String, block: String) {
    let file = try await harness.data("file.create", ["type": "blocks"])["file"]?["id"]
    let id = try #require(file?.stringValue)
    let made = try await harness.data(
      "block.create", ["fileId": .string(id), "streaming": true, "uploadType": "none"])
    return (id, try #require(made["block"]?["id"]?.stringValue))
  }

  private func raw(_ harness: ServiceHarness, _ block: String) async throws -> String {
    try await harness.send("block.rawByID", parameters: ["id": block]).text
  }

  @Test("A live stream that a client writes is read to its end, whatever time jumps meanwhile")
  func liveStream() async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    let (_, block) = try await block(harness)
    let reading = Task { try await raw(harness, block) }
    try await waitUntil("the reader waits") { harness.world.box.waiterCount != 0 }
    for piece in ["one ", "two ", "three"] {
      _ = try await harness.send(
        "block.appendStream", content: Array(piece.utf8), parameters: ["id": block])
      // Somebody else's look jumps far over the patience of the reader.
      let task = try await harness.noop([
        ("X-Task-Run-After", (harness.now + .seconds(3_600)).iso8601())
      ])
      #expect(try await harness.taskState(task)["state"] == "succeeded")
    }
    _ = try await harness.send("block.finishStream", parameters: ["id": block])
    #expect(try await reading.value == "one two three")
    #expect(harness.world.box.waiterCount == 0)
  }

  @Test("A stream that writes itself is there at once, raw and as a block")
  func cannedStream() async throws {
    for isRaw in [true, false] {
      let harness = try ServiceHarness(SteamshipService(), mode: .skip)
      _ = try await harness.data(
        "plugin.instance.create", ["pluginHandle": "gpt-4", "handle": "g"])
      let task = try await harness.json(
        "plugin.instance.generate",
        [
          "pluginInstance": "g", "text": "a b c d e f g h i j k l m", "appendOutputToFile": true,
          "streaming": true,
        ])
      let id = try #require(task["status"]?["taskId"])
      let done = try await harness.json("task.status", ["taskId": id])
      let block = try #require(done["data"]?["blocks"]?[0]?["id"]?.stringValue)
      #expect(done["data"]?["blocks"]?[0]?["streamState"] == "started")
      if isRaw {
        let text = try await raw(harness, block)
        #expect(try await raw(harness, block) == text)
        #expect(!text.isEmpty)
      } else {
        let found = try await harness.data("block.get", ["id": .string(block)])["block"]
        #expect(found?["streamState"] == "complete")
      }
    }
  }

  @Test("An event stream ends at the end that its client asked for, with all that came until then")
  func fileEvents() async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    let (file, _) = try await block(harness)
    let start = harness.now
    for (seconds, isInTime) in [(2, true), (9, false)] {
      _ = try await harness.json(
        "block.create", ["fileId": .string(file), "text": "later"],
        fields: [
          ("X-Task-Background", "true"),
          ("X-Task-Run-After", (start + .seconds(seconds)).iso8601()),
        ])
      _ = isInTime
    }
    let response = try await harness.send(
      "file.stream", parameters: ["id": file], query: "?timeoutSeconds=3")
    let text = response.text
    #expect(text.split(separator: "\n").filter { $0 == "event: blockCreated" }.count == 2)
    #expect(harness.now == start + .seconds(3))
    #expect(harness.world.box.waiterCount == 0)
  }

  @Test("An instance that is asked for has been initialised")
  func initialisation() async throws {
    var harness = try ServiceHarness(SteamshipService(), given: WorldTests.given, mode: .skip)
    harness.workspaceID = "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11"
    let instance = try await harness.data("package.instance.get", ["handle": "desk"])
    #expect(instance["packageInstance"]?["initStatus"] == "complete")
  }

  @Test("Whoever lists tasks sees them finished, as far as time brings that")
  func taskList() async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    for _ in 0..<10 { _ = try await harness.noop() }
    let tasks = try await harness.data("task.list", [:])["tasks"]?.arrayValue ?? []
    #expect(tasks.count == 10)
    #expect(tasks.allSatisfy { $0["state"] == "succeeded" })
  }
}
