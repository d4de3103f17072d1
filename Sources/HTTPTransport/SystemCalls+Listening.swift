import CLinux
import Glibc

// Listening sockets that shall take nobody for a while.
extension SystemCalls {
  /// A listening socket listens no more: who waits there is reset, who comes is refused. It keeps its
  /// address, and `listen` makes it listen again.
  ///
  /// Not to one that does not listen: that would be shut for reading, and so would be all who come to it
  /// once it listens again.
  ///
  /// Source: Linux `inet_shutdown`; HAProxy pauses its listeners so.
  func endListening(_ fd: Int32) {
    if isListening(fd) { _ = Glibc.shutdown(fd, Int32(SHUT_RD)) }
  }

  private func isListening(_ fd: Int32) -> Bool {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // SAFETY: both pointers are to locals of the right size.
    return unsafe getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value != 0
  }

  /// Whether no connection more fits among those that wait to be accepted: so many wait as the kernel's
  /// `tcp_info` of a listening socket says in `tcpi_unacked`, and `tcpi_sacked` may.
  ///
  /// Source: Linux `tcp_get_info` and `sk_acceptq_is_full`.
  func isBacklogFull(_ fd: Int32) -> Bool {
    var info = tcp_info()
    var length = socklen_t(MemoryLayout<tcp_info>.size)
    // SAFETY: both pointers are to locals of the right size.
    guard unsafe getsockopt(fd, Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else {
      return false
    }
    return info.tcpi_unacked > info.tcpi_sacked
  }

  /// Until a connection is there, or so long.
  func awaitWritable(_ fd: Int32, milliseconds: Int32) {
    var poll = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one entry, a local.
    _ = unsafe Glibc.poll(&poll, 1, milliseconds)
  }
}
