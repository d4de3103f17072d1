import COpenSSL

/// What all sessions of a client share: which authorities it trusts.
///
/// **Isolation**: as `TLSServerContext`.
@safe package final class TLSClientContext: @unchecked Sendable {
  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer

  /// - Parameters:
  ///   - authorities: PEM of one trusted besides the system's; nil: those of the system alone.
  ///   - rootFiles: where the system's are, and further ones, beside the places that the library looks at
  ///     by itself. What cannot be read of them is passed over.
  package init(
    authorities: [UInt8]? = nil, trustsSystem: Bool = true, rootFiles: [String] = []
  ) throws(TLSError) {
    TLSLibrary.start()
    guard let made = unsafe SSL_CTX_new(TLS_client_method()) else { throw .last() }
    unsafe pointer = made
    _ = unsafe wavetank_from_tls_1_2(made)
    _ = unsafe wavetank_set_modes(made)
    unsafe SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nil)
    if trustsSystem { _ = unsafe SSL_CTX_set_default_verify_paths(made) }
    for file in rootFiles {
      _ = unsafe SSL_CTX_load_verify_locations(made, file, nil)
      ERR_clear_error()
    }
    if let authorities {
      let certificate = try Certificate(pem: authorities)
      let store = unsafe SSL_CTX_get_cert_store(made)
      guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else { throw .last() }
    }
  }

  deinit { unsafe SSL_CTX_free(pointer) }
}
