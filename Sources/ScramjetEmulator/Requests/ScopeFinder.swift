import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Finds who may do what where: the credential, then space, hub and instance of the path.
struct ScopeFinder {
  let call: Call
  let level: ScramjetHandler.Level
  let world: World<ScramjetState>

  /// - Errors: 401, 403; 404 for an unknown space, hub or instance; 503 for a hub that is away.
  func find() throws(ScramjetError) -> Scope {
    let remarks = try authorize()
    let place = try world.read { state throws(ScramjetError) -> Place in try self.place(in: state) }
    return Scope(
      call: call, world: world, space: place.space, hub: place.hub, instance: place.instance,
      isStrict: place.isStrict, remarks: remarks)
  }

  /// Whether the path goes through the platform; a hub reached alone asks for no token.
  private var isThroughPlatform: Bool {
    guard call.request.method != .options,
      level == .platform || call.parameters["space"] != nil
    else { return false }
    // A multi-manager's own paths (`/cpm/…`, `/start`) are for those who run it.
    let path = call.request.target.path.asciiLowercased
    return path.hasPrefix("/api/v1/space")
  }

  private func authorize() throws(ScramjetError) -> [String] {
    guard isThroughPlatform else { return [] }
    switch call.credentialVerdict {
    case .accepted: return []
    case .missing:
      guard call.tenant.keys.areListed || world.read({ $0.settings.isStrict }) else {
        return ["the platform refuses requests without Authorization: Bearer TOKEN"]
      }
      throw Self.forbidden(401)
    case .refused(let status):
      let isKnown = call.credential.map { call.tenant.keys.knows($0) } ?? false
      throw Self.forbidden(isKnown ? status : 403)
    }
  }

  private static func forbidden(_ code: Int) -> ScramjetError {
    var error = ScramjetError(Status(code), "Forbidden")
    error.member = "message"
    return error
  }

  private typealias Place = (
    space: SpaceKey?, hub: HubKey?, instance: InstanceKey?, isStrict: Bool
  )

  private func place(in state: borrowing ScramjetState) throws(ScramjetError) -> Place {
    let isStrict = state.settings.isStrict
    if level == .platform { return (nil, nil, nil, isStrict) }
    let space: Space?
    if let id = call.parameters["space"] {
      space = state.space(id)
    } else {
      space = state.defaultHub.flatMap { state.spaces[$0.space] }
    }
    guard let space else {
      throw .notFound("there is no space \"\(call.parameters["space"] ?? "")\"")
    }
    if let via = call.parameters["via"], state.hub(via, in: space) == nil {
      throw .notFound("there is no hub \"\(via)\" in the space \"\(space.id)\"")
    }
    guard level.isOfHub else {
      return (space.serial, nil, nil, isStrict)
    }
    var hub = state.defaultHub
    if let id = call.parameters["hub"] { hub = state.hub(id, in: space) }
    guard let hub else {
      let id = call.parameters["hub"] ?? ""
      throw .notFound("there is no hub \"\(id)\" in the space \"\(space.id)\"")
    }
    guard hub.isConnected else { throw .isDown(hub) }
    guard level == .instance else { return (space.serial, hub.serial, nil, isStrict) }
    let id = call.parameters["id"] ?? ""
    guard let instance = hub.instances[id] else {
      throw .unknownInstance(call.parameters.written("id") ?? "")
    }
    return (space.serial, hub.serial, instance, isStrict)
  }
}
