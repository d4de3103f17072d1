extension Dictionary {
  /// Against a former copy.
  @usableFromInline package struct Changes {
    /// What came or changed.
    @usableFromInline var put: [(key: Key, value: Value, former: Value?)] = []
    @usableFromInline var dropped: [Key] = []
    var isEmpty: Bool { put.isEmpty && dropped.isEmpty }

    @inlinable init() {}
  }

  /// Looks at each of them.
  @inlinable func changes(since former: Self, _ isSame: (Value, Value) -> Bool) -> Changes {
    var changes = Changes()
    // SAFETY: a dictionary is a reference to its storage. Where that is the same, nothing has changed.
    guard unsafe unsafeBitCast(self, to: Int.self) != unsafeBitCast(former, to: Int.self) else {
      return changes
    }
    var addedCount = 0
    for (key, value) in self {
      let old = former[key]
      if let old, isSame(old, value) { continue }
      if old == nil { addedCount += 1 }
      changes.put.append((key, value, old))
    }
    if former.count + addedCount > count {
      for key in former.keys where self[key] == nil { changes.dropped.append(key) }
    }
    return changes
  }
}
