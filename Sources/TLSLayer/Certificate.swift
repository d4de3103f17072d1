import COpenSSL

/// An X.509 certificate.
///
/// `@unchecked`: never changed once it is made; the library counts its references with a lock.
@safe final class Certificate: @unchecked Sendable {
  // SAFETY: ours from the start to `deinit`.
  let pointer: OpaquePointer

  /// Takes it over.
  init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

  deinit { unsafe X509_free(pointer) }

  convenience init(pem: [UInt8]) throws(TLSError) {
    let bio = try MemoryBIO(pem)
    guard let pointer = unsafe PEM_read_bio_X509(bio.pointer, nil, nil, nil) else {
      throw .unreadable("the certificate", reason: TLSError.last().description)
    }
    unsafe self.init(pointer)
  }

  var pem: [UInt8] {
    guard let bio = try? MemoryBIO(), unsafe PEM_write_bio_X509(bio.pointer, pointer) == 1 else {
      return []
    }
    return bio.content
  }

  /// Whether it is an authority's.
  var maySign: Bool { unsafe wavetank_may_sign(pointer) == 1 }

  /// Seconds since 1970.
  var begins: Int { unsafe Self.seconds(X509_get0_notBefore(pointer)) }
  var ends: Int { unsafe Self.seconds(X509_get0_notAfter(pointer)) }

  private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
    var (days, seconds): (Int32, Int32) = (0, 0)
    let epoch = unsafe ASN1_TIME_set(nil, 0)
    defer { unsafe ASN1_TIME_free(epoch) }
    // SAFETY: two locals are written.
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
    return Int(days) * 86_400 + Int(seconds)
  }
}
