import HTTPModel
import PayloadCodecs

extension Pipeline {
  /// Step 5. Collects the content where the operation or a rule wants it, unless the answer is known
  /// without it.
  func collect(_ opened: consuming RoutedRequest) -> Answer {
    var routed = opened
    let rules = rules(concerning: &routed)
    guard let limit = contentLimit(routed, rules) else { return decide(routed, rules).asAnswer() }
    guard routed.request.hasContent else {
      routed.content = []
      return decide(routed, rules).asAnswer()
    }
    if rules == nil, routed.isUntouched, !routed.head.expectsContinue {
      // Nearly all. One reference is all that the closure holds, so nothing is made for it.
      let head = routed.head
      return .collect(limit: limit) { content in head.collected(content) }
    }
    routed.decision = routed.decision ?? decisionAtHead(routed, rules)
    if let early = answerAtHead(routed) { return .now(finish(early, routed)) }
    return .collect(limit: limit) { [routed] content in
      self.collected(content, of: routed, limit: limit, rules)
    }
  }

  /// - Parameter limit: up to how many bytes were to be collected.
  fileprivate func collected(
    _ content: CollectedContent, of routed: consuming RoutedRequest, limit: Int,
    _ rules: ConcernedRules?
  ) -> Answer {
    var whole = routed
    switch content {
    case .complete(let bytes):
      let isEmpty = bytes.isEmpty
      whole.content = bytes
      if whole.live.journal.isFollowed { whole.collected = .now }
      guard !isEmpty else { return decide(whole, rules).asAnswer() }
      switch ContentCoding(whole.request) {
      case .plain: return decide(whole, rules).asAnswer()
      case .gzip: return unpack(whole, limit: limit, rules).asAnswer()
      case .other: return .now(finish(unknownCoding(whole), whole))
      }
    case .tooLarge(let limit):
      let failure = ServiceFailure(.contentTooLarge(limit: limit), status: 413)
      return .now(finish(self.failure(whole, failure), whole))
    case .noRoom: return .now(finish(failure(whole, .noRoom), whole))
    }
  }

  /// Content that says of itself that it is gzip is read as what is inside, by rules, services and the
  /// journal. Off the loop: a little may be much inside, up to as much as may come in the plain.
  /// Source: RFC 9110 §8.4; §15.5.14, and §15.5.1 for what is none.
  private func unpack(
    _ packed: RoutedRequest, limit: Int, _ rules: ConcernedRules?
  ) -> ServiceAnswer {
    later(packed) { [packed] body in
      let budget = packed.live.tenant.blobs.budget
      let unpacked = await Offload.run {
        Gzip.unpack(packed.content ?? [], limit: limit, budget)
      }
      switch unpacked {
      case .success(let (content, lease)):
        defer { withExtendedLifetime(lease) {} }
        var whole = packed
        whole.content = content
        return await self.decide(whole, rules).response(body)
      case .failure(.tooLarge):
        let failure = ServiceFailure(.contentTooLarge(limit: limit), status: 413)
        return self.finish(self.failure(packed, failure), packed)
      case .failure(.noRoom): return self.finish(self.failure(packed, .noRoom), packed)
      case .failure(.malformed):
        let failure = ServiceFailure(
          .badRequest, status: 400,
          message: "The content is not the gzip that Content-Encoding says.")
        return self.finish(self.failure(packed, failure), packed)
      }
    }
  }

  /// Source: RFC 9110 §15.5.16, and §12.5.3 for the field in an answer.
  func unknownCoding(_ routed: RoutedRequest) -> Response {
    let coding = routed.request.fields.all("content-encoding").joined(separator: ", ")
    var response = failure(
      routed,
      ServiceFailure(
        .badRequest, status: 415,
        message: "The Content-Encoding \"\(coding)\" is not read here: send gzip, or none."))
    response.fields.set("Accept-Encoding", "gzip, identity")
    return response
  }

  /// Up to how many bytes the content must be collected first; nil: not at all.
  fileprivate func contentLimit(_ routed: RoutedRequest, _ rules: ConcernedRules?) -> Int? {
    let policy = routed.entry?.operation.content
    switch policy {
    case .collected(let limit): return limit
    case .streamed: return nil
    case .ignored, nil:
      return rules?.concern.needsContent == true || routed.isUploadStruck
        ? ContentPolicy.defaultLimit : nil
    }
  }

  /// What is answered without the content: what a rule says instead of the service, and, to a peer
  /// that waits to be told to send it, what the service refuses by the head alone.
  private func answerAtHead(_ routed: RoutedRequest) -> Response? {
    let expectsContinue = routed.head.expectsContinue
    if case .instead(let response) = routed.decision?.action {
      if expectsContinue { return response }
      if case .refuse = response.delivery.fault { return response }
    }
    guard expectsContinue, let entry = routed.entry else { return nil }
    let slot = routed.live.slots[entry.serviceIndex]
    return slot.refusal(of: call(routed, slot))
  }
}

extension RequestHead {
  /// The content of a request that no rule looks at.
  fileprivate func collected(_ content: CollectedContent) -> Answer {
    let routed = RoutedRequest(head: self)
    let limit = pipeline.contentLimit(routed, nil) ?? ContentPolicy.defaultLimit
    return pipeline.collected(content, of: routed, limit: limit, nil)
  }
}

private enum UnpackFailure: Error { case tooLarge, noRoom, malformed }

extension Gzip {
  /// What is inside, with the room for it.
  fileprivate static func unpack(
    _ packed: [UInt8], limit: Int, _ budget: MemoryBudget
  ) -> Result<([UInt8], MemoryLease), UnpackFailure> {
    var content: [UInt8] = []
    let lease = MemoryLease(of: budget)
    do throws(UnpackFailure) {
      guard let inflater = try? Inflater(limits: GzipLimits(outputBytesMax: UInt64(limit))) else {
        throw .noRoom
      }
      let failure = { (error: GzipError) -> UnpackFailure in
        return switch error {
        case .outOfMemory: .noRoom
        case .outputTooLarge, .ratioTooHigh: .tooLarge
        default: .malformed
        }
      }
      try inflater.feed(packed.span, mapping: failure) { piece throws(UnpackFailure) in
        // An array that grows is up to twice as long as what stands in it.
        guard lease.grow(by: 2 * piece.count) else { throw .noRoom }
        content.append(contentsOf: piece)
      }
      do { try inflater.finish() } catch { throw failure(error) }
    } catch {
      return .failure(error)
    }
    return .success((content, lease))
  }
}
