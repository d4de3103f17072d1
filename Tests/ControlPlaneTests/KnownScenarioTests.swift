import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite("A scenario that comes again to the byte is the same one, started anew")
struct KnownScenarioTests {
  let peer: TestClient
  let pipeline: Pipeline

  init() throws {
    pipeline = try Pipeline(services: [SampleService()], configuration: PipelineConfiguration())
    peer = TestClient(AdminResponder(pipeline: pipeline))
  }

  private func put(_ scenario: String, in tenant: String = "default") async -> Reply {
    await peer.send(.put, "/_wavetank/scenario?tenant=\(tenant)", body: scenario)
  }

  private static func scenario(_ ship: String, more: String = "") -> String {
    #"{"wavetank": 1, "variables": {"v": 1}, "given": {"harbor": {"ships": ["\#(ship)"]}}\#(more)}"#
  }

  private static let striking =
    #", "rules": [{"name": "r", "match": {"method": "GET"}, "times": 1, "set": {"v": 2}, "error": 503}]"#

  private func question(_ text: String) -> KnownScenarios.Question {
    KnownScenarios.Question(
      "content", isShipped: false, Array(text.utf8), beside: TenantBlueprint())
  }

  @Test("World, counts and variables begin again, whatever was in force in between")
  func again() async throws {
    let (one, other) = (
      Self.scenario("one", more: Self.striking), Self.scenario("other", more: Self.striking)
    )
    for text in [one, one, other, one, other, other] {
      #expect(await put(text).status == 200)
      #expect(await peer.send(.get, "/ships").status == 503)
      let expected = text == one ? #"["one"]"# : #"["other"]"#
      #expect(await peer.send(.get, "/ships").text == expected)
      _ = await peer.send(.post, "/ships", body: #"{"name":"more"}"#)
      _ = await peer.send(
        .post, "/_wavetank/scenario/rules", body: #"{"name": "added", "error": 500}"#)
      #expect(await peer.send(.get, "/ships").status == 500)
    }
  }

  @Test("Two tenants that are given the same do not see each other")
  func tenants() async throws {
    for tenant in ["red", "blue"] {
      #expect(await put(Self.scenario("one"), in: tenant).status == 200)
    }
    _ = await peer.send(.post, "/_t/red/ships", body: #"{"name":"more"}"#)
    #expect(await peer.send(.get, "/_t/red/ships").text.contains("more"))
    #expect(await peer.send(.get, "/_t/blue/ships").text == #"["one"]"#)
  }

  @Test(
    "The text of a scenario is the same for all who have it, until one of them changes its rules")
  func texts() async throws {
    let text = Self.scenario("one", more: Self.striking)
    for tenant in ["red", "blue", "red"] { #expect(await put(text, in: tenant).status == 200) }
    func shown(_ tenant: String) async -> String {
      await peer.send(.get, "/_wavetank/scenario?tenant=\(tenant)").text
    }
    let before = await shown("blue")
    #expect(await shown("red") == before)
    let rules = "/_wavetank/scenario/rules"
    _ = await peer.send(.post, rules + "?tenant=red", body: #"{"name": "added", "error": 500}"#)
    #expect(await shown("red").contains("added"))
    #expect(await shown("blue") == before)
    #expect(await put(text, in: "red").text == before)
  }

  @Test("It is known by all that it is read as: content, strictness, seed and clock of the tenant")
  func questions() async throws {
    let text = Self.scenario("one")
    #expect(await put(text).status == 200)
    let known = pipeline.knownScenarios
    #expect(known.blueprint(question(text)) != nil)
    #expect(known.blueprint(question(text + " ")) == nil)
    let others: [TenantBlueprint] = [
      TenantBlueprint(seed: 5), TenantBlueprint(clock: .init(.manual)),
      TenantBlueprint(isStrict: true),
    ]
    for other in others {
      #expect(
        known.blueprint(
          KnownScenarios.Question("content", isShipped: false, Array(text.utf8), beside: other))
          == nil)
    }
    #expect(
      known.blueprint(
        KnownScenarios.Question(
          "content", isShipped: true, Array(text.utf8), beside: TenantBlueprint())) == nil)
  }

  @Test("What is refused is refused each time, and what is large or long ago is read again")
  func limits() async throws {
    let wrong = Self.scenario("one", more: #", "rulez": []"#)
    for _ in 0..<2 { #expect(await put(wrong).status == 422) }
    let large = Self.scenario("one") + String(repeating: " ", count: 20_000)
    for _ in 0..<2 { #expect(await put(large).status == 200) }
    #expect(pipeline.knownScenarios.blueprint(question(large)) == nil)
    for number in 0..<20 { #expect(await put(Self.scenario("s\(number)")).status == 200) }
    #expect(pipeline.knownScenarios.blueprint(question(Self.scenario("s0"))) == nil)
    #expect(pipeline.knownScenarios.blueprint(question(Self.scenario("s19"))) != nil)
    #expect(await put(Self.scenario("s0")).status == 200)
    #expect(await peer.send(.get, "/ships").text == #"["s0"]"#)
  }
}
