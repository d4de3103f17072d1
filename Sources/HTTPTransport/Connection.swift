import HTTPModel
import HTTPWire

/// One accepted connection, for life on one loop.
///
/// **Shape**: while a connection is idle it is this object and nothing else: no buffer, no task, no
/// timer of its own beyond one entry in the loop's heap. Bytes are kept only while a head is
/// incomplete, and an `ActiveExchange` only for what could not be answered at once.
/// Read next: `Connection+Reading.swift` (bytes to requests), `Connection+Answering.swift` (answers
/// to responses), `Connection+Streaming.swift`, `Connection+Sending.swift` (responses to bytes),
/// `Connection+Closing.swift`, `Connection+Deadline.swift`.
final class Connection: Channel {
  enum Life {
    case open
    /// The last response is out and FIN is sent: reads and throws away until the peer closes, so
    /// that unread content does not become an RST that destroys the response on its way.
    case lingering
    case closed
  }

  let server: ServerShared
  let id: UInt64
  let peer: PeerAddress
  var machine: ConnectionMachine
  var life = Life.open
  /// Input that is not consumed: an incomplete head, or requests behind the one in progress.
  var pending: [UInt8] = []
  var queue = OutputQueue()
  /// Exchanges whose responses stand in `queue`, oldest first.
  var departures: [Departure] = []
  var active: ActiveExchange?
  var sequenceNumber: UInt64 = 0
  /// Close when everything is sent.
  var closesAfterFlush = false
  /// The kernel's buffer is full; epoll says when it is not.
  var isWriteBlocked = false
  /// epoll has told of the peer's FIN, which may stand behind unread bytes.
  var isInputEnding = false
  /// The peer sends no more.
  var hasInputEnded = false
  /// Input is left unread on purpose: read it away after FIN, so that no RST overtakes the response.
  var mustLinger = false
  /// Its answers stand in the loop's output until the end of the round.
  var isFlushDeferred = false
  /// `consume` is at work: what it calls must not call it again.
  var isConsuming = false
  /// So is `pumpWriter`.
  var isPumping = false

  /// What of `pending` and `queue` the budget knows.
  private var chargedBytes = 0

  /// When the peer last sent something, and when it last took something.
  var lastReceived: Int64
  var lastSent: Int64
  var deadline = Deadline()

  init(
    loop: EventLoop, fd: Int32, server: ServerShared, peer: PeerAddress
  ) {
    self.server = server
    self.peer = peer
    id = ServerShared.nextConnectionID()
    machine = ConnectionMachine(.server, limits: server.configuration.limits)
    (lastReceived, lastSent) = (loop.now, loop.now)
    super.init(loop: loop, fd: fd)
  }

  func open() throws(SystemError) {
    try register(for: Readiness.read | Readiness.peerClosed)
    settle()
  }

  /// Between requests, with nothing to send and nothing received.
  var isIdle: Bool {
    guard case .open = life else { return false }
    return active == nil && queue.isEmpty && pending.isEmpty && machine.isIdle && !isFlushDeferred
  }

  var isOpen: Bool {
    if case .open = life { true } else { false }
  }

  var isClosed: Bool {
    if case .closed = life { true } else { false }
  }

  override func onEvents(_ events: UInt32) {
    if events & Readiness.peerClosed != 0 { isInputEnding = true }
    if events & Readiness.write != 0 {
      isWriteBlocked = false
      sendQueued()
    }
    if !isClosed, events & (Readiness.read | Readiness.peerClosed) != 0, wantsInput {
      readAvailable()
    } else if !isClosed, events & (Readiness.error | Readiness.hangUp) != 0 {
      peerIsGone()
    }
    if !isClosed { settle() }
  }

  override func onCommand(_ command: ChannelCommand) {
    switch command {
    case .drain: startDraining()
    case .abort: stopNow()
    case .demand(let number, let demand):
      if active?.exchange.sequenceNumber == number { contentDemanded(demand) }
    case .answered(let number, let response):
      if active?.exchange.sequenceNumber == number { answered(response) }
    case .writable(let number):
      if active?.exchange.sequenceNumber == number { pumpWriter() }
    case .producerFailed(let number):
      if active?.exchange.sequenceNumber == number { producerFailed() }
    case .flush(let number):
      if active?.exchange.sequenceNumber == number { sendQueued() }
    }
    if !isClosed { settle() }
  }

  // MARK: Interest and deadline follow the state

  /// Whether there is a use for more input.
  var wantsInput: Bool {
    if hasInputEnded { return false }
    switch life {
    case .closed: return false
    case .lingering: return true
    case .open:
      if active?.isReadingPaused == true { return false }
      return pending.count < Self.pendingBytesSmall
        || pending.count < Self.pendingBytesMax && server.configuration.memory.hasRoom()
    }
  }

  /// So much may wait even where no memory is left.
  private static let pendingBytesSmall = 16 * 1024

  /// So much may wait behind a request in progress; beyond it the socket is not read. More than
  /// any head that is allowed, since an incomplete head waits here too.
  static let pendingBytesMax = 128 * 1024

  /// Brings epoll and the deadline in line with the state. After every event.
  func settle() {
    var events: UInt32 = 0
    if wantsInput { events |= Readiness.read | Readiness.peerClosed }
    if isWriteBlocked { events |= Readiness.write }
    setInterest(events)
    settleDeadline()
    settleMemory()
  }

  /// Brings the budget in line with what waits here, in steps: most connections hold nothing. What a
  /// response brings room for is counted there.
  func settleMemory() {
    let isLeased = active.map { !$0.responseLeases.isEmpty } ?? false
    let held = (pending.count + (isLeased ? 0 : queue.byteCount)) & ~0x3FFF
    guard held != chargedBytes else { return }
    server.configuration.memory.charge(held - chargedBytes)
    chargedBytes = held
  }

  override func onTimer(_ token: UInt64) {
    if token == Self.deadlineToken {
      deadlineTimerFired()
    } else if active?.exchange.sequenceNumber == token {
      deliveryTimerFired()
    }
    if !isClosed { settle() }
  }
}
