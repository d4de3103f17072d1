import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@testable import SteamshipEmulator

@Suite("Places outside that a client names are called for callers on this machine only")
struct OutboundTests {
  /// Somebody who sends requests.
  struct Sender: Sendable, CustomTestStringConvertible {
    var name: String
    var peer = PeerAddress.none
    var fields: [(String, String)] = []
    var isLocal = false
    var testDescription: String { name }

    static let elsewhere = PeerAddress(host: "192.0.2.7", port: 9, isLoopback: false)
    static let program = Sender(name: "a program on this machine", isLocal: true)
    static let stranger = Sender(name: "a stranger", peer: elsewhere)

    static let all = [
      program,
      Sender(
        name: "our own page",
        fields: [("Origin", "http://127.0.0.1:7070"), ("Sec-Fetch-Site", "none")],
        isLocal: true),
      Sender(
        name: "a client with a fixed base URL", fields: [("Host", "ada.steamship.run")],
        isLocal: true),
      stranger,
      Sender(name: "a page of another site", fields: [("Origin", "https://evil.example")]),
      Sender(name: "a frame without an origin", fields: [("Origin", "null")]),
      Sender(name: "a page's image", fields: [("Sec-Fetch-Site", "cross-site")]),
      Sender(name: "a page of a neighbour's port", fields: [("Sec-Fetch-Site", "same-site")]),
      Sender(
        name: "a page that rebound its name",
        fields: [("Host", "evil.example:7070"), ("Origin", "http://evil.example:7070")]),
      Sender(name: "somebody behind a front", fields: [("X-Forwarded-Proto", "https")]),
      Sender(
        name: "somebody with two origins",
        fields: [("Origin", "http://127.0.0.1:7070"), ("Origin", "https://evil.example")]),
      Sender(name: "another Wavetank", fields: [("X-Wavetank-Outbound", "1")]),
    ]
  }

  /// What was called.
  final class Outside: Sendable {
    let calls = Mutex<[OutboundRequest]>([])
    var count: Int { calls.withLock { $0.count } }

    func answer(_ request: OutboundRequest) -> OutboundResponse {
      calls.withLock { $0.append(request) }
      return OutboundResponse(
        status: 200, fields: Fields(["Content-Type": "text/plain"]), content: Array("seen".utf8))
    }
  }

  let outside = Outside()

  func harness(
    given: JSON? = nil, allowance: OutboundAllowance = .local, scenario: OutboundAllowance = .local
  ) throws -> ServiceHarness {
    try ServiceHarness(
      SteamshipService(
        outbound: { [outside] in .success(outside.answer($0)) }, allowance: allowance),
      given: given, mode: .skip, outbound: scenario)
  }

  func send(
    _ harness: ServiceHarness, _ sender: Sender, _ name: String, _ body: JSON = [:],
    fields: [(String, String)] = [], parameters: [String: String] = [:]
  ) async throws -> Reply {
    try await harness.send(
      name, body, fields: sender.fields + fields, parameters: parameters, from: sender.peer)
  }

