import HTTPModel
import TLSLayer

// TLS on a connection that began as bytes.
extension Connection {
  /// The first byte of a TLS handshake: no request begins with it (RFC 8446 §5.1).
  private static let handshakeByte: UInt8 = 0x16

  /// The peer speaks TLS, and has not shown yet that it can.
  var isShakingHands: Bool { secure.map { !$0.session.isOpen } ?? false }

  /// Looks at the first bytes of a connection or of a tunnel. True: they were TLS, and are taken.
  func becomesSecure(_ bytes: some Collection<UInt8>) -> Bool {
    mayBecomeSecure = false
    guard bytes.first == Self.handshakeByte else { return false }
    let arrivalHost = arrival?.tunnelHost ?? arrivalAddress
    guard let context = server.secureContextMade(),
      let session = try? TLSSession(
        context, arrivalHost: arrivalHost,
        welcome: { [weak self] name in self?.welcome(name ?? arrivalHost) ?? .serve })
    else {
      refuseHandshake()
      return true
    }
    let stream = SecureStream(session, loop.secureScratch)
    secure = stream
    arrival = Arrival(
      isSecure: true, tunnelHost: arrival?.tunnelHost, proxyUser: arrival?.proxyUser,
      listener: arrival?.listener)
    // Copied: where they stand is where content goes.
    let first = Array(bytes)
    let result = unsafe first.withUnsafeBytes {
      unsafe stream.take($0, from: fd, loop.system, into: loop.readBuffer)
    }
    // A client awaits our answer to its first message: no content comes with it.
    if case .wouldBlock = result { return true }
    inputFailed()
    return true
  }

  /// The address that a client without a name came to.
  private var arrivalAddress: String {
    (try? loop.system.localAddress(fd).peer.host) ?? "127.0.0.1"
  }

  /// Nothing can be read here any more: the socket is broken, or the session is.
  func inputFailed() {
    if let fault = secure?.faultInstead { return answerHandshake(fault) }
    if isShakingHands, let secure, let failure = secure.session.failure, !secure.isFailureTold {
      secure.isFailureTold = true
      // That a bad certificate is refused is what a scenario wants to see.
      if secure.fault == nil {
        server.configuration.onBrokenHandshake(peer, secure.session.host, failure)
      }
    }
    // What says so may be on its way: no RST shall overtake it.
    if isShakingHands, active == nil, queue.isEmpty { return startLingering() }
    peerIsGone()
  }

  /// What is sent cannot leave: the peer is gone, or a record was cut on purpose.
  func outputFailed() {
    guard secure?.isCut == true else { return peerIsGone() }
    dropUnsent(.fault)
    startLingering(.fault)
  }

  /// There is no TLS here: "internal error" (RFC 8446 §6.2).
  private func refuseHandshake() { endHandshake(with: SecureStream.alert(80)) }

  /// The last bytes in place of a handshake.
  private func endHandshake(with bytes: [UInt8]) {
    // SAFETY: the bytes are valid for the call.
    _ = unsafe bytes.withUnsafeBytes { unsafe stream.send($0) }
    startLingering()
  }

  // MARK: Faults

  /// What is done with a client that has said whom it wants.
  private func welcome(_ host: String) -> TLSServerContext.Welcome {
    let fault = server.configuration.tlsFault(
      TLSArrival(
        host: host, proxyUser: arrival?.proxyUser, listener: arrival?.listener,
        connectionID: id, peer: peer))
    guard let fault else { return .serve }
    secure?.fault = fault
    return switch fault {
    case .expired: .show(.expired)
    case .notYetValid: .show(.notYetValid)
    case .wrongHost: .show(.wrongHost)
    case .selfSigned: .show(.selfSigned)
    case .untrusted: .show(.untrusted)
    case .cutRecord, .corruptRecord: .serve
    case .stall, .close, .reset, .plainHTTP, .alert: .leave
    }
  }

  /// What comes in place of an answer to the client's first message.
  private func answerHandshake(_ fault: TLSFault) {
    secure = nil
    switch fault {
    case .stall: life = .silent
    case .reset: abort(.fault)
    case .alert(let number): endHandshake(with: SecureStream.alert(number))
    case .plainHTTP:
      let text =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 33\r\n"
        + "Connection: close\r\n\r\nThis port speaks plain HTTP only\n"
      endHandshake(with: Array(text.utf8))
    default: startLingering()
    }
  }
}
