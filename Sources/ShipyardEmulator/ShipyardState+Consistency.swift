import EmulatorKernel

/// What the rules of the service rely on and a snapshot made by hand may not have.
extension ShipyardState {
  package var inconsistencies: [String] {
    var findings = StateFindings()
    for (key, version) in versions {
      findings.expect(
        version.isConsistent, "/versions/\(key)", "vessels and connections do not fit together")
      findings.expect(key, in: 0...max(0, lastVersionKey), "/versions/\(key)")
    }
    for count in (attemptCounts ?? [:]).values {
      findings.expect(count, in: 0...1 << 50, "/attemptCounts")
    }
    findings.expect(runs.isConsistent, "/runs", "the chunks do not fit together")
    // Without the list nothing more can be looked at.
    guard runs.isConsistent else { return findings.found }
    checkRuns(&findings)
    for (id, position) in runPositions where !runs.contains(position) {
      findings.expect(false, "/runPositions/\(id.text)", "the run \(position) is not there")
    }
    for (id, fleet) in fleets { check(fleet, "/fleets/\(id.text)", &findings) }
    for (id, project) in projects {
      findings.expect(
        project.timeZone.isConsistent, "/projects/\(id.text)/timeZone", "it does not fit together")
    }
    findings.expect(lastVersionKey, "/lastVersionKey")
    settings.check(&findings)
    queue.check("/queue", &findings)
    for event in queue.events { check(event, &findings) }
    return findings.found
  }

  /// The runs, and what is counted of them.
  private func checkRuns(_ findings: inout StateFindings) {
    var counts: [Int: Int] = [:]
    var inProgress: [ResourceID: Int] = [:]
    var voyages = 0
    for position in runs.startIndex..<runs.endIndex {
      let run = runs[position]
      check(run, &findings)
      counts[run.versionKey, default: 0] += 1
      voyages += run.voyages.count
      let waits = run.trigger == .schedule && run.status == .scheduled
      if !run.status.isFinal, !waits { inProgress[run.fleetID, default: 0] += 1 }
    }
    findings.expect(voyageCount == voyages, "/voyageCount", "the runs have \(voyages) voyages")
    for key in Set(counts.keys).union(runCounts.keys) {
      findings.expect(
        runCounts[key, default: 0] == counts[key, default: 0], "/runCounts/\(key)",
        "the version has \(counts[key, default: 0]) runs")
    }
    for (id, fleet) in fleets {
      findings.expect(
        fleet.runsInProgress == inProgress[id, default: 0], "/fleets/\(id.text)/runsInProgress",
        "there are \(inProgress[id, default: 0])")
    }
  }

  private func check(_ run: FleetRun, _ findings: inout StateFindings) {
    let place = "/runs/\(run.id.text)"
    let definition = versions[run.versionKey]?.definition
    findings.expect(
      definition?.vessels.count == run.voyages.count, place + "/voyages",
      "version \(run.versionKey) has \(definition?.vessels.count ?? 0) vessels")
    for (index, voyage) in run.voyages.enumerated() {
      voyage.check("\(place)/voyages/\(index)", &findings)
    }
  }

  private func check(_ fleet: Fleet, _ place: String, _ findings: inout StateFindings) {
    findings.expect(versions[fleet.versionKey] != nil, place + "/versionKey", "there is no version")
    findings.expect(projects[fleet.projectID] != nil, place + "/projectID", "there is no project")
    let positions = fleet.runPositions
    findings.expect(
      positions.isConsistent, place + "/runPositions", "the chunks do not fit together")
    guard positions.isConsistent else { return }
    // Positions of runs that were forgotten stay in the list.
    for index in positions.startIndex..<positions.endIndex
    where !(0..<runs.endIndex).contains(positions[index]) {
      findings.expect(
        false, place + "/runPositions", "the run \(positions[index]) is not there")
    }
    for position in fleet.scheduledRuns where !runs.contains(position) {
      findings.expect(false, place + "/scheduledRuns", "the run \(position) is not there")
    }
  }

  private func check(_ event: Event, _ findings: inout StateFindings) {
    let run: Int
    switch event {
    case .lookAhead: return
    case .runStarts(let position): run = position
    case .attemptStarts(let position, let vessel, _), .attemptEnds(let position, let vessel, _):
      run = position
      if runs.contains(run) {
        findings.expect(
          runs[run].voyages.indices.contains(vessel), "/queue", "run \(run) has no vessel \(vessel)"
        )
      }
    }
    // Of a run that was forgotten: it does nothing. Of one to come it would.
    findings.expect((0..<runs.endIndex).contains(run), "/queue", "there is no run \(run)")
  }
}

extension ShipyardSettings {
  fileprivate func check(_ findings: inout StateFindings) {
    findings.expect(retentionDays, in: 1...Self.retentionDaysMax, "/settings/retentionDays")
    findings.expect(runsKept, in: 1...Self.runsKeptMax, "/settings/runsKept")
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
  /// Counts that can be counted on from; attempts are gone through one by one.
  fileprivate func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(retries, in: 0...Guardrails.retryCountMax, place + "/retries")
    findings.expect(openPredecessors, place + "/openPredecessors")
    findings.expect(step, place + "/step")
    for number in attemptNumbers ?? [] {
      findings.expect(number, place + "/attemptNumbers")
    }
    findings.expect(
      attemptTime >= .zero && attemptTime < .seconds(1 << 40), place + "/attemptTime",
      "it is out of range")
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
