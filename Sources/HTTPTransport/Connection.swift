import HTTPModel
import HTTPWire

/// One accepted connection, for life on one loop.
///
/// **Shape**: while a connection is idle it is this object and nothing else: no buffer, no task, no
/// timer of its own beyond one entry in the loop's heap. Bytes are kept only while a head is
/// incomplete, and an `ActiveExchange` only for what could not be answered at once.
///
/// **Turns**: an event, a command or a timer changes the state; then `turn()` does everything that
/// the state allows. Nothing else reads, sends or ends an exchange, so no step calls another.
/// Read next: `Connection+Reading.swift` (bytes to requests), `Connection+Answering.swift` (answers
/// to responses), `Connection+Streaming.swift`, `Connection+Sending.swift` (responses to bytes),
/// `Connection+Closing.swift`, `Connection+Deadline.swift`; `ByteStream.swift` is the socket below, and
/// `Connection+Secure.swift` what puts TLS there.
///
/// SAFETY: what stands behind `@exclusivity(unchecked)` is used at every step: on the loop's thread alone,
/// and by methods of values that know no connection, so that none begins an access to it within its own.
final class Connection: Channel {
  enum Life {
    /// Awaits requests, and the answers to them.
    case open
    /// The response in progress is the last one: awaits that all of it has left. `lingers`: input is
    /// left unread on purpose and must be read away after FIN, so that no RST overtakes the response.
    case closing(lingers: Bool)
    /// The last response is out and FIN is sent: reads and throws away until the peer closes, so
    /// that unread content does not become an RST that destroys the response on its way.
    case lingering
    /// Says nothing, on purpose, and throws away what comes: awaits the peer's end.
    case silent
    /// Awaits nothing.
    case closed
  }

  /// What the peer may still send.
  enum Input {
    /// Awaits bytes.
    case open
    /// epoll has told of the peer's FIN, which may stand behind unread bytes: awaits the read that
    /// finds it.
    case ending
    /// The peer sends no more.
    case ended
  }

  enum Output {
    /// The kernel takes more, as far as is known.
    case ready
    /// The kernel's buffer is full: awaits epoll's word that there is room.
    case blocked
    /// Answers stand in the loop's output: awaits the end of the round.
    case deferred
  }

