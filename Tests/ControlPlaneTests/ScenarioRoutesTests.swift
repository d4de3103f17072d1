import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite("Scenario, rules, verify and schema by the control API (DESIGN §9)")
struct ScenarioRoutesTests {
  let peer: TestClient

  init() throws {
    peer = TestClient(
      AdminResponder(
        pipeline: try Pipeline(
          services: [SampleService()],
          configuration: PipelineConfiguration(
            blueprint: TenantBlueprint(
              seed: 3, clock: .init(.manual, start: VirtualInstant(seconds: 1_000)))))))
  }

  private func control(_ method: Method, _ path: String, _ body: String? = nil) async -> Reply {
    await peer.send(method, "/_wavetank" + path, body: body)
  }

  private func json(_ method: Method, _ path: String, _ body: String? = nil) async throws -> JSON {
    try JSON(parsing: await control(method, path, body).text)
  }

  @Test("PUT /scenario starts the tenant anew from it; GET gives it back")
  func replace() async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"old"}"#)
    let text = "{wavetank: 1, given: {harbor: {ships: ['new']}}, rules: [{times: 1, error: 503}]}"
    let put = await control(.put, "/scenario", text)
    #expect(put.status == 200)
    #expect(await peer.send(.get, "/ships").status == 503)
    #expect(await peer.send(.get, "/ships").text == #"["new"]"#)
    let shown = try await json(.get, "/scenario")
    #expect(shown["rules"]?[0]?["name"] == "rule 1")
    #expect(await control(.put, "/scenario", shown.text).status == 200)
    #expect(try await json(.get, "/scenario") == shown)
  }

  @Test("Rules and questions that come again, in any tenant, are as they were")
  func again() async throws {
    let rule = #"{"name": "a", "times": 1, "error": 503}"#
    let question = #"{"match": {"rule": "x"}, "exactly": 1}"#
    let refusal = await control(.post, "/verify", question)
    #expect(refusal.status == 422)
    for tenant in ["", "/_t/blue", "/_t/blue"] {
      let added = await peer.send(
        .post, tenant + "/_wavetank/scenario/rules", ["Content-Type": "application/json"],
        body: rule)
      #expect(added.text == #"{"added":["a"]}"#)
      #expect(await peer.send(.get, tenant + "/ships").status == 503)
      #expect(await peer.send(.get, tenant + "/ships").status == 200)
    }
    for _ in 0..<2 {
      let verdict = await control(
        .post, "/verify", #"{"match": {"operation": "harbor.ship.list"}, "exactly": 2}"#)
      #expect(verdict.status == 200)
      #expect(try JSON(parsing: verdict.text)["holds"] == true, "\(verdict.text)")
    }
    #expect(await control(.post, "/verify", question).text == refusal.text)
    for _ in 0..<2 {
      let wrong = await peer.send(
        .post, "/_wavetank/scenario/rules", ["Content-Type": "application/json"],
        body: #"{"eror": 503}"#)
      #expect(wrong.status == 422)
    }
  }

  @Test("With keep=world only the rules change, and other tenants keep theirs")
  func keepWorld() async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"old"}"#)
    let text =
      #"{"wavetank":1,"given":{"harbor":{"ships":["new"]}},"rules":[{"times":1,"error":503}]}"#
    #expect(await control(.put, "/scenario?keep=world", text).status == 200)
    #expect(await peer.send(.get, "/ships").status == 503)
    #expect(await peer.send(.get, "/ships").text == #"["old"]"#)
    #expect(await peer.send(.get, "/_t/blue/ships").status == 200)
    _ = await control(.post, "/reset")
    #expect(await peer.send(.get, "/ships").status == 503)
    #expect(await peer.send(.get, "/ships").text == #"["new"]"#)
  }

  @Test("A scenario and rules are checked with line and column, and nothing is changed")
  func check() async throws {
    let wrong = "{\n  \"wavetank\": 1,\n  \"rulez\": []\n}"
    let found = try await json(.post, "/scenario/check", wrong)
    #expect(found["problems"]?[0]?["line"] == 3)
    #expect(found["problems"]?[0]?["column"]?.intValue ?? 0 > 0)
    #expect(try await json(.post, "/scenario/check", "{\"wavetank\": 1}") == ["problems": []])
    #expect(try await json(.post, "/scenario/check", "{")["problems"]?.arrayValue?.isEmpty == false)
    let rule = try await json(
      .post, "/scenario/check?as=rules", "{\n\"name\": \"a\", \"eror\": 503}")
    #expect(rule["problems"]?[0]?["line"] == 2)
    #expect(try await json(.get, "/scenario/rules")["rules"]?.arrayValue?.isEmpty == true)
    #expect(await control(.post, "/scenario/check?as=poem", "{}").status == 400)
  }

  @Test("A rule is moved to another place, its counts with it")
  func move() async throws {
    let three = """
      [{"name": "a", "match": {"method": "PUT"}, "error": 500}, {"name": "b", "error": 503},
      {"name": "c", "error": 500}]
      """
    _ = await control(.post, "/scenario/rules", three)
    #expect(await peer.send(.get, "/ships").status == 503)
    #expect(await control(.patch, "/scenario/rules/b", #"{"position":1}"#).status == 204)
    var rules = try await json(.get, "/scenario/rules")["rules"]?.arrayValue ?? []
    #expect(rules.map { $0["name"] } == ["b", "a", "c"])
    #expect(rules[0]["struck"] == 1)
    #expect(
      await control(.patch, "/scenario/rules/b", #"{"position":99,"enabled":false}"#).status == 204)
    rules = try await json(.get, "/scenario/rules")["rules"]?.arrayValue ?? []
    #expect(rules.map { $0["name"] } == ["a", "c", "b"])
    #expect(rules[2]["enabled"] == false)
    #expect(await control(.patch, "/scenario/rules/b", #"{"position":0}"#).status == 422)
    #expect(await control(.patch, "/scenario/rules/x", #"{"position":1}"#).status == 404)
  }

  @Test("The shipped scenarios say what each does")
  func about() async throws {
    let shipped = try await json(.get, "/scenarios")
    let about = shipped["about"]?.arrayValue ?? []
    #expect(about.map { $0["name"] } == shipped["scenarios"]?.arrayValue?.map { $0 })
    #expect(about.allSatisfy { $0["description"]?.stringValue?.isEmpty == false })
  }

  @Test("YAML is taken too, and shipped scenarios by name")
  func forms() async throws {
    #expect(await control(.put, "/scenario", "wavetank: 1\nname: y\n").status == 200)
    #expect(try await json(.get, "/scenario")["name"] == "y")
    #expect(await control(.put, "/scenario?name=demo").status == 200)
    #expect(try await json(.get, "/scenario")["name"] == "demo")
    let unknown = await control(.put, "/scenario?name=dmo")
    #expect(unknown.status == 422)
    #expect(unknown.text.contains(#"did you mean \"demo\"?"#))
  }

  static let refused: [(String, String, String, Int, String)] = [
    ("PUT", "/scenario", #"{"wavetank":1,"ruels":[]}"#, 422, "rules"),
    ("PUT", "/scenario", "{", 422, "line"),
    ("PUT", "/scenario?keep=all", #"{"wavetank":1}"#, 400, "world"),
    (
      "PUT", "/scenario", #"{"wavetank":1,"given":{"harbor":{"ships":1}}}"#, 422,
      "/given/harbor/ships"
    ),
    (
      "PUT", "/scenario", #"{"wavetank":1,"rules":[{"respond":{"file":"/etc/hostname"}}]}"#, 422,
      "on disk"
    ),
    ("PUT", "/scenario", "[1]", 422, "expected an object"),
    ("POST", "/scenario/rules", #"{"eror":500}"#, 422, "error"),
    ("POST", "/scenario/rules", "{", 400, "line"),
    ("POST", "/scenario/rules?position=mid", "{}", 400, "first, last"),
    ("POST", "/scenario/rules", #"{"where":{"x":1}}"#, 422, "unknown variable"),
    ("DELETE", "/scenario/rules/none", "", 404, "no rule"),
    ("PATCH", "/scenario/rules/none", #"{"enabled":true}"#, 404, "no rule"),
    ("PATCH", "/scenario/rules/none", #"{"on":true}"#, 422, "enabled"),
    ("POST", "/verify", "", 422, "expects nothing"),
    ("POST", "/verify", #"{"mtach":{}}"#, 422, "match"),
  ]

  @Test("What is wrong is refused, and the running world is untouched", arguments: refused)
  func isRefused(_ method: String, _ path: String, _ body: String, _ status: Int, _ text: String)
    async throws
  {
    _ = await peer.send(.post, "/ships", body: #"{"name":"old"}"#)
    let before = try await json(.get, "/scenario")
    let reply = await control(Method(method), path, body.isEmpty ? nil : body)
    #expect(reply.status == status, "\(reply.text)")
    #expect(reply.field("content-type") == "application/problem+json")
    #expect(reply.text.contains(text), "\(reply.text)")
    #expect(try await json(.get, "/scenario") == before)
    #expect(await peer.send(.get, "/ships").text == #"["old"]"#)
  }

  @Test("Rules are added, listed, switched and removed; a reset brings back the start")
  func rules() async throws {
    let added = try await json(.post, "/scenario/rules", #"{"name":"a b","error":503}"#)
    #expect(added["added"] == ["a b"])
    #expect(await peer.send(.get, "/ships").status == 503)
    let list = try await json(.get, "/scenario/rules")["rules"]
    #expect(list?[0]?["struck"] == 1)
    #expect(list?[0]?["rule"]?["error"] == 503)
    #expect(await control(.patch, "/scenario/rules/a%20b", #"{"enabled":false}"#).status == 204)
    #expect(await peer.send(.get, "/ships").status == 200)
    #expect(await control(.patch, "/scenario/rules/a%20b", #"{"enabled":true}"#).status == 204)
    #expect(await peer.send(.get, "/ships").status == 503)
    #expect(await control(.delete, "/scenario/rules/a%20b").status == 204)
    #expect(await peer.send(.get, "/ships").status == 200)
    _ = await control(.post, "/scenario/rules", #"[{"error":500}]"#)
    _ = await control(.post, "/reset")
    #expect(await peer.send(.get, "/ships").status == 200)
  }

  @Test("verify answers whether it holds, with the exchanges and near misses")
  func verify() async throws {
    _ = await peer.send(.get, "/ships")
    let good = try await json(
      .post, "/verify", #"{"match":{"operation":"harbor.ship.list"},"exactly":1}"#)
    #expect(good["holds"] == true)
    #expect(good["checks"]?[0]?["matched"] == [1])
    let bad = try await json(.post, "/verify", #"{"match":{"method":"POST"}}"#)
    #expect(bad["holds"] == false)
    #expect(bad["verdict"] == "fails")
    #expect(bad["checks"]?[0]?["nearMisses"]?[0]?["failed"] == "match.method")
  }

  @Test("GET /journal/N tells why no rule struck, rule by rule")
  func why() async throws {
    _ = await control(
      .post, "/scenario/rules",
      #"[{"name":"x","match":{"operation":"harbor.tides"}},{"name":"y","match":{"query":{"a":1}},"error":500}]"#
    )
    _ = await peer.send(.get, "/ships?a=2")
    let considered = try await json(.get, "/journal/1")["why"]?["rulesConsidered"]
    #expect(considered?[0]?["failed"] == "match.operation")
    #expect(considered?[1]?["failed"] == "match.query.a")
    #expect(considered?[1]?["found"] == #""2""#)
  }

  @Test("The schema is served")
  func schema() async throws {
    let schema = try await json(.get, "/scenario.schema.json")
    #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
    #expect(schema["$defs"]?["operationName"]?["anyOf"]?[0]?["enum"]?[0] == "harbor.ship.list")
  }
}
