import TLSLayer

// TLS on a client's connection.
extension ClientConnection {
  /// The connection stands: TLS first, where it is spoken.
  func connected() {
    guard let place = request?.place, let trust = place.trust else { return sendRequest() }
    do {
      let secure = SecureStream(try TLSSession(trust, host: place.host), loop.secureScratch)
      self.secure = secure
      state = .shakingHands
      setDeadline(pool.configuration.connectTimeout)
      secure.begin(fd, loop.system)
      settle()
    } catch {
      close(.secure(error))
    }
  }

  func shakeHands() {
    // SAFETY: the buffer is the loop's own and nobody else's meanwhile.
    let result = unsafe stream.receive(into: loop.readBuffer)
    switch result {
    case .wouldBlock: if secure?.session.isOpen == true { sendRequest() }
    // What a server says before it is asked is no answer.
    case .bytes: close(.closed)
    case .failed(let error): close(sessionFailure ?? .system(error))
    }
  }

  /// Why the TLS session cannot go on.
  var sessionFailure: HTTPClientError? { secure?.session.failure.map { .secure($0) } }
}
