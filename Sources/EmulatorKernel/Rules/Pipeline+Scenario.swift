import PayloadCodecs

extension Pipeline {
  /// Takes over an edited scenario while requests go on: in every tenant that runs the scenario of
  /// the server, rules at once (those that are unchanged keep their counts), keys at once, the world
  /// at the next reset. Tenants whose scenario was replaced by the control API keep theirs.
  package func swap(
    _ scenario: Scenario, isStrict: Bool, seed: UInt64? = nil, clock: ClockMode? = nil
  ) {
    let blueprint = TenantBlueprint(
      scenario, catalog: catalog, isStrict: isStrict, seed: seed, clockMode: clock)
    let old = tenants.replaceBlueprint(blueprint)
    tenants.forEach { live in
      if live.blueprint.source == old.source { live.swap(blueprint) }
    }
  }
}

extension LiveTenant {
  /// The scenario of a blueprint from now on, without touching the world.
  package func swap(_ blueprint: TenantBlueprint) {
    guard let made = blueprint.makeRules?(self) else { return }
    let keysChanged = self.blueprint.keys != blueprint.keys
    let engine = rules ?? made
    engine.swap(made.scenario, made.rules, at: tenant.clock.now)
    adopt(blueprint, rules: engine)
    if keysChanged { tenant.keys.replace(blueprint.keys) }
  }
}
