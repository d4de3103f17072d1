import ControlPlane
import EmulatorKernel
import HTTPTransport
import PayloadCodecs
import Synchronization

/// The demos of a server's tenants, one each; `wavetank demo` begins one, and so does the console.
final class DemoTheatre: DemoStage {
  private struct Play: Sendable {
    var player: DemoPlayer
    var seed: UInt64
    var task: Task<Void, Never>
  }

  private struct State {
    var place: DemoPlayer.Place?
    var client: HTTPClient?
    var plays = TextMap<Play>()
    var isClosed = false
  }

  private let state = Mutex(State())

  /// The server listens: there is somebody to play for from now on.
  func open(host: String, port: UInt16, token: String?) {
    state.withLock { $0.place = DemoPlayer.Place(host: host, port: port, token: token) }
  }

  /// Nobody plays any more.
  func close() {
    let (plays, client) = state.withLock { state in
      state.isClosed = true
      defer { state.plays = TextMap() }
      return (Array(state.plays.values), state.client)
    }
    for play in plays { play.task.cancel() }
    client?.shutdown()
  }

  func begin(_ tenant: String, seed: UInt64?) async throws(DemoRefusal) {
    try await begin(tenant, seed: seed ?? DemoStory.seed, makesWorld: true, goesOn: false)
  }

  func begin(
    _ tenant: String, seed: UInt64, makesWorld: Bool, goesOn: Bool
  ) async throws(DemoRefusal) {
    end(tenant)
    let (place, client) = try ready()
    let player = DemoPlayer(place, client: client, tenant: tenant, seed: seed, goesOn: goesOn)
    do {
      try await player.begin(makesWorld: makesWorld)
    } catch {
      throw DemoRefusal(error.description)
    }
    let play = Play(player: player, seed: seed, task: Task { await player.run() })
    let isTaken = state.withLock { state in
      guard !state.isClosed else { return false }
      // Two who begin at the same time: the later one plays.
      state.plays[tenant]?.task.cancel()
      state.plays[tenant] = play
      return true
    }
    if !isTaken { play.task.cancel() }
  }

  private func ready() throws(DemoRefusal) -> (DemoPlayer.Place, HTTPClient) {
    do {
      return try state.withLock { state in
        guard let place = state.place, !state.isClosed else {
          throw DemoRefusal("the server is starting or stopping")
        }
        // Made at the first demo, so that a server without one has no second loop.
        let client = try state.client ?? HTTPClient()
        state.client = client
        return (place, client)
      }
    } catch let refusal as DemoRefusal {
      throw refusal
    } catch {
      throw DemoRefusal("\(error)")
    }
  }

  @discardableResult
  func end(_ tenant: String) -> Bool {
    guard let play = state.withLock({ $0.plays.removeValue(forKey: tenant) }) else { return false }
    play.task.cancel()
    return true
  }

  func describe(_ tenant: String) async -> JSON {
    let play = state.withLock { $0.plays[tenant] }
    let now = await play?.player.state
    var json: JSONObject = ["playing": .bool(now.map { !$0.isOver } ?? false)]
    if let play, let now {
      json["seed"] = .string("\(play.seed)")
      json["seconds"] = JSON(now.seconds)
      json["over"] = .bool(now.seconds >= Double(DemoStory.lasts / .seconds(1)))
      json["chapter"] = .integer(DemoStory.chapter(at: .milliseconds(now.seconds * 1000)) + 1)
    }
    json["lasts"] = .integer(Int(DemoStory.lasts / .seconds(1)))
    json["chapters"] = Self.chapters
    return .object(json)
  }

  private static let chapters = JSON.array(
    DemoStory.chapters.map { chapter in
      [
        "at": .integer(Int(chapter.at / .seconds(1))), "title": .string(chapter.title),
        "text": .string(chapter.text), "view": .string(chapter.view),
      ]
    })
}
