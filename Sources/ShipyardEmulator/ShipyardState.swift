package import PayloadCodecs
package import EmulatorKernel

/// Everything that Shipyard keeps for one tenant: plain data, changed by the mutating methods in
/// `Fleet/`, `FleetRun/`, `Webhook/` and `Blueprint/`. Later work stands in `queue`.
package struct ShipyardState: ServiceState {
  /// Nobody waits in Shipyard: clients poll.
  package typealias WakeKey = Never
  package typealias Step = StepContext<Never>

  /// What happens by itself.
  package enum Event: Sendable, Codable {
    case runStarts(Int)
    /// `step` is the voyage's: an event of an earlier step is stale.
    case attemptStarts(run: Int, vessel: Int, step: Int)
    case attemptEnds(run: Int, vessel: Int, step: Int)
    /// 00:00 UTC: the runs of the coming 24 hours are created.
    case lookAhead
  }

  package var settings = ShipyardSettings()
  package var isStrict = false
  /// By key; nil: no list was given.
  package var keys: TextMap<AccessKey>?
  package var behaviors: [VesselBehavior] = []

  package var organizations: [ResourceID: Organization] = [:]
  /// In order of creation.
  package var organizationIDs: [ResourceID] = []
  package var projects: [ResourceID: Project] = [:]
  package var fleets: [ResourceID: Fleet] = [:]
  package var blueprints = WeighedDictionary<ResourceID, Blueprint>()
  package var externalFiles = WeighedDictionary<ResourceID, ExternalFile>()
  /// Webhook id → fleet id.
  package var webhooks: [ResourceID: ResourceID] = [:]

  /// Versions that are the latest of their fleet or that a kept run refers to.
  package var versions = WeighedDictionary<Int, FleetVersion>()
  /// How many kept runs refer to a version.
  package var runCounts: [Int: Int] = [:]
  package var lastVersionKey = 0
  /// Attempts so far, where a behaviour counts them across the runs of a fleet.
  package var attemptCounts: [VesselPlace: Int]?

  package struct VesselPlace: Sendable, Codable, Hashable {
    var fleet: ResourceID
    @ExactText var vessel: String
  }

  /// All runs in order of creation.
  package var runs = ChunkedLog<FleetRun>()
  package var runPositions = PagedDictionary<ResourceID, Int>()
  /// Of all kept runs: what they weigh, since a fleet may have a thousand vessels.
  package var voyageCount = 0

  package var queue = EventQueue<Event>()
  /// Whether `lookAhead` stands in the queue.
  package var isLookAheadPlanned = false

  /// Whether one more run can be kept.
  package var hasRoomForRun: Bool {
    runs.count < settings.runsMax && voyageCount < ShipyardSettings.voyagesMax
  }

  package var nextDue: VirtualInstant? { queue.first?.due }
  package var dueRevision: UInt64 { queue.revision }

  package mutating func advance(_ step: inout Step) {
    while let next = queue.first, next.due <= step.now {
      _ = queue.popFirst()
      switch next.event {
      case .runStarts(let position): startRun(position, at: next.due)
      case .attemptStarts(let run, let vessel, let counted):
        if isCurrent(counted, run, vessel) { startAttempt(run, vessel, at: next.due) }
      case .attemptEnds(let run, let vessel, let counted):
        if isCurrent(counted, run, vessel) { endAttempt(run, vessel, at: next.due) }
      case .lookAhead:
        isLookAheadPlanned = false
        planComingDay(at: next.due, &step)
      }
    }
    dropStaleEvents()
  }

  private func isCurrent(_ step: Int, _ run: Int, _ vessel: Int) -> Bool {
    runs.contains(run) && runs[run].voyages[vessel].step == step
  }

  /// Keeps `nextDue` an instant at which something does happen.
  mutating func dropStaleEvents() {
    while let next = queue.first {
      switch next.event {
      case .runStarts(let position):
        if runs.contains(position), runs[position].status == .scheduled,
          !runs[position].isWithdrawn
        {
          return
        }
      case .attemptStarts(let run, let vessel, let counted),
        .attemptEnds(let run, let vessel, let counted):
        if isCurrent(counted, run, vessel) { return }
      case .lookAhead: return
      }
      _ = queue.popFirst()
    }
  }
}

/// How the emulator simulates what the contract leaves open.
package struct ShipyardSettings: Sendable, Codable, Equatable {
  /// From the trigger to the start of the run.
  package var startDelay = Duration.milliseconds(500)
  /// How long an attempt takes that no behavior describes.
  package var vesselDuration = Duration.seconds(1)
  /// The wait before a retry where the guardrail says 0: "as soon as possible (about 30 s)".
  package var retryDelay = Duration.seconds(30)
  /// Age of the oldest runs in an export without `days`.
  package var retentionDays = 90
  /// Beyond it the oldest ended runs are forgotten.
  package var runsKept = 200_000
  /// Answers the runs of a fleet (`/runs`, never `/fleetruns`) as JSON without being asked to.
  package var exportsRunsAsJSON = false
  /// Accepts a trigger whose overrides were lost by form encoding, and ignores them.
  package var acceptsFormOverrides = false

  package static let retentionDaysMax = 36_500
  package static let runsKeptMax = 10_000_000

  /// Beyond it, with the oldest run still not ended, triggers are refused.
  package var runsMax: Int { 2 * runsKept + 4 * ChunkedLog<FleetRun>.chunkSize }
  /// The same for voyages, of which a run has one for each vessel.
  package static let voyagesKept = 3_000_000
  package static let voyagesMax = 2 * voyagesKept
}
