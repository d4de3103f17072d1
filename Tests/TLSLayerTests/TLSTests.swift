import TLSLayer
import TestSupport
import Testing

@Suite("TLS without I/O")
struct TLSTests {
  private static func wallClock() -> Int { Int(TestClock.seconds()) }

  struct Pair {
    var server: TLSSession
    var client: TLSSession
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    var serverContent: [UInt8] = []
    var clientContent: [UInt8] = []
    var serverProgress = TLSSession.Progress.wantsMore
    var clientProgress = TLSSession.Progress.wantsMore

    /// Carries bytes to and fro until nothing moves.
    mutating func settle() {
      for _ in 0..<20 where !toServer.isEmpty || !toClient.isEmpty {
        let (up, down) = (toServer, toClient)
        (toServer, toClient) = ([], [])
        if !up.isEmpty {
          serverProgress = Self.give(up, to: server, &serverContent, &toClient)
        }
        if !down.isEmpty {
          clientProgress = Self.give(down, to: client, &clientContent, &toServer)
        }
      }
    }

    static func give(
      _ bytes: [UInt8], to session: TLSSession, _ content: inout [UInt8], _ output: inout [UInt8]
    ) -> TLSSession.Progress {
      var room = [UInt8](repeating: 0, count: bytes.count + TLSSession.recordBytes)
      let (count, progress) = unsafe bytes.withUnsafeBytes { bytes in
        unsafe room.withUnsafeMutableBytes { unsafe session.receive(bytes, into: $0, &output) }
      }
      content += room[..<count]
      return progress
    }

    mutating func send(_ content: [UInt8], fromServer: Bool) -> Bool {
      let session = fromServer ? server : client
      var output: [UInt8] = []
      let isSent = unsafe content.withUnsafeBytes { unsafe session.send($0, &output) }
      if fromServer { toClient += output } else { toServer += output }
      return isSent
    }
  }

  private static func pair(
    _ host: String, welcome: @escaping (String?) -> TLSServerContext.Welcome = { _ in .serve },
    trusts: Bool = true
  ) throws -> Pair {
    let authority = try CertificateAuthority.make(
      owner: "tests", names: ["steamship.com", "steamship.run", "localhost"], now: wallClock())
    let context = try TLSServerContext(authority) { wallClock() }
    let trust = try TLSClientContext(
      authorities: trusts ? authority.certificatePEM : nil, trustsSystem: false)
    let arrival = host == "::1" ? host : "127.0.0.1"
    var pair = Pair(
      server: try TLSSession(context, arrivalHost: arrival, welcome: welcome),
      client: try TLSSession(trust, host: host))
    pair.client.begin(&pair.toServer)
    return pair
  }

  @Test(
    "A client that trusts the CA reaches each name it may sign for, by name and by address",
    arguments: ["api.steamship.com", "ada.steamship.run", "localhost", "127.0.0.1", "::1"])
  func shakesHands(_ host: String) throws {
    var pair = try Self.pair(host)
    pair.settle()
    #expect(
      pair.server.isOpen && pair.client.isOpen, "\(pair.serverProgress) \(pair.clientProgress)")
    #expect(pair.client.version == "TLSv1.3")
    let message = Array("hello".utf8)
    let isSent = pair.send(message, fromServer: false)
    #expect(isSent)
    pair.settle()
    #expect(pair.serverContent == message)
    let long = [UInt8](repeating: 7, count: 300_000)
    let isLongSent = pair.send(long, fromServer: true)
    #expect(isLongSent)
    pair.settle()
    // Not as arrays: a failure would look for their differences for ever.
    let isWhole = pair.clientContent == long
    #expect(isWhole)
    pair.client.end(&pair.toServer)
    pair.settle()
    #expect(pair.serverProgress == .ended)
  }

  @Test("A name that the CA may not sign for is refused by whoever trusts it")
  func constrained() throws {
    var pair = try Self.pair("bank.example")
    pair.settle()
    #expect(!pair.client.isOpen)
  }

  @Test(
    "Which names a CA may sign for is known before a client refuses one",
    arguments: [("api.steamship.com", true), ("localhost", true), ("bank.example", false)])
  func covers(_ host: String, _ isCovered: Bool) throws {
    let authority = try CertificateAuthority.make(
      owner: "test", names: ["localhost", "api.steamship.com"], now: Self.wallClock())
    #expect(authority.covers(host) == isCovered)
  }

  @Test("A CA whose key has a password is refused, and nobody is asked for it")
  func lockedKey() throws {
    let authority = try CertificateAuthority.make(
      owner: "test", names: ["localhost"], now: Self.wallClock())
    // Its password is of no interest, and this is nobody's key.
    let kind = "ENCRYPTED PRIVATE KEY"
    let locked = """
      -----BEGIN \(kind)-----
      MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAguJFw9RS5yOwICCAAw
      DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFE2d9Yru4S4M9eT5dVo3roEgZAe
      AEQtod9BQhVOuJoTLmFY9NtZBaq1LqxdBk1FaMspYzSZipEY9NBzoQBvD2UZsC6t
      HSbX33dF5iI82ASEF0+b71+ONU7LNGfKd4+8OfDoqJtfKo5h25DidGDEz7TcJEWA
      eO0T3T0XARL3JfsOm7FWdTrzmyKpN4doCMoZLSWwJ+7iTXEhK6S0KKeq2kGOQig=
      -----END \(kind)-----
      """
    #expect(
      throws: TLSError.unreadable(
        "the key", reason: "it has a password (openssl pkey takes it away)")
    ) {
      try CertificateAuthority.load(
        certificate: authority.certificatePEM, key: Array(locked.utf8), now: Self.wallClock())
    }
  }

  @Test("Each flaw of a certificate is refused by the client", arguments: CertificateFlaw.allCases)
  func flaws(_ flaw: CertificateFlaw) throws {
    var pair = try Self.pair("api.steamship.com") { _ in .show(flaw) }
    pair.settle()
    #expect(!pair.client.isOpen)
    let reason =
      switch flaw {
      case .expired: "certificate has expired"
      case .notYetValid: "certificate is not yet valid"
      case .wrongHost: "hostname mismatch"
      case .selfSigned: "self-signed certificate"
      case .untrusted: "unable to get local issuer certificate"
      }
    #expect(pair.clientProgress == .failed(.certificate(reason)))
  }

  @Test("A client can be left alone after its first message")
  func left() throws {
    var pair = try Self.pair("api.steamship.com") { _ in .leave }
    pair.settle()
    #expect(pair.serverProgress == .left)
    #expect(pair.toClient.isEmpty)
    #expect(pair.server.host == "api.steamship.com")
  }

  @Test("Garbage fails and leaves an alert; nothing of it is content", arguments: 0..<200)
  func garbage(_ seed: UInt64) throws {
    var random = SeededNoise(seed)
    let pair = try Self.pair("api.steamship.com")
    let hello =
      seed % 2 == 0 ? random.mutate(pair.toServer) : [0x16, 3, 1] + random.bytes(400)
    var content: [UInt8] = []
    var answer: [UInt8] = []
    for byte in hello { _ = Pair.give([byte], to: pair.server, &content, &answer) }
    #expect(content.isEmpty)
  }
}
