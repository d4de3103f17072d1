import Glibc

/// What people and scripts read: answers on standard output, everything else on standard error.
enum Terminal {
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

  /// Writes all of it in as few calls as the descriptor allows; a closed pipe is not our problem.
  private static func write(_ content: ArraySlice<UInt8>, to descriptor: Int32) {
    var bytes = content
    while !bytes.isEmpty {
      // SAFETY: the pointer is used only inside the call, with the slice's own count.
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
