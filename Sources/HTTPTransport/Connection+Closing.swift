import HTTPModel
import HTTPWire
import Synchronization

// The ends of exchanges and of the connection.
extension Connection {
  /// The response in progress is the last one.
  func closeAfterResponse() {
    if case .open = life { life = .closing(lingers: false) }
  }

  /// Ends what was waiting for the output to leave. A step of the turn.
  func endWhatHasLeft() -> Bool {
    guard isOpen else { return false }
    if let active, performDelivery(active) { return self.active == nil }
    guard queue.isEmpty, output != .deferred else { return false }
    if let active {
      switch active.phase {
      case .queued: endWholeResponse(active)
      case .behindOthers(let response): send(response, active)
      default: return false
      }
    } else if case .closing(let lingers) = life {
      endSending(lingers: lingers)
    } else if input == .ended {
      // Everything that was sent before the peer closed is answered; then we close too.
      close(.peerClosed)
    } else {
      return false
    }
    return true
  }

  /// The whole response was handed to the kernel, or as much of it as there will be.
  private func endWholeResponse(_ active: ActiveExchange) {
    endActive(active.endingInstead ?? .completed)
    // What is still to come of the request's content is thrown away.
    if machine.isMessageComplete, !isClosing { machine.finishExchange() }
  }

  /// Tells everybody that the active exchange is over.
  func endActive(_ ending: ExchangeOutcome.Ending) {
    guard let active else { return }
    self.active = nil
    active.task?.cancel()
    active.writer?.close()
    failContent(active, ending == .timedOut || ending == .serverStopped ? .timedOut : .peerClosed)
    active.lease = nil
    active.responseLeases = []
    server.responder.exchangeEnded(active.exchange, outcome: active.outcome(ending))
  }

  /// The last byte is sent: closes. At once only where nothing of the peer's can be on its way, which
  /// is when it said itself that this was its last request: else the kernel would answer what comes
  /// with RST, and the peer could lose the response (RFC 9112 §9.6).
  private func endSending(lingers: Bool) {
    let isPeerDone = machine.peerCloses || server.isStopping.load(ordering: .relaxed)
    let leavesNothing =
      isPeerDone && machine.isMessageComplete && pending.isEmpty && !lingers && !stream.hasUnread
    if input == .ended || leavesNothing { return close(.completed) }
    startLingering()
  }

  /// Sends FIN and reads on until the peer has closed too, for a while.
  /// Source: RFC 9112 §9.6, last paragraphs.
  func startLingering(_ ending: ExchangeOutcome.Ending = .completed) {
    endActive(ending)
    life = .lingering
    machine.stopReading()
    pending = []
    stream.finish()
    if input == .ended { close(.completed) }
  }

  /// The peer has closed or reset both directions, or cannot be written to.
  func peerIsGone() { close(.peerClosed) }

  /// Closes with RST.
  func abort(_ ending: ExchangeOutcome.Ending) {
    stream.resetWhenClosed()
    close(ending)
  }

  /// The end of the connection, whatever is under way.
  func close(_ ending: ExchangeOutcome.Ending) {
    guard !isClosed else { return }
    if case .lingering = life {} else if ending != .fault { stream.takeLeave() }
    life = .closed
    closeDescriptor()
    machine.stopReading()
    pending = []
    let unsentEnding = ending == .completed ? .peerClosed : ending
    dropUnsent(unsentEnding)
    endActive(unsentEnding)
    server.connectionClosed()
  }

  /// What waits never leaves.
  func dropUnsent(_ ending: ExchangeOutcome.Ending) {
    queue.removeAll()
    settleMemory()
    output = .ready
    let unsent = queuedResponses
    queuedResponses = []
    for response in unsent { reportEnd(of: response, ending) }
  }

  /// Its listener takes nobody for a while, as if whoever served there had gone: what is in flight is
  /// finished, then the connection closes.
  func gateHasMoved(_ gate: ListenerGate) {
    guard isOpen, isShutOut, self.gate?.0 === gate else { return }
    if active == nil, queue.isEmpty, pending.isEmpty, machine.isIdle { return close(.peerClosed) }
    if active != nil || !queue.isEmpty { closeAfterResponse() }
    turn()
  }

  /// The server stops: what is in flight is finished, then the connection closes. When the grace is
  /// over, `close` cuts the rest: nothing that is incomplete ends as if it were whole.
  func startDraining() {
    if case .silent = life { return close(.fault) }
    guard isOpen else { return }
    if active == nil, queue.isEmpty, pending.isEmpty, machine.isIdle {
      return close(.serverStopped)
    }
    // A fault that never ends its response does not hold up the end.
    if active?.delivery?.isStalled == true || active?.pacer?.endsNow == .stall {
      return close(.fault)
    }
    if active != nil || !queue.isEmpty { closeAfterResponse() }
    if let active { _ = endLiveResponse(active, .serverStopped) }
  }
}
