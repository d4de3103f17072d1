import PayloadCodecs

/// Something that will happen by itself: when, and which of those that fall due at the same instant
/// comes first. Whoever keeps a queue gives its entries their numbers and their names in a snapshot.
@usableFromInline package protocol DueEntry: Codable, Sendable {
  var due: VirtualInstant { get }
  /// Order of creation: no two entries of a queue have the same.
  var order: Int { get }
}

/// What will happen by itself, in order of due time, then of creation. A binary heap: the next is
/// known at once, one is put in or taken out in time of the logarithm of their count.
///
/// An entry that has become pointless may stay until it is due and then do nothing: that is cheaper
/// than finding it.
///
/// **Shape** in a snapshot: the list of its entries, each before those at twice its position, plus
/// one and two.
@usableFromInline package struct DueQueue<Entry: DueEntry>: Sendable {
  /// In no order but that of a heap.
  @usableFromInline package internal(set) var entries: [Entry] = []

  @inlinable package init() {}

  // All inlinable: asked before each look at a state, by each service for entries of its own type.

  @inlinable package var count: Int { entries.count }
  @inlinable package var first: Entry? { entries.first }
  @inlinable package var nextDue: VirtualInstant? { entries.first?.due }
  /// Of the entries themselves, not of what they refer to.
  @inlinable package var heapBytes: Int { entries.spineBytes }

  @inlinable package mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(entries[child], entries[parent]) else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  @inlinable package mutating func popFirst() -> Entry? {
    guard let first = entries.first else { return nil }
    let last = entries.removeLast()
    guard !entries.isEmpty else { return first }
    entries[0] = last
    siftDown(0)
    return first
  }

  /// Takes out the first entry if it is due at `now`.
  @inlinable package mutating func popDue(at now: VirtualInstant) -> Entry? {
    guard let due = nextDue, due <= now else { return nil }
    return popFirst()
  }

  /// Takes back what shall not happen any more. Takes time for each entry: for rare deletions.
  package mutating func cancel(where isCancelled: (Entry) -> Bool) {
    let count = entries.count
    entries.removeAll(where: isCancelled)
    guard entries.count != count else { return }
    for parent in (0..<entries.count / 2).reversed() { siftDown(parent) }
  }

  @inlinable mutating func siftDown(_ start: Int) {
    var parent = start
    while true {
      let left = 2 * parent + 1
      guard left < entries.count else { return }
      let right = left + 1
      let child =
        right < entries.count && Self.isBefore(entries[right], entries[left]) ? right : left
      guard Self.isBefore(entries[child], entries[parent]) else { return }
      entries.swapAt(child, parent)
      parent = child
    }
  }

  @inlinable static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
    left.due == right.due ? left.order < right.order : left.due < right.due
  }

  /// What a snapshot made by hand may not have.
  ///
  /// - Parameter lastOrder: the last number that was given.
  package func check(_ place: String, lastOrder: Int, _ findings: inout StateFindings) {
    findings.expectHeap(entries, place, Self.isBefore)
    for entry in entries where entry.order < 0 || entry.order > lastOrder {
      findings.expect(false, place, "the order \(entry.order) has not been given yet")
    }
  }
}

extension DueQueue: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    entries = try decoder.singleValueContainer().decode([Entry].self)
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(entries)
  }
}
