import Glibc
import PayloadCodecs
import Synchronization

/// What people and scripts read: answers on standard output, everything else on standard error.
enum Terminal {
  /// A standard stream that is closed gets a descriptor that refuses: else the next file or socket to
  /// be opened would be taken for it.
  static func occupyClosedStreams() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 {
      // SAFETY: the string lives for the call. The lowest free number is the one that was asked about.
      _ = unsafe open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  static func say(_ text: String) {
    put(text + "\n")
  }

  /// Text that brings its own line ends.
  static func put(_ text: String) {
    put(Array(text.utf8))
  }

  static func put(_ bytes: [UInt8]) {
    let code = write(bytes[...], to: STDOUT_FILENO)
    if code != 0 { failure.withLock { if $0 == 0 { $0 = code } } }
  }

  static func complain(_ text: String) {
    let mark = Style(STDERR_FILENO).bad("wavetank:")
    write("\(mark) \(harmless(text))\n", to: STDERR_FILENO)
  }

  static func write(_ text: String, to descriptor: Int32) {
    write(Array(text.utf8)[...], to: descriptor)
  }

  /// Text of anybody's: whatever a terminal would obey is written out, but for ends of lines and tabs.
  static func harmless(_ text: String) -> String {
    text.escaped { isObeyed($0) ? "\\u{\(String($0.value, radix: 16))}" : nil }
  }

  /// The same of JSON, which stays the same value.
  static func harmless(json text: String) -> String {
    text.escaped { scalar in
      guard isObeyed(scalar) else { return nil }
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
  }

  private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A: false
    case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  // MARK: What could not be written

  /// Of standard output: the first error's number.
  private static let failure = Mutex<Int32>(0)

  static var hasFailed: Bool { failure.withLock { $0 != 0 } }

  /// Tells once that answers were lost; false where all of them were written. A reader that went away
  /// wanted no more of them.
  static func complainOfLosses() -> Bool {
    let code = failure.withLock { code in
      defer { code = 0 }
      return code
    }
    guard code != 0, code != EPIPE else { return false }
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    complain("standard output cannot be written: \(unsafe String(cString: strerror(code)))")
    return true
  }

  /// Lines of the log, on a thread that may wait. False when not all of them could be written.
  static func log(_ lines: [UInt8]) -> Bool { write(lines[...], to: STDERR_FILENO) == 0 }

  /// Writes all of it in as few calls as the descriptor allows. 0, or the error's number.
  @discardableResult
  private static func write(_ content: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
    var bytes = content
    while !bytes.isEmpty {
      // SAFETY: the pointer is used only inside the call, with the slice's own count.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count < 0, errno == EINTR { continue }
      // Somebody we share the descriptor with has made it so; a moment later there is room again.
      if count < 0, errno == EAGAIN, isReady(descriptor) { continue }
      guard count > 0 else { return count < 0 ? errno : EIO }
      bytes = bytes.dropFirst(count)
    }
    return 0
  }

  /// Waits until the descriptor takes something, or for a second.
  private static func isReady(_ descriptor: Int32) -> Bool {
    var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // SAFETY: the pointer is to a local, used only inside the call.
    return unsafe poll(&place, 1, 1000) > 0
  }
}
