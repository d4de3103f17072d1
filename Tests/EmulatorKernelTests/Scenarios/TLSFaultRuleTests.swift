import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

@Suite("Rules about connections (DESIGN §13)")
struct TLSFaultRuleTests {
  private static func arrival(
    _ host: String = "api.harbor.example", user: String? = nil, connection: UInt64 = 1
  ) -> TLSArrival {
    TLSArrival(host: host, proxyUser: user, connectionID: connection, peer: .none)
  }

  private static func faults(
    _ harness: ScenarioHarness, _ count: Int, host: String = "api.harbor.example"
  ) -> [String] {
    (1...count).map { number in
      harness.pipeline.fault(for: arrival(host, connection: UInt64(number)))?.name ?? "-"
    }
  }

  static let values: [(JSON, TLSFault)] =
    TLSFault.plain.map { (.string($0.name), $0) }
    + [(["alert": 40], .alert(40)), (["alert": 255], .alert(255)), (["alert": 1], .alert(1))]

  @Test("Every fault comes to the connection as a value", arguments: values)
  func value(_ text: JSON, _ fault: TLSFault) throws {
    let harness = try ScenarioHarness(rule: ["fault": ["tls": text]])
    #expect(harness.pipeline.fault(for: Self.arrival()) == fault)
  }

  static let counted: [(JSON, [String])] = [
    (["times": 2], ["expired", "expired", "-", "-"]),
    (["skip": 1, "times": 1], ["-", "expired", "-", "-"]),
    (["every": 2], ["-", "expired", "-", "expired"]),
    (["probability": 0], ["-", "-", "-", "-"]),
    (["per": "connection", "times": 1], ["expired", "expired", "expired", "expired"]),
    (["enabled": false], ["-", "-", "-", "-"]),
    (["where": ["calm": true]], ["-", "-", "-", "-"]),
    (["set": ["calm": true], "where": ["calm": ["present": false]]], ["expired", "-", "-", "-"]),
    (["between": ["1h", "2h"]], ["-", "-", "-", "-"]),
  ]

  @Test("Each connection counts once, by the rules of all rules", arguments: counted)
  func counts(_ more: JSON, _ expected: [String]) throws {
    var rule: JSONObject = ["fault": ["tls": "expired"]]
    for (key, value) in more.objectValue?.members ?? [] { rule[key] = value }
    let harness = try ScenarioHarness([
      "wavetank": 1, "variables": more["set"] == nil ? ["calm": false] : [:],
      "rules": [.object(rule)],
    ])
    #expect(Self.faults(harness, 4) == expected)
  }

  @Test("A sequence gives each connection its own, and then what it ends with")
  func sequence() throws {
    let harness = try ScenarioHarness(
      rule: [
        "sequence": [
          ["fault": ["tls": "expired"], "times": 2], ["pass": true],
          ["fault": ["tls": ["alert": 48]]],
        ]
      ])
    #expect(Self.faults(harness, 5) == ["expired", "expired", "-", "alert 48", "-"])
  }

  static let matched: [(JSON, String, Bool)] = [
    (["host": "api.harbor.example"], "api.harbor.example", true),
    (["host": "API.Harbor.example"], "api.harbor.example", true),
    (["host": "api.harbor.example"], "localhost", false),
    (["host": "*.harbor.example"], "api.harbor.example", true),
    (["host": ["regex": "^api"]], "api.harbor.example", true),
    (["host": ["any": ["a", "localhost"]]], "localhost", true),
    (["host": ["any": ["a", "LOCALHOST"]]], "localhost", true),
    (["host": ["not": "API.Harbor.example"]], "api.harbor.example", false),
    (["host": ["glob": "*.Harbor.example"]], "api.harbor.example", true),
    (["host": "api.harbor.example."], "api.harbor.example", true),
    (["host": "::1"], "::1", true), (["host": "[::1]"], "::1", true),
    (["host": "127.0.0.1"], "127.0.0.1", true),
    (["service": "harbor"], "api.harbor.example", true),
    (["service": "harbor"], "ada.localhost", true),
    // Whose that is shows only in a request.
    (["service": "harbor"], "127.0.0.1", false),
    (["tenant": "default"], "127.0.0.1", true), (["tenant": "blue"], "127.0.0.1", false),
    (["service": "harbor", "host": "ada.localhost"], "api.harbor.example", false),
  ]

  @Test("Host, service and tenant must hold", arguments: matched)
  func matching(_ match: JSON, _ host: String, _ isStruck: Bool) throws {
    let harness = try ScenarioHarness(rule: ["match": match, "fault": ["tls": "reset"]])
    #expect((harness.pipeline.fault(for: Self.arrival(host)) != nil) == isStruck)
  }

