import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// What the clients of the demo do: ten minutes of a harbor, of the tenant's time. The world, and what
/// goes wrong in it when, is the shipped scenario of that name; the same seed tells the same story.
package struct DemoStory: Sendable {
  package static let scenario = "harbor-day"
  package static let seed: UInt64 = 2027
  package static let beat = Duration.seconds(5)
  package static let lasts = Duration.seconds(600)

  /// A part of the story, from its instant on.
  package struct Chapter: Sendable {
    package let at: Duration
    package let title: String
    package let text: String
    /// Where the console shows it best.
    package let view: String
  }

  package static let chapters = [
    Chapter(
      at: .zero, title: "Morning in the harbor",
      text: "Clients of all three services begin their work. Each request is here as it comes.",
      view: "journal"),
    Chapter(
      at: .seconds(120), title: "It gets busy",
      text: "More calls, more runs, more messages; the cranes fail in the wind and try again.",
      view: "time"),
    Chapter(
      at: .seconds(240), title: "Something breaks",
      text: "Hub sth-1 crashes, and every third call is refused. The clients try again.",
      view: "journal"),
    Chapter(
      at: .seconds(360), title: "It recovers",
      text: "The hub is back, nothing is refused any more, and what waited goes on.", view: "time"),
    Chapter(
      at: .seconds(480), title: "Evening",
      text: "The last runs end. Look at what was refused, and at why.", view: "numbers"),
  ]

  /// The chapter that is told at an instant of the story.
  package static func chapter(at instant: Duration) -> Int {
    (chapters.lastIndex { $0.at <= instant }) ?? 0
  }

  /// One request of a client.
  package struct Call: Sendable {
    package var method: Method
    package var target: String
    package var content: JSON?
    package var contentType = "application/json"
    package var isBackground = false
  }

  private var random: SeededRandom
  private var count = 0

  package init(seed: UInt64) { random = SeededRandom(seed: seed, [Self.scenario]) }

  /// The calls of the next beat, in their order.
  package mutating func nextCalls() -> [Call] {
    let number = count
    count += 1
    let instant = Self.beat * number
    let isBusy = instant >= .seconds(120) && instant < .seconds(480)
    let ship = Self.ships[Int(random.next() % UInt64(Self.ships.count))]
    let berth = Int(random.next() % 9) + 1
    let tons = Int(random.next() % 90) + 10
    func comes(_ busy: Int, _ calm: Int) -> Bool { number % (isBusy ? busy : calm) == 0 }
    var calls: [Call] = []
    if comes(1, 2) {
      calls.append(
        Call(
          method: .post, target: Self.space + "/topic/arrivals",
          content: ["ship": .string(ship), "tons": .integer(tons)],
          contentType: "application/x-ndjson"))
    }
    if comes(1, 3) {
      calls.append(
        Call(
          method: .post, target: "/apps/harbor/pilot/berth",
          content: ["ship": .string(ship), "berth": .integer(berth)]))
    }
    if comes(2, 6) {
      calls.append(
        Call(
          method: .post, target: "/api/v1/task/noop", content: [:],
          isBackground: true))
    }
    if comes(2, 4) { calls.append(Call(method: .get, target: Self.space + Self.hub + "/version")) }
    if comes(6, 12) { calls.append(Call(method: .post, target: Self.runs, content: [:])) }
    calls.append(Call(method: .get, target: Self.runs))
    return calls
  }

  /// What a client reads all the time.
  package static let read = Call(method: .get, target: space + "/topic/berths")

  private static let ships = ["Aurora", "Endurance", "Fram", "Gjøa"]
  private static let space = "/api/v1/space/demo/api/v1"
  private static let hub = "/sth/sth-1/api/v1"
  private static let runs =
    "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
    + "/fleets/33333333-3333-4333-8333-333333333333/fleetruns"
}
