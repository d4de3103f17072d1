import COpenSSL

/// Why a session or a certificate cannot be.
package enum TLSError: Error, Sendable, Equatable {
  /// What the library says of it.
  case library(String)
  /// The other side's certificate is not what it must be: why.
  case certificate(String)
  /// A certificate or key cannot be read: which, and why.
  case unreadable(String, reason: String)
  /// The authority's certificate is over, or is not valid yet.
  case notValidNow(String)
  /// A name that no certificate is made for.
  case badName(String)

  /// The peer has refused the certificate that it was shown: by its alert (RFC 8446 §6.2).
  package var isDistrust: Bool {
    guard case .library(let reason) = self else { return false }
    return ["alert unknown ca", "alert bad certificate", "alert certificate unknown"].contains {
      reason.hasSuffix($0)
    }
  }

  package var description: String {
    switch self {
    case .library(let reason): reason
    case .certificate(let reason): "its certificate is refused: \(reason)"
    case .unreadable(let what, let reason): "\(what) cannot be read: \(reason)"
    case .notValidNow(let what): what
    case .badName(let name): "no certificate is made for \"\(name)\""
    }
  }

  /// The oldest of the thread's errors; the others are forgotten.
  static func last() -> TLSError {
    let code = ERR_peek_error()
    ERR_clear_error()
    guard code != 0 else { return .library("the TLS library gives no reason") }
    var text = [CChar](repeating: 0, count: 256)
    // SAFETY: the call writes at most so much as it is told, with a NUL at the end.
    unsafe ERR_error_string_n(code, &text, text.count)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return .library(String(decoding: bytes, as: UTF8.self))
  }
}
