import Synchronization

/// Hands over what a process writes until it writes no more.
final class OutputReader: Sendable {
  /// At a time. More than a socket holds of what nobody has read.
  private static let bytesMax = 1 << 20

  private let descriptor: Descriptor
  private let take: @Sendable ([UInt8]) -> Void
  private let turn = Mutex(())

  init(_ descriptor: Descriptor, _ take: @escaping @Sendable ([UInt8]) -> Void) {
    (self.descriptor, self.take) = (descriptor, take)
    Task {
      while await descriptor.becomesReadable(), pull() {}
      // In a turn of its own: whoever pulls meanwhile would read of a number that is somebody else's by then.
      turn.withLock { _ in descriptor.close() }
    }
  }

  /// Takes what is there: all that was written before, once this is through. An answer that comes another
  /// way does not overtake it. False: the end.
  @discardableResult
  func pull() -> Bool {
    turn.withLock { _ in
      var left = Self.bytesMax
      while left > 0 {
        switch descriptor.readNow() {
        case .bytes(let bytes):
          take(bytes)
          left -= bytes.count
        case .nothing: return true
        case .end: return false
        }
      }
      return true
    }
  }
}
