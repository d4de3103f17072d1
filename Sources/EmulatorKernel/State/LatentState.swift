import Synchronization

/// A service's state in one tenant that comes into being when somebody first looks at it: most tenants
/// use one service of three, and the server itself is asked before any of them is.
///
/// What begins later is what would have begun at once: it begins at the instant of the tenant's own
/// start, with the ids of that start, and what was due since then happens before it is looked at.
/// Only a state that has nothing due at its start may wait, since nobody waits for its time.
final class LatentState<State: ServiceState>: DueService {
  private let made = AtomicLazyReference<StateBox<State>>()
  private let making = Mutex(())
  private let begin: @Sendable () -> StateBox<State>

  init(_ begin: @escaping @Sendable () -> StateBox<State>) { self.begin = begin }

  /// One that has begun.
  init(_ box: StateBox<State>) {
    begin = { box }
    _ = made.storeIfNil(box)
  }

  /// The state, made now if nobody has looked at it before.
  var box: StateBox<State> {
    made.load() ?? making.withLock { _ in made.load() ?? made.storeIfNil(begin()) }
  }

  var begunBox: StateBox<State>? { made.load() }

  // What has not begun counts no change, has no weight, nothing due and nobody waiting.
  var revision: UInt64 { made.load()?.revision ?? 0 }
  var heapBytes: Int { made.load()?.heapBytes ?? 0 }
  var recountedHeapBytes: Int { made.load()?.recountedHeapBytes ?? 0 }
  var nextDue: VirtualInstant? { made.load()?.nextDue }
  var nextSkipDue: VirtualInstant? { made.load()?.nextSkipDue }
  var isAtWork: Bool { made.load()?.isAtWork ?? false }
  var waiterCount: Int { made.load()?.waiterCount ?? 0 }
  func advance(to instant: VirtualInstant, woken: inout [Waiter]) {
    made.load()?.advance(to: instant, woken: &woken)
  }
  // Retentions do not count time that was skipped: this one must be told.
  func timeSkips(by duration: Duration) { box.timeSkips(by: duration) }
  func timeMayGoOn() { made.load()?.timeMayGoOn() }
  func wakeAll() { made.load()?.wakeAll() }
}
