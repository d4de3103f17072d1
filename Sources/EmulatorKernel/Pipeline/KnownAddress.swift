import HTTPModel

/// Whom a head means, and which operation, as far as that follows from the head alone: the same for all
/// requests that have the very same one.
final class KnownAddress: Sendable {
  /// Whose tables these are.
  let pipeline: Pipeline
  /// Without the tenant's prefix; nil: it has none.
  let unprefixed: Request?
  let tenant: Addressee.TenantChoice
  let isNamed: Bool
  let service: Int?
  /// Nil where the path takes more than a look into a table.
  let operation: Resolution?
  /// The operation's service finds it in the request; nil where there is none, or no operation.
  let credential: String?

  init(_ addressed: AddressedRequest, of pipeline: Pipeline) {
    let request = addressed.request
    self.pipeline = pipeline
    // Who has no prefix is not held: the request holds this.
    unprefixed = addressed.sent.target.bytes.count == request.target.bytes.count ? nil : request
    (tenant, isNamed, service) = (addressed.tenant, addressed.isNamed, addressed.service)
    let entry = pipeline.operations.plainMatch(
      request.method, request.target, service: addressed.service)
    operation = entry?.plainResolution
    credential = entry.flatMap { pipeline.services[$0.serviceIndex].credential(of: request) }
  }
}
