import HTTPModel

/// Those who wait for something in a state, by what wakes them.
@usableFromInline package struct WaiterTable<Key: Hashable & Sendable>: Sendable {
  @usableFromInline var byKey: [Key: [Waiter]] = [:]
  /// Those who look again too when time may go on, with their keys; who looks at something has none.
  @usableFromInline var timed: [ObjectIdentifier: (waiter: Waiter, key: Key?)] = [:]

  /// - Parameter key: nil: only for time to go on.
  @inlinable mutating func add(_ waiter: Waiter, _ key: Key?, isTimed: Bool) {
    if let key { byKey[key, default: []].append(waiter) }
    if isTimed { timed[waiter.id] = (waiter, key) }
  }

  mutating func remove(_ id: ObjectIdentifier, _ key: Key?) {
    timed[id] = nil
    guard let key, let index = byKey[key]?.firstIndex(where: { $0.id == id }) else { return }
    byKey[key]?.remove(at: index)
    if byKey[key]?.isEmpty == true { byKey[key] = nil }
  }

  /// There is news under these keys: who waits for it is taken out and to be told.
  @inlinable package mutating func take(of keys: [Key], into taken: inout [Waiter]) {
    guard !keys.isEmpty, !byKey.isEmpty else { return }
    for key in keys {
      guard let found = byKey.removeValue(forKey: key) else { continue }
      for waiter in found { note(waiter) }
      if taken.isEmpty { taken = found } else { taken += found }
    }
  }

  /// Time may go on. Tasks stay where they are and take turns at moving it.
  @usableFromInline package mutating func noteTime(into taken: inout [Waiter]) {
    guard !timed.isEmpty else { return }
    for (waiter, key) in Array(timed.values) {
      switch waiter {
      case .task(let ticket): ticket.noteTime()
      case .body: remove(waiter.id, key)
      }
      taken.append(waiter)
    }
  }

  /// Everybody is to look anew.
  mutating func takeAll() -> [Waiter] {
    let all = byKey.values.flatMap(\.self) + timed.values.filter { $0.key == nil }.map(\.waiter)
    byKey = [:]
    for waiter in all { note(waiter) }
    timed = [:]
    return all
  }

  @inlinable mutating func note(_ waiter: Waiter) {
    if !timed.isEmpty { timed[waiter.id] = nil }
    if case .task(let ticket) = waiter { ticket.noteWakeUp() }
  }

  var count: Int {
    byKey.values.reduce(timed.values.count { $0.key == nil }) { $0 + $1.count }
  }
}
