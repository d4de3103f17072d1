import HTTPModel
import HTTPWire
import Synchronization

// The ends of exchanges and of the connection.
extension Connection {
  /// Everything queued has left. What was waiting for that goes on.
  func finishIfFlushed() {
    guard isOpen, queue.isEmpty else { return }
    if let active {
      switch active.phase {
      case .queued: completeActive(active)
      case .sending: pumpWriter()
      default: break
      }
      return
    }
    if closesAfterFlush { return finishClosing() }
    resumeInput()
  }

  /// The whole response was handed to the kernel, or as much of it as there will be.
  private func completeActive(_ active: ActiveExchange) {
    let isIncomplete = !machine.isMessageComplete
    endActive(active.endingInstead ?? .completed)
    if closesAfterFlush { return finishClosing() }
    // Else the rest of the content is thrown away.
    if !isIncomplete { machine.finishExchange() }
    resumeInput()
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
  func finishClosing() {
    guard isOpen else { return }
    let isPeerDone = machine.peerCloses || server.isStopping.load(ordering: .relaxed)
    let leavesNothing =
      isPeerDone && machine.isMessageComplete && pending.isEmpty && !mustLinger
      && loop.system.unreadCount(fd) == 0
    if hasInputEnded || leavesNothing { return close(.completed) }
    startLingering()
  }

  /// Sends FIN and reads on until the peer has closed too, for a while.
  /// Source: RFC 9112 §9.6, last paragraphs.
  func startLingering() {
    guard isOpen else { return }
    endActive(.completed)
    life = .lingering
    machine.stopReading()
    pending = []
    loop.system.shutdownWrite(fd)
    if hasInputEnded { close(.completed) }
  }

  /// The peer has closed or reset both directions, or cannot be written to.
  func peerIsGone() { close(.peerClosed) }

  /// Closes with RST.
  func abort(_ ending: ExchangeOutcome.Ending) {
    loop.system.setAbortive(fd)
    close(ending)
  }

  /// The end of the connection, whatever is under way.
  func close(_ ending: ExchangeOutcome.Ending) {
    guard !isClosed else { return }
    life = .closed
    closeDescriptor()
    machine.stopReading()
    pending = []
    queue.removeAll()
    settleMemory()
    isWriteBlocked = false
    let unsent = departures
    departures = []
    for departure in unsent { tell(departure, ending == .completed ? .peerClosed : ending) }
    endActive(ending == .completed ? .peerClosed : ending)
    server.connectionClosed()
  }

  // MARK: The server stops

  /// Finishes what is in flight, then closes.
  func startDraining() {
    guard isOpen else { return }
    if active == nil, queue.isEmpty, pending.isEmpty, machine.isIdle {
      return close(.serverStopped)
    }
    // A fault that never ends its response does not hold up the end.
    if active?.delivery?.isStalled == true { return close(.fault) }
    if active != nil || !queue.isEmpty { closesAfterFlush = true }
    if let active { _ = endLiveResponse(active, .serverStopped) }
  }

  /// The grace is over: what is not finished by now is cut. Nothing that is incomplete ends as if it
  /// were whole.
  func stopNow() { close(.serverStopped) }
}
