import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `GET …/fleetruns` and `GET …/runs`: one table under two paths. `/fleetruns` is always CSV,
  /// whatever `Accept` says, because its reader asks for JSON and parses CSV.
  /// Source: shipyard-api 0.3.0, `get_run_status` and `get_fleet_runs`.
  func listRuns() throws(ShipyardError) -> ServiceAnswer { try exportRuns(mayBeJSON: false) }

  func exportRuns() throws(ShipyardError) -> ServiceAnswer { try exportRuns(mayBeJSON: true) }

  private func exportRuns(mayBeJSON: Bool) throws(ShipyardError) -> ServiceAnswer {
    guard world.isSkipping else { return .now(try presentRuns(mayBeJSON: mayBeJSON)) }
    let fleetID = try world.read { state throws(ShipyardError) in try fleet(in: state).2 }
    return try asking(about: [fleetID]) { () throws(ShipyardError) in
      try presentRuns(mayBeJSON: mayBeJSON)
    }
  }

  private func presentRuns(mayBeJSON: Bool) throws(ShipyardError) -> Response {
    let now = world.now
    let (export, isJSON) = try world.read { state throws(ShipyardError) -> (RunExport, Bool) in
      let (_, _, fleetID) = try fleet(in: state)
      let export = RunExport(state, runsOf: fleetID, since: try oldest(now, state.settings))
      return (export, mayBeJSON ? try wantsJSON(state.settings) : false)
    }
    return isJSON ? export.jsonResponse() : export.csvResponse()
  }

  /// `GET …/voyages`.
  func exportVoyages() throws(ShipyardError) -> ServiceAnswer {
    guard world.isSkipping else { return .now(try presentVoyages()) }
    let fleetIDs = try world.read { state throws(ShipyardError) in try visibleFleets(state) }
    return try asking(about: fleetIDs) { () throws(ShipyardError) in try presentVoyages() }
  }

  private func presentVoyages() throws(ShipyardError) -> Response {
    let now = world.now
    let export = try world.read { state throws(ShipyardError) -> RunExport in
      let fleetIDs = try visibleFleets(state)
      let isAll = fleetIDs.count == state.fleets.count
      return RunExport(
        state, voyagesOf: isAll ? nil : Set(fleetIDs), since: try oldest(now, state.settings))
    }
    return export.csvResponse()
  }

  private func visibleFleets(
    _ state: borrowing ShipyardState
  ) throws(ShipyardError) -> [ResourceID] {
    let (organization, grant) = try organization(in: state)
    guard grant?.projects != nil else { return organization.fleetIDs }
    return organization.fleetIDs.filter { id in
      state.fleets[id].map { grant.maySee(project: $0.projectID) } ?? false
    }
  }

  /// `days=N` limits the age; 0 as if absent.
  /// Fidelity: seen in client; errors and the default age assumed.
  private func oldest(
    _ now: VirtualInstant, _ settings: ShipyardSettings
  ) throws(ShipyardError) -> VirtualInstant {
    var days = settings.retentionDays
    if let text = call.request.target.queryValue("days") {
      guard !text.isEmpty, text.utf8.allSatisfy({ $0 &- 0x30 < 10 }) else {
        throw .badRequest("days must be a whole number, not '\(text)'")
      }
      // A number too large for us reaches back to the beginning anyway.
      let asked = Int(text) ?? .max
      if asked > 0 { days = asked }
    }
    return now.advanced(bySeconds: -86_400 * Int64(min(days, 100_000)))
  }

  private func wantsJSON(_ settings: ShipyardSettings) throws(ShipyardError) -> Bool {
    switch call.request.target.queryValue("format") {
    case nil: settings.exportsRunsAsJSON
    case "json": true
    case "csv": false
    case let format?: throw .badRequest("format must be csv or json, not '\(format)'")
    }
  }
}

extension RunExport {
  /// So much is sent in one piece with its length, more is made while it is sent.
  private static let pieceByteCount = 64 * 1024

  /// The charset matters: without it `requests` reads `text/*` as ISO-8859-1.
  func csvResponse() -> Response {
    var export = self
    var response = Response(.ok)
    response.fields.append("Content-Type", "text/csv; charset=utf-8")
    let first = export.nextPiece(byteCount: Self.pieceByteCount) ?? []
    if first.count < Self.pieceByteCount {
      response.body = .bytes(first)
    } else {
      let rest = export
      response.body = .stream(length: nil) { writer in
        try await writer.write(first)
        var export = rest
        while let piece = export.nextPiece(byteCount: Self.pieceByteCount) {
          try await writer.write(piece)
        }
      }
    }
    return response
  }

  /// Not the service's own form: for `get_fleet_runs`, which cannot read what the service sends.
  /// **Shape**: `{"data_kind": "fleet_runs", "data": [{"Fleet ID": …, …}, …]}`, absent as null.
  func jsonResponse() -> Response {
    var response = Response(.ok)
    response.fields.append("Content-Type", "application/json")
    let start = self
    response.body = .stream(length: nil) { writer in
      var export = start
      var json = JSONWriter()
      json.beginObject()
      json.member("data_kind", "fleet_runs")
      json.key("data")
      json.beginArray()
      while let run = export.nextRun() {
        run.write(&json, export.version(of: run))
        if json.bytes.count >= Self.pieceByteCount { try await writer.write(json.take()) }
      }
      json.endArray()
      json.endObject()
      try await writer.write(json.bytes)
    }
    return response
  }
}

extension FleetRun {
  fileprivate func write(_ json: inout JSONWriter, _ version: FleetVersion?) {
    let values: [JSON] = [
      .string(fleetID.text), .string(version?.definition.name ?? ""),
      .integer(version?.number ?? 0), .string(id.text), .string(status.rawValue),
      JSON(startedAt?.iso8601()), JSON(endedAt?.iso8601()),
      duration.map(JSON.integer) ?? .null, billableRuntime.map(JSON.integer) ?? .null,
      .integer(voyages.count), .string(trigger.rawValue),
    ]
    json.object { json in
      for (name, value) in zip(RunExport.runColumns, values) { json.member(named: name, value) }
    }
  }
}
