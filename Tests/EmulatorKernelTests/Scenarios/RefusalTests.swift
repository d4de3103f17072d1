import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@testable import EmulatorKernel
@testable import Scenarios

/// The fault `refuse` (DESIGN §7): a server that is down for a while, for one tenant and for what one
/// rule matches.
@Suite("Refusals")
struct RefusalTests {
  /// The wall's time, as the test wants it.
  private final class Wall: Sendable {
    private let time = Mutex(VirtualInstant(seconds: 5_000))
    func move(by duration: Duration) { time.withLock { $0 = $0 + duration } }
    var read: VirtualClock.WallTime { { self.time.withLock { $0 } } }
  }

  private let wall = Wall()

  private func harness(_ rule: JSON, _ more: JSON...) throws -> ScenarioHarness {
    try ScenarioHarness(
      ["wavetank": 1, "rules": .array([rule] + more), "expect": ["rules": ["down": 1]]],
      wall: wall.read)
  }

  private static let once: JSON = [
    "name": "down", "match": ["operation": "harbor.ship.list"], "times": 1,
    "fault": ["refuse": ["for": "2s"]],
  ]

  /// Whether a request is closed without a byte.
  private func isRefused(
    _ harness: ScenarioHarness, _ method: Method = .get, _ target: String = "/ships",
    tenant: String = "default", body: String? = nil
  ) async -> Bool {
    let reply = await harness.peer.send(
      method, target, ["X-Wavetank-Tenant": tenant], body: body)
    return reply.response.delivery.fault?.name == "refuse"
  }

