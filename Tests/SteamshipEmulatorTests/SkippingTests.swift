import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

/// The clock mode `skip` for what is streamed and polled (DESIGN §4).
@Suite("Where the clock skips") struct SkippingTests {
  private func block(_ harness: Harness) async throws -> (file: String, block: String) {
    let file = try await harness.data("file.create", ["type": "blocks"])["file"]?["id"]
    let id = try #require(file?.stringValue)
    let made = try await harness.data(
      "block.create", ["fileId": .string(id), "streaming": true, "uploadType": "none"])
    return (id, try #require(made["block"]?["id"]?.stringValue))
  }

  private func raw(_ harness: Harness, _ block: String) async throws -> String {
    let response = try await harness.send(
      "block.raw", parameters: ["id": block], method: .get)
    return String(decoding: try await response.content, as: UTF8.self)
  }

  @Test("A live stream that a client writes is read to its end, whatever time jumps meanwhile")
  func liveStream() async throws {
    let harness = try Harness(mode: .skip)
    let (_, block) = try await block(harness)
    let reading = Task { try await raw(harness, block) }
    while harness.world.box.waiterCount == 0 { await Task.yield() }
    for piece in ["one ", "two ", "three"] {
      _ = try await harness.send(
        "block.appendStream", content: Array(piece.utf8), parameters: ["id": block])
      // Somebody else's look jumps far over the patience of the reader.
      let task = try await harness.noop([
        ("X-Task-Run-After", (harness.tenant.clock.now + .seconds(3_600)).iso8601())
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
      let harness = try Harness(mode: .skip)
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
    let harness = try Harness(mode: .skip)
    let (file, _) = try await block(harness)
    let start = harness.tenant.clock.now
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
      "file.stream", target: "/api/v1/file/\(file)/stream?timeoutSeconds=3",
      parameters: ["id": file], method: .get)
    let text = String(decoding: try await response.content, as: UTF8.self)
    #expect(text.split(separator: "\n").filter { $0 == "event: blockCreated" }.count == 2)
    #expect(harness.tenant.clock.now == start + .seconds(3))
    #expect(harness.world.box.waiterCount == 0)
  }

  @Test("An instance that is asked for has been initialised")
  func initialisation() async throws {
    var harness = try Harness(given: WorldTests.given, mode: .skip)
    harness.workspaceID = "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11"
    let instance = try await harness.data("package.instance.get", ["handle": "desk"])
    #expect(instance["packageInstance"]?["initStatus"] == "complete")
  }

  @Test("Whoever lists tasks sees them finished, as far as time brings that")
  func taskList() async throws {
    let harness = try Harness(mode: .skip)
    for _ in 0..<10 { _ = try await harness.noop() }
    let tasks = try await harness.data("task.list", [:])["tasks"]?.arrayValue ?? []
    #expect(tasks.count == 10)
    #expect(tasks.allSatisfy { $0["state"] == "succeeded" })
  }
}
