import HTTPModel

extension Pipeline {
  /// The rules in force, if some look at requests of that operation.
  func rules(concerning routed: RoutedRequest) -> ScenarioEngine? {
    routed.live.rules.flatMap { $0.concerns(operation: routed.operationIndex) ? $0 : nil }
  }

  /// What the rules decide before the content is here: where a peer waits for 100 (Continue), which
  /// it shall not get for an answer that does not need its content (RFC 9110 §10.1.1), and where
  /// requests are refused. Nil: not before.
  func decisionAtHead(_ routed: RoutedRequest, _ rules: ScenarioEngine?) -> RuleDecision? {
    let operation = routed.operationIndex
    guard let rules, routed.request.expectsContinue || rules.mayRefuse(operation: operation),
      !rules.needsContent(operation: operation)
    else { return nil }
    return rules.decide(context(routed))
  }

  /// Step 6. Everything that is needed is here: rules, unless they have decided, then service.
  func decide(_ collected: consuming RoutedRequest, _ rules: ScenarioEngine?) -> ServiceAnswer {
    var routed = collected
    guard routed.decision == nil, let rules else { return follow(routed) }
    let context = context(routed)
    // A rule may look into all of the content.
    guard
      routed.content?.count ?? 0 > Offload.inlineBytesMax
        || rules.mayTakeLong(operation: routed.operationIndex)
    else {
      routed.decision = rules.decide(context)
      return follow(routed)
    }
    return later(routed) { [routed] body in
      var decided = routed
      decided.decision = await Offload.run { rules.decide(context) }
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

  private func context(_ routed: RoutedRequest) -> RuleContext {
    RuleContext(
      routed: routed, operation: routed.operationIndex.map { operations.entries[$0].operation },
      service: services[routed.resolution.serviceIndex])
  }
}
