extension Dictionary {
  /// Against a former copy.
  @usableFromInline package struct Changes {
    /// What came or changed.
    @usableFromInline var put: [(key: Key, value: Value, former: Value?)] = []
    @usableFromInline var dropped: [Key] = []
    var isEmpty: Bool { put.isEmpty && dropped.isEmpty }

    @inlinable init() {}
  }

  /// Mostly one is a copy of the other that has little changed: both stand in one order, and are gone through side
  /// by side. A look at each key in the other one, anywhere in its memory, takes ten times as long.
  @inlinable func changes(since former: Self, _ isSame: (Value, Value) -> Bool) -> Changes {
    var changes = Changes()
    // SAFETY: a dictionary is a reference to its storage. Where that is the same, nothing has changed.
    guard unsafe unsafeBitCast(self, to: Int.self) != unsafeBitCast(former, to: Int.self) else {
      return changes
    }
    var addedCount = 0
    var rest = former.makeIterator()
    var next = rest.next()
    for (key, value) in self {
      while let gone = next, gone.key != key, self[gone.key] == nil {
        changes.dropped.append(gone.key)
        next = rest.next()
      }
      let old: Value?
      if let beside = next, beside.key == key {
        old = beside.value
        next = rest.next()
      } else {
        old = former[key]
      }
      if let old, isSame(old, value) { continue }
      if old == nil { addedCount += 1 }
      changes.put.append((key, value, old))
    }
    // Those that stand behind, and all where the order is another one.
    if former.count + addedCount - changes.dropped.count > count {
      changes.dropped = former.keys.filter { self[$0] == nil }
    }
    return changes
  }
}
