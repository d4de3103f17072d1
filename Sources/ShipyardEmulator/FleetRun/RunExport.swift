import PayloadCodecs
package import EmulatorKernel

/// A table of runs or voyages as it stands at one instant, rendered piece by piece.
///
/// It holds copies of the logs, which share their chunks with the state, so the view is consistent
/// and costs no memory, however long a slow reader takes.
/// Source: the former API reference, "Export Fleet Runs" and "Export Voyages" (columns and order).
package struct RunExport: Sendable {
  package enum Table: Sendable { case runs, voyages }

  package static let runColumns = [
    "Fleet ID", "Fleet Name", "Fleet Version", "Fleet Log ID", "Status", "Start Time", "End Time",
    "Duration", "Billable Runtime", "Vessels Count", "Trigger",
  ]
  package static let voyageColumns = [
    "Fleet ID", "Fleet Name", "Fleet Version", "Fleet Log ID", "Fleet Log Trigger",
    "Fleet Log Status", "Vessel Log ID", "Vessel Status", "Vessel Name", "Vessel Trigger",
    "Retries", "Exit Code", "Vessel Start Time", "Vessel End Time", "Duration",
    "Billable Runtime",
  ]

  private static let runHeader = CSVWriter.header(runColumns)
  private static let voyageHeader = CSVWriter.header(voyageColumns)

  private let table: Table
  private let runs: ChunkedLog<FleetRun>
  /// Positions of one fleet's runs; nil: all runs.
  private let positions: ChunkedLog<Int>?
  /// Whose runs are shown; nil: all.
  private let fleetIDs: Set<ResourceID>?
  private let versions: WeighedDictionary<Int, FleetVersion>
  /// Younger runs only.
  private let since: VirtualInstant
  /// Counts down to the last: newest first.
  private var next: Int
  private let last: Int

  private var writer = CSVWriter()
  /// What all rows of one run begin with.
  private var beginning = CSVWriter()
  private var hasHeader = false
  private var parts: VersionParts?

  /// What all rows of one version share, as CSV.
  private struct VersionParts {
    let versionKey: Int
    /// Id, name and version number.
    let fleet: [UInt8]
    let vesselNames: [[UInt8]]
  }

  /// The runs of one fleet.
  package init(_ state: borrowing ShipyardState, runsOf fleetID: ResourceID, since: VirtualInstant)
  {
    table = .runs
    runs = state.runs
    positions = state.fleets[fleetID]?.runPositions ?? ChunkedLog()
    fleetIDs = nil
    versions = state.versions
    self.since = since
    next = positions?.endIndex ?? 0
    last = positions?.startIndex ?? 0
  }

  /// The voyages of several fleets, or of all.
  package init(
    _ state: borrowing ShipyardState, voyagesOf fleetIDs: Set<ResourceID>?, since: VirtualInstant
  ) {
    table = .voyages
    runs = state.runs
    positions = nil
    self.fleetIDs = fleetIDs
    versions = state.versions
    self.since = since
    next = runs.endIndex
    last = runs.startIndex
  }

  /// The next piece of about that size; nil at the end.
  package mutating func nextPiece(byteCount: Int) -> [UInt8]? {
    // A row takes some two hundred bytes, and few runs have more than a few of them.
    writer = CSVWriter(reserving: min(byteCount + 1024, 512 + (next - last) * 256))
    if !hasHeader {
      writer.line(table == .runs ? Self.runHeader : Self.voyageHeader)
      hasHeader = true
    }
    while writer.bytes.count < byteCount, let run = nextRun() {
      switch table {
      case .runs: appendRun(run)
      case .voyages: appendVoyages(run)
      }
    }
    return writer.bytes.isEmpty ? nil : writer.take()
  }

  /// Every run in order, for other renderings.
  package mutating func nextRun() -> FleetRun? {
    while next > last {
      next -= 1
      let position = positions?[next] ?? next
      guard runs.contains(position) else { continue }
      let run = runs[position]
      guard !run.isWithdrawn, run.instantForAge >= since,
        fleetIDs?.contains(run.fleetID) ?? true
      else { continue }
      return run
    }
    return nil
  }

  package func version(of run: FleetRun) -> FleetVersion? { versions[run.versionKey] }

  // MARK: Rows

  private mutating func appendRun(_ run: FleetRun) {
    writer.raw(parts(of: run).fleet)
    writer.field(run.id)
    writer.word(run.status.rawValue)
    writer.field(run.startedAt)
    writer.field(run.endedAt)
    writer.field(run.duration)
    writer.field(run.billableRuntime)
    writer.field(run.voyages.count)
    writer.word(run.trigger.rawValue)
    writer.endLine()
  }

  private mutating func appendVoyages(_ run: FleetRun) {
    let parts = parts(of: run)
    beginning.empty()
    beginning.raw(parts.fleet)
    beginning.field(run.id)
    beginning.word(run.trigger.rawValue)
    beginning.word(run.status.rawValue)
    let trigger = run.trigger.rawValue
    // Where they lie: to take one out would copy it.
    let voyages = run.voyages.span
    for index in voyages.indices where index < parts.vesselNames.count {
      writer.raw(beginning.bytes)
      writer.field(voyages[index].id)
      writer.word(voyages[index].status.rawValue)
      writer.raw(parts.vesselNames[index])
      writer.word(trigger)
      writer.field(voyages[index].retries)
      writer.field(voyages[index].exitCode)
      writer.field(voyages[index].startedAt)
      writer.field(voyages[index].endedAt)
      writer.field(voyages[index].duration)
      writer.field(voyages[index].billableRuntime)
      writer.endLine()
    }
  }

  private mutating func parts(of run: FleetRun) -> VersionParts {
    if let parts, parts.versionKey == run.versionKey { return parts }
    let version = versions[run.versionKey]
    var fleet = CSVWriter()
    fleet.field(run.fleetID)
    fleet.field(version?.definition.name ?? "")
    fleet.field(version?.number)
    let names = version?.definition.vessels.map { vessel in
      var name = CSVWriter()
      name.field(vessel.name)
      return name.bytes
    }
    let made = VersionParts(
      versionKey: run.versionKey, fleet: fleet.bytes, vesselNames: names ?? [])
    parts = made
    return made
  }
}
