import Dispatch
import HTTPModel
import PayloadCodecs
import Synchronization

/// One complete private cloud: its own clock, ids, keys, stored content and the state of every
/// service. Tenants share nothing but the storage budget.
@usableFromInline package final class Tenant: Sendable {
  package let name: String
  @usableFromInline package let clock: VirtualClock
  package let keys: CredentialKeys
  package let blobs: BlobStore
  /// Who has it in hand: only while nobody does may it be dropped from memory.
  package let uses = TenantUses()
  /// For whom code is at work.
  package let codeCalls = CodeCalls()
  /// Where ids and draws begin; a snapshot brings its own.
  package var seed: UInt64 { schedule.withLock { $0.seed } }

  private let allowance = Mutex(OutboundAllowance.local)

  private struct Schedule {
    var seed: UInt64
    var services: [any DueService] = []
    /// The instant that `onNextDue` has been told; nil: it waits for nothing.
    var announced: VirtualInstant?
  }

  private let schedule: Mutex<Schedule>
  /// Held by whoever moves time, so that two of them do not interleave their steps.
  let moving = Mutex(())
  /// Requests that are being worked on right now, and calls of code outside: the mode `skip` does
  /// not jump under them (`Tenant+Skipping.swift`).
  let requestsAtWork = Atomic<Int>(0)
  let callsOutside = Atomic<Int>(0)
  private let removed = Atomic<Bool>(false)
  /// See `Lasting`.
  let lasts: Bool
  /// Told when something falls due at a new earliest instant, so that a timer can be set.
  private let onNextDue: @Sendable (Tenant, VirtualInstant?) -> Void

  package init(
    name: String, seed: UInt64, clock: VirtualClock, keys: CredentialKeys, blobs: BlobStore,
    lasts: Bool = false,
    onNextDue: @escaping @Sendable (Tenant, VirtualInstant?) -> Void = { _, _ in }
  ) {
    self.name = name
    schedule = Mutex(Schedule(seed: seed))
    self.clock = clock
    self.keys = keys
    self.blobs = blobs
    self.lasts = lasts
    self.onNextDue = onNextDue
    let wayBack = WayBack(self, lasts: lasts)
    clock.whenSkipBegins {
      wayBack.object?.services.forEach { $0.wakeAll() }
    }
  }

  /// `/_t/NAME` for URLs in answers; empty for the default tenant.
  package var urlPrefix: String { name == Tenant.defaultName ? "" : "/_t/\(name)" }

  package static let defaultName = "default"

  /// Instants at which something is due that one look at the world goes through: a tenth of a second.
  static let settleStepsMax = 5_000
  /// The same for one look at a state, which may be on a loop: some milliseconds.
  @usableFromInline package static let settleStepsAtOnceMax = 250

  /// Whether a text may name a tenant: `[a-z0-9][a-z0-9-]{0,62}`.
  package static func isName(_ text: String) -> Bool { isName(text.utf8.span) }

  static func isName(_ text: Span<UInt8>) -> Bool {
    guard (1...63).contains(text.count), text[0] != UInt8(ascii: "-") else { return false }
    for index in text.indices {
      let byte = text[index]
      guard byte &- 0x30 < 10 || byte &- 0x61 < 26 || byte == UInt8(ascii: "-") else {
        return false
      }
    }
    return true
  }

  /// Whether the tenant was removed: what still works in it ends, and so do those who wait there.
  @usableFromInline package var isRemoved: Bool { removed.load(ordering: .acquiring) }

  /// Tells those who use it; with none of them its memory is free when this returns.
  func noteRemoval() {
    removed.store(true, ordering: .sequentiallyConsistent)
    guard !uses.isNone else { return }
    // Not here: it waits for the states, and whoever removes may hold one.
    Offload.concurrent.async { [weak self] in
      guard let self else { return }
      for service in services { service.wakeAll() }
    }
  }

  /// What the scenario in force says of calls to the outside.
  package var outbound: OutboundAllowance { allowance.withLock { $0 } }
  package func allow(_ outbound: OutboundAllowance) { allowance.withLock { $0 = outbound } }

  /// How many wait, for whatever: for tests that look for leaks.
  package var waiterCount: Int { services.reduce(0) { $0 + $1.waiterCount } }

  /// Whether anybody waits, or something happens here that is seen without a question.
  var isWatched: Bool { services.contains { $0.isWatched } }

  var services: [any DueService] { schedule.withLock { $0.services } }

  func reseed(_ seed: UInt64) { schedule.withLock { $0.seed = seed } }

  package func add(_ service: any DueService) {
    schedule.withLock { $0.services.append(service) }
    dueMayHaveChanged(service.nextDue)
  }

  /// See `Lasting`.
  func keep() {
    Lasting.keep(self)
    Lasting.keep(clock)
    Lasting.keep(keys)
    Lasting.keep(blobs)
    Lasting.keep(uses)
    Lasting.keep(codeCalls)
  }

  // MARK: Time

  /// Lets happen everything that is due by now, in every service, and returns now.
  @discardableResult
  package func settle() -> VirtualInstant {
    let now = clock.now
    var woken: [Waiter] = []
    moving.withLock { _ in run(until: now, &woken) }
    woken.notifyAll()
    announceNextDue()
    return now
  }

  /// Everything due up to and at `limit`, in order of due time, then of the services' order.
  /// Called under `moving`; those who were woken are to be told when it is released.
  func run(until limit: VirtualInstant, _ woken: inout [Waiter]) {
    let services = services
    var last: VirtualInstant?
    var steps = 0
    while let due = nextDue, due <= limit, steps < Self.settleStepsMax {
      steps += 1
      if let last, due <= last { return }  // a service that leaves something due behind
      // Where they lie: to take one out would count it.
      let span = services.span
      for index in span.indices where span[index].nextDue.map({ $0 <= due }) ?? false {
        span[index].advance(to: due, woken: &woken)
      }
      last = due
    }
  }

  /// The earliest thing that will happen by itself.
  package var nextDue: VirtualInstant? {
    var earliest: VirtualInstant?
    let services = services
    // Where they lie: to take them out counts each.
    let span = services.span
    for index in span.indices {
      guard let due = span[index].nextDue else { continue }
      earliest = min(earliest ?? due, due)
    }
    return earliest
  }

  /// A service's next due instant may be new: called after every change of a state.
  @usableFromInline package func dueMayHaveChanged(_ due: VirtualInstant?) {
    guard let due else { return }
    let isEarlier = schedule.withLock { schedule -> Bool in
      if let announced = schedule.announced, announced <= due { return false }
      schedule.announced = due
      return true
    }
    if isEarlier { onNextDue(self, due) }
  }

  /// Forgets what was announced and announces what is due next, or that nothing is: after time has
  /// moved, the clock's mode has changed, or states were replaced. Forgetting comes first, so that a
  /// change in between announces itself.
  package func announceNextDue() {
    let had = schedule.withLock { schedule -> Bool in
      defer { schedule.announced = nil }
      return schedule.announced != nil
    }
    guard let due = nextDue else {
      if had { onNextDue(self, nil) }
      return
    }
    dueMayHaveChanged(due)
  }

  /// Moves the clock forward over at most `stepLimit` instants at which something is due.
  /// Returns whether `instant` is reached: callers that must not block go on in pieces.
  package func advance(to instant: VirtualInstant, stepLimit: Int) -> Bool {
    var woken: [Waiter] = []
    let isDone = moving.withLock { _ in
      var steps = 0
      var last: VirtualInstant?
      while let due = nextDue, due <= instant, last.map({ $0 < due }) ?? true {
        if steps == stepLimit { return false }
        steps += 1
        clock.advance(to: due)
        run(until: due, &woken)
        last = due
      }
      clock.advance(to: instant)
      run(until: clock.now, &woken)
      return true
    }
    woken.notifyAll()
    announceNextDue()
    return isDone
  }
}

/// A service's state, as the tenant's clock sees it.
package protocol DueService: AnyObject, Sendable {
  var nextDue: VirtualInstant? { get }
  /// See `ServiceState.nextSkipDue`.
  var nextSkipDue: VirtualInstant? { get }
  /// See `ServiceState.isAtWork`.
  var isAtWork: Bool { get }
  /// - Parameter woken: gets those who are to be told once the caller has released its locks.
  func advance(to instant: VirtualInstant, woken: inout [Waiter])
  func timeSkips(by duration: Duration)
  /// Lets those look again who wait for time to go on; everybody.
  func timeMayGoOn()
  func wakeAll()
  var waiterCount: Int { get }
  /// Whether it matters to anybody that what is due happens on time, though nobody asks.
  var isWatched: Bool { get }
}
