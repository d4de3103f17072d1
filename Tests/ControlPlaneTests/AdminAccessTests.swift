import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import Testing

@testable import ControlPlane

@Suite struct AdminAccessTests {
  static func responder(token: String? = nil) throws -> AdminResponder {
    AdminResponder(
      pipeline: try Pipeline(services: [SampleService()], configuration: PipelineConfiguration()),
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
    let peer = TestClient(try Self.responder())
    let reply = await peer.send(.get, "/_wavetank/journal", ["Host": host])
    #expect(reply.status == (isAllowed ? 200 : 403))
    if !isAllowed { #expect(reply.field("content-type") == "application/problem+json") }
  }

  @Test("An absolute target and the field must both name a loopback host (RFC 9112 §3.2.2)")
  func absoluteTarget() async throws {
    let peer = TestClient(try Self.responder())
    let cases = [
      ("http://evil.example", "localhost", 403), ("http://localhost:7070", "evil.example", 403),
      ("http://localhost:7070", "localhost:7070", 200),
    ]
    for (target, host, status) in cases {
      let reply = await peer.send(.get, target + "/_wavetank/journal", ["Host": host])
      #expect(reply.status == status, "\(target) \(host)")
    }
  }

  @Test("Without a token only loopback peers are answered (DESIGN §9)")
  func peers() async throws {
    let peer = TestClient(try Self.responder(), address: Self.elsewhere)
    for path in ["/_wavetank", "/_wavetank/journal", "/_t/blue/_wavetank/clock", "/_wavetank/x"] {
      #expect(await peer.send(.get, path).status == 403, "\(path)")
    }
    #expect(await peer.send(.post, "/_wavetank/reset").status == 403)
    #expect(await peer.send(.post, "/_wavetank/health").status == 403)
    #expect(await peer.send(.get, "/ships").status == 200)
  }

  @Test("A head that comes again is answered as before, and only to whom it was")
  func again() async throws {
    let responder = try Self.responder()
    let request = TestClient.request(.get, "/_wavetank/clock?tenant=blue", Fields(), nil)
    let here = TestClient(responder)
    let first = await here.send(request, [])
    request.hasComeAgain()
    for _ in 0..<3 { #expect(await here.send(request, []).status == first.status) }
    #expect(request.findings is KnownControlCall)
    #expect(responder.pipeline.tenants.find("blue") != nil)
    #expect(await TestClient(responder, address: Self.elsewhere).send(request, []).status == 403)
    let other = try Self.responder(token: "s3cret")
    #expect(await TestClient(other).send(request, []).status == 401)
    #expect(await here.send(request, []).status == 200)
  }

  @Test("Code that runs in here is told that it is meant, not that it came from elsewhere")
  func code() async throws {
    for host in ["127.0.0.1", "127.0.0.9"] {
      let address = PeerAddress(host: host, port: 9, isLoopback: false)
      let peer = TestClient(try Self.responder(), address: address)
      let reply = await peer.send(.get, "/_wavetank/clock")
      #expect(reply.status == 403)
      #expect(reply.text.contains("is not for code that runs in here, unless it has a token"))
    }
    let stranger = TestClient(try Self.responder(), address: Self.elsewhere)
    #expect(await stranger.send(.get, "/_wavetank/clock").text.contains("loopback peers only"))
  }

  @Test("With a token whoever shows it is answered, from anywhere (DESIGN §9)")
  func token() async throws {
    let peer = TestClient(try Self.responder(token: "s3cret"), address: Self.elsewhere)
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
  }

  static let probing: [KeyValuePairs<String, String>] = [
    [:], ["Host": "tank.default.svc.cluster.local:80"], ["Host": "10.1.2.3:7070"],
    ["X-Forwarded-For": "10.0.0.1"], ["Origin": "https://evil.example"],
    ["Sec-Fetch-Site": "cross-site"], ["Authorization": "Bearer wrong"],
  ]

  @Test(
    "GET and HEAD of /health and /ready answer anybody, bare, with or without a token (DESIGN §9)",
    arguments: [nil, "s3cret"])
  func probes(_ token: String?) async throws {
    let responder = try Self.responder(token: token)
    for peer in [TestClient(responder), TestClient(responder, address: Self.elsewhere)] {
      for fields in Self.probing {
        for prefix in ["", "/_t/blue"] {
          let health = await peer.send(.get, "\(prefix)/_wavetank/health", fields)
          #expect(health.status == 200, "\(fields)")
          #expect(health.text == #"{"status":"ok"}"#)
          let ready = await peer.send(.get, "\(prefix)/_wavetank/ready", fields)
          #expect(ready.status == 200, "\(fields)")
          #expect(ready.text == #"{"status":"ready"}"#)
          #expect(await peer.send(.head, "\(prefix)/_wavetank/health", fields).status == 200)
          #expect(await peer.send(.head, "\(prefix)/_wavetank/ready", fields).status == 200)
        }
      }
    }
  }

  @Test(
    "The CA's certificate is anybody's, as bare as the probes; without one it is 503 (DESIGN §13)")
  func authority() async throws {
    let pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    for token in [nil, "s3cret"] {
      let pipeline = try Pipeline(
        services: [SampleService()], configuration: PipelineConfiguration())
      let having = AdminResponder(
        pipeline: pipeline,
        options: AdminOptions(token: token, authority: { .certificate(Array(pem.utf8)) }))
      for fields in Self.probing {
        let peer = TestClient(having, address: Self.elsewhere)
        for prefix in ["", "/_t/blue"] {
          let reply = await peer.send(.get, "\(prefix)/_wavetank/ca.pem", fields)
          #expect(reply.status == 200 && reply.text == pem, "\(fields)")
          #expect(reply.field("content-type") == "application/x-pem-file")
          #expect(reply.field("access-control-allow-origin") == nil)
        }
        #expect(await peer.send(.post, "/_wavetank/ca.pem", fields).status != 200)
      }
      let lacking = TestClient(try Self.responder(token: token), address: Self.elsewhere)
      #expect(await lacking.send(.get, "/_wavetank/ca.pem").status == 503)
    }
  }

  @Test("What is wrong with the disk is told to those only who may use the control API (DESIGN §9)")
  func details() async throws {
    for token in [nil, "s3cret"] {
      let responder = try Self.responder(token: token)
      let folder = FileManager.default.temporaryDirectory.appending(
        path: "wavetank-access-\(ProcessInfo.processInfo.globallyUniqueString)"
      ).path
      let store = try WorldStore(directory: folder, pipeline: responder.pipeline) { _ in }
      _ = await TestClient(responder).send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
      try FileManager.default.removeItem(atPath: folder)
      store.saveChanged()
      let own: KeyValuePairs<String, String> = ["Authorization": "Bearer \(token ?? "")"]
      let told = await TestClient(responder).send(.get, "/_wavetank/health", own)
      #expect(told.text.contains("degraded") && told.text.contains("blue"))
      let stranger = TestClient(responder, address: Self.elsewhere)
      let bare = await stranger.send(.get, "/_wavetank/health")
      #expect(bare.status == 200)
      #expect(bare.text == #"{"status":"ok"}"#)
    }
  }

  static let forwarding = [
    "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-host", "X-Forwarded",
    "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "X-Envoy-External-Address",
    "X-Original-Forwarded-For", "X-Cluster-Client-IP", "Fastly-Client-IP",
  ]

  @Test(
    "Behind a proxy every peer looks like ours: its requests need the token (DESIGN §9)",
    arguments: forwarding)
  func forwarded(_ name: String) async throws {
    let fields: [(String, String)] = [("Host", "127.0.0.1:7070"), (name, "for=192.0.2.7")]
    let open = TestClient(try Self.responder())
    #expect(await Self.send(open, "/_wavetank/journal", fields).status == 403)
    #expect(await Self.send(open, "/ships", fields).status == 200)
    let guarded = TestClient(try Self.responder(token: "s3cret"))
    let shown = fields + [("Authorization", "Bearer s3cret")]
    #expect(await Self.send(guarded, "/_wavetank/journal", shown).status == 200)
  }

  static let repeats: [[(String, String)]] = [
    [("Origin", "http://127.0.0.1:7070"), ("Origin", "https://evil.example")],
    [("Origin", "http://127.0.0.1:7070"), ("Origin", "http://127.0.0.1:7070")],
    [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    [("Host", "127.0.0.1:7070")],
    [("Authorization", "Bearer s3cret"), ("authorization", "Bearer other")],
    [("Origin", "http://127.0.0.1:7070, https://evil.example")],
    [("Sec-Fetch-Site", "same-origin, cross-site")],
  ]

  @Test(
    "A field that decides who may come in stands once (RFC 9110 §5.3)", arguments: repeats.indices)
  func repeated(_ index: Int) async throws {
    for token in [nil, "s3cret"] {
      let peer = TestClient(try Self.responder(token: token))
      var fields = [("Host", "127.0.0.1:7070")] + Self.repeats[index]
      if !fields.contains(where: { $0.0.lowercased() == "authorization" }) {
        fields.append(("Authorization", "Bearer s3cret"))
      }
      #expect(await Self.send(peer, "/_wavetank/tenants", fields).status == 403)
    }
  }

  @Test("What a Wavetank sends for somebody gets nothing, not even with the token (DESIGN §9)")
  func marked() async throws {
    for token in [nil, "s3cret"] {
      let peer = TestClient(try Self.responder(token: token))
      let fields: KeyValuePairs<String, String> = [
        CallerFields.mark: "1", "Authorization": "Bearer s3cret",
      ]
      for path in ["/_wavetank/journal", "/_t/blue/_wavetank/scenario", "/_wavetank/tenants"] {
        #expect(await peer.send(.get, path, fields).status == 403, "\(path)")
      }
      #expect(await peer.send(.post, "/_wavetank/reset", fields).status == 403)
    }
  }

  @Test(
    "The console's page is public, its data are not; no cache and no other origin gets an answer")
  func guards() async throws {
    let peer = TestClient(try Self.responder(), address: Self.elsewhere)
    let page = await peer.send(.get, "/_wavetank/console", ["Host": "tank.example"])
    #expect(page.status == 200)
    let policy = page.field("content-security-policy") ?? ""
    #expect(policy.contains("script-src 'sha256-") && !policy.contains("script-src 'unsafe"))
    #expect(policy.contains("frame-ancestors 'none'"))
    #expect(page.field("cross-origin-opener-policy") == "same-origin")
    for stored in ["sessionStorage", "localStorage", "document.cookie", "window.token"] {
      #expect(!page.text.contains(stored), "\(stored) is read by every page of the origin")
    }
    let own = TestClient(try Self.responder())
    for path in ["/", "/_wavetank", "/_wavetank/journal", "/_wavetank/health", "/_wavetank/none"] {
      let reply = await own.send(.get, path)
      #expect(reply.field("cache-control") == "no-store", "\(path)")
      #expect(reply.field("x-content-type-options") == "nosniff", "\(path)")
      #expect(reply.field("content-security-policy")?.contains("sandbox") == true, "\(path)")
      #expect(reply.field("cross-origin-resource-policy") == "same-origin", "\(path)")
      #expect(reply.field("access-control-allow-origin") == nil, "\(path)")
    }
    let preflight = await own.send(
      .options, "/_wavetank/tenants",
      ["Origin": "https://evil.example", "Access-Control-Request-Method": "GET"])
    #expect(preflight.status == 403)
    #expect(preflight.response.fields.pairs.allSatisfy { !$0.name.hasPrefix("Access-Control") })
  }

  static let elsewherePaths = [
    "/%5fwavetank/journal", "/_%77avetank/journal", "//_wavetank/journal", "/./_wavetank/journal",
    "/x/../_wavetank/journal", "/_WAVETANK/journal", "/_wavetank;a/journal", "/_wavetankx/journal",
    "/_t/blue/%5fwavetank/journal", "/_t/blue//_wavetank/journal",
    "/_t/blue/_t/red/_wavetank/clock",
    "/_t/blue/../../_wavetank/journal", "/apps/_wavetank/journal",
  ]

  @Test(
    "No other spelling of its path leads to the control API (RFC 3986 §6)",
    arguments: elsewherePaths)
  func spellings(_ path: String) async throws {
    let reply = await TestClient(try Self.responder()).send(.get, path)
    #expect(reply.status == 404)
    #expect(
      reply.field("x-wavetank-exchange") != nil, "the pipeline has answered, not the control API")
  }

  private static func send(
    _ peer: TestClient, _ path: String, _ fields: [(String, String)]
  ) async -> Reply {
    var all = Fields()
    for (name, value) in fields { all.append(name, value) }
    return await peer.send(
      Request(method: .get, target: RequestTarget(path), fields: all, framing: .none), [])
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
    let peer = TestClient(try Self.responder())
    #expect(await peer.send(.get, "/_wavetank/journal", fields).status == status)
    #expect(await peer.send(.post, "/_wavetank/reset", fields).status == status)
  }

  @Test("The root sends browsers to the console and gives others an index (DESIGN §2)")
  func root() async throws {
    let peer = TestClient(try Self.responder())
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
