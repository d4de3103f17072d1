import PayloadCodecs
import Synchronization

/// What the scenario lets happen at a time, without a request, as the tenant's clock sees it.
///
/// The timetable is the rules engine's, which knows how far it has come; events happen while nobody
/// else moves time, before what is due in the services at the same instant.
final class TimedEventsDue: DueService {
  /// Whom it belongs to. Not by a closure: one that is read out of a mutex is wrapped anew each time.
  private let owner = Mutex<WayBack<LiveTenant>?>(nil)

  /// Called once, when the tenant is complete.
  func belongs(to live: LiveTenant) {
    owner.withLock { $0 = WayBack(live, lasts: live.tenant.lasts) }
  }

  private var live: LiveTenant? { owner.withLock { $0?.object } }

  /// Whether the tenant has rules: most have none, and are not looked for.
  let hasRules = Atomic<Bool>(false)

  var nextDue: VirtualInstant? {
    hasRules.load(ordering: .acquiring) ? live?.rules?.nextTimed : nil
  }
  var nextSkipDue: VirtualInstant? { nextDue }
  var isAtWork: Bool { false }
  var waiterCount: Int { 0 }
  /// An event may be told to a server outside.
  var isWatched: Bool { nextDue != nil }

  func advance(to instant: VirtualInstant, woken: inout [Waiter]) {
    guard let live, let rules = live.rules else { return }
    for event in rules.takeTimed(until: instant) { live.happen(event) }
  }

  func timeSkips(by duration: Duration) {}
  func timeMayGoOn() {}
  func wakeAll() {}
}

extension LiveTenant {
  /// An event that nobody waits for: what is wrong with it goes to the log.
  fileprivate func happen(_ event: JSONObject) {
    do {
      if try !emit(event, EventChain(whileTimeMoves: true)) {
        tell("no service knows the event \"\(event.keys.first ?? "")\"")
      }
    } catch {
      tell("\"\(event.keys.first ?? "")\": \(error.text)")
    }
  }

  private func tell(_ problem: String) {
    log?.tell(.warn, of: name, "at a time: \(problem)")
  }

  /// Lets happen what was due before a request came: the timer that sees to it may be late.
  func settleTimed() {
    guard let rules, rules.isTimedDue(at: { tenant.clock.now }) else { return }
    tenant.settle()
  }
}
