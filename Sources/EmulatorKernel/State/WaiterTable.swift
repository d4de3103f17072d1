import HTTPModel

/// Those who wait for something in a state, by what wakes them.
///
/// **Costs**: who leaves of his own accord (a reader that closes, a task that is cancelled) is not looked for
/// among those beside him, of whom there may be thousands: he only says that he waits no longer, and his
/// place is given up together with others', once they are half of all.
@usableFromInline package struct WaiterTable<Key: Hashable & Sendable>: Sendable {
  /// Those of one key, in the order in which they came.
  @usableFromInline struct Line: Sendable {
    @usableFromInline var waiters: [Waiter] = []
    /// About so many of them have left.
    @usableFromInline var goneCount = 0

    @usableFromInline init() {}

    /// Those who still wait.
    @usableFromInline var present: [Waiter] { waiters.filter(\.isListed) }

    /// In a short line all are looked at.
    private static var shortCount: Int { 8 }

    mutating func noteLeaving(_ wasListed: Bool) {
      if wasListed { goneCount += 1 }
      guard waiters.count <= Self.shortCount || 2 * goneCount >= waiters.count else { return }
      waiters = present
      goneCount = 0
    }
  }

  @usableFromInline var byKey: [Key: Line] = [:]
  /// Those who look again too when time may go on, with their keys; who looks at something has none.
  @usableFromInline var timed: [ObjectIdentifier: (waiter: Waiter, key: Key?)] = [:]

  /// - Parameter key: nil: only for time to go on.
  @inlinable mutating func add(_ waiter: Waiter, _ key: Key?, isTimed: Bool) {
    if case .task(let ticket) = waiter { ticket.noteListed() }
    if let key { byKey[key, default: Line()].waiters.append(waiter) }
    if isTimed { timed[waiter.id] = (waiter, key) }
  }

  mutating func remove(_ waiter: Waiter, _ key: Key?) {
    timed[waiter.id] = nil
    let wasListed = waiter.leave()
    guard let key, let place = byKey.index(forKey: key) else { return }
    byKey.values[place].noteLeaving(wasListed)
    if byKey.values[place].waiters.isEmpty { byKey.remove(at: place) }
  }

  /// There is news under these keys: who waits for it is taken out and to be told.
  @inlinable package mutating func take(of keys: [Key], into taken: inout [Waiter]) {
    guard !keys.isEmpty, !byKey.isEmpty else { return }
    for key in keys {
      guard let line = byKey.removeValue(forKey: key) else { continue }
      let found = line.goneCount == 0 ? line.waiters : line.present
      for waiter in found { note(waiter) }
      if taken.isEmpty { taken = found } else { taken += found }
    }
  }

  /// Time may go on. Tasks stay where they are and take turns at moving it.
  @inlinable package mutating func noteTime(into taken: inout [Waiter]) {
    if !timed.isEmpty { noteTimeOfTimed(into: &taken) }
  }

  @usableFromInline mutating func noteTimeOfTimed(into taken: inout [Waiter]) {
    for (waiter, key) in Array(timed.values) {
      switch waiter {
      case .task(let ticket): ticket.noteTime()
      case .body: remove(waiter, key)
      }
      taken.append(waiter)
    }
  }

  /// Everybody is to look anew.
  @inlinable package mutating func takeAll() -> [Waiter] {
    guard !byKey.isEmpty || !timed.isEmpty else { return [] }
    return takeSome()
  }

  @usableFromInline mutating func takeSome() -> [Waiter] {
    var all: [Waiter] = []
    for waiters in byKey.values { all += waiters.present }
    for waiting in timed.values where waiting.key == nil { all.append(waiting.waiter) }
    byKey = [:]
    for waiter in all { note(waiter) }
    timed = [:]
    return all
  }

  @inlinable mutating func note(_ waiter: Waiter) {
    if !timed.isEmpty { timed[waiter.id] = nil }
    if case .task(let ticket) = waiter { ticket.noteWakeUp() }
  }

  var isEmpty: Bool { byKey.isEmpty && timed.isEmpty }

  var count: Int {
    byKey.values.reduce(timed.values.count { $0.key == nil }) { $0 + $1.present.count }
  }
}
