import Synchronization

/// All tenants. A tenant comes into being on first use from the blueprint in force; above a number
/// of them idle ones are dropped, the longest unused first, never the default one.
package final class TenantRegistry: Sendable {
  private struct State {
    var byName: [String: Cloud]
    var byID: [UInt32: Cloud]
    var blueprint: TenantBlueprint
    var lastID: UInt32 = 0
    var evicted: UInt64 = 0
  }

  /// The tenant of requests that name none: always there.
  package let `default`: Cloud
  package let budget: StorageBudget
  private let services: [any EmulatedService]
  private let configuration: PipelineConfiguration
  private let timer: DueTimer?
  private let state: Mutex<State>
  private let uses = Atomic<UInt64>(0)
  private let persistence = Mutex(PersistenceReference())

  private struct PersistenceReference {
    weak var store: WorldStore?
  }

  /// The ids of tenants share a tag with the numbers of exchanges; see `ExchangeTag`.
  static let idLimit: UInt32 = 1 << 24

  package init(
    services: [any EmulatedService], configuration: PipelineConfiguration
  ) throws(ScenarioProblems) {
    self.services = services
    self.configuration = configuration
    budget = StorageBudget(limit: configuration.storageLimit)
    timer = configuration.ticker.map { DueTimer($0) }
    `default` = try Self.make(
      Tenant.defaultName, id: 0, services, configuration.blueprint, configuration, budget, timer)
    state = Mutex(
      State(
        byName: [Tenant.defaultName: `default`], byID: [0: `default`],
        blueprint: configuration.blueprint))
  }

  private static func make(
    _ name: String, id: UInt32, _ services: [any EmulatedService], _ blueprint: TenantBlueprint,
    _ configuration: PipelineConfiguration, _ budget: StorageBudget, _ timer: DueTimer?
  ) throws(ScenarioProblems) -> Cloud {
    let clock = VirtualClock(
      mode: blueprint.clock.mode, start: blueprint.clock.start, wall: configuration.wall)
    let tenant = Tenant(
      name: name, seed: blueprint.seed, clock: clock,
      keys: CredentialKeys(keys: blueprint.keys, now: { clock.now }),
      blobs: BlobStore(budget: budget),
      onNextDue: { tenant, due in timer?.nextDue(of: tenant, is: due) })
    return try Cloud(
      id: id, tenant: tenant, services: services, blueprint: blueprint,
      journalLimits: configuration.journalLimits)
  }

  // MARK: Finding

  /// The tenant of that name, made if there is none.
  /// - Parameter name: checked by `Tenant.isName`.
  package func cloud(named name: String) throws(ScenarioProblems) -> Cloud {
    if let known = find(name) {
      touch(known)
      return known
    }
    // Made outside the lock, so that others go on; making is deterministic, so of two that were
    // made at the same time either will do.
    let (blueprint, id) = state.withLock { ($0.blueprint, nextID(in: &$0)) }
    let made = try Self.make(name, id: id, services, blueprint, configuration, budget, timer)
    let store = persistence.withLock { $0.store }
    store?.restore(made)
    let (cloud, evicted) = state.withLock { state -> (Cloud, [Cloud]) in
      if let other = state.byName[name] { return (other, []) }
      state.byName[name] = made
      state.byID[id] = made
      return (made, evictIdle(from: &state, except: made, store))
    }
    touch(cloud)
    for old in evicted { timer?.forget(old.tenant) }
    return cloud
  }

  private func nextID(in state: inout State) -> UInt32 {
    repeat {
      state.lastID = state.lastID % (Self.idLimit - 1) + 1
    } while state.byID[state.lastID] != nil
    return state.lastID
  }

  private func touch(_ cloud: Cloud) {
    cloud.lastUse.store(uses.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
  }

  /// Drops down to nine tenths of the limit at once, so that a sea of tenants does not pay for a
  /// search each time.
  /// What a store has not saved yet stays.
  private func evictIdle(
    from state: inout State, except newest: Cloud, _ store: WorldStore?
  ) -> [Cloud] {
    let limit = configuration.tenantLimit
    guard state.byName.count > limit else { return [] }
    let idle = state.byName.values.filter { cloud in
      cloud.id != 0 && cloud !== newest && cloud.isIdle && store?.isSaved(cloud) ?? true
    }
    let excess = state.byName.count - limit + limit / 10
    let oldest = idle.sorted {
      $0.lastUse.load(ordering: .relaxed) < $1.lastUse.load(ordering: .relaxed)
    }.prefix(excess)
    for cloud in oldest {
      state.byName[cloud.name] = nil
      state.byID[cloud.id] = nil
    }
    state.evicted += UInt64(oldest.count)
    return Array(oldest)
  }

  /// The tenant if it is there.
  package func find(_ name: String) -> Cloud? {
    name == Tenant.defaultName ? `default` : state.withLock { $0.byName[name] }
  }

  func find(id: UInt32) -> Cloud? { id == 0 ? `default` : state.withLock { $0.byID[id] } }

  /// All of them, by name.
  package var all: [Cloud] {
    state.withLock { Array($0.byName.values) }.sorted { $0.name < $1.name }
  }

  package var count: Int { state.withLock { $0.byName.count } }
  /// How many were dropped because there were too many.
  package var evictedCount: UInt64 { state.withLock { $0.evicted } }

  // MARK: Changing

  /// Drops a tenant; the default one is reset instead, since it is always there. False when there
  /// is none of that name.
  package func remove(_ name: String) throws(ScenarioProblems) -> Bool {
    if name == Tenant.defaultName {
      try `default`.reset()
      return true
    }
    defer { persistence.withLock { $0.store }?.forget(name) }
    let removed = state.withLock { state -> Cloud? in
      guard let cloud = state.byName.removeValue(forKey: name) else { return nil }
      state.byID[cloud.id] = nil
      return cloud
    }
    if let removed { timer?.forget(removed.tenant) }
    return removed != nil
  }

  /// From now on tenants are restored when they come and kept until they are saved.
  func setPersistence(_ store: WorldStore) {
    persistence.withLock { $0.store = store }
  }

  /// What keeps worlds from being saved, a sentence for each tenant; the first few of many.
  package var storageProblems: [String] {
    persistence.withLock { $0.store }?.problems ?? []
  }

  /// What tenants that come from now on start from.
  package var blueprint: TenantBlueprint {
    get { state.withLock { $0.blueprint } }
    set { state.withLock { $0.blueprint = newValue } }
  }
}
