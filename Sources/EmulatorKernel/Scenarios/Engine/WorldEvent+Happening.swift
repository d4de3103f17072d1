package import PayloadCodecs

extension WorldEvent {
  /// Makes an event of the kernel happen; false when it is none.
  package static func happen(_ event: JSONObject, in cloud: Cloud) throws(ScenarioProblems) -> Bool
  {
    guard let name = event.members.first?.key, let kind = Kind(rawValue: name) else { return false }
    return try ScenarioReader.read(.object(event)) { root in
      guard let value = root.member(name) else { return false }
      return happen(kind, value, in: cloud) ? true : nil
    }
  }

  private static func happen(_ kind: Kind, _ value: ScenarioReader, in cloud: Cloud) -> Bool {
    switch kind {
    case .advance:
      guard let move = clockMove(value) else { return false }
      perform(move, cloud.tenant)
      return true
    case .expireKey:
      guard let (key, status) = expiry(value) else { return false }
      cloud.tenant.keys.expire(key, status: status)
      return true
    case .setVariables, .enableRule, .disableRule, .trigger:
      guard let engine = cloud.rules as? ScenarioEngine else {
        value.problem("no scenario is in force")
        return false
      }
      return happen(kind, value, engine, in: cloud)
    }
  }

  private static func happen(
    _ kind: Kind, _ value: ScenarioReader, _ engine: ScenarioEngine, in cloud: Cloud
  ) -> Bool {
    if kind == .setVariables {
      guard let members = value.dictionary({ $1.json() }) else { return false }
      engine.setVariables(JSONObject(members.map { ($0.key, $0.value) }))
      return true
    }
    guard let name = value.nonEmptyString() else { return false }
    let names = engine.scenario.rules.map(\.name)
    guard names.contains(name) else {
      let _: Never? = value.unknown("rule", name, of: names)
      return false
    }
    switch kind {
    case .trigger: for event in engine.trigger(name) { _ = try? cloud.emit(event) }
    default: engine.setRule(name, isEnabled: kind == .enableRule)
    }
    return true
  }

  private static func perform(_ move: ClockMove, _ tenant: Tenant) {
    switch move {
    case .by(let duration): tenant.advance(to: tenant.clock.now + duration)
    case .to(let instant): tenant.advance(to: instant)
    case .toNext: if let due = tenant.nextDue { tenant.advance(to: due) }
    }
  }
}