  func makeInstance(_ harness: ServiceHarness, _ sender: Sender, _ handle: String) async throws {
    let made = try await send(
      harness, sender, "package.instance.create",
      [
        "packageHandle": "hello-world", "handle": .string(handle),
        "localDevelopmentURL": "http://127.0.0.1:9/_wavetank",
      ])
    #expect(
      made.status == 200, "the address may be kept: a client can call it by itself (contract §5.6)")
  }

  func invoke(_ harness: ServiceHarness, _ sender: Sender, _ handle: String) async throws
    -> Reply
  {
    try await send(
      harness, sender, "package.invoke", ["name": "Ada"],
      parameters: ["workspace": "default", "instance": handle, "path": "scenario/rules"])
  }

  @Test("A call is forwarded for a local caller alone (DESIGN §9, §10)", arguments: Sender.all)
  func forwarding(_ sender: Sender) async throws {
    let harness = try harness()
    try await makeInstance(harness, sender, "one")
    let answer = try await invoke(harness, sender, "one")
    #expect((answer.status == 200) == sender.isLocal, "\(answer)")
    #expect(outside.count == (sender.isLocal ? 1 : 0))
  }

  @Test("Whoever names the place must be local, and whoever wants it called", arguments: Sender.all)
  func bothHaveToBe(_ sender: Sender) async throws {
    guard !sender.isLocal else { return }
    let harness = try harness()
    try await makeInstance(harness, sender, "theirs")
    #expect(try await invoke(harness, .program, "theirs").status != 200)
    try await makeInstance(harness, .program, "ours")
    #expect(try await invoke(harness, sender, "ours").status != 200)
    #expect(outside.count == 0)
    #expect(try await invoke(harness, .program, "ours").status == 200)
  }

  @Test("A task keeps who asked for it, and a look by another does not change that")
  func tasks() async throws {
    let harness = try harness()
    try await makeInstance(harness, .program, "one")
    let payload: JSON = [
      "instanceHandle": "one",
      "payload": ["httpVerb": "POST", "invocationPath": "x", "arguments": [:]],
    ]
    for name in ["package.instance.invoke", "package.invoke"] {
      let asked = try await send(
        harness, .stranger, name, payload, fields: [("X-Task-Background", "true")],
        parameters: ["workspace": "default", "instance": "one", "path": "x"])
      let id = asked.json["status"]?["taskId"]?.stringValue ?? ""
      for _ in 0..<200 {
        let status = try await send(harness, .program, "task.status", ["taskId": .string(id)])
        let json = status.json["status"]
        guard json?["state"] != "failed" else {
          #expect(json?["statusCode"] == "OutboundNotAllowed")
          break
        }
        #expect(json?["state"] != "succeeded")
        await Task.yield()
      }
    }
    #expect(outside.count == 0)
  }

  @Test("A URL to fetch is fetched for a local caller alone (contract §2.2)", arguments: Sender.all)
  func fetching(_ sender: Sender) async throws {
    let harness = try harness()
    let file = try await harness.data("file.create", ["type": "none"])
    let made = try await send(
      harness, sender, "block.create",
      [
        "fileId": file["file"]?["id"] ?? .null, "uploadType": "url",
        "url": "http://127.0.0.1:9/_wavetank/tenants",
      ])
    #expect((made.status == 200) == sender.isLocal, "\(made)")
    #expect(
      made.text.contains("OutboundNotAllowed")
        == (!sender.isLocal && sender.name != "another Wavetank"))
    #expect(outside.count == (sender.isLocal ? 1 : 0))
  }

  @Test("The command line or the scenario can allow it to everybody, or to nobody")
  func allowances() async throws {
    let cases: [(OutboundAllowance, OutboundAllowance, stranger: Bool, program: Bool)] = [
      (.local, .local, false, true), (.any, .local, true, true), (.local, .any, true, true),
      (.none, .any, false, false), (.any, .none, false, false),
    ]
    for (flag, scenario, stranger, program) in cases {
      let harness = try harness(allowance: flag, scenario: scenario)
      for (sender, isAllowed) in [(Sender.stranger, stranger), (.program, program)] {
        try await makeInstance(harness, sender, "of-\(isAllowed)-\(sender.isLocal)")
        let answer = try await invoke(harness, sender, "of-\(isAllowed)-\(sender.isLocal)")
        #expect((answer.status == 200) == isAllowed, "\(flag) \(scenario) \(sender)")
      }
      let wavetank = try #require(Sender.all.last)
      try await makeInstance(harness, wavetank, "loop")
      #expect(try await invoke(harness, wavetank, "loop").status != 200)
    }
  }

  @Test("A place that the scenario names is its author's: called for everybody, but in no circle")
  func scripted() async throws {
    let harness = try harness(given: [
      "workspaces": [["handle": "default", "instances": [["package": "far", "handle": "far"]]]],
      "packages": [["handle": "far", "forward": "http://127.0.0.1:9"]],
    ])
    _ = try await harness.data("account.current")
    #expect(try await invoke(harness, .stranger, "far").status == 200)
    #expect(outside.count == 1)
    #expect(try await invoke(harness, try #require(Sender.all.last), "far").status == 508)
    #expect(outside.count == 1)
  }
}
