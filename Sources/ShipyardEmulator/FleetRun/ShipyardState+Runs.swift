package import EmulatorKernel

/// How a run proceeds: every rule about starting, retrying, ending and stopping vessels.
/// Source: Shipyard documentation, "Fleets", "Connections", "Guardrails", "Voyages".
extension ShipyardState {
  /// Accepts a run of the fleet's latest version, with a voyage for every vessel.
  ///
  /// - Parameter scheduledFor: the instant of a schedule; nil: as soon as possible.
  /// - Returns: its id; nil when there is no such fleet.
  package mutating func addRun(
    of fleetID: ResourceID, by trigger: RunTrigger, input: RunInput? = nil,
    scheduledFor: VirtualInstant? = nil, _ step: inout Step
  ) -> ResourceID? {
    guard let versionKey = fleets[fleetID]?.versionKey, let version = versions[versionKey]
    else { return nil }
    let id = ResourceID(&step.ids, "shipyard.fleetRun")
    forgetOldRuns(step)
    var voyages: [Voyage] = []
    voyages.reserveCapacity(version.definition.vessels.count)
    for incoming in version.graph.incoming {
      voyages.append(
        Voyage(id: ResourceID(&step.ids, "shipyard.voyage"), openPredecessors: incoming.count))
    }
    let run = FleetRun(
      id: id, fleetID: fleetID, versionKey: versionKey, trigger: trigger, createdAt: step.now,
      scheduledFor: scheduledFor ?? step.now, voyages: voyages, input: input)
    let position = runs.append(run)
    voyageCount += voyages.count
    runPositions[id] = position
    runCounts[versionKey, default: 0] += 1
    fleets[fleetID]?.add(run: position, isScheduled: scheduledFor != nil)
    queue.insert(.runStarts(position), due: scheduledFor ?? step.now + settings.startDelay)
    return id
  }

  // MARK: Proceeding

  mutating func startRun(_ position: Int, at now: VirtualInstant) {
    guard runs.contains(position), runs[position].status == .scheduled,
      !runs[position].isWithdrawn, let version = versions[runs[position].versionKey]
    else { return }
    runs[position].status = .running
    runs[position].startedAt = now
    if runs[position].trigger == .schedule { leaveSchedule(position) }
    proceed(position, starting: version.graph.roots, version, at: now)
  }

  private mutating func leaveSchedule(_ position: Int) {
    let fleetID = runs[position].fleetID
    fleets[fleetID]?.scheduledRuns.removeAll { $0 == position }
    fleets[fleetID]?.runsInProgress += 1
  }

  /// Starts vessels, and whatever becomes ready because some of them are skipped at once.
  private mutating func proceed(
    _ position: Int, starting vessels: [Int], _ version: FleetVersion, at now: VirtualInstant
  ) {
    var ready = vessels
    var next = 0
    while next < ready.count {
      let vessel = ready[next]
      next += 1
      // One that was terminated before the run began stays so.
      guard runs[position].voyages[vessel].status == .scheduled else { continue }
      guard let exitCode = runs[position].input?.skipped[vessel] else {
        startAttempt(position, vessel, at: now)
        continue
      }
      // Fidelity: documented (screenshot): Success, an end but no start, whatever the exit code.
      runs[position].voyages[vessel].status = .success
      runs[position].voyages[vessel].exitCode = exitCode
      runs[position].voyages[vessel].endedAt = now
      ready += openPaths(position, after: vessel, exitCode, version)
    }
    endIfDone(position, at: now)
  }

