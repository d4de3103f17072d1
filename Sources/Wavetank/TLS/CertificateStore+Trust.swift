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
    let isChosen = environment("SSL_CERT_FILE") != nil || environment("SSL_CERT_DIR") != nil
    let roots = rootFiles.first { FileManager.default.fileExists(atPath: $0) }
    do {
      return try TLSClientContext(
        authorities: own.map(Array.init), rootFile: isChosen ? nil : roots)
    } catch  where own != nil {
      // One that cannot be read is told of by whoever serves with it.
      return try TLSClientContext(rootFile: isChosen ? nil : roots)
    }
  }
}
