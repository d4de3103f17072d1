package import EmulatorKernel
package import HTTPModel
package import PayloadCodecs

/// One service behind the pipeline, without sockets: requests in, answers out. Its clock stands
/// until it is moved, unless a test lets it skip.
///
/// A service's tests add what only they need as an extension.
package struct ServiceHarness: Sendable {
  package let pipeline: Pipeline
  private let client: TestClient
  /// Sent in the fields of every service; nil: no key at all.
  package var key: String? = "any"
  /// Sent with every request, before its own.
  package var fields = Fields()

  /// Monday, at ten.
  package static let start = "2026-01-05T10:00:00Z"

  /// - Parameters:
  ///   - given: the service's own section of a scenario; `behaviors` likewise.
  ///   - start: where its clock stands, and the wall's.
  package init(
    _ service: any EmulatedService, given: JSON? = nil, behaviors: JSON? = nil,
    start: String = ServiceHarness.start, mode: ClockMode = .manual, seed: UInt64 = 0,
    isStrict: Bool = false, keys: [CredentialKeys.Key]? = nil,
    outbound: OutboundAllowance = .local, storageLimit: UInt64 = 4 << 30
  ) throws {
    guard let instant = VirtualInstant(iso8601: start) else { throw Unfit.noInstant(start) }
    var blueprint = TenantBlueprint(
      seed: seed, clock: .init(mode, start: instant), keys: keys,
      given: given.map { [service.name: $0] } ?? [:],
      behaviors: behaviors.map { [service.name: $0] } ?? [:], isStrict: isStrict)
    blueprint.outbound = outbound
    try self.init(
      Pipeline(
        services: [service],
        configuration: PipelineConfiguration(
          blueprint: blueprint, wall: { instant }, storageLimit: storageLimit)))
  }

  package init(_ pipeline: Pipeline) {
    self.pipeline = pipeline
    client = TestClient(pipeline)
  }

  package enum Unfit: Error { case noInstant(String), noService(String) }

  // MARK: Requests

  /// - Parameter body: empty: no content.
  package func send(
    _ method: Method, _ target: String, _ fields: [(String, String)] = [], body: [UInt8] = [],
    from peer: PeerAddress? = nil
  ) async throws -> Reply {
    let client = peer.map { TestClient(pipeline, address: $0) } ?? client
    let reply = await client.send(request(method, target, fields, body), body)
    if let failure = reply.failure { throw failure }
    return reply
  }

  /// The answer with a streamed body that has not been run.
  package func answer(
    _ method: Method, _ target: String, _ fields: [(String, String)] = [], body: [UInt8] = []
  ) async -> Response {
    await client.answer(request(method, target, fields, body), body)
  }

  private func request(
    _ method: Method, _ target: String, _ fields: [(String, String)], _ body: [UInt8]
  ) -> Request {
    var lines = Fields()
    if let key {
      lines.append("Authorization", "Bearer \(key)")
      lines.append("X-Shipyard-API-Key", key)
    }
    for (name, value) in self.fields.pairs { lines.append(name, value) }
    for (name, value) in fields { lines.append(name, value) }
    return TestClient.request(method, target, lines, body.isEmpty ? nil : body)
  }

  /// Sends a JSON document.
  package func post(
    _ target: String, _ body: JSON, _ fields: [(String, String)] = []
  ) async throws -> Reply {
    try await send(
      .post, target, [("Content-Type", "application/json")] + fields, body: body.serialized())
  }

  // MARK: The world

  package var live: LiveTenant { pipeline.tenants.default }
  package var tenant: Tenant { live.tenant }
  package var now: VirtualInstant { tenant.clock.now }
  /// The state as the console shows it.
  package var state: JSON { live.slots[0].describe() }

  package func advance(_ duration: Duration) { tenant.advance(to: now + duration) }

  package func advance(to text: String) throws {
    guard let instant = VirtualInstant(iso8601: text) else { throw Unfit.noInstant(text) }
    tenant.advance(to: instant)
  }

  /// - Throws: also where the service does not know such an event.
  package func emit(_ event: JSONObject) throws {
    guard try live.emit(event) else { throw Unfit.noService("\(event)") }
  }
}