  @Test("The tenant is the proxy's user, else the host's, else the default one; no name is none")
  func tenant() throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["tenant": "blue"], "fault": ["tls": "reset"]])
    let pipeline = harness.pipeline
    #expect(pipeline.fault(for: Self.arrival(user: "blue")) == .reset)
    #expect(pipeline.fault(for: Self.arrival("blue.tenant.localhost")) == .reset)
    #expect(pipeline.fault(for: Self.arrival(user: "red")) == nil)
    #expect(pipeline.fault(for: Self.arrival(user: "no name")) == nil)
    #expect(pipeline.fault(for: Self.arrival()) == nil)
    #expect(pipeline.tenants.find("blue")?.journal.status.total == 2)
    #expect(pipeline.tenants.find("blue")?.tenant.uses.isNone == true)
  }

  @Test("The journal tells of the connection, which is no request")
  func journal() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "old", "match": ["host": "*.example"], "times": 1, "fault": ["tls": "expired"]],
        ["name": "slow", "delay": "1ms", "continue": true],
      ],
    ])
    #expect(harness.pipeline.fault(for: Self.arrival(connection: 7)) == .expired)
    let entry = try #require(harness.live.journal.entry(1))
    #expect(entry.isConnection && entry.fault?.name == "tls expired" && entry.rules == ["old"])
    #expect("\(entry.method.name) \(entry.target.text)" == "TLS https://api.harbor.example")
    #expect(entry.status == nil && entry.ending == .fault && entry.exchange.connectionID == 7)
    #expect(harness.pipeline.metrics.faultCounts.map(\.kind) == ["tls expired"])
    // Requests are asked about the other rule only.
    let reply = await harness.peer.send(.get, "/ships", ["Host": "api.harbor.example"])
    #expect(reply.status == 200 && reply.field("x-wavetank-rule") == "slow")
    let why = try #require(harness.live.journal.entry(2)).trace?.explained(
      for: harness.pipeline.subject(
        of: try #require(harness.live.journal.entry(2)), in: harness.live))
    #expect(why?["rulesConsidered"]?.arrayValue?.count == 1)
    let verifier = Verifier(pipeline: harness.pipeline, live: harness.live)
    var expectation = Expectation()
    expectation.rules = [("old", CountExpectation(exactly: 1))]
    expectation.unmatched = CountExpectation(exactly: 0)
    expectation.requests = [
      .init(match: RequestMatch(), count: CountExpectation(exactly: 1)),
      .init(
        match: RequestMatch([.host(.equal("api.harbor.example"))]),
        count: CountExpectation(exactly: 1)),
    ]
    let report = verifier.check(expectation)
    #expect(report.checks.allSatisfy { $0.verdict == .holds }, "\(report.checks)")
  }

  @Test("Requests, too, are matched by their host, without its port")
  func requestHost() async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["host": "api.harbor.example"], "error": 503])
    let hosts = [
      "api.harbor.example", "API.harbor.example:443", "api.harbor.example.",
      "api.harbor.example.:80", "localhost", "[::1]:80",
    ]
    var statuses: [Int] = []
    for host in hosts {
      statuses.append(await harness.peer.send(.get, "/ships", ["Host": host]).status)
    }
    #expect(statuses == [503, 503, 503, 503, 200, 200])
  }

  private static let tls: JSON = ["tls": "expired"]
  static let refused: [(JSON, String, String)] = [
    (["fault": ["tls": "old"]], "/rules/0/fault/tls", "unknown value"),
    (["fault": ["tls": ["alert": 0]]], "/rules/0/fault/tls/alert", "from 1 to 255"),
    (["fault": ["tls": ["alert": 256]]], "/rules/0/fault/tls/alert", "from 1 to 255"),
    (["fault": ["tls": [:]]], "/rules/0/fault/tls", #""alert" is missing"#),
    (["fault": ["tls": true]], "/rules/0/fault/tls", "one of"),
    (["fault": "tls"], "/rules/0/fault", #"needs settings, such as {"tls":"expired"}"#),
    (
      ["fault": tls, "match": ["operation": "harbor.ship.list"]], "/rules/0/match/operation",
      "before any request"
    ),
    (
      ["fault": tls, "match": ["path": "/ships"]], "/rules/0/match/path", "host, service and tenant"
    ),
    (["fault": tls, "match": ["method": "GET"]], "/rules/0/match/method", "before any request"),
    (["fault": tls, "match": ["credential": "k"]], "/rules/0/match/credential", "before any"),
    (["fault": tls, "match": ["header": ["a": "b"]]], "/rules/0/match/header", "before any"),
    (["fault": tls, "per": "resource"], "/rules/0/per", "connection"),
    (["fault": tls, "per": "credential"], "/rules/0/per", "connection"),
    (["fault": tls, "delay": "1s"], "/rules/0/delay", "no answer"),
    (["fault": tls, "after": true], "/rules/0/after", "no answer"),
    (["fault": tls, "emit": ["advance": ["by": "1s"]]], "/rules/0/emit", "no answer"),
    (
      ["sequence": [["fault": tls], ["error": 503]]], "/rules/0/sequence/1", "strike connections"
    ),
    (
      ["sequence": [["fault": tls, "delay": "1s"]]], "/rules/0/sequence/0/delay", "no answer"
    ),
    (
      ["sequence": [["fault": tls]], "match": ["path": "/"]], "/rules/0/match/path", "before any"
    ),
    (["match": ["host": "a.example:443"]], "/rules/0/match/host", "a host alone"),
    (["match": ["host": "https://a.example"]], "/rules/0/match/host", "a host alone"),
    (["fault": tls, "match": ["host": 5]], "/rules/0/match/host", "found 5"),
    (["match": ["host": ["any": ["a", true]]]], "/rules/0/match/host", "found true"),
    (["match": ["host": ["not": ["equal": 5]]]], "/rules/0/match/host", "found 5"),
  ]

  @Test("What cannot hold together is refused with its place", arguments: refused)
  func refusal(_ rule: JSON, _ place: String, _ reason: String) throws {
    let error = #expect(throws: ScenarioProblems.self) { try ScenarioHarness(rule: rule) }
    let found = error?.problems ?? []
    #expect(found.contains { $0.pointer == place && $0.message.contains(reason) }, "\(found)")
  }
}
