import HTTPModel
package import PayloadCodecs
import Synchronization

/// A tenant with all that stands around it: its services, its journal and the rules in force.
package final class LiveTenant: Sendable {
  /// Unique in the process; 0 is the default tenant's.
  package let id: UInt32
  package let tenant: Tenant
  package let slots: [any ServiceSlot]
  package let journal: Journal
  /// What happens by itself.
  private let timedEvents = TimedEventsDue()
  let log: ServerLog?
  let listeners: ServiceListeners

  private struct InForce {
    var worlds: PlantedWorlds
    var rules: ScenarioEngine?
    var blueprint: TenantBlueprint { worlds.blueprint }
  }
  private let inForce: Mutex<InForce>
  /// Held while another world is put in force, so that two of them do not mix.
  private let restarting = Mutex(())
  /// Counts what changes beside the services' states.
  private let changes = Atomic<UInt64>(0)
  /// When it was last used, counted in uses of the registry.
  let lastUse = Atomic<UInt64>(0)
  /// Dropped from memory or removed: its world is not written to a file any more.
  let isGone = Atomic<Bool>(false)
  /// The room for the tenant itself, and for rules of its own.
  private let lease: MemoryLease
  private let scenarioLease: MemoryLease

  /// What a tenant takes beside its states, its content and its journal.
  static let ownBytes = 3 * 1024

  init(
    id: UInt32, tenant: Tenant, worlds: PlantedWorlds, journalLimits: JournalLimits,
    log: ServerLog? = nil, listeners: ServiceListeners = ServiceListeners()
  ) throws(ScenarioProblems) {
    let blueprint = worlds.blueprint
    self.id = id
    self.tenant = tenant
    self.log = log
    self.listeners = listeners
    lease = MemoryLease(charging: Self.ownBytes, to: tenant.blobs.budget)
    scenarioLease = MemoryLease(of: tenant.blobs.budget)
    journal = Journal(limits: journalLimits, budget: tenant.blobs.budget)
    tenant.allow(blueprint.outbound)
    inForce = Mutex(InForce(worlds: worlds))
    // In front of the services: a hub that goes down now has no work of this instant.
    tenant.add(timedEvents)
    var slots: [any ServiceSlot] = []
    slots.reserveCapacity(worlds.planting.services.count)
    for service in worlds.planting.services {
      slots.append(try service.makeSlot(in: tenant, worlds))
    }
    self.slots = slots
    timedEvents.belongs(to: self)
    if let makeRules = blueprint.makeRules { replaceRules(makeRules(self)) }
    for slot in slots { slot.begin() }
  }

  package var name: String { tenant.name }

  /// Differs whenever something that a snapshot holds may have changed.
  var revision: UInt64 {
    var hash = StableHash(seed: 0)
    for slot in slots { hash.combine(slot.revision) }
    let journal = journal.status
    hash.combine(journal.total)
    hash.combine(journal.dropped + UInt64(journal.count))
    hash.combine(changes.load(ordering: .relaxed))
    hash.combine(tenant.blobs.lastID)
    hash.combine(tenant.clock.changeCount)
    return hash.value
  }
  /// How many ids its services have given: more, where something was made meanwhile. Nil: to say it would hold
  /// up a loop.
  package var idCountNow: UInt64? {
    var sum: UInt64 = 0
    for slot in slots {
      guard let count = slot.idCountNow else { return nil }
      sum &+= count
    }
    return sum
  }
  package var blueprint: TenantBlueprint { inForce.withLock { $0.blueprint } }
  /// See `TenantBlueprint.isShort`.
  package var hasShortScenario: Bool { inForce.withLock { $0.worlds.blueprint.isShort } }

  /// Nobody has it in hand.
  var isIdle: Bool { tenant.uses.isNone && journal.followerCount == 0 }

  /// Something changed that is no service's: a rule, a variable, a key.
  package func changed() { changes.add(1, ordering: .relaxed) }

  /// What the services' states weigh.
  package var heapBytes: Int { slots.reduce(0) { $0 + $1.heapBytes } }

  /// See `Lasting`.
  func keep() {
    Lasting.keep(self)
    Lasting.keep(journal)
    Lasting.keep(slots)
    for slot in slots { slot.keep() }
    tenant.keep()
    rules?.keep()
  }

  // MARK: Rules

  /// Lets requests of tenants without rules skip the mutex.
  private var hasRules: Bool { timedEvents.hasRules.load(ordering: .acquiring) }
  private func noteRules(_ areThere: Bool) {
    timedEvents.hasRules.store(areThere, ordering: .releasing)
  }

  /// The rules in force; nil: none.
  package var rules: ScenarioEngine? {
    hasRules ? inForce.withLock { $0.rules } : nil
  }

  /// The rules in force; where there are none, those that `make` makes are put in force first.
  package func rules(orMake make: (LiveTenant) -> ScenarioEngine) -> ScenarioEngine {
    let rules = inForce.withLock { inForce -> ScenarioEngine in
      if let rules = inForce.rules { return rules }
      let made = make(self)
      inForce.rules = made
      return made
    }
    noteRules(true)
    return rules
  }

  package func replaceRules(_ rules: ScenarioEngine?) {
    inForce.withLock { $0.rules = rules }
    settleScenario()
    changes.add(1, ordering: .relaxed)
    noteRules(rules != nil)
    tenant.dueMayHaveChanged(timedEvents.nextDue)
  }

  /// Another scenario from now on: its rules at once, its world at the next reset. What the one before
  /// did to listeners ends with it.
  package func adopt(_ blueprint: TenantBlueprint, rules: ScenarioEngine?) {
    listeners.forget(self)
    inForce.withLock { inForce in
      inForce = InForce(worlds: inForce.worlds.planting.worlds(of: blueprint), rules: rules)
    }
    tenant.allow(blueprint.outbound)
    settleScenario()
    changes.add(1, ordering: .relaxed)
    noteRules(rules != nil)
    tenant.dueMayHaveChanged(timedEvents.nextDue)
  }

  /// Brings the budget in line with rules that have come or gone. Only the tenant's own weigh something:
  /// those of the scenario are counted with its worlds, once for all tenants.
  package func settleScenario() {
    let rules = inForce.withLock { $0.rules }
    scenarioLease.charge((rules?.heapBytes ?? 0) - scenarioLease.count)
  }

  // MARK: Life

  /// The tenant as at its start: seed data back, counters and clock at the beginning. With another
  /// blueprint: as if it had started from that one.
  package func reset(
    to other: TenantBlueprint? = nil, keepingJournal: Bool = false
  ) throws(ScenarioProblems) {
    try restarting.withLock { _ throws(ScenarioProblems) in
      let present = inForce.withLock { $0.worlds }
      let worlds = other.map { present.planting.worlds(of: $0) } ?? present
      let blueprint = worlds.blueprint
      // The new world is made beside the old one: if it cannot be, nothing has changed.
      let blobs = BlobStore(budget: tenant.blobs.budget)
      var states: [PreparedState] = []
      states.reserveCapacity(slots.count)
      for slot in slots { states.append(try slot.prepareStart(worlds, blobs: blobs)) }
      tenant.reseed(blueprint.seed)
      tenant.clock.restart(mode: blueprint.clock.mode, start: blueprint.clock.start)
      tenant.keys.replace(blueprint.keys)
      tenant.blobs.takeOver(blobs)
      for state in states { state.putInForce() }
      if !keepingJournal {
        journal.restart()
        tenant.codeCalls.forgetAll()
      }
      adopt(blueprint, rules: blueprint.makeRules?(self))
      for slot in slots { slot.begin() }
      tenant.announceNextDue()
    }
  }

  /// Whether another world is being put in force just now: then a loop should not wait for it.
  package var isRestarting: Bool { restarting.withLockIfAvailable { _ in } == nil }

  /// Runs what puts another world in force, one at a time.
  func restarted(_ body: () -> Void) { restarting.withLock { _ in body() } }

  /// It was removed: whoever works, waits or follows here is told that this is the end.
  func noteRemoval() {
    listeners.forget(self)
    tenant.noteRemoval()
    journal.end()
  }

  /// Makes something happen now: an event of the kernel or of the first service that knows it; one of
  /// code, of the first that has the instance.
  ///
  /// **Shape**: see `WorldEvent`; else whatever a service defines.
  /// - Returns: false when nobody knows the event.
  package func emit(
    _ event: JSONObject, _ chain: EventChain = EventChain()
  ) throws(ScenarioProblems) -> Bool {
    try chain.extend()
    defer { changed() }
    if try WorldEvent.happen(event, in: self, chain) { return true }
    for slot in slots where try slot.emit(event) { return true }
    if let event = try CodeEvent.read(event) { throw event.isUnknown }
    return false
  }
}
