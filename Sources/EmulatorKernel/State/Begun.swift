import HTTPModel

/// What a tenant begins with in one service, of whatever state. An object, so that handing it on copies
/// none of the state's tables.
///
/// `@unchecked`: it has nothing of its own, and what its one subclass has never changes.
@usableFromInline package class AnyBegun: @unchecked Sendable {
  @usableFromInline init() {}
}

/// `@unchecked`: said again of what it inherits; all that it has is constant and `Sendable`.
@usableFromInline
package final class Begun<State: ServiceState>: AnyBegun, @unchecked Sendable {
  @usableFromInline let state: State
  @usableFromInline let ids: IDSource
  /// See `PlantedWorld`.
  @usableFromInline let sharedBytes: Int

  @inlinable package init(state: State, ids: IDSource, sharedBytes: Int) {
    self.state = state
    self.ids = ids
    self.sharedBytes = sharedBytes
    super.init()
  }
}

/// A planted world of whatever state.
///
/// `@unchecked`: what it has is constant and `Sendable`, and so is what its one subclass has.
@usableFromInline package class AnyPlantedWorld: @unchecked Sendable {
  let blobs: [BlobID: BlobStore.Blob]
  private let lease: MemoryLease?

  init(_ blobs: [BlobID: BlobStore.Blob], _ lease: MemoryLease?) {
    self.blobs = blobs
    self.lease = lease
  }
}

/// A world as the scenario describes it, in no tenant yet.
///
/// `@unchecked`: said again of what it inherits.
@usableFromInline
package final class PlantedWorld<State: ServiceState>: AnyPlantedWorld, @unchecked Sendable {
  @usableFromInline let state: State
  @usableFromInline let ids: IDSource
  /// What weighs nothing in a tenant, since others have it too.
  @usableFromInline let sharedBytes: Int

  init(
    _ state: State, _ ids: IDSource, _ blobs: [BlobID: BlobStore.Blob], sharedBytes: Int = 0,
    _ lease: MemoryLease? = nil
  ) {
    self.state = state
    self.ids = ids
    self.sharedBytes = sharedBytes
    super.init(blobs, lease)
  }
}

// What who does not know a state's type does with what holds one. Asked of the conformance, which each
// service's module has code of its own types for; the same in generic code would look their descriptions
// up at each step, which was the most of what a reset cost.
//
// SAFETY of all casts: who asks a state's type gives what the same type's service has made.
extension ServiceState {
  @inlinable package static func moveIn(
    _ world: AnyPlantedWorld, of tenant: String, at now: VirtualInstant, _ blobs: BlobStore,
    _ body: (inout Self, inout StepContext<WakeKey>) -> Void
  ) -> AnyBegun {
    let world = unsafe unsafeDowncast(world, to: PlantedWorld<Self>.self)
    var step = StepContext<WakeKey>(now: now, ids: world.ids.belonging(to: tenant), blobs: blobs)
    var state = world.state
    body(&state, &step)
    return Begun(state: state, ids: step.ids, sharedBytes: world.sharedBytes)
  }

  @inlinable package static func status(of box: AnyStateBox) -> BoxStatus {
    unsafe unsafeDowncast(box, to: StateBox<Self>.self).status
  }

  @inlinable package static func advance(
    _ box: AnyStateBox, to instant: VirtualInstant, woken: inout [Waiter]
  ) {
    unsafe unsafeDowncast(box, to: StateBox<Self>.self).advance(to: instant, woken: &woken)
  }

  @inlinable package static func replace(in box: AnyStateBox, by begun: AnyBegun) {
    unsafe unsafeDowncast(box, to: StateBox<Self>.self)
      .replace(unsafeDowncast(begun, to: Begun<Self>.self))
  }

  @inlinable package static func timeMayGoOn(in box: AnyStateBox) {
    unsafe unsafeDowncast(box, to: StateBox<Self>.self).timeMayGoOn()
  }

  @inlinable package static func revision(
    of box: AnyStateBox, settledTo now: () -> VirtualInstant
  ) -> UInt64 {
    unsafe unsafeDowncast(box, to: StateBox<Self>.self).revision(settledTo: now)
  }
}
