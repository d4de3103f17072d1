package import HTTPModel
package import PayloadCodecs

/// The way of a request: tenant → operation → rules → service → journal.
///
/// **Compose**: `Pipeline(services: [SteamshipService(), …], configuration: .serving(blueprint))` is a
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
  /// See `PipelineConfiguration`.
  package let readScenario: (@Sendable (JSON) throws(ScenarioProblems) -> TenantBlueprint)?

  package init(
    services: [any EmulatedService], configuration: PipelineConfiguration
  ) throws(ScenarioProblems) {
    self.services = services
    operations = OperationTable(services)
    metrics = Metrics(operationCount: operations.entries.count)
    readScenario = configuration.readScenario
    tenants = try TenantRegistry(services: services, configuration: configuration)
  }

  // MARK: Responder

  package func respond(to request: Request, exchange: inout Exchange) -> Answer {
    metrics.began()
    let addressee = Addressee(request)
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

  // MARK: Answering

  private func answer(_ flight: Flight) -> Answer {
    let rules = flight.cloud.rules.flatMap {
      $0.concerns(operation: flight.resolution.operationIndex) ? $0 : nil
    }
    guard let limit = contentLimit(flight, rules) else {
      return proceed(flight, nil, rules).asAnswer
    }
    guard flight.request.hasContent else { return proceed(flight, [], rules).asAnswer }
    let decision = decisionAtHead(flight, rules)
    if let decision, case .instead(let response) = decision.action,
      flight.request.expectsContinue || response.delivery.fault == .refuse
    {
      return .now(finish(response, flight, content: nil, decision: decision))
    }
    if flight.request.expectsContinue, let refusal = refusal(flight) {
      return .now(finish(refusal, flight, content: nil, decision: decision))
    }
    return .collect(limit: limit) { content in
      switch content {
      case .complete(let bytes):
        return self.proceed(flight, bytes, rules, decided: decision).asAnswer
      case .tooLarge(let limit): return self.refuseContent(flight, limit, decision)
      case .noRoom: return self.refuseRoom(flight, nil, decision).asAnswer
      }
    }
  }

  /// What the rules decide before the content is here: where a peer waits for 100 (Continue), which
  /// it shall not get for an answer that does not need its content (RFC 9110 §10.1.1), and where
  /// requests are refused. Nil: not before.
  private func decisionAtHead(_ flight: Flight, _ rules: (any RuleEngine)?) -> RuleDecision? {
    let operation = flight.resolution.operationIndex
    guard let rules, flight.request.expectsContinue || rules.mayRefuse(operation: operation),
      !rules.needsContent(operation: operation)
    else { return nil }
    return rules.decide(context(flight, nil))
  }

  /// What the service refuses by the head alone.
  private func refusal(_ flight: Flight) -> Response? {
    guard let index = flight.resolution.operationIndex else { return nil }
    let slot = flight.cloud.slots[operations.entries[index].serviceIndex]
    return slot.refusal(of: call(flight, index, content: []))
  }

  /// Up to how many bytes the content must be collected first; nil: not at all.
  private func contentLimit(_ flight: Flight, _ rules: (any RuleEngine)?) -> Int? {
    let policy = flight.resolution.operationIndex.map { operations.entries[$0].operation.content }
    switch policy {
    case .collected(let limit): return limit
    case .streamed: return nil
    case .ignored, nil:
      let wanted = rules?.needsContent(operation: flight.resolution.operationIndex) ?? false
      return wanted ? ContentPolicy.defaultLimit : nil
    }
  }

  private func refuseContent(
    _ flight: Flight, _ limit: Int, _ decision: RuleDecision?
  ) -> Answer {
    let response = failure(
      flight, ServiceFailure(.contentTooLarge(limit: limit), status: 413))
    return .now(finish(response, flight, content: nil, decision: decision))
  }

  /// Nothing was done: no memory is left for it.
  private func refuseRoom(
    _ flight: Flight, _ content: [UInt8]? = nil, _ decision: RuleDecision? = nil
  ) -> ServiceAnswer {
    .now(finish(failure(flight, .noRoom), flight, content: content, decision: decision))
  }

  /// Everything that is needed is here: rules, unless they have decided, then service.
  private func proceed(
    _ flight: Flight, _ content: [UInt8]?, _ rules: (any RuleEngine)?,
    decided: RuleDecision? = nil
  ) -> ServiceAnswer {
    if let decided { return proceed(flight, content, decided) }
    guard let rules else { return serve(flight, content, nil) }
    let context = context(flight, content)
    // A rule may look into all of the content.
    guard
      content?.count ?? 0 > Offload.inlineBytesMax
        || rules.mayTakeLong(operation: flight.resolution.operationIndex)
    else {
      return proceed(flight, content, rules.decide(context))
    }
    return later(flight) { body in
      let decision = await Offload.run { rules.decide(context) }
      return await self.proceed(flight, content, decision).response(body)
    }
  }

  private func proceed(
    _ flight: Flight, _ content: [UInt8]?, _ decision: RuleDecision
  ) -> ServiceAnswer {
    if case .instead(let response) = decision.action {
      return .now(finish(response, flight, content: content, decision: decision))
    }
    return serve(flight, content, decision)
  }

  private func context(_ flight: Flight, _ content: [UInt8]?) -> RuleContext {
    let entry = flight.resolution.operationIndex.map { operations.entries[$0] }
    let service = services[flight.resolution.serviceIndex]
    return RuleContext(
      request: flight.request, operationIndex: flight.resolution.operationIndex,
      operation: entry?.operation, parameters: flight.resolution.parameters, content: content,
      credential: service.credential(of: flight.request), exchange: flight.exchange,
      number: flight.number, cloud: flight.cloud, service: service)
  }

  private func serve(
    _ flight: Flight, _ content: [UInt8]?, _ decision: RuleDecision?
  ) -> ServiceAnswer {
    guard let index = flight.resolution.operationIndex else {
      let response = answerWithoutOperation(flight)
      return .now(finish(response, flight, content: content, decision: decision))
    }
    let entry = operations.entries[index]
    guard let room = Room(for: entry.operation, flight, content ?? []) else {
      return refuseRoom(flight, content, decision)
    }
    let call = call(flight, index, content: content ?? [])
    let tenant = flight.cloud.tenant
    let slot = flight.cloud.slots[entry.serviceIndex]
    guard !slot.mayTakeLong(call) else {
      return later(flight) { body in
        tenant.workBegan()
        let answer = await Offload.run { slot.respondAtLength(to: call) }
        tenant.workEnded()
        var response: Response
        switch consume answer {
        case .now(let made): response = made
        case .later(let work): response = await self.wait(for: work, body, flight)
        }
        response = self.settled(response, room, entry, flight)
        return await self.finishAtLength(response, flight, content: content, decision: decision)
      }
    }
    tenant.workBegan()
    let answer = slot.respond(to: call)
    tenant.workEnded()
    switch consume answer {
    case .now(let made):
      let response = settled(made, room, entry, flight)
      guard changesMuch(response, decision) else {
        return .now(finish(response, flight, content: content, decision: decision))
      }
      return later(flight) { _ in
        await self.finishAtLength(response, flight, content: content, decision: decision)
      }
    case .later(let work):
      return later(flight) { body in
        let response = self.settled(
          await self.wait(for: work, body, flight), room, entry, flight)
        return await self.finishAtLength(response, flight, content: content, decision: decision)
      }
    }
  }

  /// The service's answer with the room that it takes, or what its API says when there is none.
  private func settled(
    _ response: consuming Response, _ room: Room, _ entry: OperationTable.Entry, _ flight: Flight
  ) -> Response {
    room.lent(to: response, of: entry.operation, flight.cloud.tenant.blobs.budget)
      ?? failure(flight, .noRoom)
  }

  /// Work may go on when the exchange is over (its peer went away): it uses the tenant for itself.
  private func later(
    _ flight: Flight, _ work: @escaping @Sendable (RequestContent) async -> Response
  ) -> ServiceAnswer {
    let use = TenantUse(of: flight.cloud.tenant)
    return .later { body in
      defer { withExtendedLifetime(use) {} }
      return await work(body)
    }
  }

  private func wait(
    for work: @Sendable (RequestContent) async -> Response, _ body: RequestContent, _ flight: Flight
  ) async -> Response {
    let hold = TimeHold(flight.cloud.tenant)
    body.whileReaderWaits { $0 ? hold.pause() : hold.resume() }
    let response = await TimeHold.$current.withValue(hold) { await work(body) }
    hold.end()
    return response
  }

  private func changesMuch(_ response: borrowing Response, _ decision: RuleDecision?) -> Bool {
    guard let decision, case .amend = decision.action else { return false }
    return decision.mayTakeLong || response.body.length ?? 0 > UInt64(Offload.inlineBytesMax)
  }

  /// As `finish`; what a rule changes in a large answer, it changes off the loop.
  private func finishAtLength(
    _ response: Response, _ flight: Flight, content: [UInt8]?, decision: RuleDecision?
  ) async -> Response {
    guard changesMuch(response, decision), var decision, case .amend(let change) = decision.action
    else { return finish(response, flight, content: content, decision: decision) }
    let amended = await Offload.run { change(response) }
    decision.action = .pass
    return finish(amended, flight, content: content, decision: decision)
  }

  private func call(_ flight: Flight, _ index: Int, content: [UInt8]) -> Call {
    let entry = operations.entries[index]
    return Call(
      request: flight.request, operation: entry.operation, operationIndex: entry.indexInService,
      parameters: flight.resolution.parameters, content: content, tenant: flight.cloud.tenant,
      exchange: flight.exchange, number: flight.number,
      credential: services[entry.serviceIndex].credential(of: flight.request))
  }

  /// The answer is known: rules have their say, the exchange its number, the journal its record.
  ///
  /// Takes the answer over, so that its fields grow in place.
  private func finish(
    _ answer: consuming Response, _ flight: Flight, content: [UInt8]?, decision: RuleDecision?
  ) -> Response {
    var response = answer
    if case .amend(let change) = decision?.action { response = change(response) }
    response.guardContent()
    response.fields.append("X-Wavetank-Exchange", String(flight.number))
    flight.cloud.journal.answered(
      flight.number, of: flight.exchange, response, content: content, decision)
    if let fault = response.delivery.fault { metrics.struck(fault) }
    if case .stream(let length, let producer) = response.body {
      let use = TenantUse(of: flight.cloud.tenant)
      response.body = .stream(length: length) { writer in
        defer { withExtendedLifetime(use) {} }
        try await producer(writer)
      }
    }
    metrics.answered(
      operation: flight.resolution.operationIndex, status: response.status.code)
    return response
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

extension ScenarioProblems {
  /// All problems in one line.
  package var text: String {
    problems.map { "\($0.pointer): \($0.message)" }.joined(separator: "; ")
  }
}

extension ContentPolicy {
  /// Source: DESIGN §11, "content in memory for one operation".
  package static let defaultLimit = 16 * 1024 * 1024
}
