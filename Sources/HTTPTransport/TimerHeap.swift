/// The timers of one loop: a binary heap whose root is the next deadline.
///
/// An entry is not removed when it loses its meaning: whoever is woken looks whether it still has one.
/// So a connection that pushes its deadline out with every request costs no heap work; and those of
/// channels that are gone are swept out together, when there may be many (`removeAll`).
struct TimerHeap {
  struct Entry {
    /// Nanoseconds on the monotonic clock.
    var deadline: Int64
    /// Whom to wake.
    var key: UInt64
    /// What the sleeper told itself.
    var token: UInt64
  }

  private var entries: [Entry] = []

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  var nextDeadline: Int64? { entries.first?.deadline }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].deadline < entries[parent].deadline else { return }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  /// Removes what nobody will be woken by.
  mutating func removeAll(where isMeaningless: (Entry) -> Bool) {
    entries.removeAll(where: isMeaningless)
    for index in (0..<entries.count / 2).reversed() { siftDown(from: index) }
  }

  /// The earliest entry that is due at `now`.
  mutating func popDue(at now: Int64) -> Entry? {
    guard let first = entries.first, first.deadline <= now else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty {
      entries[0] = last
      siftDown(from: 0)
    }
    return first
  }

  private mutating func siftDown(from start: Int) {
    var index = start
    while true {
      var smallest = index
      // A range: a list of the two would be made and freed at each step.
      for child in 2 * index + 1...2 * index + 2 where child < entries.count {
        if entries[child].deadline < entries[smallest].deadline { smallest = child }
      }
      if smallest == index { return }
      entries.swapAt(index, smallest)
      index = smallest
    }
  }
}
