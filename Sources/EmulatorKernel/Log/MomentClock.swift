import Synchronization

/// What the wall said at a moment of the clock by which durations are measured: the same whoever asks,
/// so that the log and who follows a journal tell the same of an exchange.
enum MomentClock {
  private struct Pair {
    var moment: Moment
    var wall: VirtualInstant
  }

  private static let pair = Mutex(Pair(moment: .now, wall: WallClock.system()))

  /// More than that and somebody has set the wall's clock.
  private static let driftMax = Duration.milliseconds(50)

  static func wall(at moment: Moment) -> VirtualInstant {
    pair.withLock { pair in
      let (now, wall): (Moment, VirtualInstant) = (.now, WallClock.system())
      let drift = wall - (pair.wall + (now - pair.moment))
      if drift > driftMax || drift < .zero - driftMax { pair = Pair(moment: now, wall: wall) }
      return pair.wall + (moment - pair.moment)
    }
  }
}
