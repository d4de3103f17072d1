import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `POST …/fleetruns`: 201 as soon as the run is scheduled.
  /// Source: Shipyard documentation, "API Triggers".
  func triggerFleet() throws(ShipyardError) -> ServiceAnswer {
    let (settings, isStrict) = world.read { ($0.settings, $0.isStrict) }
    let reading = try reading { () throws(ShipyardError) in
      try VesselOverrides(content: content, settings, isStrict: isStrict)
    }
    var remarks: [String] = []
    let run = try world.mutate { state, step throws(ShipyardError) -> TriggeredRun in
      let (organization, project, fleetID) = try fleet(in: state)
      guard organization.isRunnable else {
        throw .forbidden("the organization may not run fleets (is_runnable is false)")
      }
      let overrides = try reading.get()
      remarks = overrides.remarks
      let input = try state.input(
        overrides, for: fleetID, content: content, &remarks, &step)
      return TriggeredRun(
        id: try state.accept(fleetID, by: .api, input, &step), fleetID: fleetID,
        projectID: project.id, organizationID: organization.id,
        organizationName: organization.name)
    }
    var response = Response.json(
      .created, run.wire(requestID: requestID, logBase: call.baseURL))
    for remark in remarks { response.shortRemark(remark) }
    return .now(response)
  }
}

extension ShipyardState {
  /// Stores what a trigger brought; `overrides` that change nothing are not kept.
  mutating func input(
    _ overrides: VesselOverrides, for fleetID: ResourceID, content: [UInt8],
    _ remarks: inout [String], _ step: inout Step
  ) throws(ShipyardError) -> RunInput? {
    guard !overrides.byVessel.isEmpty, let key = fleets[fleetID]?.versionKey,
      let vessels = versions[key]?.definition.vessels
    else { return nil }
    var input = RunInput()
    var unknown = TextSet(overrides.byVessel.keys)
    for (position, vessel) in vessels.enumerated() {
      guard let variables = overrides.byVessel[vessel.name] else { continue }
      unknown.remove(vessel.name)
      guard let status = variables[VesselOverrides.statusVariable] else { continue }
      input.skipped[position] = VesselOverrides.exitCode(ofStatus: status)
      if input.skipped[position] == nil, !status.isEmpty {
        remarks.append(
          "\(VesselOverrides.statusVariable) '\(status)' is unknown and skips nothing: "
            + "expected SUCCESS, SUCCESSFUL, ERROR or ERRORED")
      }
    }
    if let name = unknown.min() {
      let reason = "the fleet has no vessel named '\(name)': its overrides are ignored"
      if isStrict { throw .badRequest(reason) }
      remarks.append(reason)
    }
    do {
      input.overrides = try step.blobs.store(content)
    } catch {
      throw .noRoom
    }
    return input
  }

  /// Adds a run, or says that there is no room for one.
  /// - Returns: its id.
  mutating func accept(
    _ fleetID: ResourceID, by trigger: RunTrigger, _ input: RunInput?, _ step: inout Step
  ) throws(ShipyardError) -> ResourceID {
    forgetOldRuns(step)
    guard hasRoomForRun,
      let id = addRun(of: fleetID, by: trigger, input: input, &step)
    else {
      if let blob = input?.overrides { step.blobs.remove(blob) }
      if let blob = input?.webhook?.content { step.blobs.remove(blob) }
      throw .noRoom
    }
    return id
  }
}

/// What the answer to a trigger tells: not the run itself, all of whose voyages would be copied.
struct TriggeredRun: Sendable {
  let id: ResourceID
  let fleetID: ResourceID
  let projectID: ResourceID
  let organizationID: ResourceID
  let organizationName: String

  /// **Shape**: `{"request": {"id"}, "data": {"fleet_id", "project_id", "org_id", "fleet_run_id"},
  /// "log": URL}`; a webhook's answer has no `log`.
  func wire(requestID: String, logBase: String?) -> [UInt8] {
    var json = JSONWriter(reserving: 512)
    json.object { json in
      json.key("request")
      json.object { $0.member("id", requestID) }
      json.key("data")
      json.object { json in
        json.member("fleet_id", fleetID)
        json.member("project_id", projectID)
        json.member("org_id", organizationID)
        json.member("fleet_run_id", id)
      }
      if let logBase {
        var log: [UInt8] = []
        log.reserveCapacity(256)
        log.append(contentsOf: logBase.utf8.span)
        log.append(UInt8(ascii: "/"))
        log.append(contentsOf: PercentCoding.encode(organizationName).utf8.span)
        log.append(contentsOf: "/projects/".utf8.span)
        projectID.append(to: &log)
        log.append(contentsOf: "/fleets/".utf8.span)
        fleetID.append(to: &log)
        log.append(contentsOf: "/logs/".utf8.span)
        id.append(to: &log)
        json.member("log", log.span)
      }
    }
    return json.bytes
  }
}
