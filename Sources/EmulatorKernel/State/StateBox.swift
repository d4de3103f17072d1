package import HTTPModel
import Synchronization

/// Holds one service's state for one tenant: a mutex, the ids that are assigned under it, and the
/// tasks that wait for something in it. Continuations are resumed after the lock is released.
package final class StateBox<State: ServiceState>: Sendable {
  /// Who is told when a key is woken.
  private enum Waiter {
    case task(id: UInt64, CheckedContinuation<Void, Never>)
    case body(BodyWriter)

    func isTask(_ wanted: UInt64) -> Bool {
      if case .task(let id, _) = self { id == wanted } else { false }
    }

    func isBody(of wanted: BodyWriter) -> Bool {
      if case .body(let writer) = self { writer === wanted } else { false }
    }

    func tell() {
      switch self {
      case .task(_, let continuation): continuation.resume()
      case .body(let writer): writer.newsArrived()
      }
    }
  }

  private struct Held {
    var state: State
    var ids: IDSource
    var waiters: [State.WakeKey: [Waiter]] = [:]
    var lastWaiterID: UInt64 = 0
    /// Counts changes, so that a store knows what is new.
    var revision: UInt64 = 0
    /// What the budget knows of the state's weight.
    var chargedBytes = 0

    /// Brings the budget in line with the state.
    mutating func settleWeight(_ budget: MemoryBudget) {
      let weight = state.heapBytes
      guard weight != chargedBytes else { return }
      budget.charge(weight - chargedBytes)
      chargedBytes = weight
    }

    /// What is due at the end of all instants never happens.
    var nextDue: VirtualInstant? { state.nextDue.flatMap { $0 < .latest ? $0 : nil } }

    /// Runs a rule with the ids lent to it: moved, so that drawing one copies no table.
    mutating func step<Value, Failure: Error>(
      at now: VirtualInstant, _ blobs: BlobStore, woken: inout [Waiter],
      _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
      var step = StepContext<State.WakeKey>(now: now, ids: ids.takeOut(), blobs: blobs)
      defer {
        revision &+= 1
        ids = step.ids
        settleWeight(blobs.budget)
        takeWaiters(of: step.woken, into: &woken)
      }
      return try body(&state, &step)
    }

    /// Lets happen what is due, instant by instant, so that each event sees its own due time.
    ///
    /// Not without end: a tick of a millisecond on a clock that runs a million times as fast is due
    /// faster than it can happen. Then the state lags behind, and the lock is free in between.
    mutating func settle(to now: VirtualInstant, _ blobs: BlobStore, woken: inout [Waiter]) {
      var steps = 0
      while let due = nextDue, due <= now, steps < Tenant.settleStepsMax {
        steps += 1
        step(at: due, blobs, woken: &woken) { state, step in state.advance(&step) }
        // A state whose `advance` leaves something due would hold the lock for ever.
        if let next = nextDue, next <= due { return }
      }
    }

    @discardableResult
    mutating func removeWaiter(of key: State.WakeKey, where matches: (Waiter) -> Bool) -> Waiter? {
      guard let index = waiters[key]?.firstIndex(where: matches) else { return nil }
      defer { if waiters[key]?.isEmpty == true { waiters[key] = nil } }
      return waiters[key]?.remove(at: index)
    }

    private mutating func takeWaiters(of keys: [State.WakeKey], into taken: inout [Waiter]) {
      guard !keys.isEmpty, !waiters.isEmpty else { return }
      for key in keys {
        if let found = waiters.removeValue(forKey: key) { taken += found }
      }
    }
  }

  private let held: Mutex<Held>
  package let blobs: BlobStore

  package init(_ state: State, ids: IDSource, blobs: BlobStore) {
    held = Mutex(Held(state: state, ids: ids))
    self.blobs = blobs
    held.withLock { $0.settleWeight(blobs.budget) }
  }

  deinit { blobs.budget.release(held.withLock { $0.chargedBytes }) }

  package var nextDue: VirtualInstant? { held.withLock { $0.nextDue } }

  /// Looks without changing anything, at the state as it stands.
  package func read<Value, Failure: Error>(
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try held.withLock { held throws(Failure) in try body(held.state) }
  }

  /// Looks at the state after everything due by `now` has happened. `now` is asked under the lock,
  /// so nobody can see an instant and then a state from before it.
  package func read<Value, Failure: Error>(
    settledTo now: () -> VirtualInstant,
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    var woken: [Waiter] = []
    defer { Self.resume(woken) }
    return try held.withLock { held throws(Failure) in
      held.settle(to: now(), blobs, woken: &woken)
      return try body(held.state)
    }
  }

  /// Changes the state at an instant, after what is due by then, and wakes who waits. A body that
  /// throws must have changed nothing.
  package func mutate<Value: Sendable, Failure: Error>(
    at now: VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try mutate(settledTo: { now }, body).value
  }

  /// The same at an instant that is asked under the lock; also gives what is due next.
  package func mutate<Value: Sendable, Failure: Error>(
    settledTo now: () -> VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> (value: Value, nextDue: VirtualInstant?) {
    var woken: [Waiter] = []
    defer { Self.resume(woken) }
    return try held.withLock { held throws(Failure) -> (Value, VirtualInstant?) in
      let now = now()
      held.settle(to: now, blobs, woken: &woken)
      let value = try held.step(at: now, blobs, woken: &woken, body)
      return (value, held.nextDue)
    }
  }

  /// Lets happen what is due by `now`.
  package func settle(to now: VirtualInstant) {
    var woken: [Waiter] = []
    held.withLock { $0.settle(to: now, blobs, woken: &woken) }
    Self.resume(woken)
  }

  private static func resume(_ waiters: [Waiter]) {
    for waiter in waiters { waiter.tell() }
  }

  /// Runs `body` once, for a body that its connection fetches. Where it finds that more may come,
  /// `writer` is told the next time that `key` is woken.
  /// - Returns: what there is, and what is due next.
  package func poll(
    for key: State.WakeKey, _ writer: BodyWriter, settledTo now: () -> VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) -> BodyPortion
  ) -> (BodyPortion, nextDue: VirtualInstant?) {
    var woken: [Waiter] = []
    defer { Self.resume(woken) }
    return held.withLock { held in
      let now = now()
      held.settle(to: now, blobs, woken: &woken)
      let portion = held.step(at: now, blobs, woken: &woken, body)
      if portion.rest == .news, writer.beginAwaitingNews() {
        held.waiters[key, default: []].append(.body(writer))
      }
      return (portion, held.nextDue)
    }
  }

  /// The writer's body is over: it wants no news any more.
  package func callOff(_ writer: BodyWriter, _ key: State.WakeKey) {
    _ = held.withLock { held in
      held.removeWaiter(of: key) { $0.isBody(of: writer) }
    }
    writer.endAwaitingNews()
  }

  /// Runs `body` under the lock until it gives a value; between two tries waits for `key`.
  /// - Parameter onTry: told after each try, outside the lock, what is due next.
  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  package nonisolated(nonsending) func wait<Value: Sendable>(
    for key: State.WakeKey, now: @Sendable () -> VirtualInstant,
    onTry: @Sendable (VirtualInstant?) -> Void = { _ in },
    _ body: @Sendable (inout State, inout StepContext<State.WakeKey>) -> Value?
  ) async throws(CancellationError) -> Value {
    var isWoken = false
    while true {
      // Whoever was woken mostly finds something: a look is cheaper than a new continuation.
      if isWoken, let found = look(now: now, onTry: onTry, body) { return found }
      isWoken = true
      let id = held.withLock { held in
        held.lastWaiterID += 1
        return held.lastWaiterID
      }
      var found: Value?
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          var woken: [Waiter] = []
          let due = held.withLock { held -> VirtualInstant? in
            let now = now()
            held.settle(to: now, blobs, woken: &woken)
            found = held.step(at: now, blobs, woken: &woken, body)
            let waiter = Waiter.task(id: id, continuation)
            if found != nil || Task.isCancelled {
              woken.append(waiter)
            } else {
              held.waiters[key, default: []].append(waiter)
            }
            return held.nextDue
          }
          onTry(due)
          Self.resume(woken)
        }
      } onCancel: {
        cancel(id, key)
      }
      if let found { return found }
      if Task.isCancelled { throw CancellationError() }
    }
  }

  private func look<Value: Sendable>(
    now: () -> VirtualInstant, onTry: (VirtualInstant?) -> Void,
    _ body: (inout State, inout StepContext<State.WakeKey>) -> Value?
  ) -> Value? {
    let (found, due) = mutate(settledTo: now, body)
    onTry(due)
    return found
  }

  private func cancel(_ id: UInt64, _ key: State.WakeKey) {
    let waiter = held.withLock { held in
      held.removeWaiter(of: key) { $0.isTask(id) }
    }
    waiter?.tell()
  }

  /// How many tasks wait here: for tests that look for leaks.
  package var waiterCount: Int { held.withLock { $0.waiters.values.reduce(0) { $0 + $1.count } } }

  /// State and ids as they stand.
  package var contents: (state: State, ids: IDSource) { held.withLock { ($0.state, $0.ids) } }

  /// Runs `body` while nobody can change the state: for a snapshot of several states at one moment.
  func hold<Value: Sendable, Failure: Error>(
    _ body: (State, IDSource) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try held.withLock { held throws(Failure) in try body(held.state, held.ids) }
  }

  /// What the state weighs, as the budget knows it.
  package var heapBytes: Int { held.withLock { $0.chargedBytes } }

  package var recountedHeapBytes: Int { held.withLock { $0.state.recountedHeapBytes } }

  /// Goes up with every change.
  var revision: UInt64 { held.withLock { $0.revision } }

  /// Puts back state and ids (reset, restore) and lets everybody who waits look again.
  package func replace(_ state: State, ids: IDSource) {
    let waiters = held.withLock { held -> [Waiter] in
      held.state = state
      held.ids = ids
      held.revision &+= 1
      held.settleWeight(blobs.budget)
      defer { held.waiters = [:] }
      return held.waiters.values.flatMap(\.self)
    }
    for waiter in waiters { waiter.tell() }
  }
}
