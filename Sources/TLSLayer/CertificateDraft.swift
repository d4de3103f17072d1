import COpenSSL

/// What a certificate is to say.
struct CertificateDraft: Sendable {
  var subject: String
  /// Seconds since 1970.
  var begins: Int
  var ends: Int
  /// Number and value, in the library's own notation.
  var extensions: [(Int32, String)]

  /// - Parameters:
  ///   - key: whose certificate it is.
  ///   - issuer: nil: it stands for itself.
  func sign(
    key: PrivateKey, issuer: Certificate?, by signer: PrivateKey
  ) throws(TLSError) -> Certificate {
    guard let made = unsafe X509_new() else { throw .last() }
    let certificate = unsafe Certificate(made)
    let pointer = unsafe certificate.pointer
    guard unsafe X509_set_version(pointer, 2) == 1 else { throw .last() }
    try unsafe setSerial(pointer)
    guard
      // SAFETY: the times are the certificate's own.
      unsafe ASN1_TIME_set(X509_getm_notBefore(pointer), begins) != nil,
      unsafe ASN1_TIME_set(X509_getm_notAfter(pointer), ends) != nil,
      unsafe X509_set_pubkey(pointer, key.pointer) == 1
    else { throw .last() }
    let name = unsafe X509_get_subject_name(pointer)
    let bytes = Array(subject.utf8)
    guard
      unsafe X509_NAME_add_entry_by_txt(
        name, "CN", MBSTRING_UTF8, bytes, Int32(clamping: bytes.count), -1, 0) == 1
    else { throw .last() }
    let above = issuer ?? certificate
    guard
      unsafe X509_set_issuer_name(pointer, X509_get_subject_name(above.pointer)) == 1
    else { throw .last() }
    for (number, value) in extensions { try unsafe add(number, value, to: pointer, issuer: above) }
    guard unsafe X509_sign(pointer, signer.pointer, EVP_sha256()) > 0 else { throw .last() }
    return certificate
  }

  /// Fresh for each: clients refuse two certificates of one issuer and number.
  private func setSerial(_ certificate: OpaquePointer) throws(TLSError) {
    var bytes = [UInt8](repeating: 0, count: 16)
    // SAFETY: so many bytes are written as there are.
    guard unsafe RAND_bytes(&bytes, Int32(clamping: bytes.count)) == 1 else { throw .last() }
    bytes[0] &= 0x7F
    let number = unsafe BN_bin2bn(bytes, Int32(clamping: bytes.count), nil)
    defer { unsafe BN_free(number) }
    guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil else {
      throw .last()
    }
  }

  private func add(
    _ number: Int32, _ value: String, to certificate: OpaquePointer, issuer: Certificate
  ) throws(TLSError) {
    var context = unsafe X509V3_CTX()
    unsafe wavetank_extension_context(&context, issuer.pointer, certificate)
    guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, number, value) else {
      throw .last()
    }
    defer { unsafe X509_EXTENSION_free(made) }
    guard unsafe X509_add_ext(certificate, made, -1) == 1 else { throw .last() }
  }
}
