import PayloadCodecs
/// A fleet document that was read: the definition, still without ids where none were given.
struct FleetDocument: Sendable {
  var id: ResourceID?
  var name: String
  /// In the order of `KeyOrder`.
  var vessels: [VesselDocument]
  var connections: [Connection]
  var schedules: [Schedule]
  var notifications: Notifications
  /// What was accepted with a remark, a sentence each: see `FleetRemarks`.
  var remarks: [String]

  struct VesselDocument: Sendable {
    var id: ResourceID?
    var name: String
    var source: VesselSource
    var guardrails: WrittenGuardrails
    var notifications: Notifications
  }

  /// Ours, so that one request cannot make every later trigger expensive. The documentation has
  /// none.
  static let vesselCountMax = 1_000
  /// Likewise: each may make 24 runs a day.
  static let scheduleCountMax = 100

  /// Source: Shipyard documentation, "Fleets as Code".
  init(_ root: FleetNode) throws(FleetDocumentError) {
    let reader = FleetNodeReader(node: root, path: [])
    guard case .map = root else {
      throw reader.failure("expected a fleet, found \(root.kindName)")
    }
    let fleet = try reader.object([
      "name", "_id", "vessels", "connections", "triggers", "notifications",
    ])
    name = try fleet.required("name").nonEmptyText()
    id = try fleet["_id"]?.id()
    vessels = try Self.vessels(fleet.required("vessels"))
    connections = try Self.connections(fleet["connections"], vessels.map(\.name))
    schedules =
      try fleet["triggers"]?.object(["schedules"])["schedules"]?.list(Schedule.init) ?? []
    guard schedules.count <= Self.scheduleCountMax else {
      throw FleetDocumentError(
        path: ["triggers", "schedules"], message: "more than \(Self.scheduleCountMax) schedules")
    }
    notifications = try Notifications(fleet["notifications"])
    let graph = VesselGraph(vesselCount: vessels.count, connections: connections)
    if let vessel = graph.vesselInLoop {
      throw FleetDocumentError(
        path: ["connections", vessels[vessel].name], message: "the vessel is part of a loop")
    }
    remarks = reader.remarks.sentences
  }

  private static func vessels(
    _ reader: FleetNodeReader
  ) throws(FleetDocumentError) -> [VesselDocument] {
    let members = try reader.members()
    guard !members.isEmpty else { throw reader.failure("a fleet needs at least one vessel") }
    guard members.count <= vesselCountMax else {
      throw reader.failure("more than \(vesselCountMax) vessels")
    }
    var vessels: [VesselDocument] = []
    var ids: Set<ResourceID> = []
    for (name, value) in members.sorted(by: { KeyOrder.precedes($0.key, $1.key) }) {
      guard !name.isEmpty else { throw value.failure("a vessel needs a name") }
      let vessel = try VesselDocument(name, value)
      if let id = vessel.id, !ids.insert(id).inserted {
        throw value.failure("the _id belongs to another vessel of the fleet")
      }
      vessels.append(vessel)
    }
    return vessels
  }

  private static func connections(
    _ reader: FleetNodeReader?, _ names: [String]
  ) throws(FleetDocumentError) -> [Connection] {
    guard let reader else { return [] }
    let positions = TextMap(
      names.enumerated().lazy.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var connections: [Connection] = []
    for (from, targets) in try reader.members() {
      guard let source = positions[from] else { throw targets.failure("no vessel of that name") }
      for (to, condition) in try targets.members() {
        guard let target = positions[to] else {
          throw condition.failure("no vessel of that name")
        }
        connections.append(
          Connection(from: source, to: target, condition: try condition.word()))
      }
    }
    return connections.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
  }
}

extension FleetDocument.VesselDocument {
  fileprivate init(_ name: String, _ reader: FleetNodeReader) throws(FleetDocumentError) {
    let vessel = try reader.object(["_id", "source", "guardrails", "notifications"])
    self.name = name
    id = try vessel["_id"]?.id()
    source = try VesselSource(vessel.required("source"))
    guardrails = try WrittenGuardrails(vessel["guardrails"])
    notifications = try Notifications(vessel["notifications"])
  }
}

extension Notifications {
  fileprivate init(_ reader: FleetNodeReader?) throws(FleetDocumentError) {
    guard let reader else { return }
    let notifications = try reader.object(["emails", "after_error", "after_on_demand"])
    emails =
      try notifications["emails"]?.list { email throws(FleetDocumentError) in
        try email.nonEmptyText()
      } ?? []
    afterError = try notifications["after_error"]?.bool() ?? true
    afterOnDemand = try notifications["after_on_demand"]?.bool() ?? false
  }
}

extension Schedule {
  fileprivate init(_ reader: FleetNodeReader) throws(FleetDocumentError) {
    let schedule = try reader.object(["how_often", "at", "when"])
    let word = try schedule.required("how_often")
    let at = try schedule.required("at")
    let when = schedule["when"]
    frequency = try Self.frequency(word, when)
    (hour, minute) = try Self.time(at, isHourly: frequency == .hourly)
    guard minute % 5 == 0 else { throw at.failure("minutes come in steps of 5") }
  }

  private static func frequency(
    _ word: FleetNodeReader, _ when: FleetNodeReader?
  ) throws(FleetDocumentError) -> Frequency {
    let frequency: Frequency
    switch try word.text() {
    case "HOURLY": frequency = .hourly
    case "DAILY": frequency = .daily
    case "WEEKLY":
      guard let when, let weekday = weekdays.firstIndex(of: try when.text().asciiUppercased) else {
        throw (when ?? word).failure("WEEKLY needs 'when': SUNDAY to SATURDAY")
      }
      return .weekly(weekday: weekday)
    case "MONTHLY":
      guard let when else { throw word.failure("MONTHLY needs 'when': 1 to 31") }
      return .monthly(day: try when.int(in: 1...31))
    default: throw word.failure("expected HOURLY, DAILY, WEEKLY or MONTHLY")
    }
    if let when { throw when.failure("goes with WEEKLY and MONTHLY only") }
    return frequency
  }

  /// `2:00`, `:25`, or a bare number: minutes of the day, which is what PyYAML makes of an unquoted
  /// `2:00` (it reads YAML 1.1's numbers to the base 60).
  private static func time(
    _ reader: FleetNodeReader, isHourly: Bool
  ) throws(FleetDocumentError) -> (hour: Int, minute: Int) {
    let example = isHourly ? "':25'" : "'2:00'"
    let parts = try reader.text().split(separator: ":", omittingEmptySubsequences: false)
    var numbers: [Int] = []
    for part in parts {
      guard part.utf8.count <= 4, part.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
        let number = part.isEmpty ? 0 : Int(part)
      else { throw reader.failure("expected a time such as \(example)") }
      numbers.append(number)
    }
    if numbers.count == 1, parts[0] != "" { numbers = [numbers[0] / 60, numbers[0] % 60] }
    guard numbers.count == 2, parts.last != "", numbers[0] < (isHourly ? 1 : 24), numbers[1] < 60
    else { throw reader.failure("expected a time such as \(example)") }
    return (numbers[0], numbers[1])
  }
}
