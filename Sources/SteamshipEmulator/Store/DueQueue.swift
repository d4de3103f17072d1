import EmulatorKernel
import PayloadCodecs

/// What will happen by itself, the earliest first; what falls due at the same instant keeps the order
/// in which it was put in. A binary heap: the next instant is known at once.
struct DueQueue<Event: Codable & Sendable & Equatable>: Codable, Sendable {
  struct Entry: Codable, Sendable {
    var due: VirtualInstant
    var serial: Int
    var event: Event

    func comesBefore(_ other: Entry) -> Bool {
      due == other.due ? serial < other.serial : due < other.due
    }
  }

  private var heap: [Entry] = []
  private var lastSerial = 0
  /// Goes up with whatever is put in.
  var revision: UInt64 { UInt64(truncatingIfNeeded: lastSerial) }

  var nextDue: VirtualInstant? { heap.first?.due }
  var heapBytes: Int { heap.spineBytes }
  var entries: [Entry] { heap.sorted { $0.comesBefore($1) } }

  mutating func schedule(_ event: Event, at due: VirtualInstant) {
    lastSerial += 1
    heap.append(Entry(due: due, serial: lastSerial, event: event))
    siftUp(heap.count - 1)
  }

  /// Takes out the first event if it is due at `now`.
  mutating func popDue(at now: VirtualInstant) -> Entry? {
    guard let first = heap.first, first.due <= now else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      siftDown(0)
    }
    return first
  }

  /// Takes back what shall not happen any more. Linear: for rare deletions.
  mutating func cancel(where isCancelled: (Event) -> Bool) {
    let count = heap.count
    heap.removeAll { isCancelled($0.event) }
    guard heap.count != count else { return }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard heap[index].comesBefore(heap[parent]) else { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      let left = index * 2 + 1
      guard left < heap.count else { return }
      let right = left + 1
      let child = right < heap.count && heap[right].comesBefore(heap[left]) ? right : left
      guard heap[child].comesBefore(heap[index]) else { return }
      heap.swapAt(index, child)
      index = child
    }
  }
}

extension DueQueue {
  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastSerial, place + "/lastSerial")
    findings.expectHeap(heap, place + "/heap") { $0.comesBefore($1) }
    for entry in heap where entry.serial < 0 || entry.serial > lastSerial {
      findings.expect(false, place + "/heap", "the number \(entry.serial) has not been given yet")
    }
  }
}
