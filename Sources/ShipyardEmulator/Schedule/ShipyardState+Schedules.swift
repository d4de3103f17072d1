import EmulatorKernel
import HTTPModel

/// Runs of schedules: created a day ahead, replaced when the fleet is saved.
/// Source: Shipyard documentation, "Schedule Triggers".
extension ShipyardState {
  /// After a save: the scheduled runs of the fleet are replaced by those of its new version.
  mutating func replanSchedules(of fleetID: ResourceID, _ step: inout Step) {
    withdrawScheduledRuns(of: fleetID)
    guard let key = fleets[fleetID]?.versionKey,
      versions.read(key, { $0.definition.schedules.isEmpty }) == false,
      let version = versions[key]
    else { return }
    let midnight = Self.midnight(after: step.now)
    planRuns(
      of: fleetID, version, from: step.now + .nanoseconds(1), to: midnight, &step)
    planLookAhead(midnight)
  }

  private mutating func planLookAhead(_ midnight: VirtualInstant) {
    guard !isLookAheadPlanned else { return }
    isLookAheadPlanned = true
    queue.insert(.lookAhead, due: midnight)
  }

  /// 00:00 UTC after an instant.
  static func midnight(after instant: VirtualInstant) -> VirtualInstant {
    let day = instant.epochSeconds / 86_400 - (instant.epochSeconds % 86_400 < 0 ? 1 : 0)
    return VirtualInstant(seconds: (day + 1) * 86_400)
  }

  /// At 00:00 UTC: the runs of the coming 24 hours.
  mutating func planComingDay(at midnight: VirtualInstant, _ step: inout Step) {
    let end = midnight + .seconds(86_400)
    var hasSchedules = false
    let before = heapBytes
    for organizationID in organizationIDs {
      for fleetID in organizations[organizationID]?.fleetIDs ?? [] {
        guard let key = fleets[fleetID]?.versionKey, let version = versions[key],
          !version.definition.schedules.isEmpty
        else { continue }
        hasSchedules = true
        // Without memory the day's runs are left out, as a trigger would be refused.
        guard step.blobs.budget.hasRoom(for: heapBytes - before) else { continue }
        planRuns(of: fleetID, version, from: midnight, to: end, &step)
      }
    }
    if hasSchedules { planLookAhead(end) }
  }

  private mutating func planRuns(
    of fleetID: ResourceID, _ version: FleetVersion, from start: VirtualInstant,
    to end: VirtualInstant, _ step: inout Step
  ) {
    guard let fleet = fleets[fleetID], let zone = projects[fleet.projectID]?.timeZone,
      organizations[fleet.organizationID]?.isRunnable == true
    else { return }
    let instants = version.definition.schedules.flatMap {
      $0.instants(from: start, to: end, in: zone)
    }
    // Without room the rest of the day's runs is left out, as a trigger would be refused.
    for instant in instants.sorted() where hasRoomForRun {
      _ = addRun(of: fleetID, by: .schedule, scheduledFor: instant, &step)
    }
  }

  /// An organization that may not run has no scheduled runs either; they are planned again once it may.
  /// Fidelity: assumed; `is_runnable` is documented as a member only.
  mutating func setRunnable(
    _ isRunnable: Bool, organization id: ResourceID, _ step: inout Step
  ) {
    organizations[id]?.isRunnable = isRunnable
    for fleetID in organizations[id]?.fleetIDs ?? [] { replanSchedules(of: fleetID, &step) }
  }

  private mutating func withdrawScheduledRuns(of fleetID: ResourceID) {
    // Most fleets have none.
    if let positions = fleets[fleetID]?.scheduledRuns, !positions.isEmpty {
      for position in positions where runs.contains(position) {
        runs[position].isWithdrawn = true
      }
      fleets[fleetID]?.scheduledRuns = []
    }
    dropStaleEvents()
  }
}
