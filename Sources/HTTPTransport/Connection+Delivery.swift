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
      active.delivery = DeliveryPacer(
        response.delivery, contentLength: response.body.length)
      return false
    }
  }

  /// FIN and not a byte before it.
  private func closeWithoutByte() {
    endActive(.fault)
    life = .closing(lingers: true)
  }

  /// After what may leave has left: the fault happens, or a pause begins. True when the response
  /// is not to be treated as sent.
  func performDelivery(_ active: ActiveExchange) -> Bool {
    guard let delivery = active.delivery else { return false }
    var isAllSent = false
    switch active.phase {
    case .sending: break
    case .queued:
      // Only an end that may not leave is left, or nothing.
      isAllSent = queue.isEmpty || (delivery.withholdsEnd && output == .ready && sendable() <= 0)
    default: return false
    }
    if delivery.terminal != .none, delivery.isExhausted || isAllSent {
      performFault(delivery, active)
      return true
    }
    if queue.isEmpty { return false }
    if let pause = delivery.beginPause() { wake(active, after: pause) }
    return true
  }

  /// Sets a timer of the active exchange.
  func wake(_ active: ActiveExchange, after nanoseconds: Int64) {
    loop.schedule(
      self, at: loop.system.now() + nanoseconds, token: active.exchange.sequenceNumber)
  }

  private func performFault(_ delivery: DeliveryPacer, _ active: ActiveExchange) {
    switch delivery.terminal {
    case .none: break
    case .reset:
      // RST throws away what the peer has not got yet: wait until it has all that it shall have.
      // A peer that does not read does not hold the connection for longer than any other write.
      guard
        stream.isAcknowledged
          || delivery.hasWaited(server.writeTimeout, at: loop.now)
      else {
        if !delivery.isPausing { wake(active, after: 1_000_000) }
        delivery.isPausing = true
        return
      }
      abort(.fault)
    case .close:
      queue.removeAll()
      endActive(.fault)
      life = .closing(lingers: !machine.isMessageComplete)
    case .stall:
      // The exchange stays as it is until the peer gives up.
      delivery.markStalled()
      active.endingInstead = .fault
    }
  }
}
