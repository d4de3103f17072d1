import Glibc

/// A moment of the clock by which durations are measured: never set, and it counts while the machine
/// sleeps.
///
/// **Cost**: one number. The standard library's `ContinuousClock.Instant` says the same, but its size is
/// known at run time only, so that whatever holds one is copied piece by piece: a twentieth of a request.
@usableFromInline package struct Moment: Sendable, Hashable, Comparable, BitwiseCopyable {
  let nanoseconds: Int64

  /// Before all that is measured.
  static let zero = Self(nanoseconds: 0)

  @usableFromInline package static var now: Self { Self(nanoseconds: SystemClock.sinceBoot) }

  @usableFromInline package static func < (left: Self, right: Self) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  package static func + (left: Self, right: Duration) -> Self {
    Self(nanoseconds: left.nanoseconds &+ right.clampedNanoseconds)
  }
  package static func - (left: Self, right: Self) -> Duration {
    .nanoseconds(left.nanoseconds(since: right))
  }

  /// For what is done with each request: a `Duration` is of 128 bits, and divided to be read.
  func nanoseconds(since earlier: Self) -> Int64 { nanoseconds &- earlier.nanoseconds }
}

/// The system's clocks, in nanoseconds.
enum SystemClock {
  static var sinceBoot: Int64 { read(CLOCK_BOOTTIME) }
  /// Since 1970. Not by way of `Date`: each request asks three times, and its numbers took a fiftieth of it.
  static var wall: Int64 { read(CLOCK_REALTIME) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // SAFETY: the pointer is to a local.
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
