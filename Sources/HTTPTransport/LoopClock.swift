import Synchronization

/// Time of event loops as a test wants it: stands still until it is advanced. It takes the monotonic
/// clock's place for timeouts, delays and pauses; `Date` and the measured lag stay real.
///
/// ```swift
/// try peer.send("GET / HTTP/1.1\r\nHo")
/// await clock.advance(by: .seconds(10))     // what is due has happened when this returns
/// ```
package final class LoopClock: Sendable {
  private let instant = Atomic<Int64>(0)
  private let loops = Mutex<[LoopHandle]>([])

  package init() {}

  /// Nanoseconds since it was made.
  package var now: Int64 { instant.load(ordering: .acquiring) }

  func join(_ loop: LoopHandle) { loops.withLock { $0.append(loop) } }
  func leave(_ loop: LoopHandle) { loops.withLock { $0.removeAll { $0 === loop } } }

  /// Moves on. Timers that are due by then have fired when this returns.
  package func advance(by duration: Duration) async {
    instant.wrappingAdd(duration.nanoseconds, ordering: .acquiringAndReleasing)
    await settle()
  }

  /// How many timers wait, those included that will mean nothing when they come.
  package func timerCount() async -> Int {
    var count = 0
    for loop in loops.withLock({ $0 }) {
      count += await withCheckedContinuation { continuation in
        let isTaken = loop.post(.run { continuation.resume(returning: $0.timers.count) })
        if !isTaken { continuation.resume(returning: 0) }
      }
    }
    return count
  }

  /// Returns when every loop has served what was ready for it, and fired what was due.
  package func settle() async {
    // A turn serves events, then runs what was posted, then fires timers: the second post runs behind
    // all that the first one's turn has done.
    for _ in 0..<2 {
      for loop in loops.withLock({ $0 }) { await loop.turn() }
    }
  }
}

extension SystemCalls {
  /// Nanoseconds on the clock that the loops go by.
  func now() -> Int64 { clock?.now ?? Self.monotonic() }
}

extension LoopHandle {
  /// Returns once the loop has run a command, or has ended.
  fileprivate func turn() async {
    await withCheckedContinuation { continuation in
      if !post(.run { _ in continuation.resume() }) { continuation.resume() }
    }
  }
}
