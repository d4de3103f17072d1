package import HTTPModel
package import PayloadCodecs

/// One service in one tenant, its state's type erased: what pipeline, control plane and snapshots
/// hold.
package protocol ServiceSlot: AnyObject, Sendable {
  var name: String { get }
  /// The request's credential; nil when it carries none.
  func credential(of request: Request) -> String?
  func respond(to call: Call) -> ServiceAnswer
  func refusal(of call: Call) -> Response?
  /// Whether `respond` may hold its caller for long: by what is asked, or because somebody else's
  /// large work holds the state.
  func mayTakeLong(_ call: Call) -> Bool
  /// As `respond`, for who may wait; others are told meanwhile that the state is held.
  func respondAtLength(to call: Call) -> ServiceAnswer
  func claim(_ request: Request) -> (operation: String, parameters: PathParameters)?
  /// May wait for others' large work: no question for a loop.
  func showsToEverybody(_ parameters: PathParameters, endpointIndex: Int) -> Bool
  func describe() -> JSON
  func tap(_ query: [(name: String, value: String)]) -> Response?
  func inventory() -> [WorldThing]
  func emit(_ event: JSONObject) throws(ScenarioProblems) -> Bool
  /// A state as at a tenant's start, not yet in force. Stored content goes to `blobs`.
  func prepareStart(
    _ blueprint: TenantBlueprint, blobs: BlobStore
  ) throws(ScenarioProblems) -> PreparedState

  /// A state as at a tenant's start is in force.
  func begin()
  /// Makes the world if it still waits to be used: to be counted and saved whole.
  func makeWorld()

  /// Runs `body` with the state as it stands, while nobody can change it.
  func hold<Value: Sendable, Failure: Error>(
    _ body: (SavedState) throws(Failure) -> Value
  ) throws(Failure) -> Value
  /// A state of a snapshot, read and checked, not yet in force.
  func prepareRestore(state: [UInt8], ids: [UInt8]) throws(SnapshotError) -> PreparedState
  /// Goes up with every change of the state.
  var revision: UInt64 { get }
  /// What the state weighs.
  var heapBytes: Int { get }
  /// The same, counted anew: for tests.
  var recountedHeapBytes: Int { get }
}

/// A state that waits to be put in force: made and checked first, so that a failure leaves the
/// running world untouched.
package struct PreparedState: Sendable {
  let putInForce: @Sendable () -> Void

  package init(_ putInForce: @escaping @Sendable () -> Void) { self.putInForce = putInForce }
}

/// A state taken for a snapshot, to be encoded later, outside its lock.
package struct SavedState: Sendable {
  let name: String
  let state: any Encodable & Sendable
  let ids: IDSource
}

final class TypedSlot<Service: EmulatedService>: ServiceSlot {
  private let service: Service
  /// `Endpoint<Service>` each, in an array of one type for all services: to look a generic type's
  /// metadata up costs more than all else that happens here for a request.
  private let endpoints: [any AnyObject & Sendable]
  private let tenant: Tenant
  private let state: LatentState<Service.State>
  var world: World<Service.State> { World(tenant: tenant, box: state.box) }
  var name: String { service.name }

  init(_ service: Service, in tenant: Tenant, _ blueprint: TenantBlueprint) throws(ScenarioProblems)
  {
    self.service = service
    self.tenant = tenant
    endpoints = service.endpoints
    state = try Self.latent(
      Start(service: service, tenant: tenant.name, now: tenant.clock.now, blueprint, tenant.blobs))
    tenant.add(state)
  }

  /// A world that a scenario describes is made at once: it may be refused, and it may have something
  /// due. The built-in one waits until it is used.
  private static func latent(
    _ start: Start
  ) throws(ScenarioProblems) -> LatentState<Service.State> {
    guard start.seed.isEmpty else {
      let (state, ids) = try start.make()
      return LatentState(StateBox(state, ids: ids, blobs: start.blobs))
    }
    return LatentState {
      do throws(ScenarioProblems) {
        let (state, ids) = try start.blobs.seeding { () throws(ScenarioProblems) in
          try start.make()
        }
        return StateBox(state, ids: ids, blobs: start.blobs)
      } catch {
        preconditionFailure("the built-in world of \(start.service.name): \(error.text)")
      }
    }
  }

