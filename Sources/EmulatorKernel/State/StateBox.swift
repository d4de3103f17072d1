public import HTTPModel
public import Synchronization

/// A state box of whatever state.
///
/// `@unchecked`: what it has of its own is atomic, and its one subclass keeps all behind a mutex.
@usableFromInline package class AnyStateBox: @unchecked Sendable {
  /// How many do work here that may take long.
  private let lengthyCount = Atomic<Int>(0)

  @usableFromInline init() {}

  /// Whether a lock of this box may be held for long: then a loop should not wait for it.
  package final var isHeldAtLength: Bool { lengthyCount.load(ordering: .relaxed) > 0 }

  /// Runs work that may hold the lock for long, never on a loop.
  package final func atLength<Value>(_ body: () -> Value) -> Value {
    lengthyCount.add(1, ordering: .relaxed)
    defer { lengthyCount.subtract(1, ordering: .relaxed) }
    return body()
  }
}

/// Holds one service's state for one tenant: a mutex, the ids that are assigned under it, and those
/// that wait for something in it (`StateBox+Waiting.swift`). They are told after the lock is released.
///
/// What every request does is inlinable, so that each service gets code of its own types: generic code
/// looks the types' descriptions up at each step.
///
/// `@unchecked`: said again of what it inherits; all that changes lies behind the mutex or is atomic.
@usableFromInline
package final class StateBox<State: ServiceState>: AnyStateBox, @unchecked Sendable {
  @usableFromInline package struct Held: Sendable {
    @usableFromInline package var state: State
    @usableFromInline package var ids: IDSource
    @usableFromInline package var waiters = WaiterTable<State.WakeKey>()
    /// Counts changes, so that a store knows what is new.
    @usableFromInline package var revision: UInt64 = 0
    /// What the budget knows of the state's weight.
    @usableFromInline package var chargedBytes = 0
    /// What of it others have too.
    @usableFromInline package var sharedBytes: Int

    init(_ begun: Begun<State>) {
      state = begun.state
      ids = begun.ids
      sharedBytes = begun.sharedBytes
    }

    /// Brings the budget in line with the state.
    @inlinable package mutating func settleWeight(_ budget: MemoryBudget) {
      let weight = max(0, state.heapBytes - sharedBytes)
      guard weight != chargedBytes else { return }
      budget.charge(weight - chargedBytes)
      chargedBytes = weight
    }

    /// What is due at the end of all instants never happens.
    @inlinable package var nextDue: VirtualInstant? {
      state.nextDue.flatMap { $0 < .latest ? $0 : nil }
    }

    /// Runs a rule with the ids lent to it: moved, so that drawing one copies no table.
    @inlinable package mutating func step<Value, Failure: Error>(
      at now: VirtualInstant, _ blobs: BlobStore, woken: inout [Waiter],
      _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
      var step = StepContext<State.WakeKey>(now: now, ids: ids.takeOut(), blobs: blobs)
      let dueRevision = state.dueRevision
      defer {
        revision &+= 1
        ids = step.ids
        settleWeight(blobs.budget)
        waiters.take(of: step.woken, into: &woken)
        if state.dueRevision != dueRevision { waiters.noteTime(into: &woken) }
      }
      return try body(&state, &step)
    }

    /// Lets happen what is due, instant by instant, so that each event sees its own due time.
    ///
    /// Not without end: a tick of a millisecond on a clock that runs a million times as fast is due
    /// faster than it can happen. Then the state lags behind, and the lock is free in between.
    @inlinable package mutating func settle(
      to now: VirtualInstant, _ blobs: BlobStore, woken: inout [Waiter]
    ) {
      var steps = 0
      while let due = nextDue, due <= now, steps < Tenant.settleStepsAtOnceMax {
        steps += 1
        step(at: due, blobs, woken: &woken) { state, step in state.advance(&step) }
        // A state whose `advance` leaves something due would hold the lock for ever.
        if let next = nextDue, next <= due { return }
      }
    }
  }

  @usableFromInline package let held: Mutex<Held>
  @usableFromInline package let blobs: BlobStore

  package convenience init(_ state: State, ids: IDSource, blobs: BlobStore) {
    self.init(Begun(state: state, ids: ids, sharedBytes: 0), blobs: blobs)
  }

  init(_ begun: Begun<State>, blobs: BlobStore) {
    held = Mutex(Held(begun))
    self.blobs = blobs
    super.init()
    held.withLock { $0.settleWeight(blobs.budget) }
  }

  deinit { blobs.budget.release(held.withLock { $0.chargedBytes }) }

  /// Looks without changing anything, at the state as it stands.
  @inlinable package func read<Value, Failure: Error>(
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try held.withLock { held throws(Failure) in try body(held.state) }
  }

  /// Looks at the state after everything due by `now` has happened. `now` is asked under the lock,
  /// so nobody can see an instant and then a state from before it.
  @inlinable package func read<Value, Failure: Error>(
    settledTo now: () -> VirtualInstant,
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    var woken: [Waiter] = []
    defer { woken.notifyAll() }
    return try read(settledTo: now, woken: &woken, body)
  }

  /// The same for callers that hold a lock: `woken` are to be told once it is released.
  @inlinable package func read<Value, Failure: Error>(
    settledTo now: () -> VirtualInstant, woken: inout [Waiter],
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try held.withLock(countingWaitsIn: .states) { held throws(Failure) in
      held.settle(to: now(), blobs, woken: &woken)
      return try body(held.state)
    }
  }

  /// Changes the state at an instant that is asked under the lock, after what is due by then, and wakes
  /// who waits. A body that throws must have changed nothing. Also gives what is due next.
  @inlinable package func mutate<Value: Sendable, Failure: Error>(
    settledTo now: () -> VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> (value: Value, nextDue: VirtualInstant?) {
    var woken: [Waiter] = []
    defer { woken.notifyAll() }
    return try mutate(settledTo: now, woken: &woken, body)
  }

  /// The same for callers that hold a lock: `woken` are to be told once it is released.
  @inlinable package func mutate<Value: Sendable, Failure: Error>(
    settledTo now: () -> VirtualInstant, woken: inout [Waiter],
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> (value: Value, nextDue: VirtualInstant?) {
    try held.withLock(countingWaitsIn: .states) {
      held throws(Failure) -> (Value, VirtualInstant?) in
      let now = now()
      held.settle(to: now, blobs, woken: &woken)
      let value = try held.step(at: now, blobs, woken: &woken, body)
      return (value, held.nextDue)
    }
  }

  /// State and ids as they stand.
  package var contents: (state: State, ids: IDSource) { held.withLock { ($0.state, $0.ids) } }

  /// Runs `body` while nobody can change the state: for a snapshot of several states at one moment.
  func hold<Value: Sendable, Failure: Error>(
    _ body: (State, IDSource) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try held.withLock { held throws(Failure) in try body(held.state, held.ids) }
  }

  /// What is asked of a box most often.
  @inlinable package var status: BoxStatus {
    held.withLock { held in
      BoxStatus(
        nextDue: held.nextDue, chargedBytes: held.chargedBytes, sharedBytes: held.sharedBytes,
        revision: held.revision)
    }
  }

  /// See `IDSource.count`; nil while others hold it for long.
  var idCountNow: UInt64? { isHeldAtLength ? nil : held.withLock { $0.ids.count } }

  /// What the state weighs, as the budget knows it.
  package var heapBytes: Int { status.chargedBytes }

  package var recountedHeapBytes: Int {
    held.withLock { max(0, $0.state.recountedHeapBytes - $0.sharedBytes) }
  }

  /// The same after what is due.
  @inlinable package func revision(settledTo now: () -> VirtualInstant) -> UInt64 {
    var woken: [Waiter] = []
    defer { woken.notifyAll() }
    return held.withLock { held in
      held.settle(to: now(), blobs, woken: &woken)
      return held.revision
    }
  }

  /// Puts back state and ids (reset, restore) and lets everybody who waits look again.
  @inlinable package func replace(_ begun: Begun<State>) {
    // The old state is let go outside the lock: a large one takes long.
    let (waiters, _) = held.withLock { held -> ([Waiter], State) in
      var old = begun.state
      swap(&old, &held.state)
      held.ids = begun.ids
      held.sharedBytes = begun.sharedBytes
      held.revision &+= 1
      held.settleWeight(blobs.budget)
      return (held.waiters.takeAll(), old)
    }
    waiters.notifyAll()
  }
}

/// A box as it stands.
@usableFromInline package struct BoxStatus: Sendable {
  @usableFromInline package let nextDue: VirtualInstant?
  /// What the state weighs, as the budget knows it.
  @usableFromInline package let chargedBytes: Int
  /// What others have, too.
  @usableFromInline package let sharedBytes: Int
  /// Goes up with every change.
  @usableFromInline package let revision: UInt64

  @inlinable init(
    nextDue: VirtualInstant?, chargedBytes: Int, sharedBytes: Int, revision: UInt64
  ) {
    self.nextDue = nextDue
    self.chargedBytes = chargedBytes
    self.sharedBytes = sharedBytes
    self.revision = revision
  }
}

extension StateBox: DueService {
  package var nextDue: VirtualInstant? { status.nextDue }

  package var nextSkipDue: VirtualInstant? {
    held.withLock { held in held.state.nextSkipDue.flatMap { $0 < .latest ? $0 : nil } }
  }

  package var isAtWork: Bool { held.withLock { $0.state.isAtWork } }

  @inlinable package func advance(to instant: VirtualInstant, woken: inout [Waiter]) {
    held.withLock { $0.settle(to: instant, blobs, woken: &woken) }
  }

  package func timeSkips(by duration: Duration) {
    held.withLock { held in
      held.state.timeSkips(by: duration)
      held.revision &+= 1
    }
  }

  @inlinable package func timeMayGoOn() {
    var woken: [Waiter] = []
    held.withLock { $0.waiters.noteTime(into: &woken) }
    woken.notifyAll()
  }

  package func wakeAll() { held.withLock { $0.waiters.takeAll() }.notifyAll() }
}
