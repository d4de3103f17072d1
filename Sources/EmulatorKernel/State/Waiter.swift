public import HTTPModel
import Synchronization

/// Somebody who waits for news of a state. Told after every lock is released: a body that is told
/// may be fetched on the spot.
@usableFromInline package enum Waiter: Sendable {
  case task(WaitTicket)
  case body(BodyWriter)

  @inlinable var id: ObjectIdentifier {
    switch self {
    case .task(let ticket): ObjectIdentifier(ticket)
    case .body(let writer): ObjectIdentifier(writer)
    }
  }

  /// Whether it waits in a table. A body that does not, though it still stands there, has been told, and
  /// asks again, or is over.
  @usableFromInline var isListed: Bool {
    switch self {
    case .task(let ticket): ticket.isListed
    case .body(let writer): writer.isAwaitingSource
    }
  }

  /// It waits no longer. Whether it did.
  func leave() -> Bool {
    switch self {
    case .task(let ticket): ticket.leave()
    case .body(let writer): writer.endAwaitingSource()
    }
  }

  @inlinable package func notify() {
    switch self {
    case .task(let ticket): ticket.notify()
    case .body(let writer): writer.sourceIsReady()
    }
  }
}

extension [Waiter] {
  @inlinable package func notifyAll() {
    for waiter in self { waiter.notify() }
  }
}

/// A task's place among those who wait. It stands in the table also while the task is busy with moving
/// time, so that nobody moves it past what the task waits for: from the moment that there is news the
/// request is at work again, not only when its task has its turn.
///
/// **Isolation**: behind a mutex. Noting is done under a state's lock, telling is not.
@usableFromInline package final class WaitTicket: Sendable {
  private struct State {
    var isPaused = false
    var isListed = false
    var isWoken = false
    var mayGoOn = false
    var isCancelled = false
    var ignoresTime = false
    var continuation: CheckedContinuation<Void, Never>?

    var isDue: Bool { isWoken || isCancelled || (mayGoOn && !ignoresTime) }
  }

  private let hold: TimeHold?
  private let state = Mutex(State())

  init(_ hold: TimeHold?) { self.hold = hold }

  var isWoken: Bool { state.withLock { $0.isWoken } }

  /// Before it enters the table (again).
  func renew() { state.withLock { $0.isWoken = false } }

  /// The request only waits from now on, unless there is news already. Not under a lock: time may go
  /// on because of this.
  func pause() {
    let pauses = state.withLock { state in
      if state.isPaused || state.isWoken { return false }
      state.isPaused = true
      return true
    }
    if pauses { hold?.pause() }
  }

  /// The request is at work again.
  func goToWork() {
    let wasPaused = state.withLock { state in
      defer { state.isPaused = false }
      return state.isPaused
    }
    if wasPaused { hold?.resume() }
  }

  @usableFromInline func noteWakeUp() {
    state.withLock { state in
      state.isWoken = true
      state.isListed = false
    }
    goToWork()
  }

  var isListed: Bool { state.withLock { $0.isListed } }
  @usableFromInline func noteListed() { state.withLock { $0.isListed = true } }

  /// Whether it was in the table.
  func leave() -> Bool {
    state.withLock { state in
      defer { state.isListed = false }
      return state.isListed
    }
  }

  /// Time may go on; see `beginAttempt`.
  func noteTime() { state.withLock { $0.mayGoOn = true } }

  /// The task is about to move time: what is noted from now on it has not yet seen.
  func beginAttempt() { state.withLock { $0.mayGoOn = false } }

  @usableFromInline func notify() {
    let continuation = state.withLock { state in
      guard state.isDue else { return nil as CheckedContinuation<Void, Never>? }
      defer { state.continuation = nil }
      return state.continuation
    }
    continuation?.resume()
  }

  /// Suspends until something has been noted, or the task is cancelled.
  nonisolated(nonsending) func suspend(ignoringTime ignores: Bool) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          state.ignoresTime = ignores
          if state.isDue { return true }
          state.continuation = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.isCancelled = true }
      notify()
    }
  }
}

/// How something that is waited for stands.
package enum Awaited<Value: Sendable>: Sendable {
  /// It is here.
  case ready(Value)
  /// Not here yet, and what is due by itself brings it nearer: with the clock mode `skip` time jumps.
  case coming
  /// Not here yet, and only somebody's doing brings it nearer: time has nothing to do with it.
  case idle

  package init(_ value: Value?, else isComing: Bool) {
    self = value.map { .ready($0) } ?? (isComing ? .coming : .idle)
  }
}
