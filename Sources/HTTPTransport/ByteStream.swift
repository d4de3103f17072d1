import Glibc

/// Where a connection's bytes come from and go to: the one seam between a connection and its socket.
/// Everything above it deals in the bytes of HTTP alone.
///
/// **Shape**: a plain socket, by value, made where it is needed, with a `SecureStream` in between where
/// the peer speaks TLS. Faults, back-pressure, lingering and half-close are above the seam, so they hold
/// for both.
/// **Isolation**: the loop's thread.
struct ByteStream {
  private let fd: Int32
  private let system: SystemCalls
  private let secure: SecureStream?

  init(_ fd: Int32, _ system: SystemCalls, _ secure: SecureStream?) {
    (self.fd, self.system, self.secure) = (fd, system, secure)
  }

  /// `.wouldBlock` also where what came holds no content yet.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> SystemCalls.IOResult {
    // SAFETY: the caller's buffer, for the call only.
    guard let secure else { return unsafe system.receive(fd, into: buffer) }
    return unsafe secure.receive(from: fd, system, into: buffer)
  }

  /// Nothing more waits, for now, if a read gave `count` bytes where there was that much room.
  func isDrained(by count: Int, of room: Int) -> Bool {
    if let secure { !secure.mayHaveMore } else { count < room }
  }

  /// The next read tells of an end that was read already.
  var endsNext: Bool { secure?.endsNext ?? false }

  /// What was taken has left, or is taken from the same offer once more: bytes that `send` has not
  /// counted must be offered again, or nothing is sent any more.
  func send(_ bytes: UnsafeRawBufferPointer) -> SystemCalls.IOResult {
    // SAFETY: the caller's bytes, for the call only.
    guard let secure else { return unsafe system.send(fd, bytes) }
    return unsafe secure.send(UnsafeBufferPointer(start: nil, count: 0), bytes, to: fd, system)
  }

  /// - Parameter totalCount: the bytes of all parts.
  func send(
    _ parts: UnsafeMutableBufferPointer<iovec>, totalCount: Int
  ) -> SystemCalls.IOResult {
    // SAFETY: the caller's parts, for the call only.
    guard let secure else { return unsafe system.send(fd, parts, totalCount: totalCount) }
    return unsafe secure.send(
      UnsafeBufferPointer(parts), UnsafeRawBufferPointer(start: nil, count: 0), to: fd, system)
  }

  /// So many bytes are offered to one `send` at most.
  var offerMax: Int { secure == nil ? 256 * 1024 : SecureStream.offerMax }

  /// Sends FIN behind what was sent; reading goes on, of bytes as they come.
  /// - Parameter readsContent: of what is in them, rather, as before.
  func finish(readsContent: Bool = false) {
    secure?.end(fd, system, readsOn: readsContent)
    system.shutdownWrite(fd)
  }

  /// Before the descriptor is closed without `finish`.
  func takeLeave() { secure?.end(fd, system) }

  /// Tells the peer at once of what came. Clients that speak to a proxy (urllib3, and so requests) send
  /// content only when they know that the head has arrived, which the kernel tells 40 ms later.
  func acknowledge() { system.acknowledge(fd) }

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
  var stream: ByteStream { ByteStream(fd, loop.system, secure) }
}
