package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// What answers an endpoint, and what is asked of it before.
package struct ShipyardHandler: Sendable {
  /// What the path must name, for the key must be good for it.
  enum Place: Sendable {
    case anywhere, organization, project, fleet, webhook
  }

  /// Whether answering may take longer than a loop should be held. Exports come piece by piece.
  enum Length: Sendable {
    case short
    /// There is a row for each fleet.
    case longWithManyFleets
    /// There is a row for each vessel of a run.
    case longWithManyVessels
  }

  typealias Answer = @Sendable (ShipyardCall) -> () throws(ShipyardError) -> ServiceAnswer

  let place: Place
  let length: Length
  let answer: Answer

  init(within place: Place = .anywhere, length: Length = .short, _ answer: @escaping Answer) {
    self.place = place
    self.length = length
    self.answer = answer
  }
}

extension ShipyardService {
  package func respond(
    to call: Call, at endpoint: Endpoint<ShipyardService>, in world: World<ShipyardState>
  ) -> ServiceAnswer {
    let call = ShipyardCall(call, endpoint, world)
    let requestID = call.requestID
    do {
      let answer = try endpoint.handler.answer(call)()
      // Most are here: without a function around them.
      if case .now(let response) = answer { return .now(response.identified(requestID)) }
      return answer.map { $0.identified(requestID) }
    } catch {
      return .now(call.response(error))
    }
  }

  /// A key, an organization, a project, a fleet or a webhook that is wrong.
  package func refusal(
    of call: Call, at endpoint: Endpoint<ShipyardService>, in world: World<ShipyardState>
  ) -> Response? {
    let call = ShipyardCall(call, endpoint, world)
    do throws(ShipyardError) {
      try world.read { state throws(ShipyardError) in
        switch endpoint.handler.place {
        case .anywhere: _ = try call.grant(by: state)
        case .organization: _ = try call.organization(in: state)
        case .project: _ = try call.project(in: state)
        case .fleet: _ = try call.fleet(in: state)
        case .webhook: _ = try call.webhook(in: state)
        }
      }
      return nil
    } catch {
      return call.response(error)
    }
  }

  package func mayTakeLong(
    _ call: Call, at endpoint: Endpoint<ShipyardService>, in world: World<ShipyardState>
  ) -> Bool {
    switch endpoint.handler.length {
    case .short: false
    case .longWithManyFleets:
      world.box.read { $0.fleets.count + $0.organizations.count > 100 }
    case .longWithManyVessels:
      world.box.read { state in
        let fleet = call.id("fleet") ?? call.id("webhook").flatMap { state.webhooks[$0] }
        let key = fleet.flatMap { state.fleets[$0]?.versionKey }
        return key.flatMap { state.versions[$0] }?.definition.vessels.count ?? 0 > 100
      }
    }
  }
}

/// One call with what answering it needs. The handlers are its extensions, one file a resource.
struct ShipyardCall: Sendable {
  let call: Call
  let world: World<ShipyardState>
  let requestID: String
  /// What the endpoint asks of the key.
  let right: AccessKey.Right?

  init(_ call: Call, _ endpoint: Endpoint<ShipyardService>, _ world: World<ShipyardState>) {
    self.call = call
    self.world = world
    right = endpoint.right
    requestID = RequestID.make(tenant: call.tenant, number: call.number)
  }

  var parameters: PathParameters { call.parameters }
  var content: [UInt8] { call.content }

  func id(_ parameter: String) -> ResourceID? { call.id(parameter) }

  /// What the content says, or why it cannot be read: a key or an id that is wrong comes before
  /// content that is. The key first: nobody without one makes us read ten megabytes.
  func reading<Value>(
    _ read: () throws(ShipyardError) -> Value
  ) throws(ShipyardError) -> Result<Value, ShipyardError> {
    _ = try world.read { state throws(ShipyardError) in try grant(by: state) }
    return Result(catching: read)
  }

  static func json(_ content: [UInt8]) throws(ShipyardError) -> JSON {
    do { return try JSON(parsing: content) } catch {
      throw .badRequest("the content is no JSON: \(error)")
    }
  }

  static func object(_ json: JSON) throws(ShipyardError) -> JSONObject {
    if case .object(let object) = json { return object }
    throw .badRequest("the content must be a JSON object, not \(json.kindName)")
  }

  func response(_ error: ShipyardError) -> Response {
    ShipyardFailure.response(error, requestID: requestID).identified(requestID)
  }
}

extension Call {
  /// An id in the path; nil when it is no UUID, such as the `None` of a client without project.
  func id(_ parameter: String) -> ResourceID? {
    let parameters = parameters
    guard let written = parameters.writtenBytes(parameter) else { return nil }
    if let id = ResourceID(written.span) { return id }
    // With percent-coded characters.
    return parameters[parameter].flatMap { ResourceID($0) }
  }
}
