import Glibc

/// The system's wall time.
package enum WallClock {
  /// In microseconds, which is what answers show. Not by way of `Date`: each request asks three times, and
  /// the numbers of a `Date` took a fiftieth of it.
  package static let system: VirtualClock.WallTime = {
    var time = timespec()
    // SAFETY: the pointer is to a local.
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    let microseconds = Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1000
    return VirtualInstant(nanoseconds: microseconds &* 1000)
  }

  /// From where spans on the wall count, the same for all: so that they can be told on any clock.
  package static let origin = Moment.now
}
