import HTTPModel
import Synchronization
import TLSLayer

/// What the loops of one server share.
final class ServerShared: Sendable {
  let configuration: ServerConfiguration
  let responder: any Responder
  /// Open connections on all loops.
  let connectionCount = Atomic<Int>(0)
  let isStopping = Atomic<Bool>(false)
  private let stopWaiters = Mutex<[CheckedContinuation<Void, Never>]>([])

  private let secureContext = Mutex<Result<TLSServerContext, TLSError>?>(nil)

  // Durations as the loops count them.
  let headTimeout: Int64
  let idleTimeout: Int64
  let contentTimeout: Int64
  let writeTimeout: Int64
  let lingerTimeout: Int64
  let heartbeatInterval: Int64
  let relayConnectTimeout: Int64
  let relayIdleTimeout: Int64

  init(configuration: ServerConfiguration, responder: any Responder) {
    self.configuration = configuration
    self.responder = responder
    headTimeout = configuration.headTimeout.nanoseconds
    idleTimeout = configuration.idleTimeout.nanoseconds
    contentTimeout = configuration.contentTimeout.nanoseconds
    writeTimeout = configuration.writeTimeout.nanoseconds
    lingerTimeout = configuration.lingerTimeout.nanoseconds
    heartbeatInterval = configuration.heartbeatInterval.nanoseconds
    relayConnectTimeout = configuration.relayConnectTimeout.nanoseconds
    relayIdleTimeout = configuration.relayIdleTimeout.nanoseconds
  }

  /// Made once, or found once that it cannot be.
  func secureContextMade() -> TLSServerContext? {
    guard let make = configuration.makeSecureContext else { return nil }
    return secureContext.withLock { made in
      let result = made ?? Result { () throws(TLSError) in try make() }
      made = result
      return try? result.get()
    }
  }

  private static let connectionNumbers = Atomic<UInt64>(0)

  /// Unique within the process.
  static func nextConnectionID() -> UInt64 {
    connectionNumbers.wrappingAdd(1, ordering: .relaxed).newValue
  }

  func connectionClosed() {
    let left = connectionCount.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    if left == 0, isStopping.load(ordering: .acquiring) { wakeStopWaiters() }
  }

  /// Returns when no connection is open. Only while stopping.
  func waitUntilEmpty() async {
    await withCheckedContinuation { continuation in
      stopWaiters.withLock { $0.append(continuation) }
      if connectionCount.load(ordering: .acquiring) == 0 { wakeStopWaiters() }
    }
  }

  func wakeStopWaiters() {
    let waiters = stopWaiters.withLock { waiters in
      defer { waiters = [] }
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}
