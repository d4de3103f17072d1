import Dispatch

/// Runs work that blocks or takes long on Dispatch, not on the loop, and comes back.
func offload<Value: Sendable>(
  on queue: DispatchQueue = .global(qos: .userInitiated), _ work: @escaping @Sendable () -> Value
) async -> Value {
  await withCheckedContinuation { continuation in
    queue.async { continuation.resume(returning: work()) }
  }
}
