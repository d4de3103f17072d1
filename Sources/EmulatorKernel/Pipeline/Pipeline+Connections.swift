package import HTTPModel
import PayloadCodecs

extension Pipeline {
  /// What the rules do to a peer that begins to speak TLS; nil: nothing, it is served. The tenant is the
  /// proxy's user or the one in the host, else the default one: more is not known before a request. A
  /// tenant that waits in its file is not read for this, since the connection's loop waits for the answer.
  package func fault(for arrival: TLSArrival) -> TLSFault? {
    guard let live = useTenant(of: arrival) else { return nil }
    defer { live.tenant.uses.end() }
    guard let engine = live.rules, engine.concernsConnections else { return nil }
    let clock = live.tenant.clock
    let service =
      operations.service(ofListener: arrival.listener)
      ?? operations.service(ofHost: Array(arrival.host.utf8)[...])
    let text = arrival.host.utf8.contains(UInt8(ascii: ":")) ? "[\(arrival.host)]" : arrival.host
    let request = Request(.other("TLS"), "https://\(text)")
    let (outcome, trace) = engine.decide(
      connection: RuleSubject(
        request: request, tenant: live.name, service: service.map { services[$0].name },
        operation: nil, connectionID: arrival.connectionID),
      now: clock.now, wall: clock.wallNow)
    guard case .tls(let fault) = outcome.fault else { return nil }
    let opening = JournalOpening(
      request, target: request.target,
      exchange: Exchange(
        connectionID: arrival.connectionID, sequenceNumber: 0, peer: arrival.peer),
      operationIndex: nil, arrived: clock.now, began: .now)
    live.journal.record(connection: opening, outcome, trace)
    metrics.struck(.tls(fault))
    return fault
  }

  /// Whether the default tenant's rules strike connections.
  package var hasTLSFaults: Bool { tenants.default.rules?.concernsConnections ?? false }

  /// Its use begins.
  private func useTenant(of arrival: TLSArrival) -> LiveTenant? {
    let suffix = ".tenant.localhost"
    let isNamed = arrival.host.count > suffix.count && arrival.host.hasSuffix(suffix)
    let hostTenant = isNamed ? String(arrival.host.dropLast(suffix.count)) : nil
    guard let text = arrival.proxyUser ?? hostTenant else { return tenants.useDefault() }
    switch Addressee.tenant(named: text) {
    case .byDefault: return tenants.useDefault()
    case .malformed: return nil
    case .named(let name):
      if let here = tenants.useIfHere(name) { return here }
      return tenants.mustLoad(name) ? nil : try? tenants.use(name)
    }
  }
}
