import EmulatorKernel

/// What will happen by itself, in order of due time, then of creation: a binary heap of plain data.
///
/// An entry that has become pointless (its instance is gone, its ending was overtaken) stays until
/// it is due and then does nothing; that is cheaper than finding it.
struct Agenda: Codable, Sendable {
  enum Job: Codable, Sendable, Equatable {
    /// A sleeping activity of an instance's program goes on.
    case resume(instance: Int, activity: Int)
    /// A timer of an instance's program fires.
    case tick(instance: Int, timer: Int)
    /// The instance's process ends, unless its ending was planned anew meanwhile.
    case end(instance: Int, plan: Int)
    /// The time that a `_stop` grants is over.
    case stopDeadline(instance: Int, stop: Int)
    /// The retention time after the end is over.
    case remove(instance: Int)
    /// Work that was put off because a program went in circles.
    case catchUp
    /// A record every ten seconds while an audit reader is attached.
    case heartbeat(hub: Int)
    /// A health report for a reader of an instance's monitoring.
    case report(instance: Int, stream: StreamID)
    /// A load object a second for a reader of a space's load.
    case loadReport(stream: StreamID)
  }

  private struct Entry: Codable, Sendable {
    var due: VirtualInstant
    var order: Int
    var job: Job
    func isBefore(_ other: Entry) -> Bool { (due, order) < (other.due, other.order) }
  }

  private var heap: [Entry] = []
  private var lastOrder = 0

  init() {}

  var nextDue: VirtualInstant? { heap.first?.due }
  var count: Int { heap.count }
  var heapBytes: Int { heap.spineBytes }

  mutating func add(_ job: Job, at due: VirtualInstant) {
    lastOrder += 1
    heap.append(Entry(due: due, order: lastOrder, job: job))
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// The next job due at or before `now`.
  mutating func popDue(_ now: VirtualInstant) -> Job? {
    guard let top = heap.first, top.due <= now else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top.job }
    heap[0] = last
    var parent = 0
    while true {
      let left = 2 * parent + 1
      guard left < heap.count else { break }
      let right = left + 1
      let child = right < heap.count && heap[right].isBefore(heap[left]) ? right : left
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      parent = child
    }
    return top.job
  }
}

extension Agenda {
  var holdsCatchUp: Bool { heap.contains { $0.job == .catchUp } }

  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastOrder, place + "/lastOrder")
    findings.expectHeap(heap, place + "/heap") { $0.isBefore($1) }
    for entry in heap where entry.order < 0 || entry.order > lastOrder {
      findings.expect(false, place + "/heap", "the order \(entry.order) has not been given yet")
    }
  }
}
