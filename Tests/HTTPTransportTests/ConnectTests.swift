import HTTPModel
import HTTPTransport
import Testing
import WavetankTestKit

@Suite("CONNECT", .overBothTransports)
struct ConnectTests {
  @Test(
    "No tunnel: 502 and how to redirect the client, then the end (RFC 9110 §9.3.6)",
    arguments: [
      // Python 3.11 sends no field lines; later versions and curl speak HTTP/1.1.
      "CONNECT api.app.shipyardapp.com:443 HTTP/1.0\r\n\r\n",
      "CONNECT api.app.shipyardapp.com:443 HTTP/1.1\r\nHost: api.app.shipyardapp.com:443\r\n\r\n",
      "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\nUser-Agent: x\r\n\r\n",
    ])
  func noTunnel(_ request: String) async throws {
    try await TestServer.with(handler: { _ in .now(.text("answered")) }) { server in
      let peer = try server.peer()
      // The client's first TLS bytes may follow at once: they are no request.
      try peer.send(request + "\u{16}\u{3}\u{1}GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = String(decoding: try peer.readToEnd(), as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
      #expect(answer.contains("base URL"))
      #expect(answer.contains("\r\nConnection: close\r\n"))
      #expect(answer.split(separator: "HTTP/1.1 ").count == 1)
    }
  }
}
