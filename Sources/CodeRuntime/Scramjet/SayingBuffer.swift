import Synchronization

/// Bytes of the control stream that are no whole line yet.
final class SayingBuffer: Sendable {
  /// A line longer than that is no saying: the code writes there, or floods us. What an event may carry.
  private static let lineBytesMax = 4 << 20

  private struct State: Sendable {
    var bytes: [UInt8] = []
    /// Where the next line begins.
    var head = 0
    /// There is no newline from `head` to here.
    var searched = 0
  }
  private let state = Mutex(State())

  /// False: it is longer than a line can be.
  func append(_ more: [UInt8]) -> Bool {
    state.withLock { state in
      if state.head > 0 {
        state.bytes.removeFirst(state.head)
        state.searched -= state.head
        state.head = 0
      }
      state.bytes += more
      return state.bytes.count <= Self.lineBytesMax
    }
  }

  func nextLine() -> [UInt8]? {
    state.withLock { state in
      let newline = UInt8(ascii: "\n")
      guard let end = state.bytes[state.searched...].firstIndex(of: newline) else {
        state.searched = state.bytes.count
        return nil
      }
      defer { (state.head, state.searched) = (end + 1, end + 1) }
      return Array(state.bytes[state.head..<end])
    }
  }
}
