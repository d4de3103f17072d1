import FoundationEssentials

/// The system's wall time.
package enum WallClock {
  /// In microseconds, which is what a `Date` holds exactly.
  package static let system: VirtualClock.WallTime = {
    let seconds = Date().timeIntervalSince1970
    return VirtualInstant(nanoseconds: Int64((seconds * 1e6).rounded()) * 1000)
  }

  /// From where spans on the wall count, the same for all: so that they can be told on any clock.
  package static let origin = Moment.now
}
