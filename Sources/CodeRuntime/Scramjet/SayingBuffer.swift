import Synchronization

/// Bytes of the control stream that are no whole line yet.
final class SayingBuffer: Sendable {
  /// A line longer than that is no saying: the code writes there.
  private static let lineBytesMax = 16 << 20

  private let bytes = Mutex<[UInt8]>([])

  /// False: it is longer than a line can be.
  func append(_ more: [UInt8]) -> Bool {
    bytes.withLock { bytes in
      bytes += more
      return bytes.count <= Self.lineBytesMax
    }
  }

  func nextLine() -> [UInt8]? {
    bytes.withLock { bytes in
      guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
      let line = Array(bytes[..<end])
      bytes.removeFirst(end + 1)
      return line
    }
  }
}
