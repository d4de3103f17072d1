import Synchronization

/// The clock mode `skip`: time stands still, and jumps from one due event to the next while somebody
/// asks for, or waits for, something that time brings.
///
/// **What holds it up** (DESIGN §4): a request that is being worked on (it may change the world at any
/// moment) and code that works outside (its time is real). A request whose content is still coming in
/// has changed nothing yet, and one that waits in the world does nothing: neither holds time up, so an
/// upload that has stalled stops nobody. What a request does with one piece of content, such as passing
/// it on to a topic, is work again.
extension Tenant {
  /// Jumps while `isComing`, up to a piece's worth of events: callers yield and come again.
  ///
  /// `isComing` is asked before each jump, under the same lock, so that two who move time at once do
  /// not go beyond what each asks for. It gives back whom it has woken.
  func skip(
    _ budget: inout SkipBudget, while isComing: (inout [Waiter]) -> Bool
  ) -> SkipOutcome {
    guard clock.mode == .skip else { return .off }
    var woken: [Waiter] = []
    let outcome = moving.withLock { _ in
      var piece = SkipPiece()
      while true {
        guard isComing(&woken) else { return SkipOutcome.stopped }
        guard budget.eventsLeft > 0 else { return .exhausted }
        guard piece.mayGoOn() else { return .more }
        if callsOutside.load(ordering: .sequentiallyConsistent) > 0 { return .heldOutside }
        if requestsAtWork.load(ordering: .sequentiallyConsistent) > 0 { return .heldByRequest }
        let services = services
        if services.contains(where: \.isAtWork) { return .heldOutside }
        guard let due = services.compactMap(\.nextSkipDue).min() else { return .nothingDue }
        jump(to: due, &woken)
        budget.eventsLeft -= 1
      }
    }
    woken.notifyAll()
    announceNextDue()
    return outcome
  }

  /// Called under `moving`.
  private func jump(to due: VirtualInstant, _ woken: inout [Waiter]) {
    let now = clock.now
    if due > now {
      for service in services { service.timeSkips(by: due - now) }
      clock.advance(to: due, isJump: true)
    }
    run(until: due, &woken)
  }

  // MARK: What holds time up

  package var isTimeHeld: Bool {
    requestsAtWork.load(ordering: .sequentiallyConsistent) > 0
      || callsOutside.load(ordering: .sequentiallyConsistent) > 0
  }

  /// A service begins or ends its work on a request.
  func workBegan() { requestsAtWork.add(1, ordering: .sequentiallyConsistent) }
  func workEnded() {
    requestsAtWork.subtract(1, ordering: .sequentiallyConsistent)
    timeMayGoOn()
  }

  /// Runs what works outside the world and takes real time: a call of somebody's code, of a server.
  package nonisolated(nonsending) func whileOutside<Value>(_ body: () async -> Value) async -> Value
  {
    callsOutside.add(1, ordering: .sequentiallyConsistent)
    let hold = TimeHold.current
    hold?.pause()
    defer {
      hold?.resume()
      callsOutside.subtract(1, ordering: .sequentiallyConsistent)
      timeMayGoOn()
    }
    return await body()
  }

  /// Work that goes on when the request that asked for it has been answered. It holds time up as a
  /// request does: while it neither waits nor is outside.
  package func inBackground(_ body: @escaping @Sendable () async -> Void) {
    let hold = TimeHold(self)
    Task {
      await TimeHold.$current.withValue(hold, operation: body)
      hold.end()
    }
  }

  /// Code that held time up (`ServiceState.isAtWork`) has nothing more to do.
  package func codeRests() { timeMayGoOn() }

  private func timeMayGoOn() {
    guard clock.mode == .skip, !isTimeHeld else { return }
    for service in services { service.timeMayGoOn() }
  }
}

/// How a jump went.
enum SkipOutcome: Sendable, Equatable {
  /// The clock's mode is another.
  case off
  /// It was not, or is no longer, wanted.
  case stopped
  case nothingDue
  case heldByRequest, heldOutside
  /// There is more, for after the others' turn.
  case more
  /// The budget is used up.
  case exhausted
}

/// A request that is being worked on. As long as it is, time does not jump; while it only waits, for
/// its content or in the world, it may.
///
/// **Isolation**: behind a mutex; used by the request's task and by whoever brings its content.
final class TimeHold: Sendable {
  private struct State {
    var waits = 0
    var isOver = false
  }

  /// The hold of the request that the current task works on. Tasks that outlive the request find one
  /// that is over, which does nothing.
  @TaskLocal static var current: TimeHold?

  private let tenant: Tenant
  private let state = Mutex(State())

  init(_ tenant: Tenant) {
    self.tenant = tenant
    tenant.workBegan()
  }

  func pause() {
    let ends = state.withLock { state in
      state.waits += 1
      return state.waits == 1 && !state.isOver
    }
    if ends { tenant.workEnded() }
  }

  func resume() {
    let begins = state.withLock { state in
      state.waits -= 1
      return state.waits == 0 && !state.isOver
    }
    if begins { tenant.workBegan() }
  }

  func end() {
    let ends = state.withLock { state in
      defer { state.isOver = true }
      return state.waits == 0 && !state.isOver
    }
    if ends { tenant.workEnded() }
  }
}