  let server: ServerShared
  let id: UInt64
  let peer: PeerAddress
  var machine: ConnectionMachine {
    @inline(__always) _read { yield unsafe uncheckedMachine }
    @inline(__always) _modify { yield unsafe &uncheckedMachine }
  }
  @exclusivity(unchecked) private var uncheckedMachine: ConnectionMachine
  var life = Life.open
  var input = Input.open
  var output = Output.ready
  /// Bytes that are not consumed: an incomplete head, or requests behind the one in progress.
  var pending: [UInt8] {
    @inline(__always) _read { yield unsafe uncheckedPending }
    @inline(__always) _modify { yield unsafe &uncheckedPending }
  }
  @exclusivity(unchecked) private var uncheckedPending: [UInt8] = []
  var queue: OutputQueue {
    @inline(__always) _read { yield unsafe uncheckedQueue }
    @inline(__always) _modify { yield unsafe &uncheckedQueue }
  }
  @exclusivity(unchecked) private var uncheckedQueue: OutputQueue = OutputQueue()
  /// The responses that stand in `queue` and whose exchanges are over with them, oldest first.
  var queuedResponses: [QueuedResponse] = []
  var active: ActiveExchange?
  var sequenceNumber: UInt64 = 0
  /// The next byte is the first: it may be that of a TLS handshake.
  var mayBecomeSecure = true
  /// How requests come, where that is not the plain way.
  var arrival: Arrival?
  /// What it came through, and how often that had been shut until then.
  var gate: (ListenerGate, shutCount: Int)?
  /// A tunnel was asked for that does not end here: it begins once what was said before has left.
  var tunnel: RelayTarget?

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
    unsafe uncheckedMachine = ConnectionMachine(.server, limits: server.configuration.limits)
    (lastReceived, lastSent) = (loop.now, loop.now)
    super.init(loop: loop, fd: fd)
  }

  func open() throws(SystemError) {
    try register(for: Readiness.read | Readiness.peerClosed)
    settle()
  }

  /// Whether what it came through was shut since: it takes no further request.
  var isShutOut: Bool { gate.map { $0.shutCount != $1 } ?? false }

  /// Nothing waits here, on its way in or out.
  private var isQuiet: Bool {
    guard case .open = life, input == .open else { return false }
    return active == nil && queue.isEmpty && pending.isEmpty && tunnel == nil
  }

  /// Between requests, with nothing to send and nothing received.
  var isIdle: Bool { isQuiet && output == .ready && machine.isIdle && !isShakingHands }

  /// Responses may still be sent.
  var isOpen: Bool {
    switch life {
    case .open, .closing: true
    case .lingering, .silent, .closed: false
    }
  }

  var isClosing: Bool {
    if case .closing = life { true } else { false }
  }

  var isClosed: Bool {
    if case .closed = life { true } else { false }
  }

  // MARK: What happens

  override func onEvents(_ events: UInt32) {
    if events & Readiness.peerClosed != 0, input == .open { input = .ending }
    if events & Readiness.write != 0 {
      if output == .blocked { output = .ready }
      secure?.flush(fd, loop.system)
    }
    let isReadable = events & (Readiness.read | Readiness.peerClosed) != 0
    // Else the read that finds it broken takes first what the peer has left.
    let isGone = events & (Readiness.error | Readiness.hangUp) != 0
    if isGone, !isReadable || !wantsInput { return peerIsGone() }
    turn(isReadable: isReadable)
  }

  override func onCommand(_ command: ChannelCommand) {
    switch command {
    case .drain: startDraining()
    case .abort: close(.serverStopped)
    case .demand(let number, let demand):
      if isActive(number) { contentDemanded(demand) }
    case .answered(let number, let response):
      if isActive(number) { answered(response) }
    case .writable(let number):
      if isActive(number) { active?.isWriterReady = true }
    case .producerFailed(let number):
      if isActive(number) { producerFailed() }
    case .flush(let number):
      if isActive(number) { producerHasBegun() }
    case .lookedUp: break
    }
    turn()
  }

  override func onSourceReady(exchange: UInt64) {
    guard isActive(exchange), let active else { return }
    active.isWriterReady = true
    var writes = 16
    // Nearly all turns of a topic's reader are so: what is new leaves at once, and all is as it was
    // before. A heartbeat would be due later, and a fault may be due now.
    if active.heartbeat == nil, active.delivery == nil, takeFromWriter(), sendQueue(&writes),
      isActive(exchange), !active.isWriterReady, queue.isEmpty, output == .ready,
      case .sending = active.phase
    {
      return
    }
    turn()
  }

  private func isActive(_ number: UInt64) -> Bool {
    active?.exchange.sequenceNumber == number
  }

  override func onTimer(_ token: UInt64) {
    if token == Self.deadlineToken {
      deadlineTimerFired()
    } else if isActive(token), deliveryTimerFired(), sendAnswersOfRound(isLastRead: true),
      output == .deferred
    {
      // An answer whose time has come: nothing else is left to do.
      return settle()
    }
    turn()
  }

  // MARK: The turn

  /// Answers what has come, fetches what there is to send, sends, ends what has left, and reads, until
  /// nothing moves any more; then brings interest, deadline and budget in line with the state.
  ///
  /// - Parameter isReadable: the socket has something for us. It is read last, when there is no other
  ///   use for this turn.
  /// **Fair shares**: so many reads and writes in a turn; then others have theirs.
  func turn(isReadable: Bool = false) {
    var reads = isReadable || stream.endsNext ? 4 : 0
    var writes = 16
    if isReadable, isQuiet {
      // Nearly all turns are so: one read, and the answers to it.
      _ = readMore(&reads)
      _ = sendAnswersOfRound(isLastRead: reads == 0)
      if output == .deferred || reads == 0 && isQuiet { return settle() }
    }
    while !isClosed {
      let hasMoved =
        goThrough() || answerPending() || takeFromWriter()
        || sendAnswersOfRound(isLastRead: reads == 0)
        || sendQueue(&writes) || endWhatHasLeft() || readMore(&reads)
      if !hasMoved { return settle() }
    }
  }

  /// Whether there is a use for more input.
  var wantsInput: Bool {
    if input == .ended { return false }
    switch life {
    case .closed: return false
    case .lingering, .silent: return true
    case .open, .closing:
      if active?.isReadingPaused == true || active?.pacer?.isHolding == true { return false }
      return pending.count < Self.pendingBytesSmall
        || pending.count < Self.pendingBytesMax && server.configuration.memory.hasRoom()
    }
  }

  /// So much may wait even where no memory is left.
  private static let pendingBytesSmall = 16 * 1024

  /// So much may wait behind a request in progress; beyond it the socket is not read. More than
  /// any head that is allowed, since an incomplete head waits here too.
  static let pendingBytesMax = 128 * 1024

  private func settle() {
    if input != .open, active?.pacer?.endsNow == .stall { return close(.fault) }
    var events: UInt32 = 0
    if wantsInput { events |= Readiness.read | Readiness.peerClosed }
    // Nothing is read, and yet a peer that gives up is seen.
    if active?.pacer?.isHolding == true, input == .open { events |= Readiness.peerClosed }
    if output == .blocked || secure?.holdsOutput == true { events |= Readiness.write }
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
}
