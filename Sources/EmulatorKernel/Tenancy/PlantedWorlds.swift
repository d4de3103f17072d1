import HTTPModel
import PayloadCodecs
import Synchronization

/// The worlds that the tenants of one blueprint begin with: each is made once, when it is first needed,
/// and taken by value. What a tenant does not change it shares with all others, copied on write.
///
/// So that they can be the same, planted things have the ids of the default tenant in every tenant, and
/// are as old as this: made when the blueprint came into force, or at the start that its clock names.
package final class PlantedWorlds: Sendable {
  private enum Place: Sendable {
    case shared(AnyPlantedWorld)
    /// Something in it is due, counted from the tenant's own start, so each tenant makes its own.
    case ofEach
  }

  let blueprint: TenantBlueprint
  let planting: Planting
  /// When what is planted came into being.
  let instant: VirtualInstant
  /// By the services' order; nil: nobody needed it yet.
  private let worlds: Mutex<[Place?]>
  /// The room for the scenario, which all its tenants share.
  private let lease: MemoryLease

  fileprivate init(_ blueprint: TenantBlueprint, _ planting: Planting) {
    self.blueprint = blueprint
    self.planting = planting
    instant = blueprint.clock.start ?? planting.wall()
    worlds = Mutex(Array(repeating: nil, count: planting.services.count))
    lease = MemoryLease(charging: blueprint.sourceBytes, to: planting.budget)
  }

  /// A state as at a tenant's start, with the ids that go on from there, and what it has stored.
  func begin<Service: EmulatedService>(
    _ served: ServedService<Service>, in tenant: String, at now: VirtualInstant, _ blobs: BlobStore
  ) throws(ScenarioProblems) -> AnyBegun {
    let world: AnyPlantedWorld
    if case .shared(let shared) = try place(of: served) {
      world = shared
    } else {
      let (state, ids, stored) = try plant(served, at: now)
      world = PlantedWorld<Service.State>(state, ids, stored)
    }
    blobs.plant(world.blobs)
    return blobs.seeding {
      Service.State.moveIn(world, of: tenant, at: now, blobs) { state, step in
        served.service.moveIn(&state, &step)
      }
    }
  }

  private func place<Service: EmulatedService>(
    of served: ServedService<Service>
  ) throws(ScenarioProblems) -> Place {
    let known = worlds.withLock { $0[served.index] }
    if let known { return known }
    return try worlds.withLock { worlds throws(ScenarioProblems) in
      // Somebody else may have made it meanwhile.
      if let known = worlds[served.index] { return known }
      let made = try makePlace(served)
      worlds[served.index] = made
      return made
    }
  }

  private func makePlace<Service: EmulatedService>(
    _ served: ServedService<Service>
  ) throws(ScenarioProblems) -> Place {
    let (planted, ids, stored) = try plant(served, at: instant)
    guard blueprint.clock.start != nil || planted.nextDue == nil && !planted.isAtWork
    else { return .ofEach }
    var state = planted
    let lease = MemoryLease(charging: state.heapBytes, to: planting.budget)
    state.share()
    return .shared(
      PlantedWorld<Service.State>(
        state, ids, stored, sharedBytes: min(state.heapBytes, Self.sharedBytesMax), lease))
  }

  /// Of what a state does not count piece by piece, so much at most is nobody's: a tenant may make it
  /// its own unseen.
  private static let sharedBytesMax = 4096

  /// A world as the scenario describes it, with the ids that go on from there.
  private func plant<Service: EmulatedService>(
    _ served: ServedService<Service>, at now: VirtualInstant
  ) throws(ScenarioProblems) -> (Service.State, IDSource, [BlobID: BlobStore.Blob]) {
    let store = BlobStore(budget: planting.budget, ofService: served.index)
    let ids = IDSource(seed: blueprint.seed, tenant: Tenant.defaultName)
    var step = StepContext<Service.State.WakeKey>(now: now, ids: ids, blobs: store)
    let seed = blueprint.worldSeed(of: served.name)
    let state = try store.seeding { () throws(ScenarioProblems) in
      try served.service.makeState(seed, &step)
    }
    return (state, step.ids, store.held.blobs)
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
