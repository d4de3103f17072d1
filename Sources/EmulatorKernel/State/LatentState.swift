import Synchronization

/// The place of a state that has begun, by a type that needs no look-up: every request passes here, and
/// generic code would ask at each step what it is that lies in the reference.
///
/// A pointer by hand: `AtomicLazyReference` looks its own types up at each load, 650 instructions.
///
/// SAFETY: what the pointer says is retained when it is stored, which happens once, and released by the
/// end of this object, which whoever loads has in hand.
private final class BegunState: Sendable {
  private let pointer = Atomic<UInt>(0)

  func load() -> AnyStateBox? {
    unsafe UnsafeRawPointer(bitPattern: pointer.load(ordering: .acquiring)).map {
      unsafe Unmanaged<AnyStateBox>.fromOpaque($0).takeUnretainedValue()
    }
  }

  /// What was stored first wins.
  func storeIfNil(_ box: AnyStateBox) -> AnyStateBox {
    let retained = unsafe Unmanaged.passRetained(box)
    let (isStored, _) = unsafe pointer.compareExchange(
      expected: 0, desired: UInt(bitPattern: retained.toOpaque()), ordering: .acquiringAndReleasing)
    if !isStored { unsafe retained.release() }
    return load() ?? box
  }

  deinit {
    unsafe UnsafeRawPointer(bitPattern: pointer.load(ordering: .acquiring)).map {
      unsafe Unmanaged<AnyStateBox>.fromOpaque($0).release()
    }
  }
}

/// A service's state in one tenant that comes into being when somebody first looks at it: most tenants
/// use one service of three, and the server itself is asked before any of them is.
///
/// What begins later is what would have begun at once: it begins at the instant of the tenant's own
/// start, with the ids of that start, and what was due since then happens before it is looked at.
/// Only a state that has nothing due at its start may wait, since nobody waits for its time.
final class LatentState<State: ServiceState>: DueService {
  /// A `StateBox<State>`.
  private let begun = BegunState()
  private let making = Mutex(())
  private let begin: @Sendable () -> StateBox<State>

  init(_ begin: @escaping @Sendable () -> StateBox<State>) { self.begin = begin }

  /// One that has begun.
  init(_ box: StateBox<State>) {
    begin = { box }
    _ = begun.storeIfNil(box)
  }

  /// The state, made now if nobody has looked at it before.
  var box: StateBox<State> {
    if let begun = begun.load() { return Self.box(begun) }
    return making.withLock { _ in Self.box(begun.load() ?? begun.storeIfNil(begin())) }
  }

  private static func box(_ begun: AnyStateBox) -> StateBox<State> {
    // SAFETY: nothing else was put in.
    unsafe unsafeDowncast(begun, to: StateBox<State>.self)
  }

  var begunBox: StateBox<State>? { begun.load().map(Self.box) }

  // What has not begun counts no change, has no weight, nothing due and nobody waiting.
  var revision: UInt64 { begunBox?.revision ?? 0 }
  var heapBytes: Int { begunBox?.heapBytes ?? 0 }
  var recountedHeapBytes: Int { begunBox?.recountedHeapBytes ?? 0 }
  var nextDue: VirtualInstant? { begunBox?.nextDue }
  var nextSkipDue: VirtualInstant? { begunBox?.nextSkipDue }
  var isAtWork: Bool { begunBox?.isAtWork ?? false }
  var waiterCount: Int { begunBox?.waiterCount ?? 0 }
  func advance(to instant: VirtualInstant, woken: inout [Waiter]) {
    begunBox?.advance(to: instant, woken: &woken)
  }
  // Retentions do not count time that was skipped: this one must be told.
  func timeSkips(by duration: Duration) { box.timeSkips(by: duration) }
  func timeMayGoOn() { begunBox?.timeMayGoOn() }
  func wakeAll() { begunBox?.wakeAll() }
}
