package import EmulatorKernel
import PayloadCodecs

/// What will happen by itself, as a binary heap: the next is found in O(1), in order of due time,
/// then of creation.
package struct DueQueue<Event: Sendable & Codable>: Sendable, Codable {
  package struct Entry: Sendable, Codable {
    package var due: VirtualInstant
    /// Order of creation.
    package var order: UInt64
    package var event: Event

    static func < (left: Self, right: Self) -> Bool {
      left.due == right.due ? left.order < right.order : left.due < right.due
    }
  }

  private var heap: [Entry] = []
  private var lastOrder: UInt64 = 0
  /// Goes up with whatever is put in.
  package var revision: UInt64 { lastOrder }

  package init() {}

  package var first: Entry? { heap.first }
  package var count: Int { heap.count }
  package var heapBytes: Int { heap.spineBytes }
  /// In no order.
  package var events: [Event] { heap.map(\.event) }

  /// Whether it can be counted on from: what came from a file may be anything.
  package var isConsistent: Bool {
    let isHeap = heap.indices.dropFirst().allSatisfy { !(heap[$0] < heap[($0 - 1) / 2]) }
    return isHeap && lastOrder < 1 << 50
  }

  package mutating func insert(_ event: Event, due: VirtualInstant) {
    lastOrder += 1
    heap.append(Entry(due: due, order: lastOrder, event: event))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child] < heap[parent] else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  package mutating func popFirst() -> Entry? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child] < heap[least] { least = child }
      guard least != parent else { return first }
      heap.swapAt(least, parent)
      parent = least
    }
  }
}
