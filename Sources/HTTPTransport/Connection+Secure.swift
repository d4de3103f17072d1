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
    guard let context = server.secureContextMade(),
      let session = try? TLSSession(
        context, arrivalHost: arrival?.tunnelHost ?? arrivalAddress, welcome: { _ in .serve })
    else {
      refuseHandshake()
      return true
    }
    let stream = SecureStream(session, loop.secureScratch)
    secure = stream
    arrival = Arrival(
      isSecure: true, tunnelHost: arrival?.tunnelHost, proxyUser: arrival?.proxyUser)
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
    // What says so may be on its way: no RST shall overtake it.
    if isShakingHands, active == nil, queue.isEmpty { return startLingering() }
    peerIsGone()
  }

  /// There is no TLS here: an alert that says "internal error" (RFC 8446 §6.2), which clients show, and
  /// the end.
  private func refuseHandshake() {
    let alert: [UInt8] = [0x15, 3, 3, 0, 2, 2, 80]
    // SAFETY: the bytes are valid for the call.
    _ = unsafe alert.withUnsafeBytes { unsafe stream.send($0) }
    startLingering()
  }
}
