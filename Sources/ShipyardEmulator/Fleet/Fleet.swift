package import EmulatorKernel
import PayloadCodecs

/// A fleet: its latest version, and where its runs stand.
package struct Fleet: Sendable, Codable {
  package let id: ResourceID
  package let organizationID: ResourceID
  package let projectID: ResourceID
  package let createdAt: VirtualInstant
  package var updatedAt: VirtualInstant
  /// The key of the latest version in `ShipyardState.versions`.
  package var versionKey: Int
  /// Positions in `ShipyardState.runs`, oldest first.
  package var runPositions = ChunkedLog<Int>()
  package var webhook: Webhook?
  /// Runs that have been triggered and have not ended; those that wait for a schedule are none.
  package var runsInProgress = 0
  /// Positions of runs that wait for their schedule.
  package var scheduledRuns: [Int] = []

  /// One more of its runs, by its position.
  mutating func add(run position: Int, isScheduled: Bool) {
    runPositions.append(position)
    if isScheduled { scheduledRuns.append(position) } else { runsInProgress += 1 }
  }
}

/// One saved version of a fleet: what a run keeps to, whatever is saved later.
package final class FleetVersion: Sendable, Codable {
  package let fleetID: ResourceID
  /// From 1.
  package let number: Int
  package let definition: FleetDefinition
  package let graph: VesselGraph
  package let savedAt: VirtualInstant

  package init(
    fleetID: ResourceID, number: Int, definition: FleetDefinition, savedAt: VirtualInstant
  ) {
    self.fleetID = fleetID
    self.number = number
    self.definition = definition
    self.savedAt = savedAt
    graph = VesselGraph(
      vesselCount: definition.vessels.count, connections: definition.connections)
  }
}
