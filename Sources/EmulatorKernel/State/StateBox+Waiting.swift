public import HTTPModel
public import Synchronization

/// Waiting for something in a state, without a thread; see `World`.
extension StateBox {
  /// Runs `body` once, for a body that its connection fetches. Where it finds that more may come,
  /// `writer` is told the next time that `key` is woken; if it is timed, also when time may go on.
  /// - Returns: what there is, and what is due next.
  @inlinable package func poll(
    for key: State.WakeKey, _ writer: BodyWriter, isTimed: Bool,
    settledTo now: () -> VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) -> BodyPortion
  ) -> (BodyPortion, nextDue: VirtualInstant?) {
    var woken: [Waiter] = []
    defer { woken.notifyAll() }
    return held.withLock { held in
      let now = now()
      held.settle(to: now, blobs, woken: &woken)
      let portion = held.step(at: now, blobs, woken: &woken, body)
      if portion.rest == .later, writer.beginAwaitingSource() {
        held.waiters.add(.body(writer), key, isTimed: isTimed)
      }
      return (portion, held.nextDue)
    }
  }

  /// The writer's body is over: it wants no news any more.
  package func stopPolling(_ writer: BodyWriter, _ key: State.WakeKey) {
    held.withLock { $0.waiters.remove(.body(writer), key) }
  }

  /// Runs `body`; if it gives nothing the ticket enters the table under the same lock, so that no news
  /// is missed. If it gives something the request is at work from then on.
  func enter<Value: Sendable>(
    _ ticket: WaitTicket, for key: State.WakeKey, isTimed: Bool,
    settledTo now: () -> VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) -> Awaited<Value>
  ) -> (found: Value?, nextDue: VirtualInstant?) {
    var woken: [Waiter] = []
    defer { woken.notifyAll() }
    return held.withLock { held in
      let now = now()
      held.settle(to: now, blobs, woken: &woken)
      let found = held.step(at: now, blobs, woken: &woken, body)
      guard case .ready(let value) = found else {
        held.waiters.add(.task(ticket), key, isTimed: isTimed)
        return (nil, held.nextDue)
      }
      ticket.goToWork()
      return (value, held.nextDue)
    }
  }

  /// For time to go on, and nothing else.
  func enter(_ ticket: WaitTicket) {
    held.withLock { $0.waiters.add(.task(ticket), nil, isTimed: true) }
  }

  func leave(_ ticket: WaitTicket, _ key: State.WakeKey?) {
    held.withLock { $0.waiters.remove(.task(ticket), key) }
  }

  /// How many wait here: for tests that look for leaks.
  package var waiterCount: Int { held.withLock { $0.waiters.count } }

  package var isWatched: Bool { held.withLock { !$0.waiters.isEmpty } }
}
