import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// The platform's front, and a multi-manager.
enum PlatformHandlers {
  static func spaces(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.writing { state, json in
      json.array { json in
        for key in state.spaceOrder {
          guard let id = state.spaces.read(key, { $0.id }) else { continue }
          json.object { $0.member("id", id) }
        }
      }
    }
  }

  static func list(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    guard scope.call.parameters["hub"] == nil else { throw .notFound("a hub lists no spaces") }
    return try spaces(scope)
  }

  static func info(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let isHub = scope.call.parameters["hub"] != nil
    let tenant = scope.call.tenant
    return try scope.writing { state, json in
      if isHub {
        guard let hub = scope.hub(in: state) else { return json.object { _ in } }
        return state.write(hub, into: &json)
      }
      var ids = IDSource(seed: tenant.seed, tenant: tenant.name)
      json.object { json in
        json.member("apiBase", "/api/v1")
        json.member("apiPort", 11000)
        json.member("id", ids.uuid("multi-manager"))
        json.member("managersCount", state.spaces.count)
      }
    }
  }

  static func preflight(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    .now(scope.reply(preflightResponse))
  }

  // MARK: Spaces of a multi-manager

  static func startSpace(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    let given = (body?["manager"]?["id"] ?? body?["id"])?.stringValue
    let id = try scope.world.mutate { state, step throws(ScramjetError) -> String in
      let id = given ?? step.ids.uuid("space")
      guard !id.isEmpty, id.utf8.count <= 256, !id.contains("/") else {
        throw ScramjetError(400, "Invalid manager id")
      }
      if state.space(id) != nil {
        throw ScramjetError(409, "Manager with id \(id) already exists.")
      }
      state.addSpace(id, &step)
      return id
    }
    return scope.json(["id": .string(id)], .accepted)
  }

  static func stopSpace(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let id = scope.parameter("space")
    try scope.world.mutate { state, step throws(ScramjetError) in
      guard let space = state.space(id) else { throw .notFound("there is no space \"\(id)\"") }
      state.removeSpace(space.serial, &step)
    }
    return scope.json(["id": .string(id)])
  }

  // MARK: Access keys

  private static func space(
    _ scope: Scope, _ state: borrowing ScramjetState
  ) throws(ScramjetError) -> Space {
    let id = scope.parameter("space")
    guard let space = state.space(id) else { throw .notFound("there is no space \"\(id)\"") }
    return space
  }

  static func listKeys(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    try scope.json { state throws(ScramjetError) in
      let list: [JSON] = try space(scope, state).accessKeys.all.map { key in
        [
          "created": .integer(Int(key.created.epochMilliseconds)),
          "description": .string(key.description),
        ]
      }
      return ["accessKeys": .array(list)]
    }
  }

  static func createKey(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let body = try RequestChecks.json(scope.call)
    let description = body?["description"]?.stringValue ?? ""
    let key = try scope.world.mutate { state, step throws(ScramjetError) -> AccessKeys.AccessKey in
      let serial = try space(scope, state).serial
      let key = AccessKeys.AccessKey(
        key: step.ids.token("access key", count: 32), description: description, created: step.now)
      state.spaces[serial]?.accessKeys.append(key)
      return key
    }
    return scope.json([
      "accessKey": .string(key.key), "description": .string(key.description),
      "created": .integer(Int(key.created.epochMilliseconds)),
    ])
  }

  static func revokeKeys(_ scope: Scope) throws(ScramjetError) -> ServiceAnswer {
    let all = scope.fields["x-revoke-all"] == "true"
    let one = scope.fields["x-revoke"]
    let reply = try scope.world.mutate { state, step throws(ScramjetError) -> JSON in
      let space = try space(scope, state)
      if all {
        state.spaces[space.serial]?.accessKeys = AccessKeys()
        return [
          "message": "All access keys revoked", "keysRevoked": .integer(space.accessKeys.count),
        ]
      }
      guard let one else { throw ScramjetError(400, "Missing header: x-revoke") }
      guard space.accessKeys.contains(one) else {
        throw ScramjetError(404, "Access key not found")
      }
      state.spaces[space.serial]?.accessKeys.remove(one)
      for hub in space.hubs where state.hubs[hub]?.accessKey == one {
        state.disconnectHub(hub, reason: "key_revoked", by: "its access key was revoked", &step)
      }
      return ["message": "Access key revoked"]
    }
    return scope.json(reply)
  }

  /// Source: hub 1.0.1 on the wire, which forgets PUT.
  static var preflightResponse: Response {
    var response = Response(.ok)
    response.fields.append("Access-Control-Allow-Headers", "*")
    response.fields.append("Access-Control-Allow-Methods", "DELETE, POST, PUT, GET, OPTIONS")
    return response
  }
}
