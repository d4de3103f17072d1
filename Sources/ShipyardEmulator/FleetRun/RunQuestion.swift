import EmulatorKernel
import HTTPModel

extension ShipyardCall {
  /// The answer to a question about the runs of fleets: where the clock skips, those in progress are
  /// finished first (DESIGN §4). Runs that start meanwhile are another question's: a fleet that is
  /// scheduled every minute has always one in progress.
  func asking(
    about fleets: [ResourceID],
    _ answer: @escaping @Sendable () throws(ShipyardError) -> Response
  ) throws(ShipyardError) -> ServiceAnswer {
    guard world.isSkipping else { return .now(try answer()) }
    return try asking(
      aboutRuns: world.read { state in fleets.flatMap { state.runsInProgress(of: $0) } }, answer)
  }

  /// - Parameter positions: of runs; the last ones end last, mostly.
  func asking(
    aboutRuns positions: [Int],
    _ answer: @escaping @Sendable () throws(ShipyardError) -> Response
  ) throws(ShipyardError) -> ServiceAnswer {
    guard world.isSkipping, !positions.isEmpty else { return .now(try answer()) }
    return .later { _ in
      var open = positions
      await world.look { state in
        while let last = open.last {
          if state.runs.contains(last), state.runs[last].isInProgress { return true }
          open.removeLast()
        }
        return false
      }
      do throws(ShipyardError) {
        return try answer()
      } catch {
        return ShipyardFailure.response(error, requestID: requestID)
      }
    }
  }
}

extension ShipyardState {
  fileprivate func runsInProgress(of fleetID: ResourceID) -> [Int] {
    guard let fleet = fleets[fleetID], fleet.runsInProgress > 0 else { return [] }
    let positions = fleet.runPositions
    var found: [Int] = []
    // The latest first, until all are found.
    for index in (positions.startIndex..<positions.endIndex).reversed() {
      let position = positions[index]
      guard runs.contains(position), runs[position].isInProgress else { continue }
      found.append(position)
      if found.count == fleet.runsInProgress { break }
    }
    return found.reversed()
  }
}

extension FleetRun {
  /// Begun, or to begin at once; not one that waits for its schedule.
  fileprivate var isInProgress: Bool {
    !isWithdrawn && !status.isFinal && !(trigger == .schedule && status == .scheduled)
  }
}
