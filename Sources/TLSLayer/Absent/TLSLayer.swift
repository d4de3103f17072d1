// This module in a program that was built without OpenSSL: the same names, and nothing behind them.

package enum TLSLibrary {
  package static let lack: String? =
    "this program was built without TLS: install OpenSSL's headers (Debian, Ubuntu: apt-get install libssl-dev) and build it again after “swift package purge-cache”"
  package static let version = "none"
}

package enum TLSError: Error, Sendable, Equatable {
  case library(String)
  case certificate(String)

  package var isDistrust: Bool { false }

  package var description: String {
    switch self {
    case .library(let reason), .certificate(let reason): reason
    }
  }

  fileprivate static let lack = TLSError.library(TLSLibrary.lack ?? "")
}

package enum CertificateFlaw: String, Sendable, CaseIterable {
  case expired, notYetValid, wrongHost, selfSigned, untrusted
}

/// Cannot be made.
package final class CertificateAuthority: Sendable {
  private init() {}

  package static func make(
    owner: String, names: [String], now: Int
  ) throws(TLSError) -> CertificateAuthority { throw .lack }

  package static func load(
    certificate: [UInt8], key: [UInt8], now: Int
  ) throws(TLSError) -> CertificateAuthority { throw .lack }

  package let certificatePEM: [UInt8] = []
  package static func subjectHash(ofPEM pem: [UInt8]) throws(TLSError) -> UInt { throw .lack }
  package func keyPEM() throws(TLSError) -> [UInt8] { throw .lack }
  package let ends = 0
  package func covers(_ host: String) -> Bool { false }
}

/// Cannot be made.
package final class TLSServerContext: Sendable {
  package enum Welcome: Sendable, Equatable {
    case serve
    case show(CertificateFlaw)
    case leave
  }

  package let authority: CertificateAuthority

  package init(
    _ authority: CertificateAuthority, now: @escaping @Sendable () -> Int
  ) throws(TLSError) { throw .lack }
}

/// Cannot be made.
package final class TLSClientContext: Sendable {
  package init(
    authorities: [UInt8]? = nil, trustsSystem: Bool = true, rootFiles: [String] = []
  ) throws(TLSError) { throw .lack }
}

/// Cannot be made.
package final class TLSSession {
  package enum Progress: Sendable, Equatable {
    case wantsMore, ended, left
    case failed(TLSError)
  }

  package static let recordBytes = 16 << 10
  package let host: String? = nil
  package let failure: TLSError? = .lack
  package let isOpen = false
  package let version = ""
  package let isResumed = false

  package init(
    _ context: TLSServerContext, arrivalHost: String,
    welcome: @escaping (String?) -> TLSServerContext.Welcome
  ) throws(TLSError) { throw .lack }

  package init(_ context: TLSClientContext, host: String) throws(TLSError) { throw .lack }

  package func ticket() -> TLSTicket? { nil }
  package func resume(_ ticket: TLSTicket) {}

  package func begin(_ output: inout [UInt8]) {}

  package func receive(
    _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer,
    _ output: inout [UInt8]
  ) -> (count: Int, progress: Progress) { (0, .failed(.lack)) }

  package func send(_ content: UnsafeRawBufferPointer, _ output: inout [UInt8]) -> Bool { false }

  package func end(_ output: inout [UInt8]) {}
}

/// Cannot be made.
package final class TLSTicket {
  private init() {}
}