  mutating func startAttempt(_ position: Int, _ vessel: Int, at now: VirtualInstant) {
    guard let version = versions[runs[position].versionKey] else { return }
    let isFirst = runs[position].voyages[vessel].startedAt == nil
    if isFirst {
      runs[position].voyages[vessel].startedAt = now
      runs[position].voyages[vessel].status = .running
    } else {
      runs[position].voyages[vessel].retries += 1
    }
    runs[position].voyages[vessel].attemptStartedAt = now
    countAttempt(position, vessel, version)
    // By itself, as below: a state that is asked while one of its runs is looked up is copied.
    let run = runs[position]
    let attempt = attempt(of: run, vessel, version)
    let cutoff = Duration.seconds(version.definition.vessels[vessel].guardrails.runtimeCutoff)
    queueNextStep(position, vessel, due: now + min(attempt.duration, cutoff), isEnd: true)
  }

  private mutating func queueNextStep(
    _ position: Int, _ vessel: Int, due: VirtualInstant, isEnd: Bool
  ) {
    runs[position].voyages[vessel].step += 1
    let step = runs[position].voyages[vessel].step
    queue.insert(
      isEnd
        ? .attemptEnds(run: position, vessel: vessel, step: step)
        : .attemptStarts(run: position, vessel: vessel, step: step), due: due)
  }

  /// What the scenario says about the attempt in progress, or the default: exit 0 after a second.
  private func attempt(
    of run: FleetRun, _ vessel: Int, _ version: FleetVersion
  ) -> VesselBehavior.Attempt {
    attempt(run.voyages[vessel].retries, of: run, vessel, version)
  }

  /// - Parameter number: from 0.
  private func attempt(
    _ number: Int, of run: FleetRun, _ vessel: Int, _ version: FleetVersion
  ) -> VesselBehavior.Attempt {
    let standard = VesselBehavior.Attempt(exitCode: 0, duration: settings.vesselDuration)
    guard let behavior = behavior(of: run, vessel, version), !behavior.attempts.isEmpty else {
      return standard
    }
    var number = number
    if let counted = run.voyages[vessel].attemptNumbers, counted.indices.contains(number) {
      number = counted[number]
    }
    return behavior.attempts[min(max(0, number), behavior.attempts.count - 1)]
  }

  private func behavior(
    of run: FleetRun, _ vessel: Int, _ version: FleetVersion
  ) -> VesselBehavior? {
    let name = version.definition.vessels[vessel].name
    return behaviors.first {
      $0.matches(fleet: version.definition.name, vessel: name, trigger: run.trigger)
    }
  }

  /// An attempt begins: where they are counted across the fleet's runs, it gets the next number.
  private mutating func countAttempt(_ position: Int, _ vessel: Int, _ version: FleetVersion) {
    guard !behaviors.isEmpty else { return }
    let run = runs[position]
    guard behavior(of: run, vessel, version)?.per == .fleet else { return }
    let place = VesselPlace(
      fleet: run.fleetID, vessel: version.definition.vessels[vessel].name)
    let number = attemptCounts?[place] ?? 0
    attemptCounts = attemptCounts ?? [:]
    attemptCounts?[place] = min(number + 1, 1 << 50)
    runs[position].voyages[vessel].attemptNumbers =
      (runs[position].voyages[vessel].attemptNumbers ?? []) + [number]
  }

  /// What a vessel has printed: the scenario's text of each attempt that has ended.
  /// Source: for skipped vessels a screenshot of the Shipyard documentation.
  func output(of run: FleetRun, _ vessel: Int, _ version: FleetVersion) -> String {
    if run.input?.skipped[vessel] != nil {
      return run.voyages[vessel].endedAt == nil ? "" : "Vessel has been skipped due to override."
    }
    return (0..<run.voyages[vessel].endedAttempts).map { number in
      attempt(number, of: run, vessel, version).output ?? ""
    }.joined()
  }

