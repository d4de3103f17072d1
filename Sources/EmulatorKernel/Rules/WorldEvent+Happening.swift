package import PayloadCodecs

extension WorldEvent {
  /// Makes an event of the kernel happen; false when it is none.
  package static func happen(
    _ event: JSONObject, in cloud: Cloud, _ chain: EventChain
  ) throws(ScenarioProblems) -> Bool {
    guard let name = event.members.first?.key, let kind = Kind(rawValue: name) else { return false }
    return try ScenarioReader.read(.object(event)) { root in
      guard let value = root.member(name) else { return false }
      return happen(kind, value, in: cloud, chain) ? true : nil
    }
  }

  private static func happen(
    _ kind: Kind, _ value: ScenarioReader, in cloud: Cloud, _ chain: EventChain
  ) -> Bool {
    switch kind {
    case .advance:
      guard let move = clockMove(value) else { return false }
      if !perform(move, cloud.tenant) {
        value.problem(
          "too much falls due on the way: it is \(cloud.tenant.clock.now.iso8601(.milliseconds)) now; "
            + "POST /_wavetank/clock/advance goes further")
      }
      return true
    case .expireKey:
      guard let (key, status) = expiry(value) else { return false }
      cloud.tenant.keys.expire(key, status: status)
      return true
    case .setVariables, .enableRule, .disableRule, .trigger:
      guard let engine = cloud.rules else {
        value.problem("no scenario is in force")
        return false
      }
      return happen(kind, value, engine, in: cloud, chain)
    }
  }

  private static func happen(
    _ kind: Kind, _ value: ScenarioReader, _ engine: ScenarioEngine, in cloud: Cloud,
    _ chain: EventChain
  ) -> Bool {
    if kind == .setVariables {
      let members = value.dictionary { _, member -> JSON? in
        guard member.value.variableBytes != nil else {
          member.problem("the value \(JSON.variableLimit)")
          return nil
        }
        return member.json()
      }
      guard let members else { return false }
      if !engine.setVariables(JSONObject(members.map { ($0.key, $0.value) })) {
        value.problem("there would be more than \(EngineLimits.variablesMax) variables")
      }
      return true
    }
    guard let name = value.nonEmptyString() else { return false }
    guard engine.hasRule(name) else {
      let _: Never? = value.unknown("rule", name, of: engine.scenario.rules.map(\.name))
      return false
    }
    switch kind {
    case .trigger: trigger(name, value, engine, in: cloud, chain)
    default: engine.setRule(name, isEnabled: kind == .enableRule)
    }
    return true
  }

  /// The rule's own events; what is wrong with one of them does not keep the others back.
  private static func trigger(
    _ name: String, _ value: ScenarioReader, _ engine: ScenarioEngine, in cloud: Cloud,
    _ chain: EventChain
  ) {
    let following = engine.trigger(name)
    for remark in following.remarks { value.problem(remark) }
    do throws(ScenarioProblems) {
      try chain.descend {
        for event in following.events {
          do throws(ScenarioProblems) {
            if try !cloud.emit(event, chain) {
              value.problem("no service knows the event \"\(event.keys.first ?? "")\"")
            }
          } catch {
            for problem in error.problems { value.problem(problem.message) }
            // Once there are too many, each level would say so.
            if chain.isOver { break }
          }
        }
      }
    } catch {
      for problem in error.problems { value.problem(problem.message) }
    }
  }

  /// False when so much is due on the way that the clock stopped before its goal.
  private static func perform(_ move: ClockMove, _ tenant: Tenant) -> Bool {
    let goal: VirtualInstant?
    switch move {
    case .by(let duration): goal = tenant.clock.now + duration
    case .to(let instant): goal = instant
    case .toNext: goal = tenant.nextDue
    }
    return goal.map { tenant.advance(to: $0, stepLimit: EngineLimits.advanceStepsMax) } ?? true
  }
}
