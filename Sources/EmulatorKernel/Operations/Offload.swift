package import Dispatch
package import HTTPModel
package import PayloadCodecs

/// Work that would hold an event loop for too long, such as reading a document of ten megabytes.
///
/// **Bound**: what stays on a loop takes at most some milliseconds. The pipeline sends there whatever
/// has content of more than `inlineBytesMax`, what its service says may take long, and what asks for
/// a world that such work holds at the moment.
///
/// One piece at a time: what such work takes in memory is taken once, however many clients send
/// large documents, and the loops keep the other cores.
package enum Offload {
  /// Content up to this is dealt with on the loop: it can ask for some hundred small things at most,
  /// and a hop there and back costs as much as reading it.
  package static let inlineBytesMax = 8 * 1024

  /// For what may be done beside other such work: it reads little and makes less.
  package static let concurrent = DispatchQueue.global(qos: .userInitiated)

  private static let queue = DispatchQueue(label: "wavetank.offload", qos: .userInitiated)

  /// Whether the caller is not on a loop: then it writes a long text at once, and what the text was
  /// made of is let go here.
  @TaskLocal package static var isHere = false

  /// Runs it on Dispatch and comes back to the caller's executor.
  /// - Parameter queue: absent: the one on which one piece at a time is done.
  package static func run<Value: Sendable>(
    on queue: DispatchQueue? = nil, _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    await withCheckedContinuation { continuation in
      (queue ?? Self.queue).async {
        continuation.resume(returning: $isHere.withValue(true) { work() })
      }
    }
  }
}

extension ServiceAnswer {
  /// A document written as a response: a long one off the loop, where it was made if it was made
  /// there.
  package static func written(
    _ document: JSON, onLoopUpTo byteCount: Int = 64 << 10,
    _ write: @escaping @Sendable (JSON) -> Response
  ) -> ServiceAnswer {
    if Offload.isHere || document.fits(within: byteCount) { return .now(write(document)) }
    return .later { _ in await Offload.run { write(document) } }
  }
}