  /// When each attempt that has begun began and ended: by what they are known to take, since only the
  /// one in progress is kept. Somebody who sets the clock moves the earlier ones with it.
  func attempts(
    of run: FleetRun, _ vessel: Int, _ version: FleetVersion
  ) -> [(begin: VirtualInstant, end: VirtualInstant?)] {
    let voyage = run.voyages[vessel]
    guard var begin = voyage.startedAt, run.input?.skipped[vessel] == nil else { return [] }
    let guardrails = version.definition.vessels[vessel].guardrails
    var found: [(begin: VirtualInstant, end: VirtualInstant?)] = []
    for number in 0..<voyage.retries {
      let attempt = attempt(number, of: run, vessel, version)
      let end = begin + min(attempt.duration, .seconds(guardrails.runtimeCutoff))
      found.append((begin, end))
      begin = end + retryWait(guardrails)
    }
    if let current = voyage.attemptStartedAt {
      found.append((current, voyage.endedAt))
    } else {
      let last = attempt(voyage.retries, of: run, vessel, version)
      found.append((begin, voyage.endedAt ?? begin + last.duration))
    }
    return found
  }

  private func retryWait(_ guardrails: Guardrails) -> Duration {
    guardrails.retryWait == 0 ? settings.retryDelay : .seconds(guardrails.retryWait)
  }

  mutating func endAttempt(_ position: Int, _ vessel: Int, at now: VirtualInstant) {
    guard let version = versions[runs[position].versionKey],
      let began = runs[position].voyages[vessel].attemptStartedAt
    else { return }
    let guardrails = version.definition.vessels[vessel].guardrails
    let run = runs[position]
    let attempt = attempt(of: run, vessel, version)
    let isCutOff = attempt.duration > .seconds(guardrails.runtimeCutoff)
    let exitCode = isCutOff ? ExitCode.cutOff : attempt.exitCode
    // Somebody may have set the clock back meanwhile.
    runs[position].voyages[vessel].attemptTime += max(.zero, now - began)
    runs[position].voyages[vessel].attemptStartedAt = nil
    runs[position].voyages[vessel].step += 1
    if exitCode != 0,
      guardrails.mayRetry(after: exitCode, retries: runs[position].voyages[vessel].retries)
    {
      runs[position].voyages[vessel].status = .retrying
      queueNextStep(position, vessel, due: now + retryWait(guardrails), isEnd: false)
      return
    }
    runs[position].voyages[vessel].status = exitCode == 0 ? .success : .errored
    runs[position].voyages[vessel].exitCode = exitCode
    runs[position].voyages[vessel].endedAt = now
    let ready = openPaths(position, after: vessel, exitCode, version)
    proceed(position, starting: ready, version, at: now)
  }

  /// Tests the connections out of a vessel that ended for good.
  /// - Returns: the vessels whose last open path this was.
  private mutating func openPaths(
    _ position: Int, after vessel: Int, _ exitCode: Int, _ version: FleetVersion
  ) -> [Int] {
    var ready: [Int] = []
    for edge in version.graph.outgoing[vessel]
    where runs[position].voyages[edge.vessel].status == .scheduled {
      guard edge.condition.holds(exitCode: exitCode) else {
        giveUp(position, edge.vessel, as: .incomplete, version)
        continue
      }
      let open = runs[position].voyages[edge.vessel].openPredecessors
      runs[position].voyages[edge.vessel].openPredecessors = max(0, open - 1)
      if open <= 1 { ready.append(edge.vessel) }
    }
    return ready
  }

  /// A vessel that will never run, and everything after it.
  private mutating func giveUp(
    _ position: Int, _ vessel: Int, as status: RunStatus, _ version: FleetVersion
  ) {
    var open = [vessel]
    while let next = open.popLast() {
      guard runs[position].voyages[next].status == .scheduled else { continue }
      runs[position].voyages[next].status = status
      open += version.graph.outgoing[next].map(\.vessel)
    }
  }

  private mutating func endIfDone(_ position: Int, at now: VirtualInstant) {
    let voyages = runs[position].voyages
    guard voyages.allSatisfy(\.status.isFinal) else { return }
    runs[position].status =
      if voyages.contains(where: { $0.status == .terminated }) {
        .terminated
      } else if voyages.contains(where: { $0.status == .errored }) {
        .errored
      } else {
        .success
      }
    runs[position].endedAt = now
    fleets[runs[position].fleetID]?.runsInProgress -= 1
  }

