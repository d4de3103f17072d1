import Synchronization

/// Where code finds the server, told once that listens.
package final class ServerAddress: Sendable {
  /// Given a socket that listens in a child's network, serves it; what it gives back ends that.
  package typealias Serve = @Sendable (Int32) -> @Sendable () -> Void

  private struct State: Sendable {
    var port: UInt16 = 0
    var url = ""
    var serve: Serve?
    var isKnown = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  package init() {}

  /// - Parameters:
  ///   - url: scheme, host and port, for code that shares the machine's network.
  ///   - serve: for code in a network of its own, which finds the server at that port of 127.0.0.1.
  package func set(port: UInt16, url: String, serve: Serve?) {
    let waiting = state.withLock { state in
      let waiting = state.waiting
      state = State(port: port, url: url, serve: serve, isKnown: true)
      return waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Waits until the server listens.
  package func isKnown() async {
    await withCheckedContinuation { continuation in
      let isKnown = state.withLock { state in
        if !state.isKnown { state.waiting.append(continuation) }
        return state.isKnown
      }
      if isKnown { continuation.resume() }
    }
  }

  var port: UInt16 { state.withLock { $0.port } }
  /// The same address in both networks, as far as the server listens on loopback.
  package var url: String { state.withLock { $0.url } }

  /// Nil: nobody serves it.
  func serve(_ listener: Int32) -> (@Sendable () -> Void)? {
    state.withLock { $0.serve }?(listener)
  }
}
