/// How many events one who asks or waits may jump over. A program may tick for ever without bringing
/// what is waited for: then time comes to rest again.
@usableFromInline package struct SkipBudget: Sendable {
  @usableFromInline package var eventsLeft: Int

  package init(events: Int) { eventsLeft = events }

  /// For a question, which is answered then, and for a wait, which then waits for somebody's doing.
  package static let ofLook = Self(events: 100_000)
  package static let ofWait = Self(events: 100_000)
  /// For a stream's reader, each time that it has got something.
  package static let ofStream = Self(events: 10_000)
}

/// How far time is moved in one go: a loop runs up to sixteen jobs before it looks at its sockets
/// again, and none of its connections shall wait for ten milliseconds.
struct SkipPiece {
  private static let duration = Duration.microseconds(100)
  private var eventsLeft = 64
  private let end = ContinuousClock.now + Self.duration
  private var hasBegun = false

  /// Once at least.
  mutating func mayGoOn() -> Bool {
    defer {
      eventsLeft -= 1
      hasBegun = true
    }
    return eventsLeft > 0 && (!hasBegun || ContinuousClock.now < end)
  }
}
