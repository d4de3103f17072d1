import Synchronization

/// Counts who uses a tenant, so that it is never dropped from memory under somebody's hands: what
/// he did to it afterwards would be done to a world that nobody saves or finds any more.
///
/// Whoever finds a tenant begins a use in the same step (`TenantRegistry.use`), and ends it when
/// his last change is made: exchanges, control calls, work that goes on after an answer, saves of
/// a scenario's edit. Dropping succeeds only while there is no use, in one atomic step.
package final class TenantUses: Sendable {
  private let count = Atomic<Int>(0)
  /// Far below what any number of uses can lift to zero.
  private static let dropped = Int.min / 2

  init() {}

  /// False: the tenant was dropped, so it must be found again.
  package func begin() -> Bool {
    if count.add(1, ordering: .sequentiallyConsistent).oldValue >= 0 { return true }
    count.subtract(1, ordering: .sequentiallyConsistent)
    return false
  }

  package func end() { count.subtract(1, ordering: .sequentiallyConsistent) }

  var isNone: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }
  /// Nobody but who asks.
  var isOne: Bool { count.load(ordering: .sequentiallyConsistent) == 1 }

  /// From now on no use begins; false: there are uses.
  func drop() -> Bool {
    count.compareExchange(
      expected: 0, desired: Self.dropped, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// It stays after all.
  func takeBackDrop() { count.subtract(Self.dropped, ordering: .sequentiallyConsistent) }
}

/// A use that lasts as long as the object is held: for work in closures, which may run later or
/// not at all.
package final class TenantUse: Sendable {
  private let tenant: Tenant

  /// Nil when the tenant was dropped.
  package init?(of tenant: Tenant) {
    guard tenant.uses.begin() else { return nil }
    self.tenant = tenant
  }

  deinit { tenant.uses.end() }
}
