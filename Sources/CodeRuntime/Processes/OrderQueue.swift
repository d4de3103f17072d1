import Dispatch
import Synchronization

/// Orders for the thread that starts children, in turn.
final class OrderQueue: Sendable {
  private struct State: Sendable {
    var orders: [@Sendable () -> Void] = []
    var isOpen = true
  }
  private let state = Mutex(State())
  private let arrived = DispatchSemaphore(value: 0)

  /// False: it is closed.
  func append(_ order: @escaping @Sendable () -> Void) -> Bool {
    let isOpen = state.withLock { state in
      if state.isOpen { state.orders.append(order) }
      return state.isOpen
    }
    if isOpen { arrived.signal() }
    return isOpen
  }

  func close() {
    state.withLock { $0.isOpen = false }
    arrived.signal()
  }

  /// Waits for the next one; nil once it is closed and empty.
  func next() -> (@Sendable () -> Void)? {
    while true {
      arrived.wait()
      let (order, isOpen) = state.withLock { state in
        (state.orders.isEmpty ? nil : state.orders.removeFirst(), state.isOpen)
      }
      if let order { return order }
      if !isOpen { return nil }
    }
  }
}
