extension Dictionary {
  /// Against a former copy.
  @usableFromInline package struct Changes {
    /// What came or changed.
    @usableFromInline var put: [(key: Key, value: Value, former: Value?)] = []
    @usableFromInline var dropped: [Key] = []
    var isEmpty: Bool { put.isEmpty && dropped.isEmpty }

    @inlinable init() {}

    func compactMapValues<Other>(_ other: (Value) -> Other?) -> Dictionary<Key, Other>.Changes {
      var changes = Dictionary<Key, Other>.Changes()
      for (key, value, former) in put {
        if let value = other(value) { changes.put.append((key, value, former.flatMap(other))) }
      }
      changes.dropped = dropped
      return changes
    }
  }

  /// Looks at each of them, unless nothing at all has changed.
  func changes(since former: Self, _ isSame: (Value, Value) -> Bool) -> Changes {
    PagedDictionary(few: self).changes(since: PagedDictionary(few: former), isSame)
  }
}
