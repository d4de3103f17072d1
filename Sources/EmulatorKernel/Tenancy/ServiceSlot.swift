package import HTTPModel
package import PayloadCodecs

/// One service in one tenant, its state's type erased: what pipeline, control plane and snapshots
/// hold.
package protocol ServiceSlot: AnyObject, Sendable {
  var name: String { get }
  /// The request's credential; nil when it carries none.
  func credential(of request: Request) -> String?
  /// Lets the service work on the loop; nil: that may hold its caller for long, by what is asked, or
  /// because somebody else's large work holds the state.
  func respondAtOnce(to call: Call) -> ServiceAnswer?
  func refusal(of call: Call) -> Response?
  /// As `respondAtOnce`, for who may wait; others are told meanwhile that the state is held.
  func respondAtLength(to call: Call) -> ServiceAnswer
  func claim(_ request: Request) -> Claim?
  /// May wait for others' large work: no question for a loop.
  func showsToEverybody(_ parameters: PathParameters, endpointIndex: Int) -> Bool
  func describe() -> JSON
  func tap(_ query: [(name: String, value: String)]) -> Response?
  func inventory() -> [WorldThing]
  func emit(_ event: JSONObject) throws(ScenarioProblems) -> Bool
  /// A state as at a tenant's start, not yet in force. Stored content goes to `blobs`.
  func prepareStart(
    _ worlds: PlantedWorlds, blobs: BlobStore
  ) throws(ScenarioProblems) -> PreparedState

  /// A state as at a tenant's start is in force.
  func begin()
  /// A state of a snapshot is.
  func resume()
  /// Makes the world if it still waits to be used: to be counted and saved whole.
  func makeWorld()
  /// Whether it is there: a built-in world waits to be used.
  var hasBegun: Bool { get }
  /// Whether it is there and so small that a loop may look at all of it; false also while others hold it.
  func isSmall(_ bytesMax: Int) -> Bool

  /// Runs `body` with the state as it stands, while nobody can change it.
  func hold<Value: Sendable, Failure: Error>(
    _ body: (SavedState) throws(Failure) -> Value
  ) throws(Failure) -> Value
  /// A state of a snapshot, read and checked, for this service in any tenant.
  func read(state: [UInt8], ids: [UInt8]) throws(SnapshotError) -> ReadState
  /// What this service has read, not yet in force.
  func prepareRestore(_ read: ReadState) -> PreparedState
  /// Goes up with every change of the state.
  var revision: UInt64 { get }
  /// The same after what is due by now.
  func settledRevision() -> UInt64
  /// How many ids its world has given; nil while somebody else's large work holds the state.
  var idCountNow: UInt64? { get }
  /// See `Lasting`.
  func keep()
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

/// What a service has read of a snapshot.
package struct ReadState: Sendable {
  let begun: AnyBegun
  /// What the state weighs.
  let heapBytes: Int
}

/// A state taken for a snapshot, to be encoded later, outside its lock.
package struct SavedState: Sendable {
  let name: String
  let state: any Encodable & Sendable
  let ids: IDSource
}

/// One service as all tenants of a server have it.
final class ServedService<Service: EmulatedService>: ServiceMaker {
  let service: Service
  /// Its place among the services.
  let index: Int
  let name: String
  /// `Endpoint<Service>` each, in an array of one type for all services: to look a generic type's
  /// metadata up costs more than all else that happens here for a request.
  let endpoints: [any AnyObject & Sendable]

  init(_ service: Service, at index: Int) {
    self.service = service
    self.index = index
    name = service.name
    endpoints = service.endpoints.map { $0 }
  }

  func makeSlot(
    in tenant: Tenant, _ worlds: PlantedWorlds
  ) throws(ScenarioProblems) -> any ServiceSlot {
    try TypedSlot(self, in: tenant, worlds)
  }

  func keep() {
    Lasting.keep(self)
    Lasting.keep(endpoints)
    for endpoint in endpoints { Lasting.keep(endpoint) }
    service.keep()
  }
}

/// Makes a service's part of each tenant.
protocol ServiceMaker: AnyObject, Sendable {
  /// This service in a tenant, with the state of the tenant's start.
  func makeSlot(
    in tenant: Tenant, _ worlds: PlantedWorlds
  ) throws(ScenarioProblems) -> any ServiceSlot
  /// See `Lasting`.
  func keep()
}

final class TypedSlot<Service: EmulatedService>: ServiceSlot {
  /// Asked where it lies: here its type is known at run time only, and to take the service out is to copy it
  /// by way of its type's description.
  private let served: ServedService<Service>
  private let state: LatentState<Service>
  private let tenant: Tenant
  var world: World<Service.State> { World(tenant: tenant, box: state.box) }
  var name: String { served.name }

  init(
    _ served: ServedService<Service>, in tenant: Tenant, _ worlds: PlantedWorlds
  ) throws(ScenarioProblems) {
    self.served = served
    self.tenant = tenant
    let start = WorldStart(of: served.name, worlds, at: tenant.clock.now)
    state = LatentState(served, in: tenant, start)
    if !start.mayWait {
      state.restart(nil, with: try state.make(start, storingIn: tenant.blobs))
    }
    tenant.add(state)
  }

  private func endpoint(_ index: Int) -> Endpoint<Service> {
    // SAFETY: `ServedService` put nothing else in.
    unsafe unsafeDowncast(served.endpoints[index], to: Endpoint<Service>.self)
  }

  func credential(of request: Request) -> String? { served.service.credential(of: request) }

  func respondAtOnce(to call: Call) -> ServiceAnswer? {
    let world = world
    let endpoint = endpoint(call.endpointIndex)
    guard call.content.count <= Offload.inlineBytesMax, !world.box.isHeldAtLength,
      !served.service.mayTakeLong(call, at: endpoint, in: world)
    else { return nil }
    tenant.workBegan()
    defer { tenant.workEnded() }
    return served.service.respond(to: call, at: endpoint, in: world)
  }

  func refusal(of call: Call) -> Response? {
    served.service.refusal(of: call, at: endpoint(call.endpointIndex), in: world)
  }

  func respondAtLength(to call: Call) -> ServiceAnswer {
    let world = world
    return world.box.atLength {
      served.service.respond(to: call, at: endpoint(call.endpointIndex), in: world)
    }
  }

  func claim(_ request: Request) -> Claim? {
    served.service.claim(request, in: world)
  }

  func showsToEverybody(_ parameters: PathParameters, endpointIndex: Int) -> Bool {
    served.service.showsToEverybody(parameters, at: endpoint(endpointIndex), in: world)
  }

  func describe() -> JSON { world.box.atLength { served.service.describe(world) } }

  func tap(_ query: [(name: String, value: String)]) -> Response? {
    served.service.tap(query, in: world)
  }

  func inventory() -> [WorldThing] { world.box.atLength { served.service.inventory(world) } }

  func emit(_ event: JSONObject) throws(ScenarioProblems) -> Bool {
    try served.service.emit(event, in: world)
  }

  func prepareStart(
    _ worlds: PlantedWorlds, blobs: BlobStore
  ) throws(ScenarioProblems) -> PreparedState {
    let now = worlds.blueprint.clock.start ?? tenant.clock.wallNow
    let start = WorldStart(of: served.name, worlds, at: now)
    guard state.hasBegun || !start.mayWait else {
      return PreparedState { [state] in state.restart(start, with: nil) }
    }
    let made = try state.make(start, storingIn: blobs)
    return PreparedState { [state] in state.restart(start, with: made) }
  }

  func makeWorld() { _ = state.box }

  var hasBegun: Bool { state.hasBegun }

  func isSmall(_ bytesMax: Int) -> Bool {
    guard let status = state.statusNow else { return false }
    return status.chargedBytes + status.sharedBytes <= bytesMax
  }

  /// A built-in world that waits has nothing that begins by itself.
  func begin() {
    guard let box = state.begunBox else { return }
    served.service.begin(World(tenant: tenant, box: box))
  }

  func resume() { served.service.resume(world) }

  func hold<Value: Sendable, Failure: Error>(
    _ body: (SavedState) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try world.box.hold { state, ids throws(Failure) in
      try body(SavedState(name: name, state: state, ids: ids))
    }
  }

  func read(state: [UInt8], ids: [UInt8]) throws(SnapshotError) -> ReadState {
    let path = "services/\(name)"
    let state = try SnapshotJSON.decode(Service.State.self, from: state, path: "\(path)/state.json")
    let ids = try SnapshotJSON.decode(IDSource.self, from: ids, path: "\(path)/ids.json")
    if let first = state.inconsistencies.first {
      throw .invalid(path: "\(path)/state.json", reason: first)
    }
    return ReadState(
      begun: Begun(state: state, ids: ids, sharedBytes: 0), heapBytes: state.heapBytes)
  }

  /// At a service's place stands what it has read itself (`SnapshotContent`).
  func prepareRestore(_ read: ReadState) -> PreparedState {
    PreparedState { [state] in state.restart(nil, with: read.begun) }
  }

  func keep() {
    Lasting.keep(self)
    state.keep()
  }

  var revision: UInt64 { state.revision }
  func settledRevision() -> UInt64 { Service.State.revision(of: state.box) { tenant.clock.now } }
  var idCountNow: UInt64? { state.idCountNow }
  var heapBytes: Int { state.heapBytes }
  var recountedHeapBytes: Int { state.recountedHeapBytes }
}

extension EmulatedService {
  func served(at index: Int) -> any ServiceMaker { ServedService(self, at: index) }
}
