package import HTTPModel
import PayloadCodecs
import Synchronization

/// All tenants. A tenant comes into being on first use from the blueprint in force, or from its file
/// where a store keeps them; above a number of them idle ones are dropped from memory, the longest
/// unused first, never the default one. That number is a smaller one while memory is short.
///
/// What a tenant's clock brings while it waits in its file happens when it is used again, each thing
/// at its own instant: nobody can tell the difference, since nobody was looking.
package final class TenantRegistry: Sendable {
  private struct State {
    var byName: TextMap<LiveTenant> {
      didSet {
        inOrder = nil
        nameChanges &+= 1
      }
    }
    var nameChanges: UInt64 = 0
    /// By name, once somebody has asked: consoles list them again and again.
    var inOrder: [LiveTenant]?
    var byID: [UInt32: LiveTenant]
    /// What new tenants begin with.
    var worlds: PlantedWorlds
    var lastID: UInt32 = 0
    var evicted: UInt64 = 0
    /// Below that many tenants a search for idle ones would find too few.
    var nextSearch = 0
    /// Those that were idle when all were looked through the last time, the longest unused first.
    var idle: ArraySlice<IdleMark> = []
    /// The scenarios that this one took the place of while the server ran, as text.
    var formerScenarios: TextSet = []
  }

  /// An idle tenant; used since, if its last use is another one.
  private struct IdleMark {
    let id: UInt32
    let lastUse: UInt64

    init(_ live: LiveTenant) {
      id = live.id
      lastUse = live.lastUse.load(ordering: .relaxed)
    }
  }

  /// The tenant of requests that name none: always there.
  package let `default`: LiveTenant
  package let budget: MemoryBudget
  private let planting: Planting
  private let configuration: PipelineConfiguration
  private let timer: DueTimer?
  private let state: Mutex<State>
  private let uses = Atomic<UInt64>(0)
  private let locks = NameLocks()
  private let persistence = Mutex(PersistenceReference())

  private struct PersistenceReference {
    weak var store: WorldStore?
  }

  /// What a tenant takes before anything is made in it.
  package static var bytesOfTenant: Int { LiveTenant.ownBytes + Journal.roomAtStart }

  /// So many idle ones go beyond those that must: each newcomer's search would cost more than they do,
  /// and a loop should not be held by the end of thousands of worlds.
  private static let evictedAheadMax = 200

  /// The ids of tenants share a tag with the numbers of exchanges; see `ExchangeTag`.
  static let idLimit: UInt32 = 1 << 24

  package init(
    services: [any EmulatedService], configuration: PipelineConfiguration
  ) throws(ScenarioProblems) {
    self.configuration = configuration
    budget = MemoryBudget(limit: configuration.storageLimit)
    timer = configuration.wallTimer.map { DueTimer($0) }
    planting = Planting(services, budget, wall: configuration.wall)
    let worlds = planting.worlds(of: configuration.blueprint)
    `default` = try Self.make(
      Tenant.defaultName, id: 0, worlds, configuration, timer)
    state = Mutex(
      State(
        byName: [Tenant.defaultName: `default`], byID: [0: `default`], worlds: worlds))
  }

  private static func make(
    _ name: String, id: UInt32, _ worlds: PlantedWorlds, _ configuration: PipelineConfiguration,
    _ timer: DueTimer?
  ) throws(ScenarioProblems) -> LiveTenant {
    let blueprint = worlds.blueprint
    let clock = VirtualClock(
      mode: blueprint.clock.mode, start: blueprint.clock.start, wall: configuration.wall)
    let tenant = Tenant(
      name: name, seed: blueprint.seed, clock: clock,
      keys: CredentialKeys(keys: blueprint.keys, now: { clock.now }),
      blobs: BlobStore(budget: worlds.planting.budget),
      lasts: configuration.isWholeProcess && id == 0,
      onNextDue: { tenant, due in timer?.nextDue(of: tenant, is: due) })
    return try LiveTenant(
      id: id, tenant: tenant, worlds: worlds, journalLimits: configuration.journalLimits,
      log: configuration.log, listeners: configuration.listeners)
  }

  /// See `Lasting`: the default tenant, and what all have in common.
  func keep() {
    Lasting.keep(self)
    planting.keep()
    `default`.keep()
  }

  // MARK: Finding

  /// The tenant of that name with a use begun, which the caller ends; made if there is none, and
  /// read from its file if it has one. Reading may take long: see `mustLoad`.
  /// - Parameter name: checked by `Tenant.isName`.
  package func use(_ name: String) throws(ScenarioProblems) -> LiveTenant {
    if let here = useIfHere(name) { return here }
    return try locks.withLock(of: name) { () throws(ScenarioProblems) in
      // Somebody else may have made it meanwhile.
      if let here = useIfHere(name) { return here }
      guard budget.hasRoom(for: Self.bytesOfTenant) else { throw .noRoom }
      let (worlds, id) = state.withLock { ($0.worlds, nextID(in: &$0)) }
      let made = try Self.make(name, id: id, worlds, configuration, timer)
      let store = store
      store?.load(made)
      adoptEdits(made)
      _ = made.tenant.uses.begin()
      touch(made)
      configuration.log?.tell(.info, of: name, "tenant begins")
      let isSearchDue = state.withLock { state in
        state.byName[name] = made
        state.byID[id] = made
        return state.byName.count >= state.nextSearch
      }
      if isSearchDue, !evictIdle(downTo: limitNow) { store?.saveSoon() }
      return made
    }
  }

  /// The tenant with a use begun, if it is in memory.
  package func useIfHere(_ name: String) -> LiveTenant? {
    let here = holdIfHere(name)
    if let here { touch(here) }
    return here
  }

  /// The same for a look that is no use of it: it does not become the one that was used last.
  func holdIfHere(_ name: String) -> LiveTenant? {
    if name == Tenant.defaultName { return useDefault() }
    // Under the lock under which tenants are dropped: what is found here is not on its way out.
    return state.withLock { state in
      state.byName[name].flatMap { $0.tenant.uses.begin() ? $0 : nil }
    }
  }

  /// The default tenant, a use begun as for the others: it is never dropped.
  package func useDefault() -> LiveTenant {
    _ = `default`.tenant.uses.begin()
    return `default`
  }

  /// Whether finding a tenant means reading its file or making a world of a large scenario, which is
  /// no work for an event loop.
  package func mustLoad(_ name: String) -> Bool {
    guard find(name) == nil else { return false }
    return state.withLock { $0.worlds.blueprint.isLarge } || store?.hasFile(name) ?? false
  }

  private func nextID(in state: inout State) -> UInt32 {
    repeat {
      state.lastID = state.lastID % (Self.idLimit - 2) + 1
    } while state.byID[state.lastID] != nil
    return state.lastID
  }

  func touch(_ live: LiveTenant) {
    live.lastUse.store(uses.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
  }

  /// The tenant if it is in memory: for a look, since it may be dropped at any time. Who changes
  /// something begins a use.
  package func find(_ name: String) -> LiveTenant? {
    name == Tenant.defaultName ? `default` : state.withLock { $0.byName[name] }
  }

  func find(id: UInt32) -> LiveTenant? { id == 0 ? `default` : state.withLock { $0.byID[id] } }

  /// All that are in memory, by name: for a look.
  package var all: [LiveTenant] { inOrder(state.withLock { Listing($0) }) }

  /// Those in memory at one moment.
  private struct Listing {
    let known: [LiveTenant]?
    let byName: TextMap<LiveTenant>
    let nameChanges: UInt64

    init(_ state: borrowing State) {
      known = state.inOrder
      byName = known == nil ? state.byName : [:]
      nameChanges = state.nameChanges
    }
  }

  /// Sorted outside the lock: they may be thousands.
  private func inOrder(_ listing: Listing) -> [LiveTenant] {
    if let known = listing.known { return known }
    let sorted = listing.byName.sortedByKey.map { $0.value }
    state.withLock { state in
      if state.nameChanges == listing.nameChanges { state.inOrder = sorted }
    }
    return sorted
  }

  /// Does something with each tenant that is in memory, which stays there meanwhile.
  package func forEach(_ body: (LiveTenant) -> Void) {
    for live in all where live.tenant.uses.begin() {
      defer { live.tenant.uses.end() }
      body(live)
    }
  }

  /// All that are in memory, and the names of those that wait in their files for their first use.
  package var overview: (inMemory: [LiveTenant], sleeping: [String]) {
    let names = store?.names ?? []
    let (listing, sleeping) = state.withLock { state in
      (Listing(state), names.filter { state.byName[$0] == nil })
    }
    return (inOrder(listing), sleeping.sorted())
  }

  /// Whether there are at most so many, and none in a file.
  package func isFew(_ countMax: Int) -> Bool { store == nil && count <= countMax }

  /// Whether there is any but the default one, in memory or in a file.
  var hasOthers: Bool { count > 1 || store?.names.isEmpty == false }

  /// Those with that mark, by name: of whatever was made in one of them and of little else.
  func names(marked mark: TenantMark) -> [String] {
    let names = store?.names ?? []
    return state.withLock { names.union($0.byName.keys) }
      .filter { TenantMark(ofTenant: $0) == mark }.sorted()
  }

  /// How many are in memory.
  package var count: Int { state.withLock { $0.byName.count } }
  /// How many were dropped because there were too many.
  package var evictedCount: UInt64 { state.withLock { $0.evicted } }

  // MARK: Dropping

  /// How many may stay: few of them where they hold much. Then they go by the some hundred.
  private var limitNow: Int {
    guard let kept = configuration.tenantsKept,
      !budget.hasRoom(for: Int(clamping: budget.limit / 4))
    else { return configuration.tenantLimit }
    return min(configuration.tenantLimit, max(kept, count - 1))
  }

  /// Drops idle tenants, the longest unused first, where there are more than `limit`; down to nine
  /// tenths of it at once, so that a sea of tenants does not pay for a search each time.
  /// - Returns: false when too few could be dropped: what a store has not saved yet stays.
  @discardableResult
  package func evictIdle(downTo limit: Int) -> Bool {
    let store = store
    let (evicted, isEnough) = state.withLock { state -> ([LiveTenant], Bool) in
      guard state.byName.count > limit else { return ([], true) }
      let excess = state.byName.count - limit + min(limit / 10, Self.evictedAheadMax)
      // Among many, the order of the last search first: who was not used since stands in it as before.
      var evicted = dropIdle(excess, store, &state)
      if evicted.count < excess {
        let marks = state.byName.values.lazy.filter { $0.id != 0 && $0.isIdle }.map(IdleMark.init)
        state.idle = marks.sorted { $0.lastUse < $1.lastUse }[...]
        evicted += dropIdle(excess - evicted.count, store, &state)
      }
      if state.byName.count < Self.orderKeptMin { state.idle = [] }
      state.evicted += UInt64(evicted.count)
      let isEnough = evicted.count >= excess
      // Where little can be dropped, not every newcomer looks through them all.
      state.nextSearch = isEnough ? 0 : state.byName.count + limit / 20
      return (evicted, isEnough)
    }
    for old in evicted { timer?.forget(old.tenant) }
    store?.letGo(evicted)
    if !evicted.isEmpty {
      let names = evicted.map(\.name)
      configuration.log?.tell(.info) { "idle tenants evicted from memory: \(names.few)" }
    }
    return isEnough
  }

  /// Fewer are looked through each time.
  private static let orderKeptMin = 2_000

  /// Drops so many of those that are known to be idle, from the longest unused on.
  private func dropIdle(
    _ count: Int, _ store: WorldStore?, _ state: inout State
  ) -> [LiveTenant] {
    var dropped: [LiveTenant] = []
    while dropped.count < count, let mark = state.idle.popFirst() {
      guard let live = state.byID[mark.id], live.isIdle,
        live.lastUse.load(ordering: .relaxed) == mark.lastUse, drop(live, store)
      else { continue }
      state.byName[live.name] = nil
      state.byID[live.id] = nil
      dropped.append(live)
    }
    return dropped
  }

  /// A store has saved what may go.
  func savesEnded() {
    state.withLock { $0.nextSearch = 0 }
    evictIdle(downTo: limitNow)
  }

  /// Whether it is saved and nobody has it in hand; from then on nobody gets it.
  private func drop(_ live: LiveTenant, _ store: WorldStore?) -> Bool {
    if let store, !store.isSaved(live) { return false }
    guard live.tenant.uses.drop() else { return false }
    // Whoever was at it before that may have changed it since the first look.
    if let store, !store.isSaved(live) {
      live.tenant.uses.takeBackDrop()
      return false
    }
    live.isGone.store(true, ordering: .sequentiallyConsistent)
    live.listeners.forget(live)
    return true
  }

  /// Removes a tenant and its file; the default one is reset instead, since it is always there.
  /// False when there is none of that name. Once it returns, neither a save that is on its way nor a
  /// restart brings it back.
  package func remove(_ name: String) throws(RemovalError) -> Bool {
    if name == Tenant.defaultName {
      do throws(ScenarioProblems) { try `default`.reset() } catch { throw .scenario(error) }
      return true
    }
    let store = store
    return try locks.withLock(of: name) { () throws(RemovalError) in
      let removed = state.withLock { state -> LiveTenant? in
        guard let live = state.byName.removeValue(forKey: name) else { return nil }
        state.byID[live.id] = nil
        // Before its file goes: a save asks this at the moment of putting the file in place.
        live.isGone.store(true, ordering: .sequentiallyConsistent)
        return live
      }
      if let removed {
        timer?.forget(removed.tenant)
        removed.noteRemoval()
      }
      guard let store else { return removed != nil }
      do throws(FileError) {
        return try store.forget(name) || removed != nil
      } catch {
        throw .file(error)
      }
    }
  }

  package enum RemovalError: Error {
    /// The default tenant does not start again.
    case scenario(ScenarioProblems)
    /// Its file is still there.
    case file(FileError)
  }

  // MARK: The store

  /// From now on tenants are restored when they come and kept until they are saved.
  func setPersistence(_ store: WorldStore) {
    persistence.withLock { $0.store = store }
  }

  private var store: WorldStore? { persistence.withLock { $0.store } }

  /// What keeps worlds from being saved, a sentence for each tenant; the first few of many.
  package var storageProblems: [String] { store?.problems ?? [] }

  /// Another scenario of the server from now on. Gives the one before.
  func replaceBlueprint(_ blueprint: TenantBlueprint) -> TenantBlueprint {
    state.withLock { state in
      let old = state.worlds.blueprint
      state.worlds = planting.worlds(of: blueprint)
      if let source = old.source { state.formerScenarios.insert(source.text) }
      if let source = blueprint.source { state.formerScenarios.remove(source.text) }
      return old
    }
  }

  /// A tenant comes from its file, where it was while the server's scenario was edited.
  private func adoptEdits(_ live: LiveTenant) {
    let (blueprint, isFormer) = state.withLock { state in
      let source = state.formerScenarios.isEmpty ? nil : live.blueprint.source
      let isFormer = source.map { state.formerScenarios.contains($0.text) } ?? false
      return (state.worlds.blueprint, isFormer)
    }
    if isFormer { live.swap(blueprint) }
  }
}
