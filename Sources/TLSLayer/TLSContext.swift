import COpenSSL

/// What all sessions of a server share: versions, resumption, and who chooses certificates.
///
/// **Isolation**: the library's context is set up here and not changed after; sessions of all loops use
/// it, which the library allows.
@safe package final class TLSServerContext: @unchecked Sendable {
  /// What is done with a client that has said which host it wants.
  package enum Welcome: Sendable, Equatable {
    case serve
    case show(CertificateFlaw)
    /// Says nothing: what is done with the connection is the caller's.
    case leave
  }

  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer
  package let authority: CertificateAuthority
  private let now: @Sendable () -> Int

  /// - Parameter now: seconds since 1970.
  package init(
    _ authority: CertificateAuthority, now: @escaping @Sendable () -> Int
  ) throws(TLSError) {
    self.authority = authority
    self.now = now
    TLSLibrary.start()
    guard let made = unsafe SSL_CTX_new(TLS_server_method()) else { throw .last() }
    unsafe pointer = made
    _ = unsafe wavetank_from_tls_1_2(made)
    _ = unsafe wavetank_set_modes(made)
    _ = unsafe wavetank_keep_no_sessions(made)
    _ = unsafe SSL_CTX_set_session_id_context(made, Array("wavetank".utf8), 8)
    _ = unsafe wavetank_refuse_renegotiation(made)
    _ = unsafe wavetank_spare_handshakes(made)
    // SAFETY: the callbacks get the session whose data is set before they can be called.
    unsafe SSL_CTX_set_client_hello_cb(made, clientHello, nil)
    unsafe SSL_CTX_set_alpn_select_cb(made, chooseProtocol, nil)
  }

  deinit { unsafe SSL_CTX_free(pointer) }

  /// Gives the session its certificate.
  func dress(
    _ session: OpaquePointer, for host: String, flaw: CertificateFlaw?
  ) throws(TLSError) {
    let leaf = try authority.leaf(for: host, flaw: flaw, now: now())
    guard unsafe SSL_use_certificate(session, leaf.certificate.pointer) == 1,
      unsafe SSL_use_PrivateKey(session, leaf.key.pointer) == 1
    else { throw .last() }
  }
}

private func clientHello(
  _ session: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _: UnsafeMutableRawPointer?
) -> Int32 {
  guard let session = unsafe session, let owner = unsafe TLSSession.of(session) else { return 0 }
  let name = Result { () throws(TLSError) in try unsafe HelloName.read(session) }
  let result = owner.welcomed(name)
  // RFC 6066 §3.
  if owner.isNameBad { unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME }
  return result
}

/// `http/1.1`, and nothing where that is not offered: clients take HTTP/2 where they get it.
private func chooseProtocol(
  _: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  _ count: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ length: UInt32,
  _: UnsafeMutableRawPointer?
) -> Int32 {
  let wanted = Array("http/1.1".utf8)
  // SAFETY: the list has the length that is told; what is chosen points into it.
  let list = unsafe UnsafeBufferPointer(start: offered, count: Int(length))
  var at = 0
  while at < list.count {
    let size = unsafe Int(list[at])
    guard at + 1 + size <= list.count else { break }
    if unsafe list[(at + 1)..<(at + 1 + size)].elementsEqual(wanted) {
      unsafe chosen?.pointee = offered?.advanced(by: at + 1)
      unsafe count?.pointee = UInt8(clamping: size)
      return SSL_TLSEXT_ERR_OK
    }
    at += 1 + size
  }
  return SSL_TLSEXT_ERR_NOACK
}
