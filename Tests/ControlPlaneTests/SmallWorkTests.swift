import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

/// A call that may take long is dealt with off the loop, unless what it reaches is small.
@Suite("What of the control API is done at once")
struct SmallWorkTests {
  struct Call: Sendable, CustomTestStringConvertible {
    var method: Method
    var path: String
    var body = ""
    var testDescription: String { "\(method.name) \(path) \(body)" }
  }

  private static func responder(ships: Int) throws -> AdminResponder {
    let names = (0..<ships).map { JSON.string("ship-\($0)") }
    return AdminResponder(
      pipeline: try Pipeline(
        services: [SampleService()],
        configuration: PipelineConfiguration(
          blueprint: TenantBlueprint(given: ["harbor": ["ships": .array(names)]]))))
  }

  private static func isAtOnce(_ call: Call, _ responder: AdminResponder) -> Bool {
    let content = Array(call.body.utf8)
    let request = TestClient.request(
      call.method, "/_wavetank" + call.path, Fields(), content.isEmpty ? nil : content)
    var exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
    var answer = responder.respond(to: request, exchange: &exchange)
    if case .collect(_, let then) = answer { answer = then(.complete(content)) }
    if case .now = answer { return true }
    return false
  }

  private static let ofWorld = [
    Call(method: .get, path: "/state"), Call(method: .get, path: "/state/harbor"),
    Call(method: .get, path: "/inventory"),
    Call(method: .post, path: "/emit", body: #"{"sink":"ship-0"}"#),
    Call(method: .post, path: "/reset"),
  ]
  private static let ofJournal = [
    Call(method: .get, path: "/journal"), Call(method: .get, path: "/journal.har"),
    Call(
      method: .post, path: "/verify", body: #"{"match":{"operation":"*"},"atLeast":0}"#),
    Call(method: .delete, path: "/journal"), Call(method: .post, path: "/reset"),
  ]
  private static let others = [
    Call(method: .get, path: "/journal/1"), Call(method: .get, path: "/scenario"),
    Call(method: .get, path: "/scenario/rules"), Call(method: .get, path: "/tenants"),
    Call(method: .post, path: "/scenario/check", body: #"{"rules":[]}"#),
  ]

  @Test("Of a small world, a short journal and few rules", arguments: ofWorld + ofJournal + others)
  func small(_ call: Call) throws {
    #expect(Self.isAtOnce(call, try Self.responder(ships: 3)))
  }

  @Test("Not of a large world", arguments: ofWorld)
  func largeWorld(_ call: Call) throws {
    #expect(!Self.isAtOnce(call, try Self.responder(ships: 8_000)))
  }

  @Test("Not of a long journal", arguments: ofJournal)
  func longJournal(_ call: Call) async throws {
    let responder = try Self.responder(ships: 3)
    let client = TestClient(responder)
    for _ in 0..<65 { _ = await client.send(.get, "/ships/ship-0") }
    #expect(!Self.isAtOnce(call, responder))
  }

  @Test("Not of many rules or many tenants", arguments: ["/scenario/rules", "/tenants"])
  func many(_ path: String) async throws {
    let responder = try Self.responder(ships: 3)
    let client = TestClient(responder)
    let rules: [JSON] = (0..<70).map { ["name": .string("rule-\($0)"), "error": 503, "times": 1] }
    let added = await client.send(
      .post, "/_wavetank/scenario/rules", body: JSON.array(rules).text)
    #expect(added.status == 201, "\(added.text)")
    for number in 0..<110 { _ = await client.send(.get, "/_t/t-\(number)/ships/ship-0") }
    #expect(!Self.isAtOnce(Call(method: .get, path: path), responder))
  }

  @Test("Not of a rule with a long answer", arguments: ["/scenario/rules", "/scenario"])
  func longRule(_ path: String) async throws {
    let responder = try Self.responder(ships: 3)
    let body = String(repeating: "x", count: 100_000)
    let rule: JSON = ["name": "long", "respond": ["status": 200, "text": .string(body)]]
    let added = await TestClient(responder).send(
      .post, "/_wavetank/scenario/rules", body: rule.text)
    #expect(added.status == 201, "\(added.text)")
    #expect(!Self.isAtOnce(Call(method: .get, path: path), responder))
  }

  @Test(
    "Not what may take long whatever the sizes are",
    arguments: [
      Call(
        method: .post, path: "/verify", body: #"{"match":{"path":{"regex":"a"}},"atLeast":0}"#),
      Call(
        method: .post, path: "/verify",
        body: #"{"match":{"path":{"re\u0067ex":"a"}},"atLeast":0}"#),
      Call(method: .post, path: "/verify"),
      Call(method: .post, path: "/emit", body: #"{"advance":"1h"}"#),
      Call(
        method: .post, path: "/scenario/check",
        body: #"{"rules":[]}"# + String(repeating: " ", count: 600)),
    ])
  func unbounded(_ call: Call) throws {
    #expect(!Self.isAtOnce(call, try Self.responder(ships: 3)))
  }
}
