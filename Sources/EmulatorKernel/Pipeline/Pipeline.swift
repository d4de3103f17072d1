package import HTTPModel
package import PayloadCodecs

/// The way of a request: tenant → operation → rules → service → journal.
///
/// **Compose**: `Pipeline(services: services, configuration: .serving(blueprint))` is a
/// `Responder`; put `AdminResponder` of the control plane in front of it. The blueprint's world is
/// made at once, so whatever is wrong with a scenario is thrown here.
///
/// **Isolation**: stateless but for its parts; called on any loop. A request without rules whose
/// service answers at once costs three short locks on the tenant's journal, one on the service's
/// state, one on its operation's counters, and no task.
package final class Pipeline: Responder {
  package let services: [any EmulatedService]
  package let operations: OperationTable
  package let tenants: TenantRegistry
  package let metrics: Metrics
  let landings = Landings()
  private let keyFields: KeyFields
  /// See `PipelineConfiguration`.
  package let readScenario: (@Sendable (JSON) throws(ScenarioProblems) -> TenantBlueprint)?

  package init(
    services: [any EmulatedService], configuration: PipelineConfiguration
  ) throws(ScenarioProblems) {
    self.services = services
    operations = OperationTable(services)
    keyFields = KeyFields(services.flatMap(\.keyFields))
    metrics = Metrics(operationCount: operations.entries.count)
    readScenario = configuration.readScenario
    tenants = try TenantRegistry(services: services, configuration: configuration)
  }

  // MARK: Responder

  package func respond(to request: Request, exchange: inout Exchange) -> Answer {
    metrics.began()
    let addressee = Addressee(request, keyFields: keyFields)
    var inner = request
    if addressee.prefixLength > 0 {
      inner.target = request.target.droppingPathPrefix(addressee.prefixLength)
    }
    let arrival = Arrival(
      request: request, inner: inner, host: addressee.host, exchange: exchange)
    switch addressee.tenant {
    case .byDefault:
      return begin(
        arrival, in: tenants.useDefault(), &exchange.tag, isUnnamed: !addressee.isNamed)
    case .named(let name):
      if let here = tenants.useIfHere(name) { return begin(arrival, in: here, &exchange.tag) }
      if tenants.mustLoad(name) { return load(name, arrival, &exchange.tag) }
      do {
        return begin(arrival, in: try tenants.use(name), &exchange.tag)
      } catch {
        return refuse(inner, error)
      }
    case .malformed(let name):
      return refuseTenant(
        inner, .badRequest, 400,
        "\"\(name)\" is no tenant's name: expected [a-z0-9][a-z0-9-]{0,62}")
    }
  }

  /// The tenant is here, its use begun, which ends with the exchange.
  /// - Parameter isUnnamed: the request does not say that it means this one.
  func begin(
    _ arrival: Arrival, in cloud: Cloud, _ tag: inout UInt64, isUnnamed: Bool = false
  ) -> Answer {
    let resolution = resolve(arrival.inner, host: arrival.host, in: cloud)
    if isUnnamed, let answer = answerAsHolder(arrival, resolution, &tag) {
      cloud.tenant.uses.end()
      return answer
    }
    let now = cloud.tenant.clock.now
    let number = cloud.journal.open(
      JournalOpening(
        arrival.request, target: arrival.request.target, exchange: arrival.exchange,
        operationIndex: resolution.operationIndex, arrived: now, began: .now))
    tag = ExchangeTag.pack(cloud: cloud.id, number: number)
    let flight = Flight(
      cloud: cloud, number: number, exchange: arrival.exchange, request: arrival.inner,
      resolution: resolution)
    return answer(flight)
  }

  package func exchangeEnded(_ exchange: Exchange, outcome: ExchangeOutcome) {
    metrics.ended()
    if let tag = landings.ended(exchange.tag, outcome) { ended(exchange, tag, outcome) }
  }

  /// - Parameter tag: as `ExchangeTag` has it.
  func ended(_ exchange: Exchange, _ tag: UInt64, _ outcome: ExchangeOutcome) {
    let (id, number) = ExchangeTag.unpack(tag)
    guard number > 0, let cloud = tenants.find(id: id) else { return }
    defer { cloud.tenant.uses.end() }
    let found = cloud.journal.ended(
      number, of: exchange, at: cloud.tenant.clock.now, wall: .now, outcome)
    if let found {
      metrics.finished(operation: found.operation, duration: found.duration, outcome: outcome)
    }
  }

  func refuse(_ request: Request, _ problems: ScenarioProblems) -> Answer {
    if problems == .noRoom { return refuseTenant(request, .noRoom, 507, problems.text) }
    return refuseTenant(
      request, .internalError, 500, "The scenario does not start: \(problems.text)")
  }

  /// Refused before there is a tenant whose journal could tell.
  private func refuseTenant(
    _ request: Request, _ kind: ServiceFailure.Kind, _ status: Int, _ message: String
  ) -> Answer {
    let nearest = operations.nearest(to: request)
    var response = services[nearest?.serviceIndex ?? 0].failure(
      ServiceFailure(kind, status: status, message: message), operation: nil, request: request)
    response.guardContent()
    metrics.answered(operation: nil, status: response.status.code)
    return .now(response)
  }
}

/// A request whose tenant is named, not yet found.
struct Arrival: Sendable {
  let request: Request
  /// Without the tenant's prefix.
  let inner: Request
  let host: [UInt8]?
  let exchange: Exchange
}

/// One request on its way, with all that is known about it.
struct Flight: Sendable {
  let cloud: Cloud
  let number: UInt64
  let exchange: Exchange
  /// Without the tenant's prefix.
  let request: Request
  let resolution: Resolution
}

/// The tag by which the pipeline recognises an exchange when it ends: the tenant's id above the
/// exchange's number. A number of 2^40 takes years to reach.
enum ExchangeTag {
  static func pack(cloud: UInt32, number: UInt64) -> UInt64 {
    UInt64(cloud) << 40 | number & 0xFF_FFFF_FFFF
  }

  static func unpack(_ tag: UInt64) -> (cloud: UInt32, number: UInt64) {
    (UInt32(truncatingIfNeeded: tag >> 40), tag & 0xFF_FFFF_FFFF)
  }
}

extension ContentPolicy {
  /// Source: DESIGN §11, "content in memory for one operation".
  package static let defaultLimit = 16 * 1024 * 1024
}
