import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
// The kernel has one of that name, too.
@testable import ScramjetEmulator

/// The clock mode `skip` and what flows: nothing is lost, nobody waits (DESIGN §4).
@Suite("Streams where the clock skips") struct SkippingTests {
  /// Writes a line, works for that long, writes another and ends.
  private static func worker(_ duration: String) -> JSON {
    [
      "program": [
        [
          "on": "start",
          "do": [
            ["write": "begun\n"], ["sleep": .string(duration)], ["write": "done\n"], "finish",
          ],
        ]
      ]
    ]
  }

  private func seconds(_ harness: ServiceHarness) -> Int64 {
    let start = VirtualInstant(iso8601: "2026-01-05T10:00:00Z") ?? VirtualInstant(seconds: 0)
    return harness.live.tenant.clock.now.epochSeconds - start.epochSeconds
  }

  @Test("An instance that is over stays readable through its retention, although time jumps")
  func retention() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let short = try await harness.start("short", emulator: Self.worker("1s"))
    let long = try await harness.start("long", emulator: Self.worker("1h"))
    #expect(try await harness.send(.get, short).json["status"] == "completed")
    #expect(try await harness.send(.get, long).json["status"] == "completed")
    #expect(seconds(harness) >= 3600)
    #expect(try await harness.send(.get, "\(short)/output").text == "begun\ndone\n")
    #expect(try await harness.send(.get, "\(short)/log").text.contains("Finalizing..."))
    #expect(try await harness.send(.get, short).json["status"] == "completed")
    // Time that is not jumped over counts.
    harness.advance(.seconds(194))
    #expect(try await harness.send(.get, long).json["status"] == "completed")
    harness.advance(.seconds(2))
    #expect(try await harness.send(.get, long).status == 404)
  }

  @Test("What jumps keep is bounded: the longest kept goes first")
  func boundedRetention() throws {
    var agenda = Agenda()
    let start = VirtualInstant(seconds: 0)
    for number in 0..<Agenda.retentionsMax + 1 {
      agenda.keep(Key(serial: number), until: start + .seconds(195))
      agenda.dropOldRetention(at: start)
    }
    // Within its retention by the clock nothing goes.
    #expect(agenda.count == Agenda.retentionsMax + 1)
    #expect(agenda.nextGoal == nil)
    agenda.timeSkips(by: .seconds(1_000))
    let now = start + .seconds(1_000)
    #expect(agenda.nextDue == now + .seconds(195))
    agenda.dropOldRetention(at: now)
    #expect(agenda.popDue(now) == .remove(instance: Key(serial: 0)))
    #expect(agenda.popDue(now) == nil)
    agenda.dropOldRetention(at: now)
    #expect(agenda.popDue(now) == nil)
  }

  @Test("A retention that was put off survives a snapshot")
  func savedRetention() throws {
    var agenda = Agenda()
    agenda.keep(Key(serial: 7), until: VirtualInstant(seconds: 10))
    agenda.timeSkips(by: .seconds(90))
    let saved = try StateEncoder.encode(agenda)
    let restored = try SnapshotJSON.decode(Agenda.self, from: saved.serialized(), path: "agenda")
    #expect(restored.nextDue == VirtualInstant(seconds: 100))
  }

  @Test(
    "A message that is queued behind an instance's timed output gets through, and so does a reader")
  func queuedMessage() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let instance = try await harness.start(
      "producer", emulator: Self.worker("30s"), ["outputTopic": "news"])
    let world = try #require((harness.live.slots[0] as? TypedSlot<ScramjetService>)?.world)
    let topic = try #require(world.read { state in state.topics.first { $0.key.name == "news" } })
    let reader = try #require(
      StreamReader(topic.value.stream, in: world, source: .topic(topic.key)))
    let posted = try await harness.send(
      .post, "\(ScramjetDemo.hub)/topic/news", [("Content-Type", "application/x-ndjson")],
      body: Array("late\n".utf8))
    #expect(posted.status == 202)
    #expect(seconds(harness) >= 30)
    let writer = BodyWriter(onReady: {})
    let portion = reader.take(byteLimit: .max, for: writer)
    world.stopPolling(writer, .stream(topic.value.stream))
    let bytes = Array(portion.pieces.joined())
    #expect(String(decoding: bytes, as: UTF8.self) == "begun\ndone\nlate\n")
    #expect(try await harness.send(.get, "\(instance)/output").text == "begun\ndone\n")
  }

  @Test("A reader gets timed output and the end; its writer is not held up")
  func output() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let instance = try await harness.start(
      "echo", emulator: ["behaviour": "slow", "delay": 60_000])
    try await harness.give(instance, "one\ntwo\n")
    #expect(seconds(harness) == 0)
    let output = try await harness.send(.get, "\(instance)/output").text
    #expect(output.contains("one") && output.contains("two"))
    #expect(seconds(harness) >= 60)
  }

  @Test("A look at an instance finds it ended; one that never ends moves an event at a time")
  func looks() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let worker = try await harness.start("worker", emulator: Self.worker("2h"))
    let forever = try await harness.start(
      "forever", emulator: ["program": [["on": "every", "every": "1s", "do": ["write": "x"]]]])
    let idle = try await harness.start("echo")
    #expect(try await harness.send(.get, worker).json["status"] == "completed")
    let after = seconds(harness)
    #expect((7_200...7_300).contains(after))
    #expect(try await harness.send(.get, idle).json["status"] == "running")
    #expect(seconds(harness) == after)
    #expect(try await harness.send(.get, forever).json["status"] == "running")
    #expect(seconds(harness) - after <= 1)
    let list = try await harness.send(.get, "\(ScramjetDemo.hub)/instances").json.arrayValue ?? []
    #expect(list.count == 3)
    #expect(seconds(harness) - after <= 2)
  }

  @Test("Stop, a delete that waits, and events of what is over come to their ends at once")
  func ends() async throws {
    let harness = try ServiceHarness(ScramjetService(), mode: .skip)
    let first = try await harness.start("js-forever")
    #expect(try await harness.post("\(first)/_stop", ["timeout": 5_000]).status == 202)
    #expect(seconds(harness) >= 5)
    #expect(try await harness.send(.get, first).json["status"] == "completed")
    #expect(try await harness.send(.get, "\(first)/once/never").status == 404)
    #expect(try await harness.send(.get, first).status == 200)
    let other = try await harness.start("js-forever")
    let sequence = try #require(
      try await harness.send(.get, other).json["sequence"]?["id"]?.stringValue)
    let gone = try await harness.delete(
      "\(ScramjetDemo.hub)/sequence/\(sequence)", [("x-seq-kill-inst", "true")])
    #expect(gone.status == 200)
    #expect(try await harness.send(.get, other).status == 404)
    #expect(try await harness.send(.get, first).status == 200)
  }
}
