import COpenSSL

/// What all sessions of a client share: which authorities it trusts.
///
/// **Isolation**: as `TLSServerContext`.
@safe package final class TLSClientContext: @unchecked Sendable {
  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer

  /// - Parameter authorities: PEM of those trusted besides the system's; nil: those of the system alone.
  package init(authorities: [UInt8]? = nil, trustsSystem: Bool = true) throws(TLSError) {
    TLSLibrary.start()
    guard let made = unsafe SSL_CTX_new(TLS_client_method()) else { throw .last() }
    unsafe pointer = made
    _ = unsafe wavetank_from_tls_1_2(made)
    _ = unsafe wavetank_set_modes(made)
    unsafe SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nil)
    if trustsSystem { _ = unsafe SSL_CTX_set_default_verify_paths(made) }
    if let authorities {
      let certificate = try Certificate(pem: authorities)
      let store = unsafe SSL_CTX_get_cert_store(made)
      guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else { throw .last() }
    }
  }

  deinit { unsafe SSL_CTX_free(pointer) }
}
