import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardCall {
  /// `POST /orgs/{o}/temporary_external_files`: one part named `file`. By what the content is, not
  /// by its type, except for the boundary.
  /// Source: the former API reference, "Upload File".
  func storeExternalFile() throws(ShipyardError) -> ServiceAnswer {
    let upload = Result { () throws(ShipyardError) -> MultipartForm.Entry in try uploadedFile() }
    let file = try world.mutate { state, step throws(ShipyardError) -> ExternalFile in
      let (organization, _) = try organization(in: state)
      let entry = try upload.get()
      let requestID = ResourceID(&step.ids, "shipyard.upload")
      let url =
        "s3://production-shipyard-uploads-tmp/tmp/organizations/\(organization.id)/requests/"
        + "\(requestID).sefv2_\(step.ids.uuid("shipyard.uploadObject"))"
      do {
        let stored = ExternalFile(
          requestID: requestID, organizationID: organization.id, url: url,
          fileName: entry.part.filename, content: try step.blobs.store(entry.content))
        state.externalFiles[requestID] = stored
        return stored
      } catch {
        throw .noRoom
      }
    }
    var json = JSONWriter()
    json.object { json in
      json.object("data") { json in
        json.member("RequestID", file.requestID)
        json.member("ExternalFile", file.url)
      }
    }
    return .now(.json(.created, json.bytes))
  }

  private func uploadedFile() throws(ShipyardError) -> MultipartForm.Entry {
    do {
      let boundary = try MultipartBoundary(contentType: call.request.fields["content-type"] ?? "")
      var limits = MultipartLimits()
      limits.fieldBytesMax = ShipyardService.contentLimit
      let form = try MultipartForm.parse(content, boundary: boundary, limits: limits)
      if form.entries.count == 1, let file = form["file"] { return file }
    } catch {
      throw .badRequest("the content is no multipart form: \(error)")
    }
    throw .badRequest("the form must hold one part, named 'file'")
  }

  /// `POST /orgs/{o}/blueprints`.
  func createBlueprint() throws(ShipyardError) -> ServiceAnswer {
    let reading = try reading { () throws(ShipyardError) in try BlueprintDocument(content) }
    let blueprint = try world.mutate { state, step throws(ShipyardError) -> Blueprint in
      let organizationID = try organizationID(in: state)
      let document = try reading.get()
      let id = ResourceID(&step.ids, "shipyard.blueprint")
      guard let name = document.name, let palletType = document.palletType else {
        throw .badRequest("a blueprint needs name and pallet_type")
      }
      var blueprint = Blueprint(
        id: id, organizationID: organizationID, createdAt: step.now, updatedAt: step.now,
        name: name, palletType: palletType)
      try document.apply(to: &blueprint, state, &step.ids)
      state.blueprints[id] = blueprint
      state.organizations[organizationID]?.blueprintIDs.append(id)
      return blueprint
    }
    return .now(.json(.created, blueprint.wire))
  }

  /// `POST /orgs/{o}/blueprints/{b}`: only the members present change.
  func updateBlueprint() throws(ShipyardError) -> ServiceAnswer {
    let reading = try reading { () throws(ShipyardError) in try BlueprintDocument(content) }
    let blueprint = try world.mutate { state, step throws(ShipyardError) -> Blueprint in
      let (organization, _) = try organization(in: state)
      guard let id = id("blueprint"), var blueprint = state.blueprints[id],
        blueprint.organizationID == organization.id
      else { throw .badRequest("the path names no blueprint of this organization") }
      let document = try reading.get()
      if let palletType = document.palletType, palletType != blueprint.palletType {
        throw .badRequest("pallet_type cannot change")
      }
      try document.apply(to: &blueprint, state, &step.ids)
      blueprint.updatedAt = step.now
      state.blueprints[id] = blueprint
      return blueprint
    }
    return .now(.json(.ok, blueprint.wire))
  }
}

extension Blueprint {
  /// **Shape**: `{"data_kind": "blueprint", "data": {"org_id", "id", …}}`; each entry of
  /// `spec_list` has its `id`, which an update refers to.
  /// Fidelity: the first members are documented, the rest is cut off there (assumed).
  var wire: [UInt8] {
    var json = JSONWriter(reserving: 512)
    json.object { json in
      json.member("data_kind", "blueprint")
      json.object("data") { json in
        json.member("org_id", organizationID)
        json.member("id", id)
        json.member("created_at", createdAt, .microseconds)
        json.member("updated_at", updatedAt, .microseconds)
        json.member("name", name)
        json.member("pallet_type", palletType.rawValue)
        json.members(of: members)
        json.array("spec_list") { json in for input in inputs { input.write(into: &json) } }
      }
    }
    return json.bytes
  }
}

extension Blueprint.Input {
  fileprivate func write(into json: inout JSONWriter) {
    json.object { json in
      json.member("id", id)
      for (key, value) in members.members {
        // A password's default is no secret of ours to tell.
        let isSecret = type == .password && key == "default" && value != "" && value != .null
        json.member(named: key, isSecret ? FleetSecrets.hidden : value)
      }
    }
  }
}
