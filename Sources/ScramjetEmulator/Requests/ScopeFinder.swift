import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Finds who may do what where: the credential, then space, hub and instance of the path.
struct ScopeFinder {
  let call: Call
  let level: ScramjetHandler.Level
  let world: World<ScramjetState>

  /// Whether the path goes through the platform; a hub reached alone asks for no token.
  private var isThroughPlatform: Bool {
    let request = call.request
    guard request.method != .options, level == .platform || call.parameters.has("space") else {
      return false
    }
    // A multi-manager's own paths (`/cpm/…`, `/start`) are for those who run it.
    let (path, front) = (request.target.pathBytes, Self.platformFront.utf8.span)
    return path.count >= front.count
      && path.span.extracting(first: front.count).equalsIgnoringCase(front)
  }
  private static let platformFront = "/api/v1/space"

  /// - Returns: what the platform would have refused.
  /// - Errors: 401, 403.
  func authorize() throws(ScramjetError) -> [String] {
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

  typealias Place = (space: SpaceKey?, hub: HubKey?, instance: InstanceKey?, isStrict: Bool)

  /// - Errors: 404 for an unknown space, hub or instance; 503 for a hub that is away.
  func place() throws(ScramjetError) -> Place {
    let parameters = call.parameters
    return try world.read { state throws(ScramjetError) in try place(in: state, parameters) }
  }

  private func place(
    in state: borrowing ScramjetState, _ parameters: PathParameters
  ) throws(ScramjetError) -> Place {
    let isStrict = state.settings.isStrict
    if level == .platform { return (nil, nil, nil, isStrict) }
    let byDefault = state.defaultHubKey()
    let named = parameters["space"]
    let space =
      if let named { state.spaceKey(named) } else {
        byDefault.flatMap { state.hubs.read($0) { $0.space } }
      }
    if level == .manager, !parameters.has("hub") { return (space, byDefault, nil, isStrict) }
    guard let space else { throw .notFound("there is no space \"\(named ?? "")\"") }
    if let via = parameters["via"], state.hubKey(via, in: space) == nil {
      throw unknownHub(via, space, state)
    }
    guard level.isOfHub else { return (space, nil, nil, isStrict) }
    let id = parameters["hub"]
    guard let hub = id.map({ state.hubKey($0, in: space) }) ?? byDefault else {
      throw unknownHub(id ?? "", space, state)
    }
    guard state.hubs.read(hub, { $0.isConnected }) == true else { throw .isDown(state.hubs[hub]) }
    guard level == .instance else { return (space, hub, nil, isStrict) }
    let instance = parameters["id"] ?? ""
    guard let instance = state.hubs.read(hub, { $0.instances[instance] }) ?? nil else {
      throw .unknownInstance(parameters.written("id") ?? "")
    }
    return (space, hub, instance, isStrict)
  }

  private func unknownHub(
    _ id: String, _ space: SpaceKey, _ state: borrowing ScramjetState
  ) -> ScramjetError {
    let space = state.spaces.read(space) { $0.id } ?? ""
    return .notFound("there is no hub \"\(id)\" in the space \"\(space)\"")
  }
}
