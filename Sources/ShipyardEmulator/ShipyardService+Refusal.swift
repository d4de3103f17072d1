package import EmulatorKernel
package import HTTPModel

extension ShipyardService {
  /// A key, an organization, a project, a fleet or a webhook that is wrong.
  package func refusal(of call: Call, in world: World<ShipyardState>) -> Response? {
    guard let operation = ShipyardOperation(rawValue: call.operationIndex) else { return nil }
    let requestID = RequestID.make(tenant: call.tenant, number: call.number)
    let context = ShipyardCall(call: call, world: world, requestID: requestID)
    do throws(ShipyardError) {
      try world.read { state throws(ShipyardError) in
        if operation == .webhookReceive {
          _ = try state.fleetBehind(
            webhook: context.id("webhook"), token: call.parameters["token"])
        }
        guard let right = operation.rightToChange else { return }
        let grant = try state.grant(call, needs: right)
        let organization = try state.organization(context.id("org"), grant)
        guard operation.isAboutProject else { return }
        let project = try state.project(context.id("project"), of: organization, grant)
        if operation == .fleetRunCreate {
          _ = try state.fleetID(context.id("fleet"), of: project)
        }
      }
      return nil
    } catch {
      return ShipyardFailure.response(error, requestID: requestID).identified(requestID)
    }
  }
}

extension ShipyardOperation {
  /// What a key needs for those operations that have content; nil: no key, or no content.
  fileprivate var rightToChange: AccessKey.Right? {
    switch self {
    case .fleetRunCreate: .run
    case .fleetUpsert, .externalFileCreate, .blueprintCreate, .blueprintUpdate: .write
    default: nil
    }
  }

  fileprivate var isAboutProject: Bool { self == .fleetRunCreate || self == .fleetUpsert }
}
