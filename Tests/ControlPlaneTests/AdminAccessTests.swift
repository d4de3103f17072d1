import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import Testing

@Suite struct AdminAccessTests {
  static func responder(token: String? = nil) throws -> AdminResponder {
    AdminResponder(
      pipeline: try Pipeline(services: [Harbor()], configuration: PipelineConfiguration()),
      options: AdminOptions(token: token))
  }

  static let elsewhere = PeerAddress(host: "192.0.2.7", port: 9, isLoopback: false)

  static let hosts: [(String, Bool)] = [
    ("127.0.0.1:7070", true), ("localhost", true), ("LocalHost:7070", true), ("[::1]:7070", true),
    ("blue.tenant.localhost:7070", true), ("127.5.0.2", true), ("evil.example", false),
    ("127.0.0.1.evil.example", false), ("localhost.evil.example", false), ("127.0.0.1@evil", false),
    ("127.0.0.1:x", false), ("0x7f.0.0.1", false), ("127.0.0", false), ("[::2]", false),
    ("", false),
  ]

  @Test("Without a token only a loopback Host is answered (DESIGN §9)", arguments: hosts)
  func host(_ host: String, _ isAllowed: Bool) async throws {
    let peer = Peer(try Self.responder())
    for path in ["/_wavetank/health", "/_wavetank/journal"] {
      let reply = await peer.send(.get, path, ["Host": host])
      #expect(reply.status == (isAllowed ? 200 : 403), "\(path)")
      if !isAllowed { #expect(reply.field("content-type") == "application/problem+json") }
    }
  }

  @Test("The host of an absolute target counts, not the field (RFC 9112 §3.2.2)")
  func absoluteTarget() async throws {
    let peer = Peer(try Self.responder())
    let reply = await peer.send(
      .get, "http://evil.example/_wavetank/journal", ["Host": "localhost"])
    #expect(reply.status == 403)
  }

  @Test("Without a token only loopback peers are answered (DESIGN §9)")
  func peers() async throws {
    let peer = Peer(try Self.responder(), address: Self.elsewhere)
    #expect(await peer.send(.get, "/_wavetank/health").status == 403)
    #expect(await peer.send(.post, "/_wavetank/reset").status == 403)
    #expect(await peer.send(.get, "/ships").status == 200)
  }

  @Test("With a token whoever shows it is answered, from anywhere (DESIGN §9)")
  func token() async throws {
    let peer = Peer(try Self.responder(token: "s3cret"), address: Self.elsewhere)
    let fields: [(KeyValuePairs<String, String>, Int)] = [
      ([:], 401), (["Authorization": "Bearer s3cre"], 401),
      (["Authorization": "Bearer s3cretX"], 401),
      (["Authorization": "Bearer "], 401), (["Authorization": "s3cret"], 401),
      (["Authorization": "Bearer s3cret"], 200), (["Authorization": "bearer s3cret"], 200),
      (["Authorization": "Bearer s3cret", "Host": "tank.example"], 200),
    ]
    for (fields, status) in fields {
      #expect(await peer.send(.get, "/_wavetank/clock", fields).status == status, "\(fields)")
    }
    #expect(await peer.send(.get, "/_wavetank/clock").field("www-authenticate") != nil)
    #expect(await peer.send(.get, "/_wavetank/health").status == 200)
  }

  static let browsers: [(KeyValuePairs<String, String>, Int)] = [
    (["Sec-Fetch-Site": "same-origin"], 200), (["Sec-Fetch-Site": "none"], 200),
    (["Sec-Fetch-Site": "cross-site"], 403), (["Sec-Fetch-Site": "same-site"], 403),
    (["Origin": "http://127.0.0.1:7070"], 200), (["Origin": "https://evil.example"], 403),
    (["Origin": "null"], 403), (["Origin": "http://127.0.0.1:3000"], 403),
    (
      ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"],
      403
    ),
  ]

  @Test("Cross-site browser requests are refused (DESIGN §9)", arguments: browsers.indices)
  func browser(_ index: Int) async throws {
    let (fields, status) = Self.browsers[index]
    let peer = Peer(try Self.responder())
    #expect(await peer.send(.get, "/_wavetank/journal", fields).status == status)
    #expect(await peer.send(.post, "/_wavetank/reset", fields).status == status)
    #expect(await peer.send(.get, "/_wavetank/health", fields).status == status)
  }

  @Test("The root sends browsers to the console and gives others an index (DESIGN §2)")
  func root() async throws {
    let peer = Peer(try Self.responder())
    let page = await peer.send(.get, "/", ["Accept": "text/html,application/xhtml+xml,*/*;q=0.8"])
    #expect(page.status == 302)
    #expect(page.field("location") == "/_wavetank/console")
    let index = await peer.send(.get, "/", ["Accept": "*/*"])
    #expect(index.status == 200)
    #expect(index.text.contains("/_wavetank/clock/advance"))
    let inTenant = await peer.send(.get, "/_t/blue/", ["Accept": "text/html"])
    #expect(inTenant.field("location") == "/_t/blue/_wavetank/console")
    #expect(await peer.send(.get, "/", ["Host": "api.harbor.example"]).status == 404)
    #expect(await peer.send(.post, "/").status == 404)
    #expect(await peer.send(.get, "/_other").field("x-wavetank-exchange") != nil)
  }
}
