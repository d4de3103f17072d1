import HTTPModel
import HTTPWire
import Synchronization

// Pauses and faults of a response, as the connection performs them.
extension Connection {
  /// Faults that send nothing of the response. True when that was all.
  func performInsteadOfSending(_ response: Response, _ active: ActiveExchange) -> Bool {
    switch response.delivery.fault {
    case .empty, .refuse:
      closeWithoutByte()
      return true
    default:
      active.delivery = DeliveryPerformer(
        response.delivery, contentLength: response.body.length)
      return false
    }
  }

  /// FIN and not a byte before it.
  private func closeWithoutByte() {
    endActive(.fault)
    mustLinger = true
    closesAfterFlush = true
    finishClosing()
  }

  /// After what may leave has left: the fault strikes, or a pause begins. True when the response
  /// is not to be treated as sent.
  func performDeliveryStep(_ active: ActiveExchange) -> Bool {
    guard let delivery = active.delivery else { return false }
    var isAllSent = false
    if case .queued = active.phase {
      // Only an end that may not leave is left, or nothing.
      isAllSent = queue.isEmpty || (delivery.withholdsEnd && !isWriteBlocked && sendable() <= 0)
    }
    if delivery.terminal != .none, delivery.isExhausted || isAllSent {
      strike(delivery, active)
      return true
    }
    if let pause = delivery.pauseToSet(hasWork: !queue.isEmpty) {
      loop.schedule(
        self, at: loop.system.now() + pause, token: active.exchange.sequenceNumber)
    }
    return !queue.isEmpty
  }

  private func strike(_ delivery: DeliveryPerformer, _ active: ActiveExchange) {
    switch delivery.terminal {
    case .none: break
    case .reset:
      // RST throws away what the peer has not got yet: wait until it has all that it shall have.
      // A peer that does not read does not hold the connection for longer than any other write.
      guard
        loop.system.unacknowledgedCount(fd) == 0
          || delivery.hasWaited(server.writeTimeout, at: loop.now)
      else {
        return loop.schedule(
          self, at: loop.system.now() + 1_000_000, token: active.exchange.sequenceNumber)
      }
      abort(.fault)
    case .close:
      queue.removeAll()
      endActive(.fault)
      closesAfterFlush = true
      mustLinger = !machine.isMessageComplete
      finishClosing()
    case .stall:
      // The exchange stays as it is until the peer gives up.
      delivery.markStalled()
      active.endingInstead = .fault
    }
  }

  /// A pause of the active response is over.
  func deliveryGoesOn(_ active: ActiveExchange) {
    guard let delivery = active.delivery else { return }
    delivery.refill()
    sendQueued()
  }
}
