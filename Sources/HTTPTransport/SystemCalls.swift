import CLinux
import Glibc
import HTTPModel

/// The operating system as this module sees it: the only place with system calls and errnos.
///
/// EINTR is repeated here. What a non-blocking call may answer is a value (`IOResult`), not an
/// error. With `faults` the N-th call of a kind fails as a test wants it.
package struct SystemCalls: Sendable {
  /// What became of a read or write.
  enum IOResult {
    /// So many bytes; 0 from a read is the end of the input.
    case bytes(Int)
    case wouldBlock
    /// The connection is broken, or the call cannot work.
    case failed(SystemError)
  }

  private let faults: SystemFaults?
  let clock: LoopClock?

  package init(faults: SystemFaults? = nil, clock: LoopClock? = nil) {
    (self.faults, self.clock) = (faults, clock)
  }

  static func message(of code: Int32) -> String {
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    unsafe String(cString: strerror(code))
  }

  static var invalidArgument: Int32 { EINVAL }
  static var protocolError: Int32 { EPROTO }
  static func isOutOfDescriptors(_ code: Int32) -> Bool { code == EMFILE || code == ENFILE }
  static func isReset(_ code: Int32) -> Bool { code == ECONNRESET || code == EPIPE }
  static func isAddressInUse(_ code: Int32) -> Bool { code == EADDRINUSE }

  func injected(_ call: SystemCall) throws(SystemError) {
    if case .errno(let code)? = faults?.next(call) { throw SystemError(call, code) }
  }

  private func check(_ result: Int32, _ call: SystemCall) throws(SystemError) -> Int32 {
    guard result >= 0 else { throw SystemError(call, errno) }
    return result
  }

  // MARK: Sockets

  func makeSocket(_ address: SocketAddress) throws(SystemError) -> Int32 {
    try injected(.socket)
    let type = Int32(
      SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    return try check(socket(address.family, type, 0), .socket)
  }

  func setOption(
    _ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32
  ) throws(SystemError) {
    var value = value
    // SAFETY: the pointer is to a local of the size given.
    _ = try check(
      unsafe setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size)), .setOption)
  }

  func setNoDelay(_ fd: Int32) {
    try? setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  /// Sends the acknowledgement that the kernel has put off.
  func acknowledge(_ fd: Int32) {
    try? setOption(fd, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
  }

  /// Closing sends RST in place of FIN from now on.
  func setAbortive(_ fd: Int32) {
    var value = linger(l_onoff: 1, l_linger: 0)
    // SAFETY: the pointer is to a local of the size given.
    _ = unsafe setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
  }

  func setReceiveBuffer(_ fd: Int32, _ bytes: Int32) {
    try? setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes)
  }

  func setSendBuffer(_ fd: Int32, _ bytes: Int32) {
    try? setOption(fd, SOL_SOCKET, SO_SNDBUF, bytes)
  }

  func allowReuseAddress(_ fd: Int32, _ isAllowed: Bool = true) throws(SystemError) {
    try setOption(fd, SOL_SOCKET, SO_REUSEADDR, isAllowed ? 1 : 0)
  }

  /// `::` is not every address of IPv4, too.
  func restrictToIPv6(_ fd: Int32) throws(SystemError) {
    try setOption(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
  }

  func allowReusePort(_ fd: Int32) throws(SystemError) {
    try setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1)
  }

  func bind(_ fd: Int32, _ address: SocketAddress) throws(SystemError) {
    try injected(.bind)
    // SAFETY: the pointer is valid for the call and for the length given.
    let result = unsafe address.withPointer { pointer, length in
      unsafe Glibc.bind(fd, pointer, length)
    }
    _ = try check(result, .bind)
  }

  func listen(_ fd: Int32, backlog: Int32) throws(SystemError) {
    try injected(.listen)
    _ = try check(Glibc.listen(fd, backlog), .listen)
  }

  func localAddress(_ fd: Int32) throws(SystemError) -> SocketAddress {
    var address = SocketAddress()
    // SAFETY: the storage is as large as the length says.
    let result = unsafe address.withMutablePointer { pointer, length in
      unsafe getsockname(fd, pointer, length)
    }
    _ = try check(result, .name)
    return address
  }

  /// nil when nobody waits any more.
  func accept(_ listener: Int32) throws(SystemError) -> (fd: Int32, peer: SocketAddress)? {
    while true {
      try injected(.accept)
      var address = SocketAddress()
      // SAFETY: the storage is as large as the length says.
      let fd = unsafe address.withMutablePointer { pointer, length in
        unsafe accept4(
          listener, pointer, length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
      }
      if fd >= 0 { return (fd, address) }
      switch errno {
      case EAGAIN: return nil
      // The peer was gone before it was accepted, or a network error that accept passes on.
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTUNREACH, ENETUNREACH: continue
      default: throw SystemError(.accept, errno)
      }
    }
  }

  /// True if connected at once, false if it goes on in the background.
  func connect(_ fd: Int32, _ address: SocketAddress) throws(SystemError) -> Bool {
    try injected(.connect)
    // SAFETY: the pointer is valid for the call and for the length given.
    let result = unsafe address.withPointer { pointer, length in
      unsafe Glibc.connect(fd, pointer, length)
    }
    if result == 0 { return true }
    if errno == EINPROGRESS || errno == EINTR { return false }
    throw SystemError(.connect, errno)
  }

  /// The error that a background connect or a broken connection left behind.
  func pendingError(_ fd: Int32) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // SAFETY: both pointers are to locals of the right size.
    _ = unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length)
    return value
  }

  func receive(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
    // SAFETY: at most as many bytes as the buffer has are written.
    transfer(.receive, buffer.count) { unsafe recv(fd, buffer.baseAddress, $0, 0) }
  }

  /// Never raises SIGPIPE. For one buffer `send` costs the kernel less than `sendmsg`.
  func send(_ fd: Int32, _ bytes: UnsafeRawBufferPointer) -> IOResult {
    // SAFETY: at most the buffer's bytes are read, during the call only.
    transfer(.send, bytes.count) {
      unsafe Glibc.send(fd, bytes.baseAddress, $0, Int32(MSG_NOSIGNAL))
    }
  }

  /// Sends several parts in one call. Never raises SIGPIPE.
  func send(
    _ fd: Int32, _ parts: UnsafeMutableBufferPointer<iovec>, totalCount: Int
  ) -> IOResult {
    transfer(.send, totalCount) { most in
      var message = unsafe msghdr()
      unsafe message.msg_iov = parts.baseAddress
      unsafe message.msg_iovlen = parts.count
      if most < totalCount {
        // One part, cut: short enough for every test.
        unsafe message.msg_iovlen = 1
        unsafe parts[0].iov_len = min(parts[0].iov_len, most)
      }
      // SAFETY: the parts are valid for the call, by the caller's promise.
      return unsafe sendmsg(fd, &message, Int32(MSG_NOSIGNAL))
    }
  }

  /// Makes a call that moves up to `most` bytes, again where it was interrupted.
  @inline(__always)
  private func transfer(_ call: SystemCall, _ most: Int, _ body: (_ most: Int) -> Int) -> IOResult {
    var most = most
    switch faults?.next(call) {
    case .errno(EAGAIN): return .wouldBlock
    case .errno(EINTR), nil: break
    case .errno(let code): return .failed(SystemError(call, code))
    case .short(let limit): most = min(most, max(1, limit))
    }
    while true {
      let count = body(most)
      if count >= 0 { return .bytes(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: return .failed(SystemError(call, errno))
      }
    }
  }

  /// Bytes that were handed over and that the peer has not acknowledged yet.
  func unacknowledgedCount(_ fd: Int32) -> Int {
    var count: Int32 = 0
    // SAFETY: SIOCOUTQ (the same number as TIOCOUTQ) writes one int.
    guard unsafe ioctl(fd, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
    return Int(count)
  }

  /// Bytes that have arrived and were not read yet.
  func unreadCount(_ fd: Int32) -> Int {
    var count: Int32 = 0
    // SAFETY: FIONREAD writes one int.
    guard unsafe ioctl(fd, UInt(FIONREAD), &count) == 0 else { return 0 }
    return Int(count)
  }

  /// Whether epoll would say that there is room for more.
  func isWritable(_ fd: Int32) -> Bool {
    var poll = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
    // SAFETY: one entry, a local.
    return unsafe Glibc.poll(&poll, 1, 0) > 0
  }

  /// Sends FIN; reading goes on.
  func shutdownWrite(_ fd: Int32) {
    _ = Glibc.shutdown(fd, Int32(SHUT_WR))
  }

  func close(_ fd: Int32) { _ = Glibc.close(fd) }

  /// A descriptor kept in reserve for the moment when there are no more; negative where that is now.
  /// It needs no file: a root may be empty.
  func openSpare() -> Int32 { eventfd(0, Int32(EFD_CLOEXEC)) }

  /// Throws where so many more descriptors are not to be had.
  func checkDescriptors(_ count: Int) throws(SystemError) {
    var taken: [Int32] = []
    defer { for one in taken { close(one) } }
    for _ in 0..<count { taken.append(try makeWakeup()) }
  }

  // MARK: epoll, eventfd, time

  func makePoller() throws(SystemError) -> Int32 {
    try injected(.epollCreate)
    return try check(epoll_create1(Int32(EPOLL_CLOEXEC)), .epollCreate)
  }

  func makeWakeup() throws(SystemError) -> Int32 {
    try injected(.eventfd)
    return try check(
      eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)), .eventfd)
  }

  func watch(
    _ poller: Int32, _ fd: Int32, _ interest: UInt32, key: UInt64
  ) throws(SystemError) {
    try control(poller, EPOLL_CTL_ADD, fd, interest, key)
  }

  func unwatch(_ poller: Int32, _ fd: Int32) {
    try? control(poller, EPOLL_CTL_DEL, fd, 0, 0)
  }

  func rewatch(
    _ poller: Int32, _ fd: Int32, _ interest: UInt32, key: UInt64
  ) throws(SystemError) {
    try control(poller, EPOLL_CTL_MOD, fd, interest, key)
  }

  private func control(
    _ poller: Int32, _ operation: Int32, _ fd: Int32, _ interest: UInt32, _ key: UInt64
  ) throws(SystemError) {
    try injected(.epollControl)
    var event = unsafe epoll_event(events: interest, data: epoll_data_t(u64: key))
    // SAFETY: the pointer is to a local.
    _ = try check(unsafe epoll_ctl(poller, operation, fd, &event), .epollControl)
  }

  /// The number of events; 0 after the timeout or an interruption.
  func wait(
    _ poller: Int32, _ events: UnsafeMutableBufferPointer<epoll_event>, milliseconds: Int32
  ) -> Int {
    if case .errno? = faults?.next(.epollWait) { return 0 }
    // SAFETY: at most as many events as the buffer has are written.
    let count = unsafe epoll_wait(
      poller, events.baseAddress, Int32(clamping: events.count), milliseconds)
    return max(0, Int(count))
  }

  func signal(_ wakeup: Int32) {
    var one: UInt64 = 1
    // SAFETY: eight bytes of a local. EAGAIN means that the loop is already signalled.
    _ = unsafe write(wakeup, &one, 8)
  }

  func clear(_ wakeup: Int32) {
    var count: UInt64 = 0
    // SAFETY: eight bytes of a local.
    _ = unsafe read(wakeup, &count, 8)
  }

  /// Whether an address is one of this machine's own, on whatever interface: only those can be bound.
  /// True also when the kernel does not say.
  static func isOwn(_ address: SocketAddress) -> Bool {
    let fd = Glibc.socket(
      address.family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard fd >= 0 else { return true }
    defer { _ = Glibc.close(fd) }
    // SAFETY: the pointer is valid for the call and for the length given.
    let result = unsafe address.withPointer { pointer, length in
      unsafe Glibc.bind(fd, pointer, length)
    }
    return result == 0 || errno != EADDRNOTAVAIL
  }

  /// Nanoseconds on the monotonic clock. Loops ask `now()`, which a test may hold.
  static func monotonic() -> Int64 {
    var time = timespec()
    // SAFETY: the pointer is to a local.
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Seconds since 1970, cheap and a few milliseconds late.
  static func wallSeconds() -> Int {
    var time = timespec()
    // SAFETY: the pointer is to a local.
    _ = unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
    return time.tv_sec
  }
}
