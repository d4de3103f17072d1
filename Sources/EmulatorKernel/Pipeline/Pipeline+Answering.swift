import HTTPModel
import PayloadCodecs

/// What becomes of a request whose tenant and operation are known.
extension Pipeline {
  func answer(_ flight: Flight) -> Answer {
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
  private func decisionAtHead(_ flight: Flight, _ rules: ScenarioEngine?) -> RuleDecision? {
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
  private func contentLimit(_ flight: Flight, _ rules: ScenarioEngine?) -> Int? {
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
    _ flight: Flight, _ content: [UInt8]?, _ rules: ScenarioEngine?,
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
      request: flight.request, operation: entry.operation, endpointIndex: entry.endpointIndex,
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
