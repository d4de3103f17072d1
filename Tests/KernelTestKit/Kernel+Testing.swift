package import EmulatorKernel

// What only tests ask of the kernel.

extension StateBox {
  /// Changes the state at an instant, after what is due by then, and wakes who waits.
  package func mutate<Value: Sendable, Failure: Error>(
    at now: VirtualInstant,
    _ body: (inout State, inout StepContext<State.WakeKey>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    try mutate(settledTo: { now }, body).value
  }

  /// Lets happen what is due by `now`.
  package func settle(to now: VirtualInstant) { read(settledTo: { now }) { _ in } }
}

extension Tenant {
  /// Moves the clock forward; returns after everything due on the way has happened.
  package func advance(to instant: VirtualInstant) {
    while !advance(to: instant, stepLimit: .max) {}
  }
}

extension Snapshot {
  /// The archive in one piece.
  package func archive() throws(SnapshotError) -> [UInt8] {
    var bytes: [UInt8] = []
    try write { piece throws(SnapshotError) in bytes += piece }
    return bytes
  }
}
