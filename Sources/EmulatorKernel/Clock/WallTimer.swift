import Dispatch
import Synchronization

/// A timer on wall time that can be set again and again: one instant at most is waited for.
package protocol WallTimer: Sendable {
  /// Calls back after a pause, once; a later call takes the place of an earlier one. Nil: not at all.
  func wake(after pause: Duration?)
  /// Called once, before the first `wake`.
  func start(_ onWake: @escaping @Sendable () -> Void)
}

/// A timer of Dispatch.
///
/// `@unchecked`: a source may be set from any thread (its own locks see to that), and the reference
/// never changes.
package final class DispatchWallTimer: WallTimer, @unchecked Sendable {
  private let timer: any DispatchSourceTimer

  package init() {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "wavetank.timer"))
    timer.schedule(deadline: .distantFuture)
  }

  package func start(_ onWake: @escaping @Sendable () -> Void) {
    timer.setEventHandler(handler: onWake)
    timer.activate()
  }

  package func wake(after pause: Duration?) {
    guard let pause else {
      timer.schedule(deadline: .distantFuture)
      return
    }
    let nanoseconds = min(max(0, pause.clampedNanoseconds), 86_400_000_000_000)
    timer.schedule(deadline: .now() + .nanoseconds(Int(nanoseconds)), leeway: .milliseconds(0))
  }

  deinit {
    timer.activate()  // an inactive source may not be released
    timer.cancel()
  }
}

/// Lets things happen in tenants whose time runs by itself, also while no request comes: streams
/// that wait for something due get it. One timer for all tenants, set to the earliest instant.
///
/// **Cost**: for one tenant it wakes once in a millisecond at most, and once in five where nobody waits. Whoever asks
/// sees what is due by then, so nobody but who waits can tell; and under load each request has something due at an
/// instant of its own, which the next request lets happen: the timer would only contend with it for the state.
final class DueTimer: Sendable {
  private struct Waiting {
    var tenant: WayBack<Tenant>
    var deadline: ContinuousClock.Instant
  }

  private struct State {
    /// By object, not by name: a tenant that was dropped may live on beside its successor.
    var byTenant: [ObjectIdentifier: Waiting] = [:]
    var wakesAt: ContinuousClock.Instant?
    /// Before it there is no need to wake.
    var restsUntil: ContinuousClock.Instant?
    /// The same of a tenant in which nobody waited.
    var unwatchedUntil: [ObjectIdentifier: ContinuousClock.Instant] = [:]

    mutating func forget(_ tenant: ObjectIdentifier) {
      byTenant[tenant] = nil
      unwatchedUntil[tenant] = nil
    }
  }

  /// From one wake-up to the next at least.
  private static let rest = Duration.milliseconds(1)
  private static let restUnwatched = Duration.milliseconds(5)

  private let wallTimer: any WallTimer
  private let state = Mutex(State())

  init(_ wallTimer: any WallTimer) {
    self.wallTimer = wallTimer
    wallTimer.start { [weak self] in self?.woke() }
  }

  /// A tenant's earliest due instant is new; nil: nothing is due there. Waking too early does no
  /// harm, so only an earlier deadline sets the timer.
  func nextDue(of tenant: Tenant, is due: VirtualInstant?) {
    let pause = due.flatMap { tenant.clock.wallDelay(until: $0) }
    state.withLock { state in
      let id = ObjectIdentifier(tenant)
      guard let pause else {
        state.forget(id)
        return
      }
      let now = ContinuousClock.now
      let deadline = max(
        now + min(pause, .seconds(86_400)), state.restsUntil ?? now,
        state.unwatchedUntil[id] ?? now)
      state.byTenant[id] = Waiting(
        tenant: WayBack(tenant, lasts: tenant.lasts), deadline: deadline)
      if let wakesAt = state.wakesAt, wakesAt <= deadline { return }
      state.wakesAt = deadline
      wallTimer.wake(after: deadline - now)
    }
  }

  func forget(_ tenant: Tenant) {
    state.withLock { $0.forget(ObjectIdentifier(tenant)) }
  }

  private func woke() {
    let now = ContinuousClock.now
    let due = state.withLock { state -> [Tenant] in
      state.wakesAt = nil
      state.restsUntil = now + Self.rest
      let due = state.byTenant.filter { $0.value.deadline <= now }
      for key in due.keys { state.byTenant[key] = nil }
      state.wakesAt = state.byTenant.values.map(\.deadline).min()
      if let wakesAt = state.wakesAt { wallTimer.wake(after: wakesAt - now) }
      return due.sorted { $0.value.deadline < $1.value.deadline }.compactMap(\.value.tenant.object)
    }
    for tenant in due where !tenant.isWatched {
      state.withLock { $0.unwatchedUntil[ObjectIdentifier(tenant)] = now + Self.restUnwatched }
    }
    // Each announces what is due next, which sets the wallTimer again.
    for tenant in due { tenant.settle() }
  }
}
