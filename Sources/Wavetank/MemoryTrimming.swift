import Dispatch
import HTTPTransport
import Synchronization

/// Gives memory that worlds have left back to the system, once for all that go within a tenth of a second:
/// tests reset or drop a world each, and to look through the heap takes longer than that.
package final class MemoryTrimming: Sendable {
  package typealias Work = @Sendable () -> Void

  private let isPlanned = Atomic<Bool>(false)
  private let after: @Sendable (@escaping Work) -> Void
  private let trim: Work

  /// - Parameter after: runs work off the loops, after a while.
  package init(
    after: @escaping @Sendable (@escaping Work) -> Void = MemoryTrimming.pause,
    _ trim: @escaping Work = SystemCalls.trimFreeMemory
  ) {
    self.after = after
    self.trim = trim
  }

  /// A world has gone.
  package func soon() {
    guard isPlanned.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    else { return }
    after { [self] in
      isPlanned.store(false, ordering: .relaxed)
      trim()
    }
  }

  package static let pause: @Sendable (@escaping Work) -> Void = { work in
    DispatchQueue.global(qos: .utility).asyncAfter(deadline: .now() + .milliseconds(100)) { work() }
  }
}
