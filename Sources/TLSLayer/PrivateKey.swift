import COpenSSL

/// A key on the curve P-256.
///
/// **Isolation**: never changed once it is made; the library counts its references with a lock.
@safe final class PrivateKey: @unchecked Sendable {
  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer

  /// A fresh one.
  init() throws(TLSError) {
    TLSLibrary.start()
    guard let made = unsafe wavetank_new_p256() else { throw .last() }
    unsafe pointer = made
  }

  init(pem: [UInt8]) throws(TLSError) {
    let bio = try MemoryBIO(pem)
    guard let read = unsafe wavetank_read_key(bio.pointer) else {
      let reason = TLSError.last().description
      let isEncrypted = pem.firstRange(of: Array("ENCRYPTED".utf8)) != nil
      throw .unreadable(
        "the key", reason: isEncrypted ? "it has a password (openssl pkey takes it away)" : reason)
    }
    unsafe pointer = read
  }

  deinit { unsafe EVP_PKEY_free(pointer) }

  func pem() throws(TLSError) -> [UInt8] {
    let bio = try MemoryBIO()
    guard unsafe PEM_write_bio_PrivateKey(bio.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
      throw .last()
    }
    return bio.content
  }

  func belongs(to certificate: Certificate) -> Bool {
    defer { ERR_clear_error() }
    return unsafe X509_check_private_key(certificate.pointer, pointer) == 1
  }
}
