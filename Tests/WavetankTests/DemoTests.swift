import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

/// The demo: a story that clients of all services play, by the tenant's clock.
@Suite("The demo", .serialized)
struct DemoTests {
  /// A player that does what is due when it is told to, in a world whose clock stands still.
  private struct Stage {
    let sea: Sea
    let player: DemoPlayer

    init(seed: UInt64 = DemoStory.seed, goesOn: Bool = false) async throws {
      sea = try await Sea(DemoStory.scenario)
      _ = try await sea.control(.put, "/clock", ["mode": "manual"])
      player = DemoPlayer(
        DemoPlayer.Place(
          host: "127.0.0.1", port: sea.emulator.port, sea.emulator.pipeline.tenants),
        client: sea.client, tenant: "default", seed: seed, goesOn: goesOn)
    }

    /// Steps through so many seconds of the story.
    func play(seconds: Int) async throws {
      for _ in 0..<(seconds / 5) {
        await player.play()
        try await sea.advance("5s")
      }
    }

    func entries() async throws -> [JSON] {
      try await sea.control(.get, "/journal?limit=10000").json["entries"]?.arrayValue ?? []
    }

    func isHubUp() async throws -> Bool? {
      let spaces = try await sea.control(.get, "/state/scramjet").json["spaces"]
      return spaces?[0]?["hubs"]?[1]?["isConnectionActive"]?.boolValue
    }
  }

  private static func refused(_ entries: [JSON]) -> Int {
    entries.count { $0["status"]?.intValue == 503 }
  }

  @Test("Ten minutes: all services are busy, a hub crashes and is back, calls are refused and pass")
  func story() async throws {
    let stage = try await Stage()
    try await stage.play(seconds: 120)
    let morning = try await stage.entries()
    #expect(Set(morning.compactMap { $0["service"]?.stringValue }).count == 3)
    #expect(Self.refused(morning) == 0)
    #expect(morning.allSatisfy { ($0["status"]?.intValue ?? 0) < 400 })
    try await stage.play(seconds: 120)
    let busy = try await stage.entries()
    #expect(busy.count - morning.count > morning.count)
    #expect(try await stage.isHubUp() == true)
    try await stage.play(seconds: 120)
    let broken = try await stage.entries()
    #expect(Self.refused(broken) > 20)
    #expect(try await stage.isHubUp() == false)
    // The minute in which it recovers: what was refused last is made once more.
    try await stage.play(seconds: 60)
    let after = try await stage.entries()
    #expect(try await stage.isHubUp() == true)
    #expect(Self.refused(after) - Self.refused(broken) <= 1)
    try await stage.play(seconds: 180)
    await stage.player.play()
    #expect(stage.player.state.isOver)
    let end = try await stage.entries().count
    try await stage.play(seconds: 60)
    #expect(try await stage.entries().count == end)
    await stage.sea.stop()
  }

  @Test("A run of the fleet fails in the wind and succeeds at the next attempt; tasks are done")
  func world() async throws {
    let stage = try await Stage()
    try await stage.play(seconds: 60)
    let runs = try await stage.sea.control(.get, "/state/shipyard").json["runs"]?.arrayValue ?? []
    #expect(runs.contains { $0["status"] == "Success" })
    let tasks =
      try await stage.sea.control(.get, "/state/steamship").json["tasks"]?.arrayValue ?? []
    #expect(tasks.contains { $0["state"] == "succeeded" })
    await stage.sea.stop()
  }

  @Test("The same seed tells the same story, another seed another one")
  func seeded() {
    func calls(_ seed: UInt64) -> [String] {
      var story = DemoStory(seed: seed)
      return (0..<120).flatMap { _ in story.nextCalls().map { "\($0)" } }
    }
    let isSame = calls(1) == calls(1)
    let isOther = calls(1) != calls(2)
    #expect(isSame)
    #expect(isOther)
  }

  @Test("A clock that is set back ends the story; one that goes on plays after the last chapter")
  func ends() async throws {
    let stage = try await Stage(goesOn: true)
    try await stage.sea.advance("11m")
    await stage.player.play()
    let count = try await stage.entries().count
    try await stage.play(seconds: 60)
    #expect(try await stage.entries().count > count)
    #expect(!stage.player.state.isOver)
    _ = try await stage.sea.control(.put, "/clock", ["now": "2020-01-01T00:00:00Z"])
    await stage.player.play()
    #expect(stage.player.state.isOver)
    await stage.sea.stop()
  }

  @Test("Who sets time forward by a year after the story waits for its last minute only")
  func leaps() async throws {
    let stage = try await Stage(goesOn: true)
    try await stage.sea.advance("8760h")
    await stage.player.play()
    let count = try await stage.entries().count
    #expect(count > 200, "The story itself is told.")
    #expect(count < 1000)
    #expect(!stage.player.state.isOver)
    await stage.sea.stop()
  }

  @Test("The control API begins a demo, tells how far it is, and ends it")
  func controlled() async throws {
    let sea = try await Sea("demo")
    #expect(try await sea.control(.get, "/demo").json["playing"] == false)
    let begun = try await sea.control(.post, "/demo", ["seed": 7])
    #expect(begun.status == 200)
    #expect(begun.json["playing"] == true)
    #expect(begun.json["seed"] == "7")
    #expect(begun.json["chapters"]?.arrayValue?.count == DemoStory.chapters.count)
    #expect(try await sea.control(.get, "/scenario").json["name"] == .string(DemoStory.scenario))
    #expect(try await sea.control(.post, "/demo", ["seed": -1]).status == 422)
    #expect(try await sea.control(.delete, "/demo").status == 204)
    #expect(try await sea.control(.get, "/demo").json["playing"] == false)
    // In a tenant that is dropped nobody plays on.
    #expect(try await sea.control(.post, "/demo?tenant=blue").json["playing"] == true)
    #expect(try await sea.control(.delete, "/tenants/blue").status == 204)
    #expect(try await sea.control(.get, "/demo?tenant=blue").json["playing"] == false)
    await sea.stop()
  }

  @Test(
    "Each chapter begins where the story turns",
    arguments: [
      (0, 0), (119, 0), (120, 1), (239, 1), (240, 2), (360, 3), (480, 4), (900, 4),
    ])
  func chapters(seconds: Int, chapter: Int) {
    #expect(DemoStory.chapter(at: .seconds(seconds)) == chapter)
  }
}
