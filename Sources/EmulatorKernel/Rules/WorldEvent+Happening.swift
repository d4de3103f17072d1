package import PayloadCodecs

extension WorldEvent {
  /// Makes an event of the kernel happen; false when it is none.
  package static func happen(
    _ event: JSONObject, in live: LiveTenant, _ chain: EventChain
  ) throws(ScenarioProblems) -> Bool {
    guard let name = event.members.first?.key, let kind = Kind(rawValue: name) else { return false }
    return try ScenarioReader.read(.object(event)) { root in
      guard let value = root.member(name), event.count == 1 else {
        root.problem("an event of the kernel has one key; put the others into a list of events")
        return nil
      }
      return happen(kind, value, in: live, chain) ? true : nil
    }
  }

  private static func happen(
    _ kind: Kind, _ value: ScenarioReader, in live: LiveTenant, _ chain: EventChain
  ) -> Bool {
    guard let event = kind.form.read(value) else { return false }
    switch event {
    case .advance where chain.isWhileTimeMoves:
      value.problem("there is no \"advance\" at a time: the clock moves already")
    case .advance(let move):
      if !perform(move, live.tenant) {
        value.problem(
          "too much falls due on the way: it is \(live.tenant.clock.now.iso8601(.milliseconds)) now; "
            + "POST /_wavetank/clock/advance goes further")
      }
    case .expireKey(let key, let status): live.tenant.keys.expire(key, status: status)
    case .listener(let service, let state):
      if let problem = live.listeners.want(state, of: service, by: live) { value.problem(problem) }
    case .setVariables(let variables):
      guard let engine = engine(of: live, value) else { return false }
      set(variables, value, engine)
    case .enableRule(let name), .disableRule(let name), .trigger(let name):
      guard let engine = engine(of: live, value) else { return false }
      guard engine.hasRule(name) else {
        let _: Never? = value.unknown("rule", name, of: engine.rules.names)
        return false
      }
      if kind == .trigger {
        trigger(name, value, engine, in: live, chain)
      } else {
        engine.setRule(name, isEnabled: kind == .enableRule)
      }
    }
    return true
  }

  private static func engine(of live: LiveTenant, _ value: ScenarioReader) -> ScenarioEngine? {
    if live.rules == nil { value.problem("no scenario is in force") }
    return live.rules
  }

  private static func set(
    _ variables: [(key: String, value: JSON)], _ value: ScenarioReader, _ engine: ScenarioEngine
  ) {
    let tooLarge = variables.filter { $0.value.variableBytes == nil }
    for (name, _) in tooLarge {
      value.member(name)?.problem("the value \(JSON.variableLimit)")
    }
    if tooLarge.isEmpty, !engine.setVariables(JSONObject(variables.map { ($0.key, $0.value) })) {
      value.problem("there would be more than \(EngineLimits.variablesMax) variables")
    }
  }

  /// The rule's own events; what is wrong with one of them does not keep the others back.
  private static func trigger(
    _ name: String, _ value: ScenarioReader, _ engine: ScenarioEngine, in live: LiveTenant,
    _ chain: EventChain
  ) {
    let following = engine.trigger(name)
    for remark in following.remarks { value.problem(remark) }
    do throws(ScenarioProblems) {
      try chain.descend {
        for event in following.events {
          do throws(ScenarioProblems) {
            if try !live.emit(event, chain) {
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
