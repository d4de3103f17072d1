import HTTPModel
import HTTPWire

/// The one deadline of a connection: what it is for, since when, and until when.
///
/// It follows from the connection's state after every event. An event moves it only if it is progress
/// of what the deadline is for: bytes of awaited content, bytes that the peer took, the next exchange.
struct Deadline {
  enum Kind {
    /// Nothing is awaited of the peer.
    case none
    /// Between requests, with not a byte of the next one seen.
    case idle
    /// From a head's first byte to its last.
    case head
    /// Content is to come: somebody waits for it, or it is thrown away behind its answer.
    case content
    /// Output waits, and the kernel has no room for it.
    case write
    /// FIN is sent, the peer's is awaited.
    case linger
    /// The peer sends no more, and has no answer yet.
    case halfClosed
    /// A live stream has nothing to say: its heartbeat is due.
    case heartbeat
  }

  fileprivate(set) var kind = Kind.none
  /// Of which exchange: the idle time behind one request is not that behind the next.
  fileprivate var exchange: UInt64 = 0
  fileprivate var began: Int64 = 0
  /// Means something unless the kind is `.none`.
  fileprivate(set) var instant = Int64.max
  /// When the earliest entry in the timer heap fires. Later entries mean nothing.
  fileprivate var armed = Int64.max
}

extension Connection {
  /// Timer tokens: 0 is the deadline, others are exchange numbers whose delay is over.
  static let deadlineToken: UInt64 = 0

  /// Brings the deadline in line with the state.
  func settleDeadline() {
    let kind = currentDeadlineKind
    if kind != deadline.kind || sequenceNumber != deadline.exchange {
      (deadline.kind, deadline.exchange, deadline.began) = (kind, sequenceNumber, loop.now)
    }
    guard kind != .none else { return }
    deadline.instant = lastProgress(kind) + timeout(kind)
    guard deadline.instant < deadline.armed else { return }
    deadline.armed = deadline.instant
    loop.schedule(self, at: deadline.instant, token: Self.deadlineToken)
  }

  private var currentDeadlineKind: Deadline.Kind {
    switch life {
    case .lingering: return .linger
    case .silent: return .none
    case .open, .closing, .closed: break
    }
    if output == .blocked { return .write }
    if let active {
      if awaitsContent(active) { return .content }
      if input == .ended { return .halfClosed }
      return beats(active) ? .heartbeat : .none
    }
    if isShakingHands { return .head }
    if machine.isReadingHead { return pending.isEmpty ? .idle : .head }
    return machine.isMessageComplete || machine.isDead ? .none : .content
  }

  /// Not where a rule says when each piece leaves.
  private func beats(_ active: ActiveExchange) -> Bool {
    guard active.heartbeat != nil, active.delivery == nil, case .sending = active.phase else {
      return false
    }
    return true
  }

  /// Whether it is the peer's turn to send content. It is not while we do not read, or while the peer
  /// waits for 100 (Continue).
  private func awaitsContent(_ active: ActiveExchange) -> Bool {
    guard !machine.isMessageComplete, !machine.isDead, !active.isReadingPaused,
      active.pacer?.isHolding != true,
      !active.owesContinue
    else { return false }
    return switch active.intake {
    case .discard: false
    case .collect: true
    case .stream(let content): !content.mayPause
    }
  }

  private func lastProgress(_ kind: Deadline.Kind) -> Int64 {
    switch kind {
    case .content: max(deadline.began, lastReceived)
    case .write, .halfClosed, .heartbeat: max(deadline.began, lastSent)
    case .none, .idle, .head, .linger: deadline.began
    }
  }

  private func timeout(_ kind: Deadline.Kind) -> Int64 {
    switch kind {
    case .none: 0
    // A service that has not answered a half-closed peer yet may take as long as an idle connection
    // lasts.
    case .idle, .halfClosed: server.idleTimeout
    case .head: server.headTimeout
    case .content: server.contentTimeout
    case .write: server.writeTimeout
    case .linger: server.lingerTimeout
    case .heartbeat: server.heartbeatInterval
    }
  }

  /// The timer of the deadline. If that has moved on meanwhile, the turn sets the timer anew, as after
  /// every event.
  func deadlineTimerFired() {
    guard loop.now >= deadline.armed else { return }
    deadline.armed = .max
    guard isDeadlineOver else { return }
    lookOnceMore()
    guard !isClosed, isDeadlineOver else { return }
    switch deadline.kind {
    case .none: break
    case .idle, .linger: close(.timedOut)
    case .head where isShakingHands: close(.timedOut)
    case .head: refuse(.requestTimeout, reason: "The request's head was not complete in time.")
    case .content: contentTimedOut()
    case .write: abort(.timedOut)
    case .halfClosed: close(.peerClosed)
    case .heartbeat: sendHeartbeat()
    }
  }

  private var isDeadlineOver: Bool { deadline.kind != .none && deadline.instant <= loop.now }

  /// A loop that was held comes late itself: what the kernel has for us, or has room for, by now has
  /// come in time.
  private func lookOnceMore() {
    switch deadline.kind {
    case .idle, .head, .content:
      if stream.hasUnread { turn(isReadable: true) }
    case .write where stream.isWritable:
      output = .ready
      turn()
    case .write, .none, .linger, .halfClosed, .heartbeat: break
    }
  }
}
