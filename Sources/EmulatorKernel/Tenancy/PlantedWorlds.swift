import HTTPModel
import PayloadCodecs
import Synchronization

/// The worlds that the tenants of one blueprint begin with: each is made once, when it is first needed,
/// and taken by value. What a tenant does not change it shares with all others, copied on write.
///
/// So that they can be the same, planted things have the ids of the default tenant in every tenant, and
/// are as old as this: made when the blueprint came into force, or at the start that its clock names.
package final class PlantedWorlds: Sendable {
  let blueprint: TenantBlueprint
  let planting: Planting
  /// When what is planted came into being.
  let instant: VirtualInstant
  /// By the services' order; nil: nobody needed it yet.
  private let worlds: Mutex<[AnyPlantedWorld?]>
  /// The room for the scenario, which all its tenants share.
  private let lease: MemoryLease

  fileprivate init(_ blueprint: TenantBlueprint, _ planting: Planting) {
    self.blueprint = blueprint
    self.planting = planting
    instant = blueprint.clock.start ?? planting.wall()
    worlds = Mutex(Array(repeating: nil, count: planting.services.count))
    lease = MemoryLease(charging: blueprint.sourceBytes, to: planting.budget)
  }

  /// Where the ids of planted things come from.
  fileprivate var ids: IDSource { IDSource(seed: blueprint.seed, tenant: Tenant.defaultName) }

  func seed<Service>(of served: ServedService<Service>) -> WorldSeed {
    blueprint.worldSeed(of: served.name)
  }

  /// A state as at a tenant's start, with the ids that go on from there, and what it has stored.
  func begin<Service: EmulatedService>(
    _ served: ServedService<Service>, in tenant: String, at now: VirtualInstant, _ blobs: BlobStore
  ) throws(ScenarioProblems) -> Begun<Service.State> {
    let world: Planted<Service.State>
    if let shared = try planted(served).shared {
      world = shared
    } else {
      world = try Planted<Service.State>(served, self, at: now)
    }
    var step = StepContext<Service.State.WakeKey>(
      now: now, ids: world.ids.belonging(to: tenant), blobs: blobs)
    var state = world.state
    blobs.plant(world.blobs)
    blobs.seeding { served.service.moveIn(&state, &step) }
    return Begun(state: state, ids: step.ids, sharedBytes: world.sharedBytes)
  }

  private func planted<Service: EmulatedService>(
    _ served: ServedService<Service>
  ) throws(ScenarioProblems) -> PlantedWorld<Service.State> {
    try worlds.withLock { worlds throws(ScenarioProblems) in
      // SAFETY: at a service's place stands its own, made here.
      if let made = worlds[served.index] {
        return unsafe unsafeDowncast(made, to: PlantedWorld<Service.State>.self)
      }
      let made = PlantedWorld(
        try Planted<Service.State>(served, self, at: instant),
        isTimed: blueprint.clock.start != nil, planting.budget)
      worlds[served.index] = made
      return made
    }
  }
}

/// What a tenant begins with in one service.
struct Begun<State: ServiceState>: Sendable {
  var state: State
  var ids: IDSource
  /// See `Planted`.
  var sharedBytes: Int
}

/// A world as the scenario describes it, in no tenant yet.
private struct Planted<State: ServiceState>: Sendable {
  var state: State
  let ids: IDSource
  let blobs: [BlobID: BlobStore.Blob]
  /// What weighs nothing in a tenant, since others have it too.
  var sharedBytes = 0

  init<Service: EmulatedService>(
    _ served: ServedService<Service>, _ worlds: PlantedWorlds, at now: VirtualInstant
  ) throws(ScenarioProblems) where Service.State == State {
    let store = BlobStore(budget: worlds.planting.budget, ofService: served.index)
    var step = StepContext<State.WakeKey>(now: now, ids: worlds.ids, blobs: store)
    let seed = worlds.seed(of: served)
    state = try store.seeding { () throws(ScenarioProblems) in
      try served.service.makeState(seed, &step)
    }
    ids = step.ids
    blobs = store.held.blobs
  }
}

/// A planted world of whatever state.
///
/// `@unchecked`: it has nothing of its own, and what its one subclass has never changes.
private class AnyPlantedWorld: @unchecked Sendable {}

/// `@unchecked`: said again of what it inherits; all that it has is constant and `Sendable`.
private final class PlantedWorld<State: ServiceState>: AnyPlantedWorld, @unchecked Sendable {
  /// Nil: something in it is due, counted from the tenant's own start, so each tenant makes its own.
  let shared: Planted<State>?
  private let lease: MemoryLease?

  /// Of what a state does not count piece by piece, so much at most is nobody's: a tenant may make it
  /// its own unseen.
  private static var sharedBytesMax: Int { 4096 }

  /// - Parameter isTimed: every tenant starts at the same instant.
  init(_ planted: Planted<State>, isTimed: Bool, _ budget: MemoryBudget) {
    if isTimed || planted.state.nextDue == nil && !planted.state.isAtWork {
      var planted = planted
      lease = MemoryLease(charging: planted.state.heapBytes, to: budget)
      planted.state.share()
      planted.sharedBytes = min(planted.state.heapBytes, Self.sharedBytesMax)
      shared = planted
    } else {
      lease = nil
      shared = nil
    }
  }
}

/// What the tenants of a server are made of.
final class Planting: Sendable {
  let services: [any ServiceMaker]
  let budget: MemoryBudget
  let wall: VirtualClock.WallTime

  init(
    _ services: [any EmulatedService], _ budget: MemoryBudget,
    wall: @escaping VirtualClock.WallTime
  ) {
    self.services = services.enumerated().map { index, service in service.served(at: index) }
    self.budget = budget
    self.wall = wall
  }

  /// See `Lasting`.
  func keep() {
    Lasting.keep(self)
    Lasting.keep(budget)
    for service in services { service.keep() }
  }

  /// The worlds of a blueprint: the same ones for as long as a tenant has them.
  func worlds(of blueprint: TenantBlueprint) -> PlantedWorlds {
    blueprint.identity.worlds.withLock { reference in
      if let worlds = reference.worlds, worlds.planting === self { return worlds }
      let worlds = PlantedWorlds(blueprint, self)
      reference.worlds = worlds
      return worlds
    }
  }
}

/// Tells a blueprint from every other, and finds what was made of it.
final class BlueprintIdentity: Sendable {
  struct Reference {
    weak var worlds: PlantedWorlds?
  }
  let worlds = Mutex(Reference())
}
