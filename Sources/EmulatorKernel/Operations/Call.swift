package import PayloadCodecs
public import HTTPModel

/// One request on its way to a service, after the pipeline has found tenant and operation. Handed on by
/// services as they like: it is four words, as many as are handed on in registers.
@usableFromInline package struct Call: Sendable {
  @usableFromInline let head: RequestHead
  /// The content, for operations with the policy `.collected`; else empty.
  package let content: [UInt8]
  /// As the service found it; nil when the request carries none.
  package let credential: String?

  /// - Precondition: the request has an operation.
  init(_ head: RequestHead, content: [UInt8] = [], credential: String? = nil) {
    self.head = head
    self.content = content
    self.credential = credential
  }

  @inlinable package var request: Request { head.request }
  package var parameters: PathParameters { head.resolution.parameters }
  package var tenant: Tenant { head.live.tenant }
  package var exchange: Exchange { head.exchange }
  /// The number of the exchange in the tenant's journal.
  package var number: UInt64 { head.number }

  /// What the service has noted of the head, for all calls that have the very same one; nil until it notes
  /// something, and where a head does not come again. Which service has the call may depend on the world,
  /// so another's note may stand there.
  package var note: (any AnyObject & Sendable)? {
    get { head.note }
    nonmutating set { head.note = newValue }
  }

  /// The content as JSON.
  /// - Parameter collected: where the operation has collected it itself.
  package func json(_ collected: [UInt8]? = nil) throws(JSONParseError) -> JSON {
    try head.json(collected ?? content)
  }

  private var entry: OperationTable.Entry {
    guard let entry = head.entry else { preconditionFailure("a call is made of an operation") }
    return entry
  }
  package var operation: Operation { entry.operation }
  /// Where the endpoint stands in the service's table.
  var endpointIndex: Int { entry.endpointIndex }

  /// What the tenant's keys say about the credential.
  package var credentialVerdict: CredentialVerdict { tenant.keys.verdict(on: credential) }

  /// Scheme, host and tenant prefix for URLs in answers, without a slash at the end:
  /// `http://127.0.0.1:7070/_t/blue`. Who names the tenant to us as a proxy does so for each host.
  package var baseURL: String { head.baseURL }
}

extension Request {
  /// Scheme and host by which the caller reached us. A front that terminates TLS says so by
  /// `X-Forwarded-Proto`.
  package var origin: String { address("") }

  /// See `Call.baseURL`.
  func baseURL(in tenant: Tenant) -> String {
    let isNamedByProxy =
      arrival.map { $0.tunnelHost != nil && $0.proxyUser == tenant.name } ?? false
    return address(isNamedByProxy ? "" : tenant.urlPrefix)
  }

  /// The same with a path behind it.
  fileprivate func address(_ path: String) -> String {
    let isSecure =
      forwarded("x-forwarded-proto").map { $0.asciiLowercased == "https" } ?? arrival?.isSecure
      ?? false
    return String(
      pieces: isSecure ? "https://" : "http://",
      forwarded("x-forwarded-host") ?? host ?? arrivalHost ?? "127.0.0.1", path)
  }

  /// What the outermost of several fronts says: each adds its own behind those before.
  private func forwarded(_ name: String) -> String? {
    fields.contains(name) ? fields.list(name).first : nil
  }
}

extension Response {
  /// JSON content with its type.
  package static func json(
    _ status: Status, _ content: [UInt8], type: String = "application/json"
  ) -> Response {
    var response = Response(status, body: .bytes(content))
    // Behind it most answers get further lines: in room of their own from the beginning.
    if type == "application/json" {
      response.fields.append(jsonFields)
    } else {
      response.fields.append("Content-Type", type)
    }
    return response
  }

  /// Laid out once, for nearly all JSON that is answered.
  private static let jsonFields = Fields(["Content-Type": "application/json"])
}
