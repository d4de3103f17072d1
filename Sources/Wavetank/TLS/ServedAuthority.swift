import ControlPlane
import Synchronization
import TLSLayer

/// The certificate authority by which a server serves: made when the first client speaks TLS or asks for
/// its certificate, the same from then on.
final class ServedAuthority: Sendable {
  private let configuration: Configuration
  private let made = Mutex<Result<TLSServerContext, CertificateStore.Problem>?>(nil)

  init(_ configuration: Configuration) { self.configuration = configuration }

  private func result() -> Result<TLSServerContext, CertificateStore.Problem> {
    made.withLock { made in
      if let made { return made }
      let result = Result { () throws(CertificateStore.Problem) in
        try CertificateStore(configuration).serverContext()
      }
      made = result
      // What is in the way is told once.
      if case .failure(let problem) = result {
        configuration.onNotice(
          Notice(text: "A client speaks TLS, and is refused: \(problem)", isProblem: true))
      }
      return result
    }
  }

  /// For clients that speak TLS.
  func context() throws(TLSError) -> TLSServerContext {
    switch result() {
    case .success(let context): return context
    case .failure(let problem): throw .library(problem.description)
    }
  }

  /// As PEM, for who shall trust it; never its key.
  func certificate() -> AdminOptions.Authority {
    switch result() {
    case .success(let context): .certificate(context.authority.certificatePEM)
    // Where it lies is for those to know who may see this machine's files.
    case .failure: .none("TLS is not to be had here; the server's standard error says why.")
    }
  }
}