  /// All that a state's start depends on.
  private struct Start: Sendable {
    let service: Service
    let seed: WorldSeed
    let now: VirtualInstant
    let ids: IDSource
    let blobs: BlobStore

    init(
      service: Service, tenant: String, now: VirtualInstant, _ blueprint: TenantBlueprint,
      _ blobs: BlobStore
    ) {
      self.service = service
      self.now = now
      self.blobs = blobs
      seed = blueprint.worldSeed(of: service.name)
      ids = IDSource(seed: blueprint.seed, tenant: tenant)
    }

    func make() throws(ScenarioProblems) -> (Service.State, IDSource) {
      var step = StepContext<Service.State.WakeKey>(now: now, ids: ids, blobs: blobs)
      let state = try service.makeState(seed, &step)
      return (state, step.ids)
    }
  }

  private func endpoint(_ index: Int) -> Endpoint<Service> {
    // SAFETY: `init` put nothing else in.
    unsafe unsafeDowncast(endpoints[index], to: Endpoint<Service>.self)
  }

  func credential(of request: Request) -> String? { service.credential(of: request) }

  func respond(to call: Call) -> ServiceAnswer {
    service.respond(to: call, at: endpoint(call.endpointIndex), in: world)
  }

  func refusal(of call: Call) -> Response? {
    service.refusal(of: call, at: endpoint(call.endpointIndex), in: world)
  }

  func mayTakeLong(_ call: Call) -> Bool {
    let world = world
    return call.content.count > Offload.inlineBytesMax || world.box.isHeldAtLength
      || service.mayTakeLong(call, at: endpoint(call.endpointIndex), in: world)
  }

  func respondAtLength(to call: Call) -> ServiceAnswer {
    world.box.atLength { respond(to: call) }
  }

  func claim(_ request: Request) -> (operation: String, parameters: PathParameters)? {
    service.claim(request, in: world).map { ($0.endpoint.operation.name, $0.parameters) }
  }

  func showsToEverybody(_ parameters: PathParameters, endpointIndex: Int) -> Bool {
    service.showsToEverybody(parameters, at: endpoint(endpointIndex), in: world)
  }

  func describe() -> JSON { world.box.atLength { service.describe(world) } }

  func tap(_ query: [(name: String, value: String)]) -> Response? {
    service.tap(query, in: world)
  }

  func inventory() -> [WorldThing] { world.box.atLength { service.inventory(world) } }

  func emit(_ event: JSONObject) throws(ScenarioProblems) -> Bool {
    try service.emit(event, in: world)
  }

  func prepareStart(
    _ blueprint: TenantBlueprint, blobs: BlobStore
  ) throws(ScenarioProblems) -> PreparedState {
    let now = blueprint.clock.start ?? tenant.clock.wallNow
    let (state, ids) = try Start(
      service: service, tenant: tenant.name, now: now, blueprint, blobs
    ).make()
    let box = world.box
    return PreparedState { box.replace(state, ids: ids) }
  }

  func makeWorld() { _ = state.box }

  /// A built-in world that waits has nothing that begins by itself.
  func begin() {
    guard let box = state.begunBox else { return }
    service.begin(World(tenant: tenant, box: box))
  }

  func hold<Value: Sendable, Failure: Error>(
    _ body: (SavedState) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try world.box.hold { state, ids throws(Failure) in
      try body(SavedState(name: name, state: state, ids: ids))
    }
  }

  func prepareRestore(state: [UInt8], ids: [UInt8]) throws(SnapshotError) -> PreparedState {
    let path = "services/\(name)"
    let state = try SnapshotJSON.decode(Service.State.self, from: state, path: "\(path)/state.json")
    let ids = try SnapshotJSON.decode(IDSource.self, from: ids, path: "\(path)/ids.json")
    if let first = state.inconsistencies.first {
      throw .invalid(path: "\(path)/state.json", reason: first)
    }
    let box = world.box
    return PreparedState { box.replace(state, ids: ids) }
  }

  var revision: UInt64 { state.revision }
  var heapBytes: Int { state.heapBytes }
  var recountedHeapBytes: Int { state.recountedHeapBytes }
}

extension EmulatedService {
  /// This service in a tenant, with the state of the tenant's start.
  func makeSlot(
    in tenant: Tenant, _ blueprint: TenantBlueprint
  ) throws(ScenarioProblems) -> any ServiceSlot {
    try TypedSlot(self, in: tenant, blueprint)
  }
}
