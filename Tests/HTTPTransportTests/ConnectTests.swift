import HTTPModel
import HTTPTransport
import TLSLayer
import Testing
import WavetankTestKit

@Suite("CONNECT", .overBothTransports)
struct ConnectTests {
  @Test(
    "No tunnel: the reason phrase says why, then the end (RFC 9110 §9.3.6)",
    arguments: [
      // Python 3.11 sends no field lines; later versions and curl speak HTTP/1.1.
      "CONNECT api.app.shipyardapp.com:443 HTTP/1.0\r\n\r\n",
      "CONNECT api.app.shipyardapp.com:443 HTTP/1.1\r\nHost: api.app.shipyardapp.com:443\r\n\r\n",
      "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\nUser-Agent: x\r\n\r\n",
    ])
  func noTunnel(_ request: String) async throws {
    let refusal = Status(403, "Not this one: use that")
    try await TestServer.with(
      { $0.tunnels = { _ in .refuse(refusal) } }, handler: { _ in .now(.text("answered")) }
    ) { server in
      let peer = try server.peer()
      // The client's first TLS bytes may follow at once: they are no request.
      try peer.send(request + "\u{16}\u{3}\u{1}GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 403 Not this one: use that\r\n"))
      #expect(answer.contains("\r\nConnection: close\r\n"))
      #expect(answer.split(separator: "HTTP/1.1 ").count == 1)
    }
  }

  /// What each client sends, with its tenant as the proxy's user: Python 3.10 and 3.11; curl, Go and
  /// Java; Node 24 and aiohttp; Node, which means the proxy by its close.
  static let requests = [
    "CONNECT api.example.com:443 HTTP/1.0\r\nProxy-Authorization: Basic Ymx1ZTp4\r\n\r\n",
    "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\nproxy-authorization: basic Ymx1ZTp4\r\n\r\n",
    "CONNECT API.example.com:443 HTTP/1.1\r\nHost: api.example.com\r\nProxy-Authorization: Basic Ymx1ZQ==\r\n\r\n",
    "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\nProxy-Authorization: Basic Ymx1ZTo=\r\n\r\n",
  ]

  /// As many ask for a tunnel inside of TLS, which is for what goes through it in the clear.
  private static func inTheClear(_ request: String) -> String {
    BothTransports.isSecure ? request.split(separator: ":443").joined(separator: ":80") : request
  }

  private static let handler: TestServer.Handler = { request in
    let arrival = request.arrival
    return .now(
      .text(
        "\(request.target.text) \(arrival?.isSecure == true) \(arrival?.tunnelHost ?? "-") \(arrival?.proxyUser ?? "-")"
      ))
  }

  @Test(
    "A tunnel that ends here: requests in it, in the clear, one after another", arguments: requests)
  func plainInside(_ request: String) async throws {
    let isSecure = BothTransports.isSecure
    try await TestServer.with({ $0.tunnels = { _ in .endsHere } }, handler: Self.handler) {
      server in
      let peer = try server.peer()
      try peer.send(Self.inTheClear(request))
      #expect(try peer.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      for path in ["/1", "/2"] {
        try peer.send("GET \(path) HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        #expect(try peer.readResponse().text == "\(path) \(isSecure) api.example.com blue")
      }
    }
  }

  @Test(
    "TLS in it, also where its first bytes come with the CONNECT, and streams and closes as without",
    .enabled(if: TLSLibrary.lack == nil), arguments: requests)
  func tlsInside(_ request: String) async throws {
    try await TestServer.with({ $0.tunnels = { _ in .endsHere } }, handler: Self.handler) {
      server in
      let peer = try RawPeer(port: server.port)
      try peer.send(request)
      #expect(try peer.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
      for path in ["/1", "/2"] {
        try peer.send("GET \(path) HTTP/1.1\r\nHost: api.example.com\r\n\r\n")
        #expect(try peer.readResponse().text == "\(path) true api.example.com blue")
      }
      try peer.send("GET /3 HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n")
      #expect(try peer.readResponse().text == "/3 true api.example.com blue")
      #expect(try peer.readToEnd().isEmpty)

      let eager = try RawPeer(port: server.port)
      try eager.send(Array(request.utf8) + TestIdentity.hello())
      #expect(try eager.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
      // The server's part of a handshake.
      #expect(try eager.read(count: 1) == [0x16])
    }
  }

  @Test(
    "Asked for inside of TLS, a tunnel for TLS is refused with what to do instead",
    .enabled(if: TLSLibrary.lack == nil), arguments: requests)
  func tlsInTLS(_ request: String) async throws {
    try await TestServer.with({ $0.tunnels = { _ in .endsHere } }, handler: Self.handler) {
      server in
      let peer = try RawPeer(port: server.port)
      try peer.becomeSecure(try TestIdentity.client(), host: "localhost")
      try peer.send(request)
      let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 501 No TLS within TLS here: name this proxy by http://"))
    }
  }

  @Test("What comes through a tunnel is judged as strictly as without: garbage is 400")
  func garbageInside() async throws {
    try await TestServer.with({ $0.tunnels = { _ in .endsHere } }, handler: Self.handler) {
      server in
      let peer = try server.peer()
      try peer.send(Self.inTheClear(Self.requests[0]) + "\u{1}\u{2} nonsense\r\n\r\n")
      let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 400 "))
    }
  }
}
