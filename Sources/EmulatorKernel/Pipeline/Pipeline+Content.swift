import HTTPModel

extension Pipeline {
  /// Step 5. Collects the content where the operation or a rule wants it, unless the answer is known
  /// without it.
  func collect(_ opened: consuming RoutedRequest) -> Answer {
    var routed = opened
    let rules = rules(concerning: routed)
    guard let limit = contentLimit(routed, rules) else { return decide(routed, rules).asAnswer }
    guard routed.request.hasContent else {
      routed.content = []
      return decide(routed, rules).asAnswer
    }
    routed.decision = decisionAtHead(routed, rules)
    if let early = answerAtHead(routed) { return .now(finish(early, routed)) }
    return .collect(limit: limit) { [routed] content in
      switch content {
      case .complete(let bytes):
        var whole = routed
        whole.content = bytes
        whole.collected = .now
        return self.decide(whole, rules).asAnswer
      case .tooLarge(let limit):
        let failure = ServiceFailure(.contentTooLarge(limit: limit), status: 413)
        return .now(self.finish(self.failure(routed, failure), routed))
      case .noRoom: return .now(self.finish(self.failure(routed, .noRoom), routed))
      }
    }
  }

  /// Up to how many bytes the content must be collected first; nil: not at all.
  private func contentLimit(_ routed: RoutedRequest, _ rules: ConcernedRules?) -> Int? {
    let policy = routed.operationIndex.map { operations.entries[$0].operation.content }
    switch policy {
    case .collected(let limit): return limit
    case .streamed: return nil
    case .ignored, nil:
      return rules?.concern.needsContent == true ? ContentPolicy.defaultLimit : nil
    }
  }

  /// What is answered without the content: what a rule says instead of the service, and, to a peer
  /// that waits to be told to send it, what the service refuses by the head alone.
  private func answerAtHead(_ routed: RoutedRequest) -> Response? {
    if case .instead(let response) = routed.decision?.action {
      if routed.request.expectsContinue { return response }
      if case .refuse = response.delivery.fault { return response }
    }
    guard routed.request.expectsContinue, let index = routed.operationIndex else { return nil }
    let entry = operations.entries[index]
    return routed.live.slots[entry.serviceIndex].refusal(of: call(routed, entry))
  }
}