  @Test("Once struck, what the rule matches is refused for that long on wall time, then served")
  func lasts() async throws {
    let harness = try harness(Self.once)
    for _ in 0..<3 { #expect(await isRefused(harness)) }
    wall.move(by: .milliseconds(1_999))
    #expect(await isRefused(harness))
    wall.move(by: .milliseconds(1))
    for _ in 0..<3 { #expect(await !isRefused(harness)) }
  }

  @Test("The tenant's clock does not shorten or prolong it")
  func tenantClock() async throws {
    let harness = try harness(Self.once)
    #expect(await isRefused(harness))
    let tenant = harness.live.tenant
    tenant.advance(to: tenant.clock.now + .seconds(3_600))
    #expect(await isRefused(harness))
    wall.move(by: .seconds(2))
    #expect(await !isRefused(harness))
  }

  @Test("Other operations, other tenants and requests of no operation are served meanwhile")
  func nobodyElse() async throws {
    let harness = try harness(Self.once)
    #expect(await isRefused(harness))
    #expect(await harness.peer.send(.post, "/ships", body: #"{"name":"a"}"#).status == 201)
    #expect(await harness.peer.send(.get, "/ships/a").status == 200)
    #expect(await harness.peer.send(.get, "/nowhere").status == 404)
    // A tenant of its own meets its own rule, from the beginning.
    #expect(await isRefused(harness, tenant: "blue"))
    wall.move(by: .seconds(1))
    #expect(await isRefused(harness, tenant: "green"))
    wall.move(by: .milliseconds(1_500))
    #expect(await !isRefused(harness, tenant: "blue"))
    #expect(await isRefused(harness, tenant: "green"))
  }

  @Test("It counts as one strike, and the journal says of each request why it was refused")
  func counted() async throws {
    let harness = try harness(Self.once)
    for _ in 0..<4 { #expect(await isRefused(harness)) }
    let counts = try harness.engine().strikeCounts
    #expect(counts.map(\.struck) == [1] && counts.map(\.reached) == [1])
    let entries = harness.live.journal.entries
    #expect(entries.count == 4 && entries.allSatisfy { $0.rules == ["down"] })
    let last = try #require(entries.last?.trace?.explained())
    #expect(last["rulesConsidered"]?[0]?["outcome"] == "still refused since it struck")
    #expect(last["rulesStruck"] == ["down"])
  }

  @Test("Reset, and taking the rule away, off or anew, end it")
  func ends() async throws {
    let ends: [(name: String, (ScenarioHarness) throws -> Void)] = [
      ("reset", { try $0.live.reset() }),
      ("remove", { _ = try $0.engine().removeRule("down") }),
      ("disable", { try $0.engine().setRule("down", isEnabled: false) }),
      (
        "replace",
        {
          _ = try $0.engine().add([
            "name": "down", "match": ["operation": "harbor.ship.list"], "pass": true,
          ])
        }
      ),
    ]
    for (name, end) in ends {
      // With a fault that strikes once more after a reset: that is what a reset means.
      let harness = try harness([
        "name": "down", "match": ["operation": "harbor.ship.list"], "skip": 1, "times": 1,
        "fault": ["refuse": ["for": "1m"]],
      ])
      #expect(await !isRefused(harness))
      #expect(await isRefused(harness))
      try end(harness)
      #expect(await !isRefused(harness), "\(name)")
    }
  }

  @Test("A snapshot does not bring it back")
  func snapshot() async throws {
    let harness = try harness(Self.once)
    #expect(await isRefused(harness))
    let engine = try harness.engine()
    let saved = engine.saved()
    try engine.prepareRestore(SavedRules(reading: saved)).putInForce()
    #expect(await !isRefused(harness))
  }

  @Test("A wall clock that is set back does not prolong it")
  func clockSetBack() async throws {
    let harness = try harness(Self.once)
    #expect(await isRefused(harness))
    wall.move(by: .seconds(-3_600))
    #expect(await !isRefused(harness))
  }

  @Test("A step of a sequence refuses for its time, too")
  func sequence() async throws {
    let harness = try harness([
      "name": "down", "match": ["operation": "harbor.ship.list"],
      "sequence": [["fault": ["refuse": ["for": "1s"]]], ["error": 503]],
    ])
    for _ in 0..<3 { #expect(await isRefused(harness)) }
    wall.move(by: .seconds(1))
    #expect(await harness.peer.send(.get, "/ships").status == 503)
  }

  @Test("Longer than a minute is refused by the check, with a sentence", arguments: ["61s", "2h"])
  func tooLong(_ duration: String) throws {
    let error = #expect(throws: ScenarioProblems.self) {
      _ = try harness(["name": "down", "fault": ["refuse": ["for": .string(duration)]]])
    }
    #expect(error?.problems.count == 1)
    #expect(error?.problems.first?.pointer == "/rules/0/fault/refuse/for")
    #expect(error?.problems.first?.message.contains("at most 1m") == true)
  }

  // MARK: What is decided at the head

  private func answer(
    _ harness: ScenarioHarness, _ target: String = "/ships", expects: Bool = false
  ) -> Answer {
    var fields = Fields(["Host": "a"])
    if expects { fields.append("Expect", "100-continue") }
    let request = Request(
      method: .post, target: RequestTarget(target), fields: fields, framing: .length(5))
    var exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
    return harness.pipeline.respond(to: request, exchange: &exchange)
  }

  @Test("Content is not read for a refusal, unless some rule looks at it")
  func atTheHead() throws {
    let rule: JSON = [
      "name": "down", "match": ["operation": "harbor.ship.create"], "fault": "refuse",
    ]
    guard case .now(let response) = answer(try harness(rule)) else {
      Issue.record("waits for content")
      return
    }
    #expect(response.delivery.fault == .refuse(for: .seconds(1)))
    let looking: JSON = [
      "match": ["operation": "harbor.ship.create", "body": ["text": ["contains": "a"]]],
      "error": 500,
    ]
    guard case .collect(_, let then) = answer(try harness(rule, looking)),
      case .now(let late) = then(.complete([]))
    else {
      Issue.record("does not wait for content")
      return
    }
    #expect(late.delivery.fault == .refuse(for: .seconds(1)))
  }

  @Test("A rule's answer is not worth a 100 (Continue) when no rule looks at the content")
  func noContinue() throws {
    let rule: JSON = ["name": "down", "match": ["operation": "harbor.ship.create"], "error": 503]
    guard case .now(let response) = answer(try harness(rule), expects: true) else {
      Issue.record("asks for content")
      return
    }
    #expect(response.status.code == 503)
    guard case .collect = answer(try harness(rule)) else {
      Issue.record("without the expectation content is collected as ever")
      return
    }
    let template: JSON = [
      "name": "down", "match": ["operation": "harbor.ship.create"],
      "respond": ["status": 200, "text": "{{request.text}}"],
    ]
    guard case .collect = answer(try harness(template), expects: true) else {
      Issue.record("a template needs the content")
      return
    }
  }

  @Test("Rules decide once about a request, at its head or behind its content")
  func decidesOnce() throws {
    let harness = try harness([
      "name": "down", "match": ["operation": "harbor.ship.create"], "delay": "1ms", "times": 5,
    ])
    guard case .collect(_, let then) = answer(harness, expects: true),
      case .now(let response) = then(.complete(Array(#"{"name":"a"}"#.utf8)))
    else {
      Issue.record("no content asked for")
      return
    }
    #expect(response.status.code == 201 && response.delivery.delay == .milliseconds(1))
    #expect(try harness.engine().strikeCounts.map(\.struck) == [1])
  }
}
