package import EmulatorKernel
package import PayloadCodecs

extension ShipyardService {
  /// Organizations with projects, fleets and webhooks; the newest runs with the environment of each
  /// voyage, so that a test can see that an override arrived.
  package func describe(_ world: World<ShipyardState>) -> JSON {
    let blobs = world.blobs
    return world.read { state in WorldDescription(state: copy state, blobs: blobs).json }
  }
}

private struct WorldDescription {
  let state: ShipyardState
  let blobs: BlobStore

  /// Enough for a test to find its runs, and bounded.
  private static let runCount = 100
  private static let variableCount = 50_000

  var json: JSON {
    [
      "organizations": .array(
        state.organizationIDs.compactMap { state.organizations[$0].map(organization) }),
      "runsKept": .integer(state.runs.count),
      "runs": .array(newestRuns()),
    ]
  }

  private func organization(_ organization: Organization) -> JSON {
    [
      "id": .string(organization.id.text),
      "name": .string(organization.name),
      "isRunnable": .bool(organization.isRunnable),
      "projects": .array(
        organization.projectIDs.compactMap { state.projects[$0].map(project) }),
      "blueprints": .array(
        organization.blueprintIDs.compactMap { id in
          state.blueprints[id].map { ["id": .string(id.text), "name": .string($0.name)] }
        }),
    ]
  }

  private func project(_ project: Project) -> JSON {
    let fleetIDs = state.organizations[project.organizationID]?.fleetIDs ?? []
    return [
      "id": .string(project.id.text),
      "name": .string(project.name),
      "timezone": .string(project.timeZone.name),
      "fleets": .array(
        fleetIDs.compactMap { id in
          guard let found = state.fleets[id], found.projectID == project.id else { return nil }
          return fleet(found)
        }),
    ]
  }

  private func fleet(_ fleet: Fleet) -> JSON {
    let version = state.versions[fleet.versionKey]
    return [
      "id": .string(fleet.id.text),
      "name": JSON(version?.definition.name),
      "version": .integer(version?.number ?? 0),
      "webhook": JSON(fleet.webhook?.path),
      "vessels": .array(
        (version?.definition.vessels ?? []).map {
          ["id": .string($0.id.text), "name": .string($0.name)]
        }),
      "connections": .array(connections(version?.definition)),
      "runsInProgress": .integer(fleet.runsInProgress),
      "scheduled": .array(
        fleet.scheduledRuns.filter(state.runs.contains).map {
          .string(state.runs[$0].scheduledFor.iso8601())
        }),
    ]
  }

  /// By the vessels' names, for graphs.
  private func connections(_ definition: FleetDefinition?) -> [JSON] {
    guard let definition else { return [] }
    let names = definition.vessels.map(\.name)
    return definition.connections.compactMap { connection in
      guard names.indices.contains(connection.from), names.indices.contains(connection.to) else {
        return nil
      }
      return [
        "from": .string(names[connection.from]), "to": .string(names[connection.to]),
        "condition": .string(connection.condition.rawValue),
      ]
    }
  }

  private func newestRuns() -> [JSON] {
    var described: [JSON] = []
    var variablesLeft = Self.variableCount
    var position = state.runs.endIndex
    while position > state.runs.startIndex, described.count < Self.runCount, variablesLeft > 0 {
      position -= 1
      let found = state.runs[position]
      guard !found.isWithdrawn, let json = run(found, &variablesLeft) else { continue }
      described.append(json)
    }
    return described
  }

  private func run(_ run: FleetRun, _ variablesLeft: inout Int) -> JSON? {
    guard let version = state.versions[run.versionKey], let fleet = state.fleets[run.fleetID],
      let organization = state.organizations[fleet.organizationID],
      let project = state.projects[fleet.projectID]
    else { return nil }
    let overrides = run.input?.overrides.flatMap { blobs.blob($0) }.map {
      VesselOverrides(stored: $0.bytes)
    }
    let environment = VoyageEnvironment(
      run: run, version: version, organization: organization, project: project,
      overrides: overrides ?? .none,
      blueprintIDs: state.blueprintIDs(of: organization, for: version))
    var voyages: [JSON] = []
    for (index, voyage) in run.voyages.enumerated() where variablesLeft > 0 {
      let variables = environment.variables(of: index)
      variablesLeft -= variables.count
      voyages.append(
        describe(
          voyage, name: version.definition.vessels[index].name,
          output: state.output(of: run, index, version),
          attempts: state.attempts(of: run, index, version), variables))
    }
    return [
      "id": .string(run.id.text),
      "fleet": .string(version.definition.name),
      "fleetID": .string(run.fleetID.text),
      "version": .integer(version.number),
      "trigger": .string(run.trigger.rawValue),
      "status": .string(run.status.rawValue),
      "createdAt": .string(run.createdAt.iso8601(.microseconds)),
      "scheduledFor": .string(run.scheduledFor.iso8601(.microseconds)),
      "startedAt": JSON(run.startedAt?.iso8601(.microseconds)),
      "endedAt": JSON(run.endedAt?.iso8601(.microseconds)),
      "webhookParameters": run.input?.webhook?.parameters(blobs) ?? .null,
      "voyages": .array(voyages),
    ]
  }

  private func describe(
    _ voyage: Voyage, name: String, output: String,
    attempts: [(begin: VirtualInstant, end: VirtualInstant?)],
    _ variables: [(name: String, value: String)]
  ) -> JSON {
    [
      "id": .string(voyage.id.text),
      "vessel": .string(name),
      "status": .string(voyage.status.rawValue),
      "retries": .integer(voyage.retries),
      "exitCode": voyage.exitCode.map(JSON.integer) ?? .null,
      "startedAt": JSON(voyage.startedAt?.iso8601(.microseconds)),
      "endedAt": JSON(voyage.endedAt?.iso8601(.microseconds)),
      "attempts": .array(
        attempts.map { attempt in
          [
            "startedAt": .string(attempt.begin.iso8601(.microseconds)),
            "endedAt": JSON(attempt.end?.iso8601(.microseconds)),
          ]
        }),
      "output": .string(output),
      "environment": .object(
        JSONObject(variables.map { (key: $0.name, value: JSON.string($0.value)) })),
    ]
  }
}
