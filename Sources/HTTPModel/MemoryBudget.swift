import Synchronization

/// The memory that a server may hold for all its clients together: stored content, parsed state,
/// journals, what is being received and what waits to be sent. An estimate of bytes, kept close to
/// what the process takes.
///
/// **Use**: what may be refused is reserved beforehand (`reserve`, `MemoryLease`); what is here
/// already, such as the state after a rule has worked on it, is charged (`charge`), so that the next
/// one is refused.
///
/// **Isolation**: one atomic number; a look costs a load.
/// Source: DESIGN §11, "memory held for stored content, all tenants".
@usableFromInline package final class MemoryBudget: Sendable {
  package let limit: UInt64
  private let used = Atomic<Int>(0)
  private let bound: Int

  package init(limit: UInt64 = 4 << 30) {
    self.limit = limit
    bound = Int(clamping: limit)
  }

  package var bytesUsed: UInt64 { UInt64(max(0, used.load(ordering: .relaxed))) }

  /// Whether `count` more bytes would fit now.
  package func hasRoom(for count: Int = 1) -> Bool {
    let (sum, overflows) = used.load(ordering: .relaxed).addingReportingOverflow(max(0, count))
    return !overflows && sum <= bound
  }

  /// Takes room for `count` bytes; false when there is none.
  ///
  /// - Parameter percent: of the whole that may be in use afterwards: what can be done without leaves
  ///   the rest to what cannot.
  package func reserve(_ count: Int, percent: Int = 100) -> Bool {
    guard count > 0 else { return true }
    let bound = percent < 100 ? bound / 100 * percent : bound
    var now = used.load(ordering: .relaxed)
    while true {
      let (sum, overflows) = now.addingReportingOverflow(count)
      guard !overflows, sum <= bound else { return false }
      let (isDone, found) = used.weakCompareExchange(
        expected: now, desired: sum, ordering: .relaxed)
      if isDone { return true }
      now = found
    }
  }

  /// Counts what is held already, also beyond the limit; a negative number is given back.
  @usableFromInline package func charge(_ count: Int) {
    if count != 0 { used.wrappingAdd(count, ordering: .relaxed) }
  }

  package func release(_ count: Int) { charge(-count) }
}

/// Room that belongs to whoever refers to it, and is given back when nobody does any more: to stored
/// content and, after its deletion, to those who still send it.
package final class MemoryLease: Sendable {
  private let budget: MemoryBudget
  private let held = Atomic<Int>(0)

  package init(of budget: MemoryBudget) { self.budget = budget }

  /// Nil when there is no room.
  package convenience init?(_ count: Int, of budget: MemoryBudget) {
    self.init(of: budget)
    guard grow(by: count) else { return nil }
  }

  /// For what is here already, room or not.
  package convenience init(charging count: Int, to budget: MemoryBudget) {
    self.init(of: budget)
    charge(count)
  }

  deinit { budget.release(count) }

  package var count: Int { held.load(ordering: .relaxed) }

  /// Takes more room; false when there is none, and then what was held stays.
  package func grow(by count: Int) -> Bool {
    guard budget.reserve(count) else { return false }
    held.wrappingAdd(count, ordering: .relaxed)
    return true
  }

  /// Counts what is here already; a negative number is given back.
  @usableFromInline package func charge(_ count: Int) {
    budget.charge(count)
    held.wrappingAdd(count, ordering: .relaxed)
  }
}
