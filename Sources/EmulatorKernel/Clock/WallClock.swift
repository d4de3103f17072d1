/// The system's wall time.
package enum WallClock {
  /// In whole microseconds, which is what answers show.
  package static let system: VirtualClock.WallTime = {
    VirtualInstant(nanoseconds: SystemClock.wall / 1000 * 1000)
  }

  /// From where spans on the wall count, the same for all: so that they can be told on any clock.
  package static let origin = Moment.now
}
