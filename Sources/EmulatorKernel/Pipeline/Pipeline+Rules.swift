import HTTPModel

/// The rules in force that look at requests of an operation.
struct ConcernedRules: Sendable {
  let engine: ScenarioEngine
  let concern: RuleSet.Concern
}

extension Pipeline {
  /// Nil where no rule looks at such requests, and where none can strike this one, which is decided then.
  func rules(concerning routed: inout RoutedRequest) -> ConcernedRules? {
    guard let engine = routed.live.rules else { return nil }
    switch engine.regard(routed.request, operation: routed.operationIndex) {
    case .none: return nil
    case .passed(let decision):
      routed.decision = decision
      return nil
    case .concerned(let concern): return ConcernedRules(engine: engine, concern: concern)
    }
  }

  /// What the rules decide before the content is here: where a peer waits for 100 (Continue), which
  /// it shall not get for an answer that does not need its content (RFC 9110 §10.1.1), and where
  /// requests are refused. Nil: not before.
  func decisionAtHead(_ routed: RoutedRequest, _ rules: ConcernedRules?) -> RuleDecision? {
    guard let rules, routed.head.expectsContinue || rules.concern.mayRefuse,
      !rules.concern.needsContent
    else { return nil }
    return rules.engine.decide(routed)
  }

  /// Step 6. Everything that is needed is here: rules, unless they have decided, then service.
  func decide(_ collected: consuming RoutedRequest, _ rules: ConcernedRules?) -> ServiceAnswer {
    var routed = collected
    guard routed.decision == nil, let rules else { return follow(routed) }
    // A rule may look into all of the content.
    let isLengthy =
      routed.content?.count ?? 0 > Offload.inlineBytesMax || rules.concern.mayTakeLong
      || rules.concern.mayBeMany
        && rules.engine.meetsMany(
          routed.subject(at: routed.live.tenant.clock.now), operation: routed.operationIndex)
    guard isLengthy else {
      routed.decision = rules.engine.decide(routed)
      return follow(routed)
    }
    return later(routed) { [routed] body in
      var decided = routed
      decided.decision = await Offload.run { rules.engine.decide(routed) }
      return await self.follow(decided).response(body)
    }
  }

  /// Goes on as the rules say.
  private func follow(_ routed: RoutedRequest) -> ServiceAnswer {
    if case .instead(let response) = routed.decision?.action {
      return .now(finish(response, routed))
    }
    return serve(routed)
  }

  /// What rules do to the content of a request whose head is here, told in its journal at once: there
  /// may be no answer that could.
  func strikeUpload(_ routed: inout RoutedRequest, _ engine: ScenarioEngine) -> UploadFault? {
    let clock = routed.live.tenant.clock
    var (outcome, trace) = engine.decide(
      upload: routed.subject(at: clock.now), now: clock.now, wall: clock.wallNow)
    guard outcome.struck else { return nil }
    outcome.remarks += routed.live.happen(outcome.events)
    routed.upload = outcome
    routed.live.journal.struck(routed.number, of: routed.exchange, outcome, trace)
    guard case .upload(let fault) = outcome.fault else { return nil }
    metrics.struck(.upload(fault))
    return fault
  }
}
