import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `GET /orgs`: what the key can see, as an array.
  /// Source: the former API reference; a tutorial shows a single object.
  func listOrganizations() throws(ShipyardError) -> ServiceAnswer {
    try listed("organizations") { state, json throws(ShipyardError) in
      let grant = try grant(by: state)
      for id in state.organizationIDs {
        guard let organization = state.organizations[id], grant.maySee(organization),
          organization.hasAPIAccess
        else { continue }
        organization.write(into: &json)
      }
    }
  }

  /// `GET /orgs/{o}/fleets`.
  func listFleets() throws(ShipyardError) -> ServiceAnswer {
    try listed("fleets") { state, json throws(ShipyardError) in
      let (organization, grant) = try organization(in: state)
      for id in organization.fleetIDs {
        guard let fleet = state.fleets[id], grant.maySee(project: fleet.projectID),
          let version = state.versions[fleet.versionKey]
        else { continue }
        fleet.write(version, into: &json)
      }
    }
  }

  /// **Shape**: `{"data_kind": KIND, "data": […]}`.
  /// - Parameter elements: writes them.
  private func listed(
    _ kind: String,
    _ elements: (borrowing ShipyardState, inout JSONWriter) throws(ShipyardError) -> Void
  ) throws(ShipyardError) -> ServiceAnswer {
    let text = try world.read { state throws(ShipyardError) -> [UInt8] in
      var json = JSONWriter(reserving: 1024)
      json.beginObject()
      json.member("data_kind", kind)
      json.key("data")
      json.beginArray()
      try elements(state, &json)
      json.endArray()
      json.endObject()
      return json.bytes
    }
    return .now(.json(.ok, text))
  }
}

extension Organization {
  fileprivate func write(into json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      json.member("name", name)
      json.member("created_at", createdAt, .microseconds)
      json.member("updated_at", updatedAt, .microseconds)
      json.member("has_billing", hasBilling)
      json.member("is_runnable", isRunnable)
      json.member("is_in_developer_plan", isInDeveloperPlan)
      json.member("is_over_developer_plan_limit", isOverDeveloperPlanLimit)
      json.member(
        "developer_plan_period_start", JSON(developerPlanPeriodStart?.iso8601(.microseconds)))
      json.member("developer_plan_period_end", JSON(developerPlanPeriodEnd?.iso8601(.microseconds)))
    }
  }
}

extension Fleet {
  /// "Pallet" is the internal word for a vessel's code.
  /// Fidelity: documented, but for the form of `edges` and the members `project_id`, `updated_at`
  /// and `version` (assumed; the documentation's sample is cut off).
  fileprivate func write(_ version: FleetVersion, into json: inout JSONWriter) {
    let vessels = version.definition.vessels
    json.object { json in
      json.member("org_id", organizationID)
      json.member("project_id", projectID)
      json.member("id", id)
      json.member("name", version.definition.name)
      json.member("created_at", createdAt, .microseconds)
      json.member("updated_at", updatedAt, .microseconds)
      json.member("version", version.number)
      json.array("pallet_ids") { json in for vessel in vessels { json.value(vessel.id) } }
      json.object("vessel_dag") { json in
        json.array("vertices") { json in for vessel in vessels { json.value(vessel.id) } }
        json.array("versions") { json in for _ in vessels { json.value(version.number) } }
        json.array("edges") { json in
          for connection in version.definition.connections {
            json.object { json in
              json.member("from", vessels[connection.from].id)
              json.member("to", vessels[connection.to].id)
              json.member("condition", connection.condition.rawValue)
            }
          }
        }
      }
    }
  }
}