  // MARK: Stopping

  /// Stops a vessel: it and all that follow are terminated. What has ended stays as it is.
  /// - Parameter vessel: its position; nil: every vessel.
  /// - Returns: false when nothing was left to stop.
  @discardableResult
  package mutating func terminate(
    _ position: Int, vessel: Int?, at now: VirtualInstant
  ) -> Bool {
    guard runs.contains(position), !runs[position].status.isFinal, !runs[position].isWithdrawn,
      let version = versions[runs[position].versionKey]
    else { return false }
    let followers = vessel.map { [$0] + version.graph.descendants(of: $0) }
    let vessels = (followers ?? Array(runs[position].voyages.indices)).filter {
      !runs[position].voyages[$0].status.isFinal
    }
    guard !vessels.isEmpty else { return false }
    for vessel in vessels { stop(position, vessel, at: now) }
    // What is left of a run waits for its schedule as before.
    if runs[position].status == .scheduled, runs[position].trigger == .schedule,
      runs[position].voyages.allSatisfy(\.status.isFinal)
    {
      leaveSchedule(position)
    }
    endIfDone(position, at: now)
    dropStaleEvents()
    return true
  }

  private mutating func stop(_ position: Int, _ vessel: Int, at now: VirtualInstant) {
    if let began = runs[position].voyages[vessel].attemptStartedAt {
      runs[position].voyages[vessel].attemptTime += max(.zero, now - began)
      runs[position].voyages[vessel].attemptStartedAt = nil
    }
    runs[position].voyages[vessel].step += 1
    runs[position].voyages[vessel].status = .terminated
    if runs[position].voyages[vessel].startedAt != nil {
      runs[position].voyages[vessel].exitCode = ExitCode.terminated
      runs[position].voyages[vessel].endedAt = now
    }
  }

  // MARK: Forgetting

  /// Drops the oldest runs, a chunk at a time, once they are too many or too old to be exported.
  mutating func forgetOldRuns(_ step: Step) {
    while let oldest = runs.oldestFullChunk {
      let limit = step.now.advanced(bySeconds: -86_400 * Int64(max(1, settings.retentionDays)))
      let isTooMany =
        runs.count > settings.runsKept || voyageCount > ShipyardSettings.voyagesKept
      let isTooOld = oldest.last.map { $0.createdAt < limit } ?? false
      guard isTooMany || isTooOld,
        oldest.allSatisfy({ $0.isWithdrawn || $0.status.isFinal })
      else { return }
      for run in oldest { forget(run, step) }
      runs.dropOldestChunk()
    }
  }

  private mutating func forget(_ run: FleetRun, _ step: Step) {
    runPositions[run.id] = nil
    voyageCount -= run.voyages.count
    if let blob = run.input?.overrides { step.blobs.remove(blob) }
    if let blob = run.input?.webhook?.content { step.blobs.remove(blob) }
    runCounts[run.versionKey, default: 1] -= 1
    forgetVersionIfUnused(run.versionKey)
    while let oldest = fleets[run.fleetID]?.runPositions.oldestFullChunk?.last,
      oldest < runs.startIndex + ChunkedLog<FleetRun>.chunkSize
    { fleets[run.fleetID]?.runPositions.dropOldestChunk() }
  }

  mutating func forgetVersionIfUnused(_ key: Int) {
    guard let version = versions[key], runCounts[key, default: 0] <= 0,
      fleets[version.fleetID]?.versionKey != key
    else { return }
    versions[key] = nil
    runCounts[key] = nil
  }
}

/// Exit codes that the platform gives.
/// Fidelity: assumed; 124 is what `timeout` exits with, 143 is SIGTERM (128 + 15).
package enum ExitCode {
  package static let cutOff = 124
  package static let terminated = 143
}
