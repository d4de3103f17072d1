import HTTPModel
import HTTPTransport
import TLSLayer
import TestSupport
import Testing

@Suite("The client over TLS", .enabled(if: TLSLibrary.lack == nil), .timeLimit(.minutes(15)))
struct SecureClientTests {
  private static func place(
    _ server: TestServer, host: String = "localhost", trust: TLSClientContext? = nil,
    addresses: [String] = ["127.0.0.1"]
  ) throws -> HTTPClient.Place {
    HTTPClient.Place(
      host: host, port: server.port,
      addresses: try addresses.map { try #require(NumericAddress(host: $0)) },
      trust: try trust ?? TestIdentity.client())
  }

  private static func with(
    _ change: (inout HTTPClient.Configuration) -> Void = { _ in },
    server: (inout ServerConfiguration) -> Void = { _ in },
    handler: @escaping TestServer.Handler = { request in
      .now(.text("\(request.arrival?.isSecure == true) \(request.fields["host"] ?? "")"))
    }, _ body: (TestServer, HTTPClient) async throws -> Void
  ) async throws {
    try await TestServer.with(server, handler: handler) { server in
      var configuration = HTTPClient.Configuration()
      change(&configuration)
      let client = try HTTPClient(configuration: configuration)
      defer { client.shutdown() }
      try await body(server, client)
    }
  }

  @Test("One connection serves many requests, over TLS; the name stands in Host")
  func exchanges() async throws {
    try await Self.with { server, client in
      for _ in 0..<5 {
        let response = try await client.send(.get, to: Self.place(server), target: "/")
        let text = String(decoding: try await response.collect(), as: UTF8.self)
        #expect(text == "true localhost:\(server.port)")
      }
      #expect(server.server.connectionCount == 1)
    }
  }

  @Test("Megabytes go both ways, and streams")
  func large() async throws {
    var noise = SeededNoise(7)
    let content = noise.bytes(3 << 20)
    let handler: TestServer.Handler = { _ in
      .collect(limit: 8 << 20) { collected in
        guard case .complete(let bytes) = collected else { return .now(Response(.badRequest)) }
        return .now(
          Response.streaming(.ok) { writer in
            for start in stride(from: 0, to: bytes.count, by: 50_000) {
              try await writer.write(Array(bytes[start..<min(start + 50_000, bytes.count)]))
            }
          })
      }
    }
    try await Self.with(handler: handler) { server, client in
      for body in [
        HTTPClient.Body.bytes(content),
        .stream(length: nil) { try await $0.write(content) },
      ] {
        let response = try await client.send(
          .post, to: Self.place(server), target: "/", body: body)
        let isSame = try await response.collect() == content
        #expect(isSame)
      }
    }
  }

  static let flaws: [(TLSFault, String)] = [
    (.expired, "certificate has expired"), (.notYetValid, "certificate is not yet valid"),
    (.wrongHost, "hostname mismatch"), (.selfSigned, "self-signed certificate"),
    (.untrusted, "unable to get local issuer certificate"),
  ]

  @Test("A bad certificate is refused, and the reason told", arguments: flaws)
  func flaw(_ fault: TLSFault, _ reason: String) async throws {
    try await Self.with(server: { $0.tlsFault = { _ in fault } }) { server, client in
      await #expect(throws: HTTPClientError.secure(.certificate(reason))) {
        try await client.send(.get, to: Self.place(server), target: "/")
      }
    }
  }

  @Test("The certificate must be for the name that was asked for, whatever its address")
  func otherName() async throws {
    try await Self.with { server, client in
      let nobody = try TLSClientContext(trustsSystem: false)
      await #expect(throws: HTTPClientError.self) {
        try await client.send(.get, to: Self.place(server, trust: nobody), target: "/")
      }
      // The CA of the tests may not sign for it.
      await #expect(throws: HTTPClientError.self) {
        try await client.send(.get, to: Self.place(server, host: "bank.example"), target: "/")
      }
    }
  }

  static let breaks: [TLSFault] = [
    .close, .reset, .plainHTTP, .alert(40), .cutRecord, .corruptRecord,
  ]

  @Test("A broken handshake or record is an error, not a wait", arguments: breaks)
  func broken(_ fault: TLSFault) async throws {
    try await Self.with(server: { $0.tlsFault = { _ in fault } }) { server, client in
      await #expect(throws: HTTPClientError.self) {
        let response = try await client.send(.post, to: Self.place(server), target: "/")
        _ = try await response.collect()
      }
    }
  }

  @Test("A handshake that never ends is over when a connection should stand")
  func stall() async throws {
    try await Self.with(
      { $0.connectTimeout = .milliseconds(200) }, server: { $0.tlsFault = { _ in .stall } }
    ) { server, client in
      await #expect(throws: HTTPClientError.timedOut) {
        try await client.send(.get, to: Self.place(server), target: "/")
      }
    }
  }

  @Test("Where an address does not answer, the next one is tried, in the clear and over TLS")
  func addresses() async throws {
    // The server listens on 127.0.0.1 alone.
    try await Self.with { server, client in
      var place = try Self.place(server, addresses: ["127.0.0.7", "127.0.0.8", "127.0.0.1"])
      #expect(try await client.send(.get, to: place, target: "/").status == .ok)
      place.trust = nil
      #expect(try await client.send(.post, to: place, target: "/").status == .ok)
      place.addresses?.removeLast()
      await #expect {
        try await client.send(.get, to: place, target: "/")
      } throws: { error in
        guard case .system(let error) = error as? HTTPClientError else { return false }
        return error.isRefused
      }
    }
  }

  @Test("localhost and addresses are known without asking; a name that is none is not known")
  func names() async throws {
    for host in ["localhost", "a.localhost", "127.0.0.1"] {
      let found = try await NameLookup.addresses(of: host, within: .zero)
      #expect(found.map(\.text) == ["127.0.0.1"])
    }
    #expect(try await NameLookup.addresses(of: "::1", within: .zero).map(\.text) == ["::1"])
    await #expect(throws: NameLookup.Failure.self) {
      try await NameLookup.addresses(of: "nobody.invalid", within: .seconds(30))
    }
  }
}
