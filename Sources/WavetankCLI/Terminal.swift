import Glibc

/// What people and scripts read: answers on standard output, everything else on standard error.
enum Terminal {
  /// Where a standard stream is closed, the first file or connection that is opened would take its
  /// number, and get what is meant for people.
  static func keepStreams() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
      // SAFETY: the path is a literal that lives as long as the program.
      _ = unsafe open("/dev/null", O_RDWR)
    }
  }

  static func say(_ text: String) {
    write(text + "\n", to: STDOUT_FILENO)
  }

  /// Text that brings its own line ends.
  static func put(_ text: String) {
    write(text, to: STDOUT_FILENO)
  }

  static func put(_ bytes: [UInt8]) {
    write(bytes[...], to: STDOUT_FILENO)
  }

  static func complain(_ text: String) {
    write(Style(STDERR_FILENO).bad("wavetank:") + " " + text + "\n", to: STDERR_FILENO)
  }

  static func write(_ text: String, to descriptor: Int32) {
    write(Array(text.utf8)[...], to: descriptor)
  }

  /// Lines of the log, on a thread that may wait. False when not all of them could be written.
  static func log(_ lines: [UInt8]) -> Bool { write(lines[...], to: STDERR_FILENO) }

  /// Writes all of it in as few calls as the descriptor allows; a closed pipe is not our problem.
  @discardableResult
  private static func write(_ content: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var bytes = content
    while !bytes.isEmpty {
      // SAFETY: the pointer is used only inside the call, with the slice's own count.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count < 0, errno == EINTR { continue }
      // Somebody we share the descriptor with has made it so; a moment later there is room again.
      if count < 0, errno == EAGAIN, isReady(descriptor) { continue }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  /// Waits until the descriptor takes something, or for a second.
  private static func isReady(_ descriptor: Int32) -> Bool {
    var place = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // SAFETY: the pointer is to a local, used only inside the call.
    return unsafe poll(&place, 1, 1000) > 0
  }
}
