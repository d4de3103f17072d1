import CLinux
import Dispatch
import Glibc
import Synchronization

/// One end of a pipe or socket, read and written without holding a thread.
///
/// **Isolation**: one reader and one writer at a time; closed by anybody.
final class Descriptor: Sendable {
  private let number: Int32
  private let reading: Readiness
  private let writing: Readiness
  /// Held for each call on the number: once it is closed it is somebody else's.
  private let calls = Mutex(())

  /// Takes the descriptor over.
  init(_ number: Int32) {
    self.number = number
    let flags = fcntl(number, F_GETFL)
    _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
    let open = OpenCount(number)
    reading = Readiness(
      DispatchSource.makeReadSource(fileDescriptor: number, queue: Readiness.queue), open)
    writing = Readiness(
      DispatchSource.makeWriteSource(fileDescriptor: number, queue: Readiness.queue), open)
  }

  deinit { close() }

  /// What waits is let go: the end for a reader, a failure for a writer.
  func close() {
    calls.withLock { _ in
      reading.cancel()
      writing.cancel()
    }
  }

  /// Makes a system call that does not wait.
  /// - Returns: what it gives, and the error's number.
  func call(_ body: (Int32) -> Int) -> (result: Int, code: Int32) {
    calls.withLock { _ in
      guard !reading.isCancelled else { return (-Int(EBADF), EBADF) }
      let result = body(number)
      return (result, errno)
    }
  }

  /// What has come, at most `count` bytes; nil: the end.
  func read(upTo count: Int = 1 << 16) async -> [UInt8]? {
    while true {
      switch readNow(upTo: count) {
      case .bytes(let bytes): return bytes
      case .end: return nil
      case .nothing: guard await reading.wait() else { return nil }
      }
    }
  }

  enum Reading {
    case bytes([UInt8])
    /// More may come.
    case nothing
    case end
  }

  /// What there is already.
  func readNow(upTo count: Int = 1 << 16) -> Reading {
    while true {
      var (result, code) = (0, Int32(0))
      // SAFETY: the kernel writes at most as much as the room it is told of; what is kept takes no more
      // than has come.
      let bytes = unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { room in
        (result, code) = call { unsafe Glibc.read($0, room.baseAddress, count) }
        return unsafe [UInt8](UnsafeBufferPointer(rebasing: room.prefix(max(0, result))))
      }
      if result > 0 { return .bytes(bytes) }
      if result < 0, code == EINTR { continue }
      return result < 0 && code == EAGAIN ? .nothing : .end
    }
  }

  /// Waits until there is something to read, or the end; for what is no stream. False: it is closed.
  func becomesReadable() async -> Bool { await reading.wait() }

  /// Exactly so many bytes; nil: the end came before.
  func read(exactly count: Int) async -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let more = await read(upTo: min(count - bytes.count, 1 << 20)) else { return nil }
      if bytes.isEmpty { bytes = more } else { bytes += more }
    }
    return bytes
  }

  /// False: the other side reads no more.
  func write(_ bytes: [UInt8]) async -> Bool {
    var written = 0
    while written < bytes.count {
      // SAFETY: the span covers the bytes that the call is told of.
      let (result, code) = unsafe bytes.withUnsafeBytes { bytes in
        call {
          unsafe send(
            $0, bytes.baseAddress?.advanced(by: written), bytes.count - written,
            Int32(MSG_NOSIGNAL))
        }
      }
      if result >= 0 {
        written += result
      } else if code == EAGAIN {
        guard await writing.wait() else { return false }
      } else if code != EINTR {
        return false
      }
    }
    return true
  }

  /// Nothing more is written: the other side reads the end.
  func endWriting() {
    _ = call { Int(shutdown($0, Int32(SHUT_WR))) }
  }
}

/// Closes a descriptor once neither of its two sources looks at it any more.
private final class OpenCount: Sendable {
  private let number: Int32
  init(_ number: Int32) { self.number = number }
  deinit { _ = Glibc.close(number) }
}

/// Waits until a descriptor can be read, or written.
///
/// `@unchecked`: its state is touched on `queue` alone, but for the flag, which is atomic.
private final class Readiness: @unchecked Sendable {
  static let queue = DispatchQueue(label: "wavetank.code", qos: .userInitiated)

  private let source: any DispatchSourceProtocol
  private var waiting: CheckedContinuation<Bool, Never>?
  private let cancelled = CancelFlag()

  init(_ source: any DispatchSourceProtocol, _ open: OpenCount) {
    self.source = source
    source.setEventHandler { [weak self] in self?.fire() }
    // The descriptor stays open as long as the source may look at it.
    source.setCancelHandler { withExtendedLifetime(open) {} }
  }

  var isCancelled: Bool { cancelled.isSet }

  private func fire() {
    guard let continuation = waiting else { return }
    waiting = nil
    source.suspend()
    continuation.resume(returning: true)
  }

  /// False: it is closed.
  func wait() async -> Bool {
    await withCheckedContinuation { continuation in
      Self.queue.async {
        guard !self.cancelled.isSet else { return continuation.resume(returning: false) }
        self.waiting = continuation
        self.source.resume()
      }
    }
  }

  func cancel() {
    guard cancelled.set() else { return }
    Self.queue.async { [self] in
      source.cancel()
      if let continuation = waiting {
        waiting = nil
        continuation.resume(returning: false)
      } else {
        // A source that is held back does not let go.
        source.resume()
      }
    }
  }
}
