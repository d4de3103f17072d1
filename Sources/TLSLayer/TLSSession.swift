import COpenSSL

/// One side of a TLS connection, without I/O: bytes of the network in and out, content out and in.
///
/// **Isolation**: of one connection, on its loop; never of two at once.
/// Source: RFC 8446, RFC 5246.
@safe package final class TLSSession {
  /// What has become of the bytes given.
  package enum Progress: Sendable, Equatable {
    /// More of the network is wanted.
    case wantsMore
    /// The other side ends its content; ours may go on.
    case ended
    /// A `Welcome.leave`: the rest is the caller's.
    case left
    /// It cannot go on. An alert for the other side may lie in what is to be sent.
    case failed(TLSError)
  }

  // SAFETY: ours from the start to `deinit`; it owns its BIO.
  private let pointer: OpaquePointer
  private let wire = SessionWire()
  private let context: TLSServerContext?
  private let choose: (String?) -> TLSServerContext.Welcome
  /// The host for a client that names none: that of the address it came to.
  private let arrivalHost: String
  private var problem: TLSError?
  private var isLeft = false
  /// Why it cannot go on.
  package private(set) var failure: TLSError?
  /// What the client has named, in lower case.
  package private(set) var host: String?

  /// The server's side.
  /// - Parameters:
  ///   - arrivalHost: the address that a client without a name came to.
  ///   - welcome: asked once, with the name that the client wants.
  package init(
    _ context: TLSServerContext, arrivalHost: String,
    welcome: @escaping (String?) -> TLSServerContext.Welcome
  ) throws(TLSError) {
    self.context = context
    self.arrivalHost = arrivalHost
    choose = welcome
    unsafe pointer = try Self.make(context.pointer, wire)
    unsafe SSL_set_accept_state(pointer)
    // SAFETY: callbacks come from calls of this object's own methods, which keep it.
    _ = unsafe SSL_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
  }

  /// The client's side, which begins: see `begin`.
  /// - Parameter host: the name or address that the certificate must be for.
  package init(_ context: TLSClientContext, host: String) throws(TLSError) {
    self.context = nil
    arrivalHost = host
    choose = { _ in .serve }
    unsafe pointer = try Self.make(context.pointer, wire)
    let parameters = unsafe SSL_get0_param(pointer)
    if CertificateAuthority.isAddress(host) {
      _ = unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
    } else {
      _ = unsafe wavetank_set_host(pointer, host)
      _ = unsafe X509_VERIFY_PARAM_set1_host(parameters, host, 0)
    }
    unsafe SSL_set_connect_state(pointer)
  }

  private static func make(
    _ context: OpaquePointer, _ wire: SessionWire
  ) throws(TLSError) -> OpaquePointer {
    guard let made = unsafe SSL_new(context) else { throw .last() }
    do throws(TLSError) {
      let bio = try unsafe wire.makeBIO()
      unsafe SSL_set_bio(made, bio, bio)
    } catch {
      unsafe SSL_free(made)
      throw error
    }
    return unsafe made
  }

  deinit { unsafe SSL_free(pointer) }

  static func of(_ session: OpaquePointer) -> TLSSession? {
    // SAFETY: see `init`.
    guard let raw = unsafe SSL_get_ex_data(session, 0) else { return nil }
    return unsafe Unmanaged<TLSSession>.fromOpaque(raw).takeUnretainedValue()
  }

  /// What the library's callback answers, once the client has said whom it wants.
  func welcomed(_ name: Result<String?, TLSError>) -> Int32 {
    do throws(TLSError) {
      host = try name.get()
    } catch {
      problem = error
      return SSL_CLIENT_HELLO_ERROR
    }
    switch choose(host) {
    case .serve: return dress(flaw: nil)
    case .show(let flaw):
      // A client that resumes a session sees no certificate.
      _ = unsafe wavetank_refuse_tickets(pointer)
      return dress(flaw: flaw)
    case .leave:
      isLeft = true
      return SSL_CLIENT_HELLO_RETRY
    }
  }

  /// The client has named what no host is called.
  var isNameBad: Bool { if case .badName = problem { true } else { false } }

  private func dress(flaw: CertificateFlaw?) -> Int32 {
    do throws(TLSError) {
      try unsafe context?.dress(pointer, for: host ?? arrivalHost, flaw: flaw)
      return SSL_CLIENT_HELLO_SUCCESS
    } catch {
      problem = error
      return SSL_CLIENT_HELLO_ERROR
    }
  }

  /// The handshake is over.
  package var isOpen: Bool { unsafe SSL_is_init_finished(pointer) == 1 }
  /// `TLSv1.3`
  package var version: String { unsafe String(cString: SSL_get_version(pointer)) }
  package var isResumed: Bool { unsafe SSL_session_reused(pointer) == 1 }

  /// The first message of a client's side, appended to `output`.
  package func begin(_ output: inout [UInt8]) {
    swap(&wire.output, &output)
    ERR_clear_error()
    _ = unsafe SSL_do_handshake(pointer)
    ERR_clear_error()
    swap(&wire.output, &output)
  }

  /// A client's: what another session can begin with; nil before the server has sent it.
  package func ticket() -> TLSTicket? {
    guard let session = unsafe SSL_get1_session(pointer) else { return nil }
    return unsafe TLSTicket(session)
  }

  /// A client's, before it begins.
  package func resume(_ ticket: TLSTicket) { _ = unsafe SSL_set_session(pointer, ticket.pointer) }

  // MARK: In

  /// The largest content of a record (RFC 8446 §5.1). Room for deciphered content must be larger than
  /// what is given by so much: a part of a record may wait from before.
  package static let recordBytes = 16 << 10

  /// Takes bytes of the network, all of them, and writes the content that they hold.
  /// - Parameter output: what is to be sent because of them is appended.
  /// - Returns: how much content there is, and what follows.
  package func receive(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer,
    _ output: inout [UInt8]
  ) -> (count: Int, progress: Progress) {
    swap(&wire.output, &output)
    // SAFETY: forgotten before the call returns.
    unsafe wire.input = bytes
    defer {
      swap(&wire.output, &output)
      unsafe wire.input = UnsafeRawBufferPointer(start: nil, count: 0)
    }
    var count = 0
    while count < room.count {
      ERR_clear_error()
      // SAFETY: at most so much is written as there is room.
      let result = unsafe SSL_read(
        pointer, room.baseAddress?.advanced(by: count), Int32(clamping: room.count - count))
      guard result > 0 else { return (count, progress(result)) }
      count += Int(result)
      // Asked again it would take memory for a record that is not there.
      let isAll = unsafe wire.input.isEmpty && SSL_pending(pointer) == 0
      if isAll { return (count, .wantsMore) }
    }
    return (count, .failed(.library("there was no room for what came")))
  }

  private func progress(_ result: Int32) -> Progress {
    if isLeft { return .left }
    switch unsafe SSL_get_error(pointer, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsMore
    case SSL_ERROR_ZERO_RETURN: return .ended
    default:
      let error = problem ?? refusal ?? TLSError.last()
      failure = error
      return .failed(error)
    }
  }

  /// What a client has against the server's certificate.
  private var refusal: TLSError? {
    let verdict = unsafe SSL_get_verify_result(pointer)
    guard context == nil, verdict != X509_V_OK else { return nil }
    // SAFETY: a text that lives for ever; it is copied at once.
    return .certificate(unsafe String(cString: X509_verify_cert_error_string(verdict)))
  }

  // MARK: Out

  /// Appends content to `output`, enciphered: one record, if it is not larger than `recordBytes`.
  /// False: the session cannot.
  package func send(_ content: UnsafeRawBufferPointer, _ output: inout [UInt8]) -> Bool {
    swap(&wire.output, &output)
    defer { swap(&wire.output, &output) }
    var written = 0
    while written < content.count {
      ERR_clear_error()
      // SAFETY: so many bytes are read as are left.
      let result = unsafe SSL_write(
        pointer, content.baseAddress?.advanced(by: written),
        Int32(clamping: content.count - written))
      guard result > 0 else { return false }
      written += Int(result)
    }
    return true
  }

  /// Says that no more content comes.
  package func end(_ output: inout [UInt8]) {
    swap(&wire.output, &output)
    ERR_clear_error()
    _ = unsafe SSL_shutdown(pointer)
    ERR_clear_error()
    swap(&wire.output, &output)
  }
}

/// What a client keeps of a session, to begin the next one with.
@safe package final class TLSTicket {
  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe SSL_SESSION_free(pointer) }
}
