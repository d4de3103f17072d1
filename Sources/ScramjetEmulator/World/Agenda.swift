import EmulatorKernel
import PayloadCodecs

/// What will happen by itself, and which instances' retentions end.
struct Agenda: Codable, Sendable {
  enum Job: Codable, Sendable, Equatable {
    /// A sleeping activity of an instance's program goes on.
    case resume(instance: InstanceKey, activity: Int)
    /// A timer of an instance's program fires.
    case tick(instance: InstanceKey, timer: Int)
    /// The instance's process ends, unless its ending was planned anew meanwhile.
    case end(instance: InstanceKey, plan: Int)
    /// A process that was held goes on.
    case goOn(instance: InstanceKey)
    /// Things pass again between an instance and its process.
    case quicken(instance: InstanceKey)
    /// The time that a `_stop` grants is over.
    case stopDeadline(instance: InstanceKey, stop: Int)
    /// The retention time after the end is over.
    case remove(instance: InstanceKey)
    /// Work that was put off because a program went in circles.
    case catchUp
    /// A record every ten seconds while an audit reader is attached.
    case heartbeat(hub: HubKey)
    /// A health report for a reader of an instance's monitoring.
    case report(instance: InstanceKey, stream: StreamKey)
    /// A load object a second for a reader of a space's load.
    case loadReport(stream: StreamKey)
  }

  private struct Entry: DueEntry {
    var due: VirtualInstant
    var order: Int
    var job: Job
    /// Of a retention: when it would end by the clock.
    var until: VirtualInstant?
  }

  private var heap = DueQueue<Entry>()
  /// Ends of retentions, with the instants at which they would be due if no time had been jumped over.
  private var retentions = DueQueue<Entry>()
  /// Nanoseconds that were jumped over: so much later are the retentions due (DESIGN §4).
  private var skipped: Int64 = 0
  private var lastOrder = 0

  var count: Int { heap.count + retentions.count }
  var heapBytes: Int { heap.heapBytes + retentions.heapBytes }
  /// Goes up with whatever is put in.
  var revision: UInt64 { UInt64(truncatingIfNeeded: lastOrder) }

  var nextDue: VirtualInstant? {
    guard let retention = nextRetention else { return nextGoal }
    return nextGoal.map { min($0, retention) } ?? retention
  }

  /// The next thing but for ends of retentions.
  var nextGoal: VirtualInstant? { heap.nextDue }

  private var nextRetention: VirtualInstant? {
    retentions.nextDue.map { $0 + .nanoseconds(skipped) }
  }

  mutating func add(_ job: Job, at due: VirtualInstant) {
    lastOrder += 1
    heap.insert(Entry(due: due, order: lastOrder, job: job))
  }

  /// An instance that is over stays until then, and longer by all that is jumped over meanwhile.
  mutating func keep(_ instance: InstanceKey, until due: VirtualInstant) {
    lastOrder += 1
    retentions.insert(
      Entry(
        due: due + (.zero - .nanoseconds(skipped)), order: lastOrder,
        job: .remove(instance: instance), until: due))
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
    _ = retentions.popFirst()
    add(first.job, at: now)
  }

  /// The next job due at or before `now`.
  mutating func popDue(_ now: VirtualInstant) -> Job? {
    guard let due = nextDue, due <= now else { return nil }
    return (nextGoal == due ? heap.popFirst() : retentions.popFirst())?.job
  }
}

extension Agenda {
  private enum Key: String, CodingKey { case heap, retentions, skipped, lastOrder }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    heap = try values.decode(DueQueue<Entry>.self, forKey: .heap)
    lastOrder = try values.decode(Int.self, forKey: .lastOrder)
    // Snapshots of earlier versions have all in one heap.
    retentions =
      try values.decodeIfPresent(DueQueue<Entry>.self, forKey: .retentions) ?? DueQueue()
    skipped = max(0, try values.decodeIfPresent(Int64.self, forKey: .skipped) ?? 0)
  }
}

extension Agenda {
  var holdsCatchUp: Bool { heap.entries.contains { $0.job == .catchUp } }

  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastOrder, place + "/lastOrder")
    heap.check(place + "/heap", lastOrder: lastOrder, &findings)
    retentions.check(place + "/retentions", lastOrder: lastOrder, &findings)
  }
}
