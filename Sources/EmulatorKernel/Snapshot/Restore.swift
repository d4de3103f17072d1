import PayloadCodecs

/// A snapshot that has been read and checked against a tenant, and waits to be put in force.
package struct Restore: Sendable {
  private let live: LiveTenant
  private let content: SnapshotContent
  private let blobs: BlobStore
  private let states: [PreparedState]
  private let blueprint: TenantBlueprint
  private let rules: ScenarioEngine?
  private let rulesState: PreparedState?

  /// Checks everything and changes nothing.
  package init(
    _ reader: SnapshotReader, into live: LiveTenant, of pipeline: Pipeline
  ) throws(SnapshotError) {
    self = try Restore(SnapshotContent(reader, for: live.slots), into: live, of: pipeline)
  }

  /// The same with what has been read before.
  package init(
    _ content: SnapshotContent, into live: LiveTenant, of pipeline: Pipeline
  ) throws(SnapshotError) {
    self.live = live
    self.content = content
    blobs = BlobStore(budget: pipeline.tenants.budget)
    blobs.plant(content.blobs)
    blobs.continueIDs(after: content.manifest.lastBlob)
    states = zip(live.slots, content.states).map { slot, read in slot.prepareRestore(read) }
    (blueprint, rules, rulesState) = try Self.rules(content, live, pipeline)
  }

  /// The scenario that the snapshot was taken under; read anew if another one is in force.
  private static func rules(
    _ content: SnapshotContent, _ live: LiveTenant, _ pipeline: Pipeline
  ) throws(SnapshotError) -> (TenantBlueprint, ScenarioEngine?, PreparedState?) {
    let present = live.blueprint
    var blueprint = present
    if let source = content.scenario, !(present.source?.isWritten(as: source) ?? false) {
      blueprint = try scenario(source, present, pipeline, path: "scenario.json")
    } else if content.scenario == nil, present.source != nil {
      blueprint = TenantBlueprint(clock: present.clock, isStrict: present.isStrict)
    }
    // Else it would have worlds of its own.
    if blueprint.seed != content.manifest.seed { blueprint.seed = content.manifest.seed }
    guard let saved = content.rules else { return (blueprint, blueprint.makeRules?(live), nil) }
    // Rules may have been added where no scenario was given.
    var makeRules = blueprint.makeRules
    if makeRules == nil {
      let empty = Scenario.empty.source
      makeRules = try scenario(empty, present, pipeline, path: "rules.json").makeRules
    }
    let rules = makeRules?(live)
    do throws(ScenarioProblems) {
      return (blueprint, rules, try rules?.prepareRestore(saved, beside: live.rules))
    } catch {
      throw .invalid(path: "rules.json", reason: error.text)
    }
  }

  private static func scenario(
    _ source: JSON, _ present: TenantBlueprint, _ pipeline: Pipeline, path: String
  ) throws(SnapshotError) -> TenantBlueprint {
    do {
      return try pipeline.blueprint(ofScenario: source, isStrict: present.isStrict)
    } catch {
      throw .invalid(path: path, reason: error.text)
    }
  }

  /// The tenant is as it was from now on.
  package func putInForce() {
    let tenant = live.tenant
    live.restarted {
      tenant.reseed(content.manifest.seed)
      content.manifest.clock.putInForce(tenant.clock, content.clockMode)
      tenant.keys.restore(content.keys)
      tenant.blobs.takeOver(blobs)
      for state in states { state.putInForce() }
      rulesState?.putInForce()
      live.adopt(blueprint, rules: rules)
      let journal = content.manifest.journal
      live.journal.restart(after: journal.total, dropped: journal.lost)
      live.tenant.codeCalls.forgetAll()
      for slot in live.slots { slot.resume() }
      tenant.announceNextDue()
    }
  }
}
