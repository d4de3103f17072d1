import PayloadCodecs
package import TLSLayer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension CertificateStore {
  /// Whom this program trusts where it is a client: the system's authorities (those of `SSL_CERT_FILE` and
  /// `SSL_CERT_DIR` in their place), and this user's own CA where there is one.
  package static func trust(
    _ configuration: Configuration = Configuration()
  ) throws(TLSError) -> TLSClientContext {
    let own = (try? CertificateStore(configuration)).flatMap {
      FileManager.default.contents(atPath: $0.certificatePath)
    }
    do {
      return try TLSClientContext(authorities: own.map(Array.init), rootFiles: systemRoots)
    } catch  where own != nil {
      // One that cannot be read is told of by whoever serves with it.
      return try systemTrust(nil)
    }
  }

  /// The system's authorities alone, and those of a file.
  static func systemTrust(_ file: String?) throws(TLSError) -> TLSClientContext {
    try TLSClientContext(rootFiles: systemRoots + (file.map { [$0] } ?? []))
  }

  private static var systemRoots: [String] {
    guard environment("SSL_CERT_FILE") == nil, environment("SSL_CERT_DIR") == nil else { return [] }
    return rootFiles.first { FileManager.default.fileExists(atPath: $0) }.map { [$0] } ?? []
  }
}
