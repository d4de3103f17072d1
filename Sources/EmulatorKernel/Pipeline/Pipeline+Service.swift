import HTTPModel

extension Pipeline {
  /// Step 8. The service, on the loop or, where that may take long, off it.
  func serve(_ routed: RoutedRequest) -> ServiceAnswer {
    guard let entry = routed.entry else {
      return .now(finish(answerWithoutOperation(routed), routed))
    }
    if entry.operation.content == .streamed, routed.request.hasContent,
      ContentCoding(routed.request) == .other
    {
      return .now(finish(unknownCoding(routed), routed))
    }
    guard let memory = RequestMemory(for: entry, routed) else {
      return .now(finish(failure(routed, .noRoom), routed))
    }
    let slot = routed.live.slots[entry.serviceIndex]
    let call = call(routed, slot)
    if routed.decision?.isTwice == true { return serveTwice(call, entry, memory, routed) }
    guard let answer = slot.respondAtOnce(to: call) else {
      return later(routed) { body in
        var response = await self.respondAtLength(to: call, slot, body, routed)
        self.lend(memory, to: &response, entry, routed)
        return await self.finishAtLength(response, routed)
      }
    }
    switch consume answer {
    case .now(let response): return answered(response, entry, memory, routed)
    case .later(let work): return wait(for: work, entry, memory, routed)
    case .atOnce(let work, orLater: let waiting):
      let waits = wait(for: waiting, entry, memory, routed)
      // What is coded is for a decoder, and what a rule changes may take long.
      guard case .later(let later) = waits, ContentCoding(routed.request) == .plain,
        routed.decision?.amends != true
      else { return waits }
      return .atOnce({ self.attempt(work, $0, entry, memory, routed) }, orLater: later)
    }
  }

  /// The service has answered on the loop.
  private func answered(
    _ answer: consuming Response, _ entry: OperationTable.Entry, _ memory: RequestMemory,
    _ routed: RoutedRequest
  ) -> ServiceAnswer {
    var response = answer
    lend(memory, to: &response, entry, routed)
    if changesMuch(response, routed.decision) { return finishLater(response, routed) }
    finish(&response, routed)
    return .now(consume response)
  }

  private func finishLater(_ response: Response, _ routed: RoutedRequest) -> ServiceAnswer {
    later(routed) { _ in await self.finishAtLength(response, routed) }
  }

  private func wait(
    for work: @escaping @Sendable (RequestContent) async -> Response,
    _ entry: OperationTable.Entry, _ memory: RequestMemory, _ routed: RoutedRequest
  ) -> ServiceAnswer {
    later(routed) { body in
      var response = await self.wait(for: work, body, routed)
      self.lend(memory, to: &response, entry, routed)
      return await self.finishAtLength(response, routed)
    }
  }

  /// The service's work on a content that is here, if nothing holds it up.
  private func attempt(
    _ work: ([UInt8]) -> Response?, _ content: [UInt8], _ entry: OperationTable.Entry,
    _ memory: RequestMemory, _ routed: RoutedRequest
  ) -> Response? {
    let tenant = routed.live.tenant
    tenant.workBegan()
    let made = work(content)
    tenant.workEnded()
    guard var response = made else { return nil }
    lend(memory, to: &response, entry, routed)
    var whole = routed
    whole.content = content
    return finish(response, whole)
  }

  private func respondAtLength(
    to call: Call, _ slot: any ServiceSlot, _ body: RequestContent, _ routed: RoutedRequest
  ) async -> Response {
    let tenant = routed.live.tenant
    tenant.workBegan()
    let answer = await Offload.run { slot.respondAtLength(to: call) }
    tenant.workEnded()
    switch consume answer {
    case .now(let made): return made
    case .later(let work), .atOnce(_, orLater: let work):
      return await wait(for: work, body, routed)
    }
  }

  /// A request that comes twice, as one does that something on the way repeats: the service works for
  /// each, one after the other, and nobody hears the first answer. A content that would stream past is
  /// kept for that, up to as much as others may have.
  private func serveTwice(
    _ call: Call, _ entry: OperationTable.Entry, _ memory: RequestMemory, _ routed: RoutedRequest
  ) -> ServiceAnswer {
    let slot = routed.live.slots[entry.serviceIndex]
    let isStreamed = entry.operation.content == .streamed && routed.request.hasContent
    return later(routed) { body in
      var kept: (bytes: [UInt8], lease: MemoryLease)?
      if isStreamed {
        let budget = routed.live.tenant.blobs.budget
        do throws(CollectError) {
          kept = try await body.collect(limit: ContentPolicy.defaultLimit, of: budget)
        } catch {
          return await self.failed(error, call, slot, routed)
        }
      }
      defer { withExtendedLifetime(kept?.lease) {} }
      let first = kept.map { RequestContent(complete: $0.bytes) } ?? body
      _ = await self.respondAtLength(to: call, slot, first, routed)
      let second = kept.map { RequestContent(complete: $0.bytes) } ?? body
      var response = await self.respondAtLength(to: call, slot, second, routed)
      self.lend(memory, to: &response, entry, routed)
      return await self.finishAtLength(response, routed)
    }
  }

  /// What a content that could not be kept is answered.
  private func failed(
    _ error: CollectError, _ call: Call, _ slot: any ServiceSlot, _ routed: RoutedRequest
  ) async -> Response {
    switch error {
    case .noRoom: return finish(failure(routed, .noRoom), routed)
    case .tooLarge:
      let kind = ServiceFailure.Kind.contentTooLarge(limit: ContentPolicy.defaultLimit)
      return finish(failure(routed, ServiceFailure(kind, status: 413)), routed)
    case .content(let error):
      let broken = RequestContent { _ in }
      broken.fail(error)
      return finish(await respondAtLength(to: call, slot, broken, routed), routed)
    }
  }

  /// - Precondition: the request has an operation.
  func call(_ routed: RoutedRequest, _ slot: any ServiceSlot) -> Call {
    Call(
      routed.head, content: routed.content ?? [], credential: routed.head.credential(slot))
  }

  /// Gives the service's answer the memory that it takes; where there is none, it becomes what the API
  /// says then.
  private func lend(
    _ memory: RequestMemory, to response: inout Response, _ entry: OperationTable.Entry,
    _ routed: RoutedRequest
  ) {
    if !memory.lend(to: &response, of: entry, routed.live.tenant.blobs.budget) {
      response = failure(routed, .noRoom)
    }
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
