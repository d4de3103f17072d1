import TLSLayer
import Testing

@testable import Wavetank

/// When a CA is over, read from its file without OpenSSL.
@Suite struct CertificateDatesTests {
  @Test(
    "the end is what OpenSSL reads, before and after 2050 (RFC 5280 §4.1.2.5)",
    .enabled(if: TLSLibrary.lack == nil), arguments: [1_000_000_000, 1_795_000_000, 2_600_000_000])
  func end(now: Int) throws {
    let authority = try CertificateAuthority.make(owner: "a test", names: ["localhost"], now: now)
    let certificate = try #require(PEM.certificates(in: authority.certificatePEM).first)
    #expect(CertificateDates.end(certificate) == authority.ends)
  }

  @Test(
    "what is cut or changed anywhere is no certificate, or one with a date; it never traps",
    .enabled(if: TLSLibrary.lack == nil))
  func hostile() throws {
    let authority = try CertificateAuthority.make(
      owner: "a test", names: ["localhost"], now: 1_795_000_000)
    let certificate = try #require(PEM.certificates(in: authority.certificatePEM).first)
    for cut in certificate.indices {
      #expect(CertificateDates.end(Array(certificate[..<cut])) == nil)
    }
    for place in certificate.indices {
      for byte in [0x00, 0x30, 0x80, 0x84, 0xFF] as [UInt8] {
        var changed = certificate
        changed[place] = byte
        _ = CertificateDates.end(changed)
      }
    }
  }
}
