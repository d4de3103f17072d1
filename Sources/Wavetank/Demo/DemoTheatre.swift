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
  func open(_ place: DemoPlayer.Place) { state.withLock { $0.place = place } }

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

  var scenario: String { DemoStory.scenario }

  var lack: DemoRefusal? {
    do throws(DemoRefusal) { _ = try ready() } catch { return error }
    return nil
  }

  func begin(_ tenant: String, seed: UInt64?) throws(DemoRefusal) {
    try begin(tenant, seed: seed, goesOn: false)
  }

  func begin(_ tenant: String, seed: UInt64?, goesOn: Bool) throws(DemoRefusal) {
    let seed = seed ?? DemoStory.seed
    end(tenant)
    let (place, client) = try ready()
    let player = DemoPlayer(place, client: client, tenant: tenant, seed: seed, goesOn: goesOn)
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

  func describe(_ tenant: String, into json: inout JSONWriter) {
    let play = state.withLock { $0.plays[tenant] }
    let now = play?.player.state
    json.member("playing", now.map { !$0.isOver } ?? false)
    if let play, let now {
      json.member("seed", "\(play.seed)")
      json.member("seconds", JSON(now.seconds))
      json.member("over", now.seconds >= Double(DemoStory.lasts / .seconds(1)))
      json.member("chapter", DemoStory.chapter(at: .milliseconds(now.seconds * 1000)) + 1)
    }
    json.member("lasts", Int(DemoStory.lasts / .seconds(1)))
    json.key("chapters")
    json.raw(Self.chapters.span)
  }

  /// They are part of the program: written once.
  private static let chapters = JSON.array(
    DemoStory.chapters.map { chapter in
      [
        "at": .integer(Int(chapter.at / .seconds(1))), "title": .string(chapter.title),
        "text": .string(chapter.text), "view": .string(chapter.view),
      ]
    }
  ).serialized()
}
