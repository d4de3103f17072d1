import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import SteamshipEmulator

@Suite("Numbers of a snapshot and of a request end nothing")
struct BoundsTests {
  /// A world with something of everything: a file with blocks and tags, tasks that wait, an index.
  private static func harness() async throws -> ServiceHarness {
    var harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["operation": "steamship.task.noop"],
          "timeline": [
            ["state": "waiting", "for": "10s"], ["state": "running", "polls": 3],
            ["state": "succeeded"],
          ],
        ]
      ])
    harness.workspaceID = try await harness.data("workspace.create", ["handle": "w"])["workspace"]?[
      "id"]?.stringValue
    let block: JSON = [
      "text": "one two", "tags": [["kind": "k", "name": "n", "startIdx": 0, "endIdx": 3]],
    ]
    _ = try await harness.data(
      "file.create", ["handle": "f", "blocks": [block, block], "tags": [["kind": "t"]]])
    for _ in 0..<3 { _ = try await harness.noop() }
    harness.advance(.seconds(11))
    _ = try await harness.noop()
    return harness
  }

  @Test("A state that was saved fits together")
  func good() async throws {
    let (state, _) = try await Self.harness().world.box.contents
    #expect(state.inconsistencies == [])
    let json = try StateEncoder.encode(state)
    let again = try SteamshipState.read(json)
    #expect(again.inconsistencies == [])
    #expect(try StateEncoder.encode(again) == json)
  }

  @Test("An item that code has embedded in many dimensions fits", arguments: [2, 512, 1536])
  func dimensions(_ count: Int) async throws {
    let harness = try ServiceHarness(SteamshipService())
    let index = try await harness.data(
      "embeddingIndex.create", ["pluginInstance": "test-embedder-1.0"])
    harness.world.mutate { state, _ in
      state.vectorsByCode.value = [ExactText("far"): Array(repeating: 1, count: count)]
    }
    _ = try await harness.data(
      "embeddingIndex.item.create", ["indexId": index["index"]?["id"] ?? "", "value": "far"])
    let (state, _) = harness.world.box.contents
    #expect(state.inconsistencies == [])
    #expect(state.indexItems.all.map(\.vector.axes.count) == [count])
  }

  static let spans: [(JSON, JSON, Bool)] = [
    (0, 0, true), (.null, 3, true), (2, .null, true), (.null, .null, true), (3, 2, false),
    (-1, .null, false), (.null, -1, false), (-2, -1, false),
  ]

  @Test("A tag's span that is kept is one that a saved world may have", arguments: spans)
  func span(_ start: JSON, _ end: JSON, _ isGood: Bool) async throws {
    let harness = try ServiceHarness(SteamshipService())
    let tag: JSON = ["kind": "k", "startIdx": start, "endIdx": end]
    let reply = try await harness.send("file.create", ["type": "none", "tags": [tag]])
    #expect(reply.status == (isGood ? 200 : 400))
    #expect(harness.world.box.contents.state.inconsistencies == [])
  }

  static let spoilt: [(path: [String], value: JSON)] = [
    (["workspaces", "lastSerial"], .integer(.max)), (["workspaces", "lastSerial"], 0),
    (["tasks", "records", "1", "stage"], -2), (["tasks", "records", "1", "stage"], 99),
    (["tasks", "records", "1", "pollsLeft"], -1),
    (["tasks", "order", "goneCount"], .integer(.max)),
    (["tasks", "order", "goneCount"], 5), (["tasks", "order", "keys"], [2, 1, 3, 4]),
    (["tasks", "order", "keys"], [1, 2]), (["due", "lastSerial"], -1),
    (["due", "heap", "0", "serial"], .integer(1 << 50)), (["lastMoment"], -1),
    (["blocks", "records", "1", "content", "count"], -1),
    (["tags", "records", "2", "start"], -1), (["tags", "records", "2", "end"], -1),
    (["files", "records", "1", "blocks"], [2, 1]),
    (["due", "heap", "0", "due", "nanoseconds"], .integer(.min)),
  ]

  @Test("What does not fit together is refused", arguments: spoilt)
  func refused(_ change: (path: [String], value: JSON)) async throws {
    let good = try StateEncoder.encode(try await Self.harness().world.box.contents.state)
    let bad = good.replacing(change.path[...], with: change.value)
    #expect(bad != good, "the place is there")
    let read: SteamshipState
    do { read = try SteamshipState.read(bad) } catch { return }
    #expect(read.inconsistencies != [])
  }

  /// Every number of a saved state, each at one of the ends of what numbers can be;
  /// `check_numbers.py` goes through all of them.
  @Test("A state whose number is at an end is refused, or answers everything")
  func everyNumber() async throws {
    let harness = try await Self.harness()
    let (good, ids) = harness.world.box.contents
    let json = try StateEncoder.encode(good)
    let (taken, refusedCount) = SteamshipState.readWithNumbersAtEnds(of: json)
    for (place, state) in taken {
      harness.world.box.replace(Begun(state: state, ids: ids, sharedBytes: 0))
      harness.advance(.seconds(20))
      for (name, body) in Self.questions { _ = try await harness.send(name, body) }
      #expect(harness.world.read { $0.inconsistencies } == [], "\(place)")
    }
    #expect(refusedCount + taken.count > 50)
  }

  private static let questions: [(String, JSON)] = [
    ("workspace.list", [:]), ("workspace.create", [:]), ("file.list", [:]),
    ("file.query", ["tagFilterQuery": "kind \"t\""]), ("task.list", ["pageSize": 1]),
    (
      "tag.query",
      ["tagFilterQuery": "all"]
    ),
    ("task.noop", [:]), ("file.create", ["handle": "g", "blocks": [["text": "x"]]]),
    ("file.get", ["handle": "f"]), ("file.delete", ["id": "nobody"]),
  ]
}
