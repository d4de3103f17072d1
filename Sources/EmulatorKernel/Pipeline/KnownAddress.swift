import HTTPModel
import PayloadCodecs
import Synchronization

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
  /// What the tables alone say, with what the path names; nil where they have no operation, and what exists in
  /// the world may decide, which changes.
  let operation: Resolution?
  /// The operation's service finds it in the request; nil where there is none, or no operation.
  let credential: String?

  /// The content that came last behind this head, and what it was read as: who waits for something asks the
  /// same again, and to see that it is the same takes a tenth of reading it.
  private let lastContent = Mutex<(bytes: [UInt8], json: JSON)?>(nil)
  private let note = Mutex<(any AnyObject & Sendable)?>(nil)
  /// See `Call.note`.
  var serviceNote: (any AnyObject & Sendable)? {
    get { note.withLock { $0 } }
    set { note.withLock { $0 = newValue } }
  }
  /// What is kept of each head is small.
  private static let contentBytesMax = 1024

  private final class Nearest: Sendable {
    let operation: NearestOperation
    init(_ operation: NearestOperation) { self.operation = operation }
  }
  private let nearest = OnceReference<Nearest>()

  private final class Text: Sendable {
    let text: String
    init(_ text: String) { self.text = text }
  }
  private let baseURL = OnceReference<Text>()

  init(_ addressed: AddressedRequest, of pipeline: Pipeline) {
    let request = addressed.request
    self.pipeline = pipeline
    // Who has no prefix is not held: the request holds this.
    unprefixed = addressed.sent.target.bytes.count == request.target.bytes.count ? nil : request
    (tenant, isNamed, service) = (addressed.tenant, addressed.isNamed, addressed.service)
    operation = pipeline.operations.resolution(
      of: request.method, request.target, service: addressed.service)
    credential = operation.flatMap {
      pipeline.services[$0.serviceIndex].credential(of: request)
    }
  }

  /// The operation that a head of none is most like: looked for when first asked.
  func nearest(to request: Request) -> NearestOperation {
    if let known = nearest.load() { return known.operation }
    return nearest.storeIfNil(Nearest(pipeline.operations.nearest(to: request))).operation
  }

  /// See `Call.baseURL`: written when first asked for.
  func baseURL(_ write: () -> String) -> String {
    if let known = baseURL.load() { return known.text }
    return baseURL.storeIfNil(Text(write())).text
  }

  /// - Errors: as `JSON(parsing:)`.
  func json(_ content: [UInt8]) throws(JSONParseError) -> JSON {
    guard content.count <= Self.contentBytesMax else { return try JSON(parsing: content) }
    let known = lastContent.withLock { last -> JSON? in
      guard let last, last.bytes.isSame(as: content) else { return nil }
      return last.json
    }
    if let known { return known }
    let json = try JSON(parsing: content)
    lastContent.withLock { $0 = (content, json) }
    return json
  }
}
