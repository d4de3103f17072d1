import Foundation
import Synchronization
import TLSLayer
import Testing

/// Runs each test of a suite twice: in the clear, and over TLS where this build has it.
struct BothTransports: SuiteTrait, TestTrait, TestScoping {
  @TaskLocal static var isSecure = false

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await function()
    guard TLSLibrary.lack == nil else { return }
    try await Self.$isSecure.withValue(true) { try await function() }
  }

  /// A suite's own scope is that of its tests.
  func scopeProvider(for test: Test, testCase: Test.Case?) -> BothTransports? {
    testCase == nil ? nil : self
  }
}

extension Trait where Self == BothTransports {
  static var overBothTransports: BothTransports { BothTransports() }
}

/// One authority for all tests, which their peers trust.
enum TestIdentity {
  private struct Contexts: Sendable {
    var server: TLSServerContext
    var client: TLSClientContext
  }

  private static let contexts = Mutex<Contexts?>(nil)

  private static func made() throws(TLSError) -> Contexts {
    let result = contexts.withLock { contexts -> Result<Contexts, TLSError> in
      if let contexts { return .success(contexts) }
      return Result { () throws(TLSError) in
        let authority = try CertificateAuthority.make(
          owner: "tests", names: ["localhost"], now: now())
        let made = Contexts(
          server: try TLSServerContext(authority, now: now),
          client: try TLSClientContext(
            authorities: authority.certificatePEM, trustsSystem: false))
        contexts = made
        return made
      }
    }
    return try result.get()
  }

  private static let now: @Sendable () -> Int = { Int(Date().timeIntervalSince1970) }

  static func server() throws(TLSError) -> TLSServerContext { try made().server }
  static func client() throws(TLSError) -> TLSClientContext { try made().client }

  /// The first message of a client.
  static func hello(host: String = "localhost") throws(TLSError) -> [UInt8] {
    var bytes: [UInt8] = []
    try TLSSession(client(), host: host).begin(&bytes)
    return bytes
  }
}
