import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite struct AdminRoutesTests {
  let responder: AdminResponder
  let peer: TestClient
  var pipeline: Pipeline { responder.pipeline }

  init() throws {
    responder = AdminResponder(
      pipeline: try Pipeline(
        services: [SampleService()],
        configuration: PipelineConfiguration(
          blueprint: TenantBlueprint(
            seed: 3, clock: .init(.manual, start: VirtualInstant(iso8601: "2026-01-01T00:00:00Z")),
            given: ["harbor": ["ships": ["ark"]]]))))
    peer = TestClient(responder)
  }

  func json(_ method: Method, _ path: String, body: String? = nil) async throws -> JSON {
    let reply = await peer.send(method, "/_wavetank" + path, body: body)
    #expect(reply.status == 200, "\(path): \(reply.text)")
    return try JSON(parsing: reply.body)
  }

  @Test("Liveness, readiness and version")
  func server() async throws {
    #expect(try await json(.get, "/health")["status"] == "ok")
    #expect(try await json(.get, "/ready")["status"] == "ready")
    #expect(try await json(.get, "/version")["name"] == "wavetank")
    #expect(await peer.send(.head, "/_wavetank/health").status == 200)
  }

  @Test("Operations are listed with method, path, service and fidelity (DESIGN §6)")
  func operations() async throws {
    let list = try await json(.get, "/operations")["operations"]
    #expect(list?.arrayValue?.count == 10)
    #expect(list?[3]?["name"] == "harbor.cargo.put")
    #expect(list?[3]?["method"] == "PUT")
    #expect(list?[3]?["path"] == "/ships/{vessel}/cargo")
    #expect(list?[2]?["fidelity"] == "seen in client")
    #expect(list?[2]?["source"] == nil, "nothing is told where nothing is known")
    #expect(await peer.send(.get, "/_wavetank/operations?service=harbour").text.contains("harbor"))
  }

  @Test(
    "Peers' tenants stand among ours: of two of a name the one that is at work, and who is silent is named"
  )
  func peersTenants() async throws {
    let answered: JSON = [
      "tenants": [
        ["name": "red", "loaded": true, "exchanges": 3], ["name": "blue", "exchanges": 0],
        ["name": "default", "exchanges": 9], "no object", ["exchanges": 1],
      ]
    ]
    let responder = AdminResponder(
      pipeline: pipeline,
      options: AdminOptions(peers: [
        PeerServer(url: "http://a:1") { .success(answered) },
        PeerServer(url: "http://b:1") { .success(["tenants": [["name": "red", "exchanges": 1]]]) },
        PeerServer(url: "http://c:1") { .failure(OutboundFailure("nobody is there.")) },
        PeerServer(url: "http://d:1") { .success(["tenants": 1]) },
        PeerServer(url: "http://e:1") { nil },
      ]))
    let peer = TestClient(responder)
    _ = await peer.send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
    let list = try JSON(parsing: await peer.send(.get, "/_wavetank/tenants").body)
    let rows = list["tenants"]?.arrayValue?.map { [$0["name"], $0["server"], $0["exchanges"]] }
    let ours: [[JSON?]] = [["blue", nil, 1]]
    let theirs: [[JSON?]] = [["default", "http://a:1", 9], ["red", "http://a:1", 3]]
    #expect(rows == ours + theirs)
    let silent = list["silentPeers"]?.arrayValue?.map { $0["server"] }
    #expect(silent == ["http://c:1", "http://d:1"])
    let own = try JSON(parsing: await peer.send(.get, "/_wavetank/tenants?of=server").body)
    #expect(own["tenants"]?.arrayValue?.map { $0["name"] } == ["blue", "default"])
    #expect(own["silentPeers"] == nil)
    #expect(await peer.send(.get, "/_wavetank/tenants?of=nobody").status == 400)
  }

  @Test("Tenants are listed and dropped; the default one is always there")
  func tenants() async throws {
    _ = await peer.send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
    let names = try await json(.get, "/tenants")["tenants"]?.arrayValue?.map { $0["name"] }
    #expect(names == ["blue", "default"])
    #expect(await peer.send(.delete, "/_wavetank/tenants/blue").status == 204)
    #expect(await peer.send(.delete, "/_wavetank/tenants/blue").status == 404)
    #expect(await peer.send(.delete, "/_wavetank/tenants/Blue").status == 400)
    #expect(await peer.send(.delete, "/_wavetank/tenants/default").status == 204)
    #expect(await peer.send(.get, "/_t/blue/ships").text == #"["ark"]"#)
  }

  static let tenantWays = [
    "/_t/blue/_wavetank/reset", "/_wavetank/reset?tenant=blue", "/_wavetank/reset#field",
  ]

  @Test("The control API's tenant comes by prefix, query or field", arguments: tenantWays)
  func tenantOfControl(_ way: String) async throws {
    _ = await peer.send(.post, "/_t/blue/ships", body: #"{"name":"a"}"#)
    _ = await peer.send(.post, "/ships", body: #"{"name":"b"}"#)
    let path = way.replacing("#field", with: "")
    let reply =
      path == way
      ? await peer.send(.post, path)
      : await peer.send(.post, path, ["X-Wavetank-Tenant": "blue"])
    #expect(reply.status == 200)
    #expect(await peer.send(.get, "/_t/blue/ships").text == #"["ark"]"#)
    #expect(await peer.send(.get, "/ships").text == #"["ark","b"]"#)
  }

  @Test("Reset brings back seed data, ids, clock and numbers (DESIGN §9)")
  func reset() async throws {
    func session() async -> [String] {
      var texts: [String] = []
      for body in [#"{"name":"a"}"#, #"{"name":"b","after":1}"#] {
        let reply = await peer.send(.post, "/ships", body: body)
        texts.append(reply.text + (reply.field("x-wavetank-exchange") ?? ""))
      }
      _ = await peer.send(.post, "/_wavetank/clock/advance", body: #"{"by":"3s"}"#)
      texts.append(await peer.send(.get, "/ships/b").text)
      texts.append(await peer.send(.get, "/_wavetank/clock").text)
      return texts
    }
    let first = await session()
    #expect(await peer.send(.post, "/_wavetank/reset").status == 200)
    #expect(await session() == first)
    #expect(await peer.send(.post, "/_wavetank/reset?keep=journal").status == 200)
    #expect(try await json(.get, "/journal")["total"] == 3)
    #expect(await peer.send(.post, "/_wavetank/reset?keep=all").status == 400)
  }

  @Test("The clock is set and advanced by, to and to the next event (DESIGN §4)")
  func clock() async throws {
    #expect(
      try await json(.get, "/clock") == [
        "mode": "manual", "now": "2026-01-01T00:00:00.000000Z",
        "nextDue": "2026-01-01T00:00:10.000000Z",
      ])
    let by = try await json(.post, "/clock/advance", body: #"{"by":"1m30s"}"#)
    #expect(by["now"] == "2026-01-01T00:01:30.000000Z")
    #expect(by["advanced"] == "1m30s")
    #expect(by["nextDue"]?.isNull == true)
    _ = await peer.send(.post, "/ships", body: #"{"name":"late","after":5}"#)
    let next = try await json(.post, "/clock/advance", body: #"{"toNext":true}"#)
    #expect(next["now"] == "2026-01-01T00:01:35.000000Z")
    #expect(await peer.send(.get, "/ships/late").text == #"{"arrived":true}"#)
    let to = try await json(.post, "/clock/advance", body: #"{"to":"2026-01-02T00:00:00Z"}"#)
    #expect(to["now"] == "2026-01-02T00:00:00.000000Z")
    for (asked, factor) in [
      (#"{"mode":"scaled","factor":60}"#, 60), (#"{"mode":"x0.5"}"#, 0.5),
      (#"{"mode":"scaled:2"}"#, 2),
    ] {
      let set = try await json(.put, "/clock", body: asked)
      #expect(set["mode"] == "scaled")
      #expect(set["factor"]?.doubleValue == factor)
    }
  }

  static let refused: [(Method, String, String?, Int)] = [
    (.post, "/clock/advance", "{}", 422), (.post, "/clock/advance", #"{"by":"5"}"#, 422),
    (.post, "/clock/advance", #"{"by":5}"#, 422), (.post, "/clock/advance", #"{"by":"-5s"}"#, 422),
    (.post, "/clock/advance", #"{"toNext":false}"#, 422),
    (.post, "/clock/advance", #"{"by":"1s","toNext":true}"#, 422),
    (.post, "/clock/advance", #"{"to":"2020-01-01T00:00:00Z"}"#, 409),
    (.post, "/clock/advance", #"{"to":"noon"}"#, 422), (.post, "/clock/advance", "[", 400),
    (.post, "/clock/advance", "[]", 422), (.put, "/clock", #"{"mode":"fast"}"#, 422),
    (.put, "/clock", #"{"mode":"x0"}"#, 422), (.put, "/clock", #"{"mode":"x"}"#, 422),
    (.put, "/clock", #"{"mode":"x0x10"}"#, 422),
    (.put, "/clock", #"{"mode":"x60","factor":2}"#, 422),
    (.put, "/clock", #"{"mode":"scaled"}"#, 422),
    (.put, "/clock", #"{"mode":"scaled","factor":0}"#, 422),
    (.put, "/clock", #"{"mode":"scaled","factor":"x"}"#, 422),
    (.put, "/clock", #"{"factor":2}"#, 422), (.put, "/clock", "{}", 422),
    (.put, "/clock", #"{"mdoe":"real"}"#, 422),
    (.post, "/emit", "{}", 422), (.post, "/emit", "[]", 422), (.post, "/emit", "[{}]", 422),
    (.post, "/emit", #"{"fly":1}"#, 422), (.post, "/emit", #"{"advance":"1s","fly":1}"#, 422),
    (.post, "/emit", #"{"advance":"soon"}"#, 422),
    (.post, "/emit", #"{"expireKey":{"key":"k","status":9}}"#, 422),
    (.get, "/journal?status=abc", nil, 400), (.get, "/journal?limit=0", nil, 400),
    (.get, "/journal?since=noon", nil, 400), (.get, "/journal?stauts=4xx", nil, 400),
    (.get, "/journal?service=nope", nil, 400), (.get, "/journal/x", nil, 400),
    (.get, "/journal/9", nil, 404), (.get, "/state/nope", nil, 404), (.get, "/nope", nil, 404),
    (.patch, "/clock", nil, 405), (.get, "/clock?tenant=No", nil, 400),
    (.get, "/clock?tenant=blue&tenant=red", nil, 400),
  ]

  @Test("Errors are problem+json (RFC 9457) and change nothing", arguments: refused)
  func problems(_ method: Method, _ path: String, _ body: String?, _ status: Int) async throws {
    let before = await peer.send(.get, "/_wavetank/clock").text
    let reply = await peer.send(method, "/_wavetank" + path, body: body)
    #expect(reply.status == status, "\(reply.text)")
    #expect(reply.field("content-type") == "application/problem+json")
    let problem = try JSON(parsing: reply.body)
    #expect(problem["status"]?.intValue == status)
    #expect(problem["title"]?.stringValue?.isEmpty == false)
    #expect(problem["detail"]?.stringValue?.isEmpty == false)
    #expect(await peer.send(.get, "/_wavetank/clock").text == before)
  }

  @Test("A tenant that a query names twice is that tenant")
  func namedTwice() async {
    #expect(await peer.send(.get, "/_wavetank/clock?tenant=blue&tenant=blue").status == 200)
  }

  @Test(
    "An instant that is out of range is refused with the range",
    arguments: [
      (Method.put, "/clock", "now"), (.put, "/clock", "start"), (.post, "/clock/advance", "to"),
    ])
  func outOfRange(_ method: Method, _ path: String, _ key: String) async throws {
    for year in ["3000", "1600", "9999"] {
      let reply = await peer.send(
        method, "/_wavetank" + path, body: #"{"\#(key)":"\#(year)-01-01T00:00:00Z"}"#)
      #expect(reply.status == 422)
      #expect(reply.text.contains("of the years 1684 to 2255"), "\(reply.text)")
    }
  }

  @Test("State shows every service's world; emit changes it")
  func stateAndEmit() async throws {
    #expect(try await json(.get, "/state/harbor")["ships"] == 1)
    #expect(try await json(.post, "/emit", body: #"{"sink":"ark"}"#)["emitted"] == true)
    #expect(try await json(.get, "/state")["harbor"]?["ships"] == 0)
    _ = try await json(.post, "/emit", body: #"{"advance":"2s"}"#)
    #expect(try await json(.get, "/clock")["now"] == "2026-01-01T00:00:02.000000Z")
    // A list, as in a rule: one after the other, up to the first that cannot happen.
    let steps = #"[{"advance":"1s"},{"advance":"2s"},{"fly":1},{"advance":"4s"}]"#
    let reply = await peer.send(.post, "/_wavetank/emit", body: steps)
    #expect(reply.status == 422 && reply.text.contains("/2: There is no event"), "\(reply.text)")
    #expect(try await json(.get, "/clock")["now"] == "2026-01-01T00:00:05.000000Z")
    let wrong = await peer.send(.post, "/_wavetank/emit", body: #"[{"advance":"1s"},7]"#)
    #expect(wrong.status == 422 && wrong.text.contains("/1: expected"), "\(wrong.text)")
    #expect(try await json(.get, "/clock")["now"] == "2026-01-01T00:00:05.000000Z")
  }

  @Test("Metrics are Prometheus text: requests, durations, bytes, journal, tenants")
  func metrics() async throws {
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.get, "/ships")
    _ = await peer.send(.get, "/nowhere")
    let reply = await peer.send(.get, "/_wavetank/metrics")
    #expect(reply.field("content-type") == "text/plain; version=0.0.4; charset=utf-8")
    let lines = Set(reply.text.split(separator: "\n").map(String.init))
    for line in [
      #"wavetank_requests_total{operation="harbor.ship.list",status="200"} 2"#,
      #"wavetank_requests_total{operation="none",status="404"} 1"#,
      #"wavetank_request_duration_seconds_bucket{operation="harbor.ship.list",le="+Inf"} 2"#,
      #"wavetank_request_duration_seconds_count{operation="harbor.ship.list"} 2"#,
      "wavetank_tenants 1", "wavetank_journal_entries 3", "wavetank_requests_in_flight 0",
      "# TYPE wavetank_request_duration_seconds histogram",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    // Families and their kinds, each once, in front of its samples.
    let named = reply.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
    #expect(Set(named).count == named.count)
    // Every line is a comment or a sample.
    for line in lines where !line.hasPrefix("# ") {
      #expect(
        line.wholeMatch(of: /[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+/) != nil)
    }
  }
}
