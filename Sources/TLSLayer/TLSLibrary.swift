import COpenSSL

/// OpenSSL in this program.
package enum TLSLibrary {
  /// Why there is no TLS; nil where there is.
  package static let lack: String? = nil

  /// `3.0.19`
  package static var version: String {
    // SAFETY: a text that lives for ever.
    unsafe String(cString: OpenSSL_version(OPENSSL_VERSION_STRING))
  }

  /// Made ready once. Files of the machine's configuration are not read, and what ends the process
  /// while loops are at work does not take the library from below them.
  static func start() { _ = isStarted }

  private static let isStarted = OPENSSL_init_ssl(
    UInt64(OPENSSL_INIT_NO_LOAD_CONFIG) | UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
}
