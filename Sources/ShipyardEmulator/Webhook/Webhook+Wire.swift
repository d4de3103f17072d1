import PayloadCodecs
package import EmulatorKernel
package import HTTPModel

extension ShipyardService {
  /// A webhook is `/{uuid}/{token}`, on any host; on the webhooks' own host every path is meant as
  /// one, and so is every path that begins with something like a UUID.
  package func claim(
    _ request: Request, in world: World<ShipyardState>
  ) -> Claim? {
    let (bytes, path) = (request.target.bytes, request.target.pathRange)
    // A webhook and its token are short; every path of no operation passes here.
    let end = min(path.upperBound, path.lowerBound + 1024)
    // The rest matters only behind what may be a webhook.
    let first = bytes.span.segment(from: path.lowerBound, to: end)
    guard first.map({ Self.resemblesUUID(bytes[$0]) }) ?? false || isWebhookHost(request) else {
      return nil
    }
    var segments = first.map { [$0] } ?? []
    while segments.count < 3, let last = segments.last,
      let next = bytes.span.segment(from: last.upperBound, to: end)
    { segments.append(next) }
    if end < path.upperBound { segments = [] }
    let ranges = segments.count == 2 ? segments : []
    let parameters = PathParameters(
      names: ranges.isEmpty ? [] : ["webhook", "token"], ranges: ranges, bytes: bytes)
    return Claim(Self.webhook, parameters)
  }

  private func isWebhookHost(_ request: Request) -> Bool {
    let name = "webhooks.app.shipyardapp.com"
    let host =
      request.target.authorityRange.map { request.target.bytes[$0] }
      ?? request.fields.valueBytes("host")
    return host?.prefix(name.utf8.count).map(\.asciiLowercased).elementsEqual(name.utf8) ?? false
  }

  /// Hexadecimal digits and four dashes, of about the right length: a UUID or a damaged one.
  private static func resemblesUUID(_ segment: ArraySlice<UInt8>) -> Bool {
    (30...42).contains(segment.count)
      && segment.count(where: { $0 == UInt8(ascii: "-") }) == 4
      && segment.allSatisfy { byte in
        byte == UInt8(ascii: "-") || byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
      }
  }
}

extension ShipyardCall {
  /// `POST /{uuid}/{token}`: any content, any fields, no key.
  /// Source: Shipyard documentation, "Webhook Triggers".
  func receiveWebhook() throws(ShipyardError) -> ServiceAnswer {
    guard call.request.method == .post else { throw .methodNotAllowed }
    let run = try world.mutate { state, step throws(ShipyardError) -> TriggeredRun in
      let (fleetID, organization, projectID) = try webhook(in: state)
      var stored: BlobID?
      if !content.isEmpty {
        do {
          stored = try step.blobs.store(content)
        } catch {
          throw .noRoom
        }
      }
      var input = RunInput()
      input.webhook = WebhookDelivery(
        call.request.fields, content: stored, contentLength: content.count)
      return TriggeredRun(
        id: try state.accept(fleetID, by: .webhook, input, &step), fleetID: fleetID,
        projectID: projectID, organizationID: organization.id,
        organizationName: organization.name)
    }
    return .now(.json(.created, run.wire(requestID: requestID, logBase: nil)))
  }

  /// The fleet that the webhook of the path starts.
  func webhook(
    in state: borrowing ShipyardState
  ) throws(ShipyardError) -> (ResourceID, Organization, project: ResourceID) {
    guard let id = id("webhook"), let fleetID = state.webhooks[id],
      let fleet = state.fleets[fleetID], fleet.webhook?.token == parameters["token"],
      let organization = state.organizations[fleet.organizationID]
    else { throw .badRequest("no fleet has a webhook at this URL") }
    guard organization.isRunnable else {
      throw .forbidden("the organization may not run fleets (is_runnable is false)")
    }
    return (fleetID, organization, fleet.projectID)
  }
}
