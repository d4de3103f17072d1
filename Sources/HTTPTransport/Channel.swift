/// Something with a descriptor that a loop watches. Belongs to its loop for life.
///
/// **Isolation**: every method runs on the loop's thread.
class Channel {
  let loop: EventLoop
  let fd: Int32
  /// Descriptor and registration number: what epoll gives back with each event, so that an event
  /// for a closed and reused descriptor is recognised and dropped.
  fileprivate(set) var key: UInt64 = 0
  /// What epoll watches for now.
  private(set) var interest: UInt32 = 0
  private(set) var isRegistered = false
  /// Stands between the socket and what is read and sent here; nil: nothing does.
  final var secure: SecureStream?

  init(loop: EventLoop, fd: Int32) {
    self.loop = loop
    self.fd = fd
  }

  func onEvents(_ events: UInt32) {}
  func onTimer(_ token: UInt64) {}
  func onCommand(_ command: ChannelCommand) {}
  /// The body source of an exchange may have something.
  func onSourceReady(exchange: UInt64) {}

  /// Watches for `events` from now on.
  final func register(for events: UInt32) throws(SystemError) {
    interest = events
    key = loop.assignKey(fd)
    try loop.system.watch(loop.poller, fd, events, key: key)
    loop.enter(self)
    isRegistered = true
  }

  /// Takes part in the loop for timers and commands only.
  final func enterWithoutEvents() {
    key = loop.assignKey(fd)
    loop.enter(self)
    isRegistered = true
  }

  /// Takes the place of a channel with the same descriptor, whose life is over with that. Nothing is
  /// watched until interest is set.
  final func replace(_ other: Channel) {
    loop.leave(other)
    other.isRegistered = false
    secure = other.secure
    key = loop.assignKey(fd)
    try? loop.system.rewatch(loop.poller, fd, 0, key: key)
    loop.enter(self)
    isRegistered = true
  }

  final func setInterest(_ events: UInt32) {
    guard isRegistered, events != interest else { return }
    interest = events
    try? loop.system.rewatch(loop.poller, fd, events, key: key)
  }

  /// Watches for nothing, not even for what is always watched for.
  final func unwatch() {
    loop.system.unwatch(loop.poller, fd)
    interest = 0
  }

  /// Watches again, behind `unwatch`.
  final func watchAgain(for events: UInt32) throws(SystemError) {
    try loop.system.watch(loop.poller, fd, events, key: key)
    interest = events
  }

  /// Leaves the loop and closes the descriptor.
  final func closeDescriptor() {
    if isRegistered { loop.leave(self) }
    isRegistered = false
    loop.system.close(fd)
  }
}

/// Names for epoll's events, as the unsigned numbers that they travel in.
enum Readiness {
  static let read: UInt32 = 0x001
  static let write: UInt32 = 0x004
  static let error: UInt32 = 0x008
  static let hangUp: UInt32 = 0x010
  static let peerClosed: UInt32 = 0x2000
}
