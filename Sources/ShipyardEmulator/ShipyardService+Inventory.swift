package import EmulatorKernel
import PayloadCodecs

extension ShipyardService {
  /// Fleets as they are written, runs that somebody asked for, uploaded files. How far a run is depends
  /// on the time, so only that it went wrong is told; what a schedule planned is nobody's doing.
  package func inventory(_ world: World<ShipyardState>) -> [WorldThing] {
    let blobs = world.blobs
    return world.read { state in
      var things: [WorldThing] = []
      for organization in state.organizationIDs.compactMap({ state.organizations[$0] }) {
        let place = ["organization \(organization.name)"]
        for id in organization.projectIDs {
          guard let project = state.projects[id] else { continue }
          for fleetID in organization.fleetIDs {
            guard let fleet = state.fleets[fleetID], fleet.projectID == id,
              let version = state.versions[fleet.versionKey]
            else { continue }
            things.append(
              Self.thing(fleet, version.definition, place + ["project \(project.name)"]))
          }
        }
        for blueprint in organization.blueprintIDs.compactMap({ state.blueprints[$0] }) {
          things.append(WorldThing("blueprint", place + ["blueprint \(blueprint.name)"]))
        }
      }
      for position in state.runs.startIndex..<state.runs.endIndex {
        if let thing = Self.thing(state.runs[position], copy state) { things.append(thing) }
      }
      // As they came: the table has another order in each process.
      let files = state.externalFiles.values.sorted { $0.content.value < $1.content.value }
      for file in files {
        things.append(
          WorldThing(
            "external file", ["file \(file.fileName ?? "")"],
            ["content": blobs.blob(file.content).map { WorldThing.digest($0.bytes) } ?? .null]))
      }
      return things
    }
  }

  private static func thing(
    _ fleet: Fleet, _ definition: FleetDefinition, _ place: [String]
  ) -> WorldThing {
    let vessels = definition.vessels.map { vessel in
      let code = JSON { json in json.object { vessel.write(into: &$0, hiding: nil) } }
      return (key: vessel.name, value: code)
    }
    return WorldThing(
      "fleet", place + ["fleet \(definition.name)"],
      [
        "vessels": .object(JSONObject(vessels)),
        "connections": .array(
          definition.connections.map { connection in
            [
              .integer(connection.from), .integer(connection.to),
              .string(connection.condition.rawValue),
            ]
          }),
        "schedules": .integer(definition.schedules.count),
        "webhook": fleet.webhook == nil ? .null : true,
      ])
  }

  private static func thing(_ run: FleetRun, _ state: ShipyardState) -> WorldThing? {
    guard !run.isWithdrawn, run.trigger != .schedule, let version = state.versions[run.versionKey]
    else { return nil }
    let wentWrong: Bool =
      switch run.status {
      case .scheduled, .running, .retrying, .success: false
      case .errored, .terminated, .incomplete: true
      }
    return WorldThing(
      "run", ["fleet \(version.definition.name)"],
      [
        "trigger": .string(run.trigger.rawValue),
        "ended": wentWrong ? .string(run.status.rawValue) : .null,
        "hasOverrides": run.input?.overrides == nil ? .null : true,
      ])
  }
}
