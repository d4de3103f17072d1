public import Synchronization

/// How often a lock that all loops share was held by somebody else, and how long that was waited for: since
/// the start, all tenants. Two loops that wait for each other cost more than one alone, and this is how one
/// sees it.
///
/// **Cost**: nothing where nobody waits.
@usableFromInline package final class LockWaits: Sendable {
  /// Of the services' states.
  @usableFromInline package static let states = LockWaits("state")
  /// Of the tenants' journals.
  @usableFromInline package static let journals = LockWaits("journal")
  /// Of the operations' counters.
  @usableFromInline package static let counters = LockWaits("counters")
  package static let all = [states, journals, counters]

  /// As `GET /_wavetank/metrics` calls it.
  package let name: String
  private let waits = Atomic<UInt64>(0)
  private let nanoseconds = Atomic<Int64>(0)

  init(_ name: String) { self.name = name }

  package var count: UInt64 { waits.load(ordering: .relaxed) }
  package var duration: Duration { .nanoseconds(nanoseconds.load(ordering: .relaxed)) }

  @usableFromInline func note(since began: Moment) {
    waits.add(1, ordering: .relaxed)
    nanoseconds.wrappingAdd((Moment.now - began).clampedNanoseconds, ordering: .relaxed)
  }
}

extension Mutex where Value: ~Copyable {
  /// As `withLock`; where somebody else has it, the wait is counted.
  @inlinable package borrowing func withLock<Result, Failure: Error>(
    countingWaitsIn waits: @autoclosure () -> LockWaits,
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    if let result = try withLockIfAvailable(body) { return result }
    let began = Moment.now
    return try withLock { value throws(Failure) in
      waits().note(since: began)
      return try body(&value)
    }
  }
}
