package import EmulatorKernel
package import HTTPModel

/// The emulated Shipyard API.
package struct ShipyardService: ServiceWithOperations {
  package typealias State = ShipyardState

  package let name = "shipyard"
  package let hostNames = [
    "api.app.shipyardapp.com", "webhooks.app.shipyardapp.com", "app.shipyardapp.com",
    "api.shipyardapp.com",
  ]
  package let operations = ShipyardOperation.allCases.map(\.operation)
  package let sources: [Fidelity: String] = [
    .documented: "the vendor's documentation, the API reference of 2022 with it",
    .seenInClient: "the Python package shipyard-api 0.3.0", .assumed: "no source",
  ]

  package init() {}

  /// Header names are compared without regard to case; `Authorization` is ignored, since `requests`
  /// adds one by itself where the user has a netrc entry.
  package func credential(of request: Request) -> String? {
    request.fields["X-Shipyard-API-Key"]
  }

  package func respond(to call: Call, in world: World<ShipyardState>) -> ServiceAnswer {
    let requestID = RequestID.make(tenant: call.tenant, number: call.number)
    let context = ShipyardCall(call: call, world: world, requestID: requestID)
    do {
      switch try answer(context) {
      case .now(let response): return .now(response.identified(requestID))
      case .later(let work):
        return .later { content in await work(content).identified(requestID) }
      }
    } catch {
      let response = ShipyardFailure.response(error, requestID: requestID)
      return .now(response.identified(requestID))
    }
  }

  /// What has a row for each fleet or for each vessel of a run; exports come piece by piece.
  package func mayTakeLong(_ call: Call, in world: World<ShipyardState>) -> Bool {
    switch ShipyardOperation(rawValue: call.operationIndex) {
    case .fleetList, .organizationList:
      world.box.read { $0.fleets.count + $0.organizations.count > 100 }
    case .fleetRunCreate, .fleetRunPage, .fleetGet, .webhookReceive:
      world.box.read { state in
        let fleet =
          call.parameters["fleet"].flatMap { ResourceID($0) }
          ?? call.parameters["webhook"].flatMap { ResourceID($0) }.flatMap { state.webhooks[$0] }
        let version = fleet.flatMap { state.fleets[$0] }.flatMap { state.versions[$0.versionKey] }
        return version?.definition.vessels.count ?? 0 > 100
      }
    default: false
    }
  }

  private func answer(_ call: ShipyardCall) throws(ShipyardError) -> ServiceAnswer {
    switch ShipyardOperation(rawValue: call.call.operationIndex) {
    case .fleetRunCreate: try call.triggerFleet()
    case .fleetRunList: try call.exportRuns(mayBeJSON: false)
    case .fleetRunExport: try call.exportRuns(mayBeJSON: true)
    case .voyageList: try call.exportVoyages()
    case .fleetUpsert: try call.upsertFleet()
    case .fleetGet: try call.fleetAsCode()
    case .organizationList: .now(try call.listOrganizations())
    case .fleetList: .now(try call.listFleets())
    case .externalFileCreate: .now(try call.storeExternalFile())
    case .blueprintCreate: try call.createBlueprint()
    case .blueprintUpdate: try call.updateBlueprint()
    case .webhookReceive: .now(try call.receiveWebhook())
    case .fleetRunPage: try call.showRunPage()
    case nil: throw .badRequest("no such operation")
    }
  }

  package func failure(
    _ failure: ServiceFailure, operation: Operation?, request: Request
  ) -> Response {
    let requestID =
      failure.tenant.map { RequestID.make(tenant: $0, number: failure.number) }
      ?? "00000000-0000-4000-8000-000000000000"
    return ShipyardFailure.response(failure, requestID: requestID).identified(requestID)
  }
}

extension Response {
  consuming func identified(_ requestID: String) -> Response {
    fields.append("X-Request-Id", requestID)
    return self
  }
}

/// One call with what answering it needs. The operations are its extensions, one file a resource.
struct ShipyardCall {
  let call: Call
  let world: World<ShipyardState>
  let requestID: String

  var parameters: PathParameters { call.parameters }
  var content: [UInt8] { call.content }

  /// Reads the content and goes on with what was read, or with why it cannot be: a key or an id that
  /// is wrong comes before content that is.
  func reading<Value: Sendable>(
    needs right: AccessKey.Right,
    _ read: @escaping @Sendable () throws(ShipyardError) -> Value,
    then: @escaping @Sendable (Result<Value, ShipyardError>) throws(ShipyardError) -> Response
  ) throws(ShipyardError) -> ServiceAnswer {
    // The key first: nobody without one makes us read ten megabytes.
    _ = try world.read { state throws(ShipyardError) in try state.grant(call, needs: right) }
    return .now(try then(Result(catching: read)))
  }

  /// An id in the path; nil when it is no UUID, such as the `None` of a client without project.
  func id(_ parameter: String) -> ResourceID? {
    parameters[parameter].flatMap { ResourceID($0) }
  }
}
