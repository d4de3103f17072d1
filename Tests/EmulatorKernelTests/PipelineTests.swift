import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite struct PipelineTests {
  let pipeline: Pipeline
  let peer: TestClient

  init() throws {
    pipeline = try Pipeline(
      services: [SampleService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(
          seed: 1, clock: .init(.manual, start: VirtualInstant(seconds: 1_000)))))
    peer = TestClient(pipeline)
  }

  static let tenants: [(target: String, fields: KeyValuePairs<String, String>, tenant: String)] = [
    ("/_t/blue/ships", [:], "blue"),
    ("/_t/blue/ships", ["X-Wavetank-Tenant": "red"], "blue"),
    ("/ships", ["x-wavetank-tenant": " red "], "red"),
    ("/ships", ["X-Wavetank-Tenant": "red", "x-wavetank-tenant": "red "], "red"),
    ("/ships", ["X-Wavetank-Tenant": "red", "Authorization": "Bearer wt-green"], "red"),
    ("/ships", ["Authorization": "Bearer wt-green"], "green"),
    ("/ships", ["Authorization": "bearer   wt-green.s3cret.x"], "green"),
    ("/ships", ["X-Harbor-Key": "wt-yard.abc"], "yard"),
    ("/ships", ["Authorization": "Bearer other", "X-Harbor-Key": "wt-yard"], "yard"),
    ("/ships", ["Authorization": "Bearer wt-green", "Host": "a.tenant.localhost"], "green"),
    ("/ships", ["Host": "Amber.Tenant.localhost:7070"], "amber"),
    ("/ships", ["Host": "7up.tenant.localhost:7070"], "7up"),
    ("/ships", ["Host": "2026-01.Tenant.localhost."], "2026-01"),
    ("http://1.tenant.localhost:80/ships", [:], "1"),
    ("/ships", ["Host": "10.1.2.3"], "default"),
    ("/ships", ["Host": "10.1.2.3:7070"], "default"),
    ("/ships", ["Authorization": "Basic wt-green"], "default"),
    ("/ships", ["Authorization": "Bearer key"], "default"),
    ("/ships", ["Authorization": "Bearer wt-"], "default"),
    ("/ships", ["Host": "localhost:7070"], "default"),
    ("/_t/default/ships", [:], "default"),
    ("http://127.0.0.1:7070/_t/blue/ships", [:], "blue"),
    ("http://amber.tenant.localhost/ships", [:], "amber"),
  ]

  @Test("A request's tenant is the first of the five ways (DESIGN §3)", arguments: tenants.indices)
  func tenant(_ index: Int) async throws {
    let (target, fields, tenant) = Self.tenants[index]
    let reply = await peer.send(.get, target, fields)
    #expect(reply.status == 200)
    let live = try #require(pipeline.tenants.find(tenant))
    #expect(live.journal.status.total == 1)
    #expect(pipeline.tenants.all.map { $0.journal.status.total }.reduce(0, +) == 1)
  }

  @Test(
    "A head that comes again means the same, and what the world says of it now",
    arguments: tenants.indices)
  func sameHead(_ index: Int) async throws {
    let (target, fields, tenant) = Self.tenants[index]
    let request = TestClient.request(.get, target, Fields(fields), nil)
    for count in 1...4 {
      let reply = await peer.send(request, [])
      request.hasComeAgain()
      #expect(reply.text == (count == 4 ? #"["a"]"# : "[]"))
      #expect(reply.field("x-wavetank-exchange") == String(count == 4 ? 5 : count))
      if count == 3 {
        #expect(await peer.send(.post, "/_t/\(tenant)/ships", body: #"{"name":"a"}"#).status == 201)
      }
    }
    #expect(request.findings != nil)
    #expect(pipeline.tenants.find(tenant)?.journal.status.total == 5)
    // What one responder has found says nothing to another.
    let other = try Pipeline(services: [SampleService()], configuration: PipelineConfiguration())
    #expect(await TestClient(other).send(request, []).text == "[]")
    #expect(other.tenants.find(tenant)?.journal.status.total == 1)
  }

  @Test("Behind a head that comes again stands what was sent this time, in the world as it is now")
  func sameHeadOtherContent() async throws {
    let fields = Fields(["Content-Type": "application/json"])
    let post = TestClient.request(.post, "/ships", fields, Array(#"{"name":"a"}"#.utf8))
    let get = TestClient.request(.get, "/ships/b", Fields(), nil)
    let steps: [(content: String, name: String?, seen: Int)] = [
      (#"{"name":"a"}"#, "a", 404), (#"{"name":"b"}"#, "b", 200), (#"{"name":"b"}"#, "b", 200),
      (#"{"name":"c" "#, nil, 200), (#"{"name":"c"}"#, "c", 200),
    ]
    for step in steps {
      let made = await peer.send(post, Array(step.content.utf8))
      #expect(made.field("location") == step.name.map { "http://127.0.0.1:7070/ships/\($0)" })
      #expect(made.status == (step.name == nil ? 400 : 201))
      #expect(await peer.send(get, []).status == step.seen)
      post.hasComeAgain()
      get.hasComeAgain()
    }
    #expect(post.findings != nil && get.findings != nil)
  }

  static let badNames: [(target: String, fields: KeyValuePairs<String, String>)] = [
    ("/_t//ships", [:]), ("/_t/Blue/ships", [:]), ("/_t/-a/ships", [:]),
    ("/_t/bl%75e/ships", [:]), ("/ships", ["X-Wavetank-Tenant": ""]),
    ("/ships", ["X-Wavetank-Tenant": "red", "X-Wavetank-Tenant": "blue"]),
    ("/ships", ["X-Wavetank-Tenant": "a_b"]), ("/ships", ["Authorization": "Bearer wt-My.x"]),
    ("/ships", ["Host": "a.b.tenant.localhost"]),
    ("/ships", ["X-Wavetank-Tenant": String(repeating: "a", count: 64)]),
  ]

  @Test(
    "A malformed tenant name is 400 in the API's own form (DESIGN §3)", arguments: badNames.indices)
  func badTenant(_ index: Int) async {
    let reply = await peer.send(.get, Self.badNames[index].target, Self.badNames[index].fields)
    #expect(reply.status == 400)
    #expect(reply.text.contains("harborError"))
    #expect(pipeline.tenants.count == 1)
  }

  @Test("Tenants do not meet, and returned URLs stay inside the tenant (DESIGN §3)")
  func separation() async throws {
    let made = await peer.send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
    #expect(made.field("location") == "http://127.0.0.1:7070/_t/blue/ships/a")
    #expect(await peer.send(.get, "/_t/blue/ships").text == #"["a"]"#)
    #expect(await peer.send(.get, "/ships").text == "[]")
    #expect(await peer.send(.get, "/_t/red/ships").text == "[]")
  }

  static let fronts: [(fields: KeyValuePairs<String, String>, base: String)] = [
    (["X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example"], "https://api.example"),
    (
      ["X-Forwarded-Proto": "HTTPS, http", "X-Forwarded-Host": "api.example , inner:80"],
      "https://api.example"
    ),
    (
      [
        "X-Forwarded-Proto": "http", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a",
        "X-Forwarded-Host": "b",
      ], "http://a"
    ),
    (["X-Forwarded-Proto": "", "X-Forwarded-Host": ","], "http://127.0.0.1:7070"),
  ]

  @Test("Returned URLs lead to the outermost of the fronts between", arguments: fronts.indices)
  func behindFronts(_ index: Int) async {
    let (fields, base) = Self.fronts[index]
    let made = await peer.send(.post, "/ships", fields, body: #"{"name":"a"}"#)
    #expect(made.field("location") == "\(base)/ships/a")
  }

  @Test("Every answer carries its number in the tenant's journal (DESIGN §8)")
  func numbers() async {
    #expect(await peer.send(.get, "/ships").field("x-wavetank-exchange") == "1")
    #expect(await peer.send(.get, "/nowhere").field("x-wavetank-exchange") == "2")
    #expect(await peer.send(.get, "/_t/b/ships").field("x-wavetank-exchange") == "1")
    #expect(await peer.send(.put, "/ships/x/cargo", body: "c").field("x-wavetank-exchange") == "3")
  }

  static let hints: [(Method, String, Int, String?)] = [
    (.get, "/shops", 404, "harbor.ship.list GET /ships"),
    (.get, "/ships/a/carg", 404, "harbor.cargo.put PUT /ships/{vessel}/cargo"),
    (.delete, "/ships/a", 405, "harbor.ship.get GET /ships/{ship}"),
    (.get, "/api/v2/tides/5", 404, "harbor.tides GET /api/v1/tides/{day}"),
    (.get, "/tides/5", 404, "harbor.tides GET /api/v1/tides/{day}"),
    (.get, "/api/v1/api/v1/tides/5", 404, "harbor.tides GET /api/v1/tides/{day}"),
    (.get, "/favicon.ico", 404, far), (.get, "/api/v1", 404, far), (.get, "/login", 404, far),
  ]
  private static let far =
    "no operation is like this path; GET /_wavetank/operations lists them all"

  @Test("A path of no operation names the nearest one (DESIGN §2)", arguments: hints)
  func hint(_ method: Method, _ path: String, _ status: Int, _ hint: String?) async {
    let reply = await peer.send(method, path)
    #expect(reply.status == status)
    #expect(reply.field("x-wavetank-hint") == hint)
    #expect(reply.text.contains("harborError"))
    if status == 405 { #expect(reply.field("allow")?.contains("GET") == true) }
  }

  static let lenient = [
    "/api/v1/tides/5", "/API/v1/Tides/5", "/api//v1/tides/5/", "/api/v1/tides/5?x=%zz",
  ]

  @Test("Lenient operations fold case and skip empty segments", arguments: lenient)
  func lenientPath(_ path: String) async {
    #expect(await peer.send(.get, path).text.contains("harbor.tides"))
  }

  @Test("Other operations are found by their exact path alone", arguments: ["/Ships", "/ships//a"])
  func exactPath(_ path: String) async {
    #expect(await peer.send(.get, path).status == 404)
  }

  @Test("What exists in the world claims its paths when no template matched")
  func claims() async {
    #expect(await peer.send(.post, "/titanic").status == 404)
    _ = await peer.send(.post, "/ships", body: #"{"name":"titanic"}"#)
    #expect(await peer.send(.post, "/titanic").text.contains("harbor.door.knock"))
    let options = await peer.send(.options, "/titanic")
    #expect(options.status == 204)
    #expect(options.field("allow") == "POST, OPTIONS")
  }

  @Test("OPTIONS is answered with Allow and leave for browsers")
  func options() async {
    let reply = await peer.send(
      .options, "/ships", ["Origin": "https://a.example", "Access-Control-Request-Headers": "x-a"])
    #expect(reply.status == 204)
    #expect(reply.field("allow") == "GET, HEAD, POST, OPTIONS")
    #expect(reply.field("access-control-allow-origin") == "*")
    #expect(reply.field("access-control-allow-headers") == "x-a")
    for all in ["*", "http://127.0.0.1:7070", "http://localhost"] {
      #expect(await peer.send(.options, all).status == 204)
    }
    #expect(await peer.send(.options, "http://localhost?a").status == 404)
    #expect(await peer.send(.options, "/nothing/at/all").status == 404)
  }

  @Test("Content beyond an operation's limit is 413 in the API's form")
  func contentLimit() async {
    let body = #"{"name":""# + String(repeating: "a", count: 64) + #""}"#
    let reply = await peer.send(.post, "/ships", body: body)
    #expect(reply.status == 413)
    #expect(reply.text.contains("harborError"))
    #expect(reply.field("x-wavetank-exchange") == "1")
  }

  @Test(
    "More content than a loop should read is dealt with off it",
    arguments: [(100, false), (Offload.inlineBytesMax, false), (Offload.inlineBytesMax + 1, true)])
  func largeContent(_ count: Int, _ isLater: Bool) async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"titanic"}"#)
    var exchange = Exchange(connectionID: 9, sequenceNumber: 1, peer: .none)
    let request = Request(
      method: .post, target: RequestTarget("/titanic"), framing: .length(UInt64(count)))
    guard case .collect(_, let then) = pipeline.respond(to: request, exchange: &exchange) else {
      Issue.record("the content is not collected")
      return
    }
    switch then(.complete(Array(repeating: 0x61, count: count))) {
    case .now: #expect(!isLater)
    case .later(let work), .atOnce(_, orLater: let work):
      #expect(isLater)
      #expect(await work(RequestContent(complete: [])).status == .ok)
    case .collect: Issue.record("the content is collected twice")
    }
  }

  @Test("HEAD is found where GET is (RFC 9110 §9.3.2)")
  func head() async {
    #expect(await peer.send(.head, "/ships").status == 200)
  }

  @Test("A vendor's own host narrows the search to that vendor (DESIGN §2)")
  func vendorHosts() async throws {
    var other = SampleService()
    other.name = "quay"
    other.hostNames = ["api.quay.example"]
    let pipeline = try Pipeline(
      services: [SampleService(), other], configuration: PipelineConfiguration())
    let peer = TestClient(pipeline)
    func operation(_ host: String) async -> String? {
      let reply = await peer.send(.get, "/ships/x", ["Host": host])
      let number = reply.field("x-wavetank-exchange").flatMap { UInt64($0) } ?? 0
      let index = pipeline.tenants.default.journal.entry(number)?.operationIndex
      return index.map { pipeline.operations.entries[$0].operation.name }
    }
    #expect(await operation("127.0.0.1:7070") == "harbor.ship.get")
    #expect(await operation("API.quay.example:443") == "quay.ship.get")
    #expect(await operation("alice.localhost:7070") == "harbor.ship.get")
    #expect(await operation("elsewhere.example") == "harbor.ship.get")
  }

  @Test("Operations are found by whoever asks first, while the tables are being made")
  func firstRequests() async throws {
    for _ in 0..<20 {
      let pipeline = try Pipeline(
        services: [SampleService()], configuration: PipelineConfiguration())
      let found = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask { await TestClient(pipeline).send(.get, "/ships").status }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found == Array(repeating: 200, count: 8))
    }
  }

  @Test("A thousand tenants at once do not meet (issue: tenants)")
  func thousandTenants() async throws {
    let peer = peer
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for index in stride(from: worker, to: 1000, by: 8) {
            for round in 0..<3 {
              let body = #"{"name":"s\#(index)-\#(round)"}"#
              _ = await peer.send(.post, "/_t/t\(index)/ships", body: body)
            }
          }
        }
      }
    }
    #expect(pipeline.tenants.count == 1001)
    for index in 0..<1000 {
      let reply = await peer.send(.get, "/ships", ["X-Wavetank-Tenant": "t\(index)"])
      #expect(reply.text == #"["s\#(index)-0","s\#(index)-1","s\#(index)-2"]"#)
      #expect(reply.field("x-wavetank-exchange") == "4")
    }
  }

  static let guarded: [(Method, String, String?)] = [
    (.get, "/ships", nil), (.get, "/nope", nil), (.delete, "/ships", nil),
    (.options, "/ships", nil),
    (.head, "/ships", nil), (.post, "/ships", String(repeating: "x", count: 100)),
    (.get, "/_t/Blue!/ships", nil), (.get, "/_t/blue/ships/none", nil),
  ]

  @Test(
    "Whatever a service answers is of the type it says, and no page of our origin (Fetch; CSP 3)",
    arguments: guarded.indices)
  func contentGuards(_ index: Int) async throws {
    let (method, path, body) = Self.guarded[index]
    let reply = await peer.send(method, path, body: body)
    #expect(reply.response.fields.all("X-Content-Type-Options") == ["nosniff"])
    #expect(reply.response.fields.all("Content-Security-Policy") == ["sandbox"])
  }
}
