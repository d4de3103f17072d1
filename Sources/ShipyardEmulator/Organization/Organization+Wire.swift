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
    var json = JSONWriter()
    json.object { json in
      json.member("data_kind", "organizations")
      json.key("data")
      json.array { json in
        for organization in organizations { organization.write(&json) }
      }
    }
    return .now(.json(.ok, json.bytes))
  }

  /// `GET /orgs/{o}/fleets`.
  func listFleets() throws(ShipyardError) -> ServiceAnswer {
    let bytes = try world.read { state throws(ShipyardError) -> [UInt8] in
      let (organization, grant) = try organization(in: state)
      var json = JSONWriter(reserving: 4096)
      json.beginObject()
      json.member("data_kind", "fleets")
      json.key("data")
      json.beginArray()
      for id in organization.fleetIDs {
        guard let fleet = state.fleets[id], grant.maySee(project: fleet.projectID),
          let version = state.versions[fleet.versionKey]
        else { continue }
        fleet.write(&json, version)
      }
      json.endArray()
      json.endObject()
      return json.bytes
    }
    return .now(.json(.ok, bytes))
  }
}

extension Organization {
  func write(_ json: inout JSONWriter) {
    json.object { json in
      json.member("id", id.text)
      json.member("name", name)
      json.member("created_at", createdAt.iso8601(.microseconds))
      json.member("updated_at", updatedAt.iso8601(.microseconds))
      json.member("has_billing", hasBilling)
      json.member("is_runnable", isRunnable)
      json.member("is_in_developer_plan", isInDeveloperPlan)
      json.member("is_over_developer_plan_limit", isOverDeveloperPlanLimit)
      json.member(
        "developer_plan_period_start", JSON(developerPlanPeriodStart?.iso8601(.microseconds)))
      json.member(
        "developer_plan_period_end", JSON(developerPlanPeriodEnd?.iso8601(.microseconds)))
    }
  }
}

extension Fleet {
  /// "Pallet" is the internal word for a vessel's code.
  /// Fidelity: documented, but for the form of `edges` and the members `project_id`, `updated_at`
  /// and `version` (assumed; the documentation's sample is cut off).
  func write(_ json: inout JSONWriter, _ version: FleetVersion) {
    let vessels = version.definition.vessels
    json.object { json in
      json.member("org_id", organizationID.text)
      json.member("project_id", projectID.text)
      json.member("id", id.text)
      json.member("name", version.definition.name)
      json.member("created_at", createdAt.iso8601(.microseconds))
      json.member("updated_at", updatedAt.iso8601(.microseconds))
      json.member("version", version.number)
      json.key("pallet_ids")
      json.array { json in for vessel in vessels { json.value(vessel.id.text) } }
      json.key("vessel_dag")
      json.object { json in
        json.key("vertices")
        json.array { json in for vessel in vessels { json.value(vessel.id.text) } }
        json.key("versions")
        json.array { json in for _ in vessels { json.value(version.number) } }
        json.key("edges")
        json.array { json in
          for connection in version.definition.connections {
            json.object { json in
              json.member("from", vessels[connection.from].id.text)
              json.member("to", vessels[connection.to].id.text)
              json.member("condition", connection.condition.rawValue)
            }
          }
        }
      }
    }
  }
}
