import HTTPModel
import HTTPWire

// CONNECT: the peer takes us for a proxy.
extension Connection {
  /// Performs what is said of a tunnel. Where it ends here, the connection begins anew inside of it:
  /// what the CONNECT said of closing was said of the proxy (RFC 9110 §9.3.6).
  func begin(_ request: TunnelRequest) {
    sequenceNumber += 1
    sendAnswers()
    guard isOpen else { return }
    switch server.configuration.tunnels(request) {
    case .goesThrough: tunnel = RelayTarget(host: request.host, port: request.port)
    case .refuse(let status):
      refuse(status, reason: status.reason)
    case .endsHere where secure != nil && request.port != 80:
      let advice = "No TLS within TLS here: name this proxy by http://, not by https://"
      refuse(Status(501, advice), reason: advice)
    case .endsHere:
      machine = ConnectionMachine(.server, limits: server.configuration.limits)
      arrival = Arrival(
        isSecure: arrival?.isSecure ?? false, tunnelHost: request.host, proxyUser: request.user,
        listener: arrival?.listener)
      // No session on another.
      mayBecomeSecure = secure == nil
      queue.append(
        OutputQueue.Segment(
          bytes: Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8), kind: .frame))
    }
  }

  /// Hands the socket over to a relay: this connection is over, though the peer's goes on. A step of
  /// the turn.
  func goThrough() -> Bool {
    guard let tunnel, isOpen, queue.isEmpty, output == .ready else { return false }
    let first = pending
    life = .closed
    machine.stopReading()
    pending = []
    settleMemory()
    _ = Relay(self, server, to: tunnel, first: first)
    return true
  }
}
