package import HTTPModel

extension Pipeline {
  /// Step 9. What a rule changes in the answer.
  private func amend(_ response: inout Response, _ routed: RoutedRequest) {
    guard let decision = routed.decision, decision.amends else { return }
    // Looked at where it lies: a copy counts its parts.
    let late = decision.outcome.isAfter ? routed.live.happen(decision.outcome.events) : []
    decision.outcome.amend(&response) { routed.render($0) }
    for remark in decision.remarks + late { response.remark(remark) }
  }

  /// Whether that takes longer than a loop should be held.
  func changesMuch(_ response: borrowing Response, _ decision: RuleDecision?) -> Bool {
    guard let decision, decision.amends else { return false }
    if decision.mayTakeLong { return true }
    return response.body.length ?? 0 > UInt64(Offload.inlineBytesMax)
  }

  /// As `finish`; what a rule changes in a large answer, it changes off the loop.
  func finishAtLength(_ response: Response, _ routed: RoutedRequest) async -> Response {
    guard changesMuch(response, routed.decision) else { return finish(response, routed) }
    let amended = await Offload.run {
      var response = response
      self.amend(&response, routed)
      return response
    }
    var routed = routed
    routed.decision = routed.decision.map(RuleDecision.init(amended:))
    return finish(amended, routed)
  }

  /// A rule that strikes uploads has no answer of its own: it stands in the request's.
  private func tell(
    _ outcome: RuleOutcome, in response: inout Response, _ routed: RoutedRequest
  ) {
    let names = outcome.strikes.map(\.rule) + (routed.decision?.struck ?? [])
    response.fields.set("X-Wavetank-Rule", names.joined(separator: ", "))
    for remark in outcome.remarks { response.remark(remark) }
  }

  /// Step 10. The answer is known: it gets its guards and the exchange's number, the journal its
  /// record.
  func finish(_ answer: consuming Response, _ routed: RoutedRequest) -> Response {
    var response = answer
    finish(&response, routed)
    return response
  }

  /// The same where the answer lies, so that nothing of it is copied.
  func finish(_ response: inout Response, _ routed: RoutedRequest) {
    amend(&response, routed)
    if routed.isUploadStruck, let outcome = routed.upload { tell(outcome, in: &response, routed) }
    response.guardContent(of: routed.number)
    routed.live.journal.answered(
      routed.number, of: routed.exchange, response, content: routed.content, routed.decision,
      collected: routed.collected)
    if !response.isDeliveredPlainly, let fault = response.fault { metrics.struck(fault) }
    if case .stream(let length, let producer) = response.body {
      let use = TenantUse(of: routed.live.tenant)
      response.body = .stream(length: length) { writer in
        defer { withExtendedLifetime(use) {} }
        try await producer(writer)
      }
    }
    metrics.answered(
      routed.exchange, operation: routed.operationIndex, status: response.status.code)
  }

  /// What goes out in place of an answer that is known: what was done for it cannot be kept
  /// (`--durable`). The journal tells of this one.
  package func replaceAnswer(
    to request: Request, _ exchange: Exchange, by sentence: String
  ) -> Response {
    var response = failure(of: request, sentence)
    let (id, number) = ExchangeTag.unpack(pending.tag(of: exchange.tag) ?? 0)
    guard number > 0, let live = tenants.find(id: id) else { return response }
    response.fields.append(JournalEntry.exchangeName, "\(number)")
    live.journal.replaced(number, of: exchange, by: response)
    return response
  }
}
