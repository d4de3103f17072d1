import HTTPModel
import Synchronization

/// A service's state in one tenant that comes into being when somebody first looks at it: most tenants
/// use one service of three, and the server itself is asked before any of them is.
///
/// What begins later is what would have begun at once: it begins at the instant of the tenant's own
/// start, with the ids of that start, and what was due since then happens before it is looked at.
/// Only a state that has nothing due at its start may wait, since nobody waits for its time.
final class LatentState<Service: EmulatedService>: DueService {
  typealias State = Service.State

  let served: ServedService<Service>
  /// Of the tenant, which has this among what may be due, and so not the tenant itself.
  private let tenant: String
  private let blobs: BlobStore
  /// A `StateBox<State>`, by a type that needs no look-up: every request passes here, and generic code would
  /// ask at each step what it is that lies in the reference.
  private let begun = OnceReference<AnyStateBox>()
  /// How it begins, while it waits.
  private let start: Mutex<WorldStart>
  private let isKept = Atomic<Bool>(false)

  init(_ served: ServedService<Service>, in tenant: Tenant, _ start: WorldStart) {
    self.served = served
    self.tenant = tenant.name
    blobs = tenant.blobs
    self.start = Mutex(start)
  }

  /// The state, made now if nobody has looked at it before.
  var box: StateBox<State> {
    if let begun = begun.load() { return Self.box(begun) }
    return start.withLock { start in
      if let begun = begun.load() { return Self.box(begun) }
      return begin(builtIn(start))
    }
  }

  func make(_ start: WorldStart, storingIn blobs: BlobStore) throws(ScenarioProblems) -> AnyBegun {
    try start.worlds.begin(served, in: tenant, at: start.now, blobs)
  }

  private func builtIn(_ start: WorldStart) -> AnyBegun {
    do throws(ScenarioProblems) { return try make(start, storingIn: blobs) } catch {
      preconditionFailure("the built-in world of \(served.name): \(error.text)")
    }
  }

  private func begin(_ state: AnyBegun) -> StateBox<State> {
    // SAFETY: this service's planted worlds and snapshots make no other.
    let state = unsafe unsafeDowncast(state, to: Begun<State>.self)
    let box = Self.box(begun.storeIfNil(StateBox(state, blobs: blobs)))
    if isKept.load(ordering: .acquiring) { Lasting.keep(box) }
    return box
  }

  /// See `Lasting`: a state that begins later is kept as well.
  func keep() {
    Lasting.keep(self)
    start.withLock { _ in
      isKept.store(true, ordering: .releasing)
      if let begunBox { Lasting.keep(begunBox) }
    }
  }

  /// Begins anew: with a state that was made before, or else as `start` says, at once or when it is used.
  func restart(_ start: WorldStart?, with state: AnyBegun?) {
    // Who makes the first state waits meanwhile; whoever finds one is not held up.
    self.start.withLock { present in
      if let start { present = start }
      guard let box = begun.load() else {
        if let state { _ = begin(state) }
        return
      }
      State.replace(in: box, by: state ?? builtIn(present))
    }
  }

  private static func box(_ begun: AnyStateBox) -> StateBox<State> {
    // SAFETY: nothing else was put in.
    unsafe unsafeDowncast(begun, to: StateBox<State>.self)
  }

  // Without `map`, which looks its types up.
  var begunBox: StateBox<State>? {
    guard let box = begun.load() else { return nil }
    return Self.box(box)
  }

  var hasBegun: Bool { begun.load() != nil }
  /// Nil, too, while others hold it for long.
  var statusNow: BoxStatus? {
    guard let box = begun.load(), !box.isHeldAtLength else { return nil }
    return State.status(of: box)
  }
  private var status: BoxStatus? {
    guard let box = begun.load() else { return nil }
    return State.status(of: box)
  }

  // What has not begun counts no change, has no weight, nothing due and nobody waiting.
  var revision: UInt64 { status?.revision ?? 0 }
  var heapBytes: Int { status?.chargedBytes ?? 0 }
  var idCountNow: UInt64? { begunBox.map(\.idCountNow) ?? 0 }
  var recountedHeapBytes: Int { begunBox?.recountedHeapBytes ?? 0 }
  var nextDue: VirtualInstant? { status?.nextDue }
  var nextSkipDue: VirtualInstant? { begunBox?.nextSkipDue }
  var isAtWork: Bool { begunBox?.isAtWork ?? false }
  var waiterCount: Int { begunBox?.waiterCount ?? 0 }
  var isWatched: Bool { begunBox?.isWatched ?? false }
  func advance(to instant: VirtualInstant, woken: inout [Waiter]) {
    guard let box = begun.load() else { return }
    State.advance(box, to: instant, woken: &woken)
  }
  // Retentions do not count time that was skipped: this one must be told.
  func timeSkips(by duration: Duration) { box.timeSkips(by: duration) }
  func timeMayGoOn() {
    if let box = begun.load() { State.timeMayGoOn(in: box) }
  }
  func wakeAll() { begunBox?.wakeAll() }
}

/// All that the start of a tenant's state in one service depends on.
struct WorldStart: Sendable {
  let worlds: PlantedWorlds
  let now: VirtualInstant
  /// A world that a scenario describes is made at once: it may be refused, and it may have something
  /// due. The built-in one waits until it is used.
  let mayWait: Bool

  init(of service: String, _ worlds: PlantedWorlds, at now: VirtualInstant) {
    self.worlds = worlds
    self.now = now
    mayWait = worlds.blueprint.worldSeed(of: service).isEmpty
  }
}
