import Dispatch

/// Work that would hold an event loop for too long, such as reading a document of ten megabytes.
///
/// One piece at a time: what such work takes in memory is taken once, however many clients send
/// large documents, and the loops keep the other cores.
package enum Offload {
  /// Content up to this is read on the loop: a hop there and back would cost more.
  package static let inlineBytesMax = 64 * 1024

  private static let queue = DispatchQueue(label: "wavetank.offload", qos: .userInitiated)

  /// Runs it on Dispatch and comes back to the caller's executor.
  package static func run<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}
