import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `GET /orgs`: what the key can see, as an array.
  /// Source: the former API reference; a tutorial shows a single object.
  func listOrganizations() throws(ShipyardError) -> ServiceAnswer {
    let organizations = try world.read { state throws(ShipyardError) -> [Organization] in
      let grant = try grant(by: state)
      return state.organizationIDs.compactMap { id in
        state.organizations[id].flatMap { grant.maySee($0) && $0.hasAPIAccess ? $0 : nil }
      }
    }
    return .now(.listed("organizations", organizations.map(\.json)))
  }

  /// `GET /orgs/{o}/fleets`.
  func listFleets() throws(ShipyardError) -> ServiceAnswer {
    let fleets = try world.read { state throws(ShipyardError) -> [JSON] in
      let (organization, grant) = try organization(in: state)
      return organization.fleetIDs.compactMap { id in
        guard let fleet = state.fleets[id], grant.maySee(project: fleet.projectID),
          let version = state.versions[fleet.versionKey]
        else { return nil }
        return fleet.json(version)
      }
    }
    return .now(.listed("fleets", fleets))
  }
}

extension Response {
  fileprivate static func listed(_ kind: String, _ data: [JSON]) -> Response {
    .json(.ok, JSON.object(["data_kind": .string(kind), "data": .array(data)]).serialized())
  }
}

extension Organization {
  fileprivate var json: JSON {
    [
      "id": .string(id.text), "name": .string(name),
      "created_at": .string(createdAt.iso8601(.microseconds)),
      "updated_at": .string(updatedAt.iso8601(.microseconds)),
      "has_billing": .bool(hasBilling), "is_runnable": .bool(isRunnable),
      "is_in_developer_plan": .bool(isInDeveloperPlan),
      "is_over_developer_plan_limit": .bool(isOverDeveloperPlanLimit),
      "developer_plan_period_start": JSON(developerPlanPeriodStart?.iso8601(.microseconds)),
      "developer_plan_period_end": JSON(developerPlanPeriodEnd?.iso8601(.microseconds)),
    ]
  }
}

extension Fleet {
  /// "Pallet" is the internal word for a vessel's code.
  /// Fidelity: documented, but for the form of `edges` and the members `project_id`, `updated_at`
  /// and `version` (assumed; the documentation's sample is cut off).
  fileprivate func json(_ version: FleetVersion) -> JSON {
    let ids = version.definition.vessels.map { JSON.string($0.id.text) }
    let edges = version.definition.connections.map { connection -> JSON in
      [
        "from": ids[connection.from], "to": ids[connection.to],
        "condition": .string(connection.condition.rawValue),
      ]
    }
    return [
      "org_id": .string(organizationID.text), "project_id": .string(projectID.text),
      "id": .string(id.text), "name": .string(version.definition.name),
      "created_at": .string(createdAt.iso8601(.microseconds)),
      "updated_at": .string(updatedAt.iso8601(.microseconds)),
      "version": .integer(version.number), "pallet_ids": .array(ids),
      "vessel_dag": [
        "vertices": .array(ids),
        "versions": .array(ids.map { _ in .integer(version.number) }), "edges": .array(edges),
      ],
    ]
  }
}
