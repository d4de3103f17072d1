import Synchronization

/// The end of what a process has written: for messages, and for whoever looks at its log.
final class OutputTail: Sendable {
  /// Enough for a long traceback.
  private static let bytesMax = 64 << 10

  private let kept = Mutex<[UInt8]>([])

  func append(_ bytes: [UInt8]) {
    kept.withLock { kept in
      kept += bytes
      if kept.count > 2 * Self.bytesMax { kept.removeFirst(kept.count - Self.bytesMax) }
    }
  }

  func clear() { kept.withLock { $0 = [] } }

  var text: String {
    kept.withLock { String(decoding: $0.suffix(Self.bytesMax), as: UTF8.self) }
  }

  /// Its last lines but for those that only inform.
  func complaints(_ count: Int) -> String {
    text.split(separator: "\n").filter { !$0.hasPrefix("INFO ") }.suffix(count)
      .joined(separator: "\n")
  }

  /// Its last lines.
  func lines(_ count: Int) -> String {
    text.split(separator: "\n").suffix(count).joined(separator: "\n")
  }
}
