package import HTTPModel

/// A service's way to its state in one tenant: every access first lets happen what is due by the
/// tenant's clock.
package struct World<State: ServiceState>: Sendable {
  package let tenant: Tenant
  package let box: StateBox<State>

  package init(tenant: Tenant, box: StateBox<State>) {
    self.tenant = tenant
    self.box = box
  }

  package var now: VirtualInstant { tenant.clock.now }
  package var blobs: BlobStore { box.blobs }

  /// Looks at the state as it is now.
  package func read<Value, Failure: Error>(
    _ body: (borrowing State) throws(Failure) -> sending Value
  ) throws(Failure) -> sending Value {
    try box.read(settledTo: { tenant.clock.now }, body)
  }

  /// Changes the state. A body that throws must have changed nothing.
  package func mutate<Value: Sendable, Failure: Error>(
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let (value, due) = try box.mutate(settledTo: { tenant.clock.now }, body)
    tenant.dueMayHaveChanged(due)
    return value
  }

  /// Waits, without a thread, until `body` gives a value; it is tried again whenever `key` is woken.
  package nonisolated(nonsending) func wait<Value: Sendable>(
    for key: State.WakeKey,
    _ body: @Sendable (inout State, inout StepContext<State.WakeKey>) -> Value?
  ) async throws(CancellationError) -> Value {
    let tenant = tenant
    let box = box
    // Who waits does no work: the mode `skip` may jump meanwhile.
    let isCounted = Tenant.isCountedWork
    if isCounted { tenant.workEnded() }
    defer { if isCounted { tenant.workBegan() } }
    return try await box.wait(
      for: key, now: { tenant.clock.now }, onTry: { tenant.dueMayHaveChanged($0) }, body)
  }

  /// What a body that its connection fetches has now; if more may come, `writer` is told when `key`
  /// is woken. `callOff` ends that.
  package func poll(
    for key: State.WakeKey, _ writer: BodyWriter,
    _ body: (inout State, inout StepContext<State.WakeKey>) -> BodyPortion
  ) -> BodyPortion {
    let (portion, due) = box.poll(for: key, writer, settledTo: { tenant.clock.now }, body)
    tenant.dueMayHaveChanged(due)
    return portion
  }

  package func callOff(_ writer: BodyWriter, _ key: State.WakeKey) { box.callOff(writer, key) }

  /// A client asks for something that is still in progress: with the clock mode `skip` time jumps
  /// to the next due event. Call it before looking; in the other modes it does nothing.
  package func lookedAtPending() {
    tenant.skipToNextDue()
  }
}
