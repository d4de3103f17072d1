import Synchronization

/// Whether those who come to a listener are taken: by all loops, or by none.
final class ListenerGate: Sendable {
  /// Held by whoever accepts, so that nobody is taken once it is shut.
  private let isOpened = Mutex(true)
  private let shuts = Atomic<Int>(0)

  enum Accepted {
    /// - Parameter shutCount: as it was then.
    case one(fd: Int32, address: SocketAddress, shutCount: Int)
    /// Nobody waits.
    case nobody
    /// Whoever waits, waits on.
    case shut
  }

  /// How often it was shut: who came before the last time is not served any more.
  var shutCount: Int { shuts.load(ordering: .acquiring) }

  var isOpen: Bool { isOpened.withLock { $0 } }

  func open() { isOpened.withLock { $0 = true } }

  func shut() {
    isOpened.withLock { isOpened in
      isOpened = false
      shuts.add(1, ordering: .acquiringAndReleasing)
    }
  }

  func accept(_ listener: Int32, _ system: SystemCalls) throws(SystemError) -> Accepted {
    try isOpened.withLock { isOpened throws(SystemError) -> Accepted in
      guard isOpened else { return .shut }
      guard let (fd, address) = try system.accept(listener) else { return .nobody }
      return .one(fd: fd, address: address, shutCount: shutCount)
    }
  }
}
