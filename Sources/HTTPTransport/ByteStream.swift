import Glibc

/// Where a connection's bytes come from and go to: the one seam between a connection and its socket.
/// Everything above it deals in the bytes of HTTP alone.
///
/// **Shape**: a plain socket, by value, made where it is needed. An encrypted one would be a second kind
/// behind the same calls: `receive` gives what was deciphered (and says `.wouldBlock` until a record is
/// whole), `send` takes what is to be enciphered, `finish` says so to the peer before FIN. Faults,
/// back-pressure, lingering and half-close are above the seam, so they hold for every kind.
/// **Isolation**: the loop's thread.
struct ByteStream {
  private let fd: Int32
  private let system: SystemCalls

  init(_ fd: Int32, _ system: SystemCalls) {
    (self.fd, self.system) = (fd, system)
  }

  /// Fewer bytes than there was room for: nothing more waits, for now.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> SystemCalls.IOResult {
    // SAFETY: the caller's buffer, for the call only.
    unsafe system.receive(fd, into: buffer)
  }

  func send(_ bytes: UnsafeRawBufferPointer) -> SystemCalls.IOResult {
    // SAFETY: the caller's bytes, for the call only.
    unsafe system.send(fd, bytes)
  }

  /// - Parameter totalCount: the bytes of all parts.
  func send(
    _ parts: UnsafeMutableBufferPointer<iovec>, totalCount: Int
  ) -> SystemCalls.IOResult {
    // SAFETY: the caller's parts, for the call only.
    unsafe system.send(fd, parts, totalCount: totalCount)
  }

  /// Sends FIN behind what was sent; reading goes on.
  func finish() { system.shutdownWrite(fd) }

  /// Closing sends RST in place of FIN from now on.
  func resetWhenClosed() { system.setAbortive(fd) }

  /// Something has arrived that was not read yet.
  var hasUnread: Bool { system.unreadCount(fd) > 0 }

  /// There is room for output.
  var isWritable: Bool { system.isWritable(fd) }

  /// The peer has got all that was sent.
  var isAcknowledged: Bool { system.unacknowledgedCount(fd) == 0 }
}

extension Channel {
  var stream: ByteStream { ByteStream(fd, loop.system) }
}
