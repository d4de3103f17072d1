/// A dictionary of which a changed copy shares all but the way to what was changed: a change costs the
/// same however much it holds, and who has a copy keeps what it was.
///
/// **Shape**: a tree of arrays, by six bits of the key's hash a level; a level holds what is there, in
/// the order of its bits. Arrays that nobody shares are changed in place.
struct HashTrie<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private enum Slot: Sendable {
    case entry(Key, Value)
    case branch(HashTrie)
    /// While what stood here is being changed.
    case taken
  }

  private var bits: UInt64 = 0
  private var slots: [Slot] = []

  private static var bitsPerLevel: UInt64 { 6 }

  init() {}

  var isEmpty: Bool { slots.isEmpty }

  subscript(key: Key) -> Value? { value(of: key, Self.hash(key), 0) }

  /// Calls the body with what stands under the key, nil for nothing, and takes what it leaves there.
  mutating func update(_ key: Key, _ body: (inout Value?) -> Void) {
    update(key, Self.hash(key), 0, body)
  }

  /// In no order.
  func forEach(_ body: (Key, Value) -> Void) {
    for slot in slots {
      switch slot {
      case .entry(let key, let value): body(key, value)
      case .branch(let branch): branch.forEach(body)
      case .taken: break
      }
    }
  }

  func contains(where body: (Key, Value) -> Bool) -> Bool {
    for slot in slots {
      switch slot {
      case .entry(let key, let value): if body(key, value) { return true }
      case .branch(let branch): if branch.contains(where: body) { return true }
      case .taken: break
      }
    }
    return false
  }

  /// Another one in each run, as a dictionary's: nothing but the places of entries comes of it.
  private static func hash(_ key: Key) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(key)
    return UInt64(truncatingIfNeeded: hasher.finalize())
  }

  /// Which bit stands for a hash at a level; nil below the last, where keys of the same hash stand in
  /// a row.
  private static func bit(_ hash: UInt64, _ shift: UInt64) -> UInt64? {
    shift < 64 ? 1 << (hash >> shift & 63) : nil
  }

  private func place(_ bit: UInt64) -> Int { (bits & (bit &- 1)).nonzeroBitCount }

  private func value(of key: Key, _ hash: UInt64, _ shift: UInt64) -> Value? {
    guard let bit = Self.bit(hash, shift) else { return listed(key).flatMap { entry($0, key) } }
    guard bits & bit != 0 else { return nil }
    let place = place(bit)
    if case .branch(let branch) = slots[place] {
      return branch.value(of: key, hash, shift + Self.bitsPerLevel)
    }
    return entry(place, key)
  }

  private func entry(_ place: Int, _ key: Key) -> Value? {
    if case .entry(let found, let value) = slots[place], found == key { value } else { nil }
  }

  private func listed(_ key: Key) -> Int? {
    slots.indices.first { entry($0, key) != nil }
  }

  private mutating func update(
    _ key: Key, _ hash: UInt64, _ shift: UInt64, _ body: (inout Value?) -> Void
  ) {
    guard let bit = Self.bit(hash, shift) else {
      return update(key, at: listed(key), freeAt: slots.count, body)
    }
    let place = place(bit)
    guard bits & bit != 0 else {
      update(key, at: nil, freeAt: place, body)
      if slots.count > bits.nonzeroBitCount { bits |= bit }
      return
    }
    if entry(place, key) != nil {
      update(key, at: place, freeAt: place, body)
      if slots.count < bits.nonzeroBitCount { bits &= ~bit }
      return
    }
    var branch = HashTrie()
    switch take(place) {
    case .entry(let other, let value):
      branch.update(other, Self.hash(other), shift + Self.bitsPerLevel) { $0 = value }
    case .branch(let found): branch = found
    case .taken: break
    }
    branch.update(key, hash, shift + Self.bitsPerLevel, body)
    // What holds one entry is that entry.
    if branch.slots.count == 1, case .entry = branch.slots[0] {
      slots[place] = branch.slots[0]
    } else {
      slots[place] = .branch(branch)
    }
  }

  /// Out of its place, so that it is nobody else's and can be changed where it lies.
  private mutating func take(_ place: Int) -> Slot {
    var slot = Slot.taken
    swap(&slot, &slots[place])
    return slot
  }

  private mutating func update(
    _ key: Key, at place: Int?, freeAt free: Int, _ body: (inout Value?) -> Void
  ) {
    var value: Value?
    if let place, case .entry(_, let old) = take(place) { value = old }
    body(&value)
    switch (place, value) {
    case (let place?, let value?): slots[place] = .entry(key, value)
    case (let place?, nil): slots.remove(at: place)
    case (nil, let value?): slots.insert(.entry(key, value), at: free)
    case (nil, nil): break
    }
  }
}

extension HashTrie where Value == Int {
  /// Counts up or down; what comes to nothing is gone.
  mutating func count(_ key: Key, _ change: Int) {
    update(key) { count in
      let sum = (count ?? 0) + change
      count = sum > 0 ? sum : nil
    }
  }
}
