/// A service's state for one tenant: plain data, changed only by synchronous mutating methods that
/// get time and ids as parameters. Later work is data too (`dueAt`), so a snapshot is complete and
/// the clock may jump.
///
/// Its weight is asked after each change and counted against the server's memory: O(1), or in proportion
/// to what has changed.
@usableFromInline package protocol ServiceState: Codable, Sendable, Weighed {
  /// What somebody can wait for: a stream, a task, an event.
  associatedtype WakeKey: Hashable & Sendable

  /// The instant of the next thing to happen by itself; nil when there is none. Asked often: O(1).
  var nextDue: VirtualInstant? { get }

  /// The same without what only ends a retention: as far as the clock mode `skip` may jump for this
  /// state's sake.
  var nextSkipDue: VirtualInstant? { get }

  /// Differs whenever something new has been put down to happen by itself.
  var dueRevision: UInt64 { get }

  /// Whether code is at work for it, whose time is real: the clock mode `skip` does not jump then.
  var isAtWork: Bool { get }

  /// The clock is about to jump that far: retentions last so much longer (DESIGN §4).
  mutating func timeSkips(by duration: Duration)

  /// Does everything due at or before `step.now`, in order of due time, then of creation.
  mutating func advance(_ step: inout StepContext<WakeKey>)

  /// What does not fit together in a state that came from a snapshot: asked before it is put in
  /// force, so that a file made by hand cannot break a rule that the code relies on. Numbers that
  /// cannot be counted on from are refused before (`BoundedDecoder`); here it is about what they
  /// point at: positions in lists, records that must be there, orders, sums.
  ///
  /// **Shape**: each with its place as a JSON Pointer: `/tasks/7/stage: −3 is no stage`. Without a
  /// default: a service has to say it.
  var inconsistencies: [String] { get }

  /// Many tenants begin with this state, each with a copy of its own: what it refers to weighs nothing in
  /// a copy until it is changed there.
  mutating func share()

  /// The state's weight, asked of every record anew: for tests, which hold the running account to it.
  var recountedHeapBytes: Int { get }

  // Of what holds such a state, its type erased (`Begun.swift`): no service says it for itself.

  /// A tenant begins with a planted world, which `body` makes its own.
  static func moveIn(
    _ world: AnyPlantedWorld, of tenant: String, at now: VirtualInstant, _ blobs: BlobStore,
    _ body: (inout Self, inout StepContext<WakeKey>) -> Void
  ) -> AnyBegun
  /// A box as it stands.
  static func status(of box: AnyStateBox) -> BoxStatus
  /// See `StateBox.advance`.
  static func advance(_ box: AnyStateBox, to instant: VirtualInstant, woken: inout [Waiter])
  /// See `StateBox.replace`.
  static func replace(in box: AnyStateBox, by begun: AnyBegun)
  /// See `DueService`.
  static func timeMayGoOn(in box: AnyStateBox)
  /// See `StateBox.revision(settledTo:)`.
  static func revision(of box: AnyStateBox, settledTo now: () -> VirtualInstant) -> UInt64
}

extension ServiceState {
  package var nextSkipDue: VirtualInstant? { nextDue }
  package var isAtWork: Bool { false }
  package mutating func timeSkips(by duration: Duration) {}
  package mutating func share() {}
}

/// What a rule of a service may use besides its state: the present, ids, stored content, and the
/// list of those to wake.
@usableFromInline package struct StepContext<WakeKey: Hashable & Sendable>: Sendable {
  @usableFromInline package let now: VirtualInstant
  @usableFromInline package var ids: IDSource
  @usableFromInline package let blobs: BlobStore
  @usableFromInline package internal(set) var woken: [WakeKey] = []

  @inlinable package init(now: VirtualInstant, ids: IDSource, blobs: BlobStore) {
    self.now = now
    self.ids = ids
    self.blobs = blobs
  }

  /// Everybody who waits for `key` looks again, once the lock is released.
  @inlinable package mutating func wake(_ key: WakeKey) {
    if woken.last != key { woken.append(key) }
  }
}
