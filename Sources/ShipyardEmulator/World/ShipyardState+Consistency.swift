import EmulatorKernel

/// What the rules of the service rely on and a snapshot made by hand may not have.
extension ShipyardState {
  package var inconsistencies: [String] {
    var found: [String] = []
    for (key, version) in versions where !version.isConsistent {
      found.append("the fleet of version \(key) does not fit together")
    }
    guard runs.isConsistent else { return found + ["the list of runs does not fit together"] }
    for position in runs.startIndex..<runs.endIndex {
      let run = runs[position]
      let vessels = versions[run.versionKey]?.definition.vessels.count
      if vessels != run.voyages.count || !run.voyages.allSatisfy(\.isPlausible) {
        found.append("run \(run.id.text) does not fit its version")
      }
    }
    if !runPositions.values.allSatisfy(runs.contains) { found.append("a run is nowhere") }
    for fleet in fleets.values where !isConsistent(fleet) {
      found.append("the runs of fleet \(fleet.id.text) do not fit together")
    }
    for project in projects.values where !project.timeZone.isConsistent {
      found.append("the time zone of project \(project.id.text) does not fit together")
    }
    let counts = runCounts.values + [voyageCount, lastVersionKey]
    if !counts.allSatisfy((0..<1 << 50).contains) { found.append("a count is out of range") }
    if !queue.isConsistent || !queue.events.allSatisfy(isConsistent) {
      found.append("the queue does not fit the runs")
    }
    return found
  }

  private func isConsistent(_ fleet: Fleet) -> Bool {
    guard fleet.runPositions.isConsistent, (0..<1 << 50).contains(fleet.runsInProgress) else {
      return false
    }
    // Positions of runs that were forgotten stay in the list.
    let positions = fleet.runPositions.startIndex..<fleet.runPositions.endIndex
    return positions.allSatisfy { (0..<runs.endIndex).contains(fleet.runPositions[$0]) }
  }

  private func isConsistent(_ event: Event) -> Bool {
    switch event {
    case .runStarts, .lookAhead: return true
    case .attemptStarts(let run, let vessel, _), .attemptEnds(let run, let vessel, _):
      return !runs.contains(run) || runs[run].voyages.indices.contains(vessel)
    }
  }
}

extension FleetVersion {
  fileprivate var isConsistent: Bool {
    let vessels = definition.vessels.indices
    let edges = graph.outgoing.flatMap(\.self) + graph.incoming.flatMap(\.self)
    return graph.outgoing.count == vessels.count && graph.incoming.count == vessels.count
      && edges.allSatisfy { vessels.contains($0.vessel) }
      && definition.connections.allSatisfy {
        vessels.contains($0.from) && vessels.contains($0.to)
      } && definition.schedules.allSatisfy(\.isPlausible)
      && definition.vessels.allSatisfy { $0.guardrails.isPlausible }
  }
}

extension Guardrails {
  fileprivate var isPlausible: Bool {
    (0...Self.retryCountMax).contains(retryCount) && (0...Self.retryWaitMax).contains(retryWait)
      && (0...Self.runtimeCutoffMax).contains(runtimeCutoff)
  }
}

extension Schedule {
  fileprivate var isPlausible: Bool {
    let isDay =
      switch frequency {
      case .hourly, .daily: true
      case .weekly(let weekday): (0...6).contains(weekday)
      case .monthly(let day): (1...31).contains(day)
      }
    return isDay && (0...23).contains(hour) && (0...59).contains(minute)
  }
}

extension Voyage {
  /// Counts that can be counted on from.
  fileprivate var isPlausible: Bool {
    [retries, openPredecessors, step].allSatisfy { (0..<1 << 40).contains($0) }
      && attemptTime >= .zero && attemptTime < .seconds(1 << 40)
  }
}

extension TimeZoneRules {
  fileprivate var isConsistent: Bool {
    let day = -172_800...172_800
    return transitions.count == offsets.count && day.contains(firstOffset)
      && offsets.allSatisfy(day.contains) && transitions.allSatisfy { abs($0 / 2) < 1 << 60 }
      && (rule?.isPlausible ?? true)
  }
}

extension DaylightRule {
  fileprivate var isPlausible: Bool {
    let day = -172_800...172_800
    // RFC 9636 §3.3.1: a change may stand a week beside its day.
    let time = -604_800...604_800
    guard let daylight else { return day.contains(standardOffset) }
    return day.contains(standardOffset) && day.contains(daylight.offset)
      && [daylight.start, daylight.end].allSatisfy { change in
        time.contains(change.time) && change.day.isPlausible
      }
  }
}

extension DaylightRule.Day {
  fileprivate var isPlausible: Bool {
    switch self {
    case .month(let month, let week, let weekday):
      (1...12).contains(month) && (1...5).contains(week) && (0...6).contains(weekday)
    case .julian(let day), .zeroBased(let day): (0...366).contains(day)
    }
  }
}
