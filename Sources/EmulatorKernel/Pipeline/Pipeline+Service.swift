import HTTPModel

extension Pipeline {
  /// Step 8. The service, on the loop or, where that may take long, off it.
  func serve(_ routed: RoutedRequest) -> ServiceAnswer {
    guard let index = routed.operationIndex else {
      return .now(finish(answerWithoutOperation(routed), routed))
    }
    let entry = operations.entries[index]
    if entry.operation.content == .streamed, routed.request.hasContent,
      ContentCoding(routed.request) == .other
    {
      return .now(finish(unknownCoding(routed), routed))
    }
    guard let memory = RequestMemory(for: entry.operation, routed) else {
      return .now(finish(failure(routed, .noRoom), routed))
    }
    let call = call(routed, entry)
    let tenant = routed.live.tenant
    let slot = routed.live.slots[entry.serviceIndex]
    guard !slot.mayTakeLong(call) else {
      return later(routed) { body in
        tenant.workBegan()
        let answer = await Offload.run { slot.respondAtLength(to: call) }
        tenant.workEnded()
        var response: Response
        switch consume answer {
        case .now(let made): response = made
        case .later(let work): response = await self.wait(for: work, body, routed)
        }
        response = self.lend(memory, to: response, entry, routed)
        return await self.finishAtLength(response, routed)
      }
    }
    tenant.workBegan()
    let answer = slot.respond(to: call)
    tenant.workEnded()
    switch consume answer {
    case .now(let made):
      let response = lend(memory, to: made, entry, routed)
      guard changesMuch(response, routed.decision) else { return .now(finish(response, routed)) }
      return later(routed) { _ in await self.finishAtLength(response, routed) }
    case .later(let work):
      return later(routed) { body in
        let made = await self.wait(for: work, body, routed)
        return await self.finishAtLength(self.lend(memory, to: made, entry, routed), routed)
      }
    }
  }

  func call(_ routed: RoutedRequest, _ entry: OperationTable.Entry) -> Call {
    Call(
      request: routed.request, operation: entry.operation, endpointIndex: entry.endpointIndex,
      parameters: routed.resolution.parameters, content: routed.content ?? [],
      tenant: routed.live.tenant, exchange: routed.exchange, number: routed.number,
      credential: services[entry.serviceIndex].credential(of: routed.request))
  }

  /// The service's answer with the memory that it takes, or what its API says when there is none.
  private func lend(
    _ memory: RequestMemory, to response: consuming Response, _ entry: OperationTable.Entry,
    _ routed: RoutedRequest
  ) -> Response {
    memory.lent(to: response, of: entry.operation, routed.live.tenant.blobs.budget)
      ?? failure(routed, .noRoom)
  }

  /// Work may go on when the exchange is over (its peer went away): it uses the tenant for itself.
  func later(
    _ routed: RoutedRequest,
    _ work: @escaping @Sendable (RequestContent) async -> Response
  ) -> ServiceAnswer {
    let use = TenantUse(of: routed.live.tenant)
    return .later { body in
      defer { withExtendedLifetime(use) {} }
      return await work(body)
    }
  }

  private func wait(
    for work: @Sendable (RequestContent) async -> Response, _ body: RequestContent,
    _ routed: RoutedRequest
  ) async -> Response {
    // What was collected is unpacked already.
    if routed.content == nil, ContentCoding(routed.request) == .gzip {
      body.unpack(by: GzipContent(limit: streamedBytesMax))
    }
    let hold = TimeHold(routed.live.tenant)
    body.whileReaderWaits { $0 ? hold.pause() : hold.resume() }
    let response = await TimeHold.$current.withValue(hold) { await work(body) }
    hold.end()
    return response
  }
}
