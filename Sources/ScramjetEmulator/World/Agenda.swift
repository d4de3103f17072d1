import EmulatorKernel
import PayloadCodecs

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
    /// Of a retention: when it would end by the clock.
    var until: VirtualInstant?
    func isBefore(_ other: Entry) -> Bool { (due, order) < (other.due, other.order) }
  }

  private var heap: [Entry] = []
  /// Ends of retentions, with the instants at which they would be due if no time had been jumped over.
  private var retentions: [Entry] = []
  /// Nanoseconds that were jumped over: so much later are the retentions due (DESIGN §4).
  private var skipped: Int64 = 0
  private var lastOrder = 0

  init() {}

  var count: Int { heap.count + retentions.count }
  var heapBytes: Int { heap.spineBytes + retentions.spineBytes }
  /// Goes up with whatever is put in.
  var revision: UInt64 { UInt64(truncatingIfNeeded: lastOrder) }

  var nextDue: VirtualInstant? {
    guard let retention = nextRetention else { return nextGoal }
    return nextGoal.map { min($0, retention) } ?? retention
  }

  /// The next thing but for ends of retentions.
  var nextGoal: VirtualInstant? { heap.first?.due }

  private var nextRetention: VirtualInstant? {
    retentions.first.map { $0.due + .nanoseconds(skipped) }
  }

  mutating func add(_ job: Job, at due: VirtualInstant) {
    lastOrder += 1
    Self.insert(Entry(due: due, order: lastOrder, job: job), &heap)
  }

  /// An instance that is over stays until then, and longer by all that is jumped over meanwhile.
  mutating func keep(_ instance: Int, until due: VirtualInstant) {
    lastOrder += 1
    var entry = Entry(
      due: due + (.zero - .nanoseconds(skipped)), order: lastOrder,
      job: .remove(instance: instance))
    entry.until = due
    Self.insert(entry, &retentions)
  }

  mutating func timeSkips(by duration: Duration) {
    let (sum, overflow) = skipped.addingReportingOverflow(duration.clampedNanoseconds)
    skipped = overflow ? .max : sum
  }

  /// Where nothing but jumps moves time no retention would ever end: beyond so many the longest kept
  /// goes, if its retention is over by the clock.
  static let retentionsMax = 500

  mutating func dropOldRetention(at now: VirtualInstant) {
    guard retentions.count > Self.retentionsMax, let first = retentions.first,
      let until = first.until, until <= now
    else { return }
    _ = Self.popFirst(&retentions)
    add(first.job, at: now)
  }

  /// The next job due at or before `now`.
  mutating func popDue(_ now: VirtualInstant) -> Job? {
    guard let due = nextDue, due <= now else { return nil }
    return (nextGoal == due ? Self.popFirst(&heap) : Self.popFirst(&retentions))?.job
  }

  // MARK: Heaps

  private static func insert(_ entry: Entry, _ heap: inout [Entry]) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private static func popFirst(_ heap: inout [Entry]) -> Entry? {
    guard let top = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return top }
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
    return top
  }
}

extension Agenda {
  private enum Key: String, CodingKey { case heap, retentions, skipped, lastOrder }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    heap = try values.decode([Entry].self, forKey: .heap)
    lastOrder = try values.decode(Int.self, forKey: .lastOrder)
    // Snapshots of earlier versions have all in one heap.
    retentions = try values.decodeIfPresent([Entry].self, forKey: .retentions) ?? []
    skipped = max(0, try values.decodeIfPresent(Int64.self, forKey: .skipped) ?? 0)
  }
}

extension Agenda {
  var holdsCatchUp: Bool { heap.contains { $0.job == .catchUp } }

  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastOrder, place + "/lastOrder")
    findings.expectHeap(heap, place + "/heap") { $0.isBefore($1) }
    findings.expectHeap(retentions, place + "/retentions") { $0.isBefore($1) }
    for entry in heap + retentions where entry.order < 0 || entry.order > lastOrder {
      findings.expect(false, place + "/heap", "the order \(entry.order) has not been given yet")
    }
  }
}
