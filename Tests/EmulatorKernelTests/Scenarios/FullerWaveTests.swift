import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

/// What rules can say since users of other mock servers have asked for it.
@Suite("Fuller waves")
struct FullerWaveTests {
  // MARK: Reasons and closing

  @Test("A reason stands behind the status, of an error and of an answer; it is one line")
  func saysReasons() async throws {
    for (effect, code) in [
      (["error": ["status": 503, "reason": "Out Of Coal\r\nX: {{request.method}}"]], 503),
      (["respond": ["status": 299, "reason": "Out Of Coal\r\nX: {{request.method}}"]], 299),
    ] as [(JSON, Int)] {
      let reply = await (try ScenarioHarness(rule: effect)).peer.send(.get, "/ships")
      #expect(reply.status == code)
      let reason = reply.response.status.reason
      #expect(reason.hasPrefix("Out Of Coal") && reason.hasSuffix("X: GET"), "\(reason)")
      #expect(!reason.utf8.contains(0x0D) && !reason.utf8.contains(0x0A))
    }
  }

  @Test("A connection ends behind an answer, in a rule and in a step")
  func closes() async throws {
    for (value, announced, silent) in [
      (true, true, false), ("announced", true, false), ("silent", false, true),
    ] as [(JSON, Bool, Bool)] {
      for rule in [["close": value], ["sequence": [["close": value]]]] as [JSON] {
        let harness = try ScenarioHarness(rule: rule)
        let reply = await harness.peer.send(.get, "/ships")
        #expect(reply.text == "[]")
        #expect(reply.response.delivery.closesConnection == announced)
        #expect(reply.response.delivery.closesSilently == silent)
      }
    }
    #expect(throws: ScenarioProblems.self) { try ScenarioHarness(rule: ["close": false]) }
    #expect(throws: ScenarioProblems.self) { try ScenarioHarness(rule: ["close": "soon"]) }
  }

  // MARK: Twice

  @Test("A request that comes twice is worked on twice; the second answer goes out")
  func comesTwice() async throws {
    let harness = try ScenarioHarness(
      rule: ["name": "again", "match": ["method": "POST"], "times": 1, "twice": true])
    let reply = await harness.peer.send(.post, "/ships", body: #"{"name": "a"}"#)
    let alone = await harness.peer.send(.post, "/ships", body: #"{"name": "b"}"#)
    #expect(reply.field("x-wavetank-rule") == "again" && alone.field("x-wavetank-rule") == nil)
    let once = try ScenarioHarness(["wavetank": 1])
    var statuses: [Int] = []
    for _ in 0..<2 {
      statuses.append(await once.peer.send(.post, "/ships", body: #"{"name": "a"}"#).status)
    }
    _ = await once.peer.send(.post, "/ships", body: #"{"name": "b"}"#)
    #expect(reply.status == statuses[1])
    let (left, right) = (
      await harness.peer.send(.get, "/ships").text, await once.peer.send(.get, "/ships").text
    )
    #expect(left == right)
    #expect(harness.live.journal.entry(1)?.rules == ["again"])
  }

  @Test("What would stream past comes twice, too, up to as much as others may have")
  func streamsTwice() async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["method": "PUT"], "times": 1, "twice": true])
    let bytes = Array("abc".utf8)
    let request = TestClient.request(.put, "/ships/a/cargo", Fields(), bytes)
    let reply = await harness.peer.send(request, bytes)
    let once = await (try ScenarioHarness(["wavetank": 1])).peer.send(request, bytes)
    #expect(reply.status == once.status && reply.text == once.text)
  }

  @Test(
    "What is not asked of the service cannot come twice",
    arguments: [
      ["error": 503, "twice": true], ["respond": ["status": 200], "twice": true],
      ["fault": "empty", "twice": true], ["fault": ["tls": "expired"], "twice": true],
      ["fault": ["reset": ["on": "request"]], "twice": true],
    ] as [JSON])
  func refusesTwice(_ rule: JSON) {
    let error = #expect(throws: ScenarioProblems.self) { try ScenarioHarness(rule: rule) }
    #expect(error?.problems.first?.pointer == "/rules/0/twice", "\(error?.text ?? "")")
  }

  // MARK: Tables

  static let tables: [(content: String, cells: JSON, patched: String?)] = [
    (
      "Id,Status\n1,Success\n2,Running\n", ["Status": "Errored"],
      "Id,Status\n1,Errored\n2,Errored\n"
    ),
    (
      "\"A \"\"x\"\"\",Status\r\n\"1,\n2\",ok", ["A \"x\"": "a,b", "Status": "\"no\""],
      "\"A \"\"x\"\"\",Status\r\n\"a,b\",\"\"\"no\"\"\""
    ),
    ("Id,Status\n1\n,\n", ["Status": "x"], "Id,Status\n1\n,x\n"),
    ("Id,Status\n", ["Status": "x"], "Id,Status\n"), ("Id,Status\n1,ok", ["State": "x"], nil),
    ("", ["Status": "x"], nil), ("Id,Status\n\"1,ok", ["Status": "x"], nil),
  ]

  @Test("Cells of a table are changed by their headings, all else stays", arguments: tables.indices)
  func patchesTables(_ index: Int) async throws {
    let (content, cells, patched) = Self.tables[index]
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "table", "respond": ["text": .string(content)], "continue": true],
        ["name": "cells", "patch": ["csv": cells]],
      ],
    ])
    let reply = await harness.peer.send(.get, "/ships")
    #expect(reply.text == patched ?? content)
    let remark = reply.field("x-wavetank-remark") ?? ""
    #expect(remark.contains("CSV patch was not applied") == (patched == nil), "\(remark)")
  }

  // MARK: Matching

  static let dates: [(value: String, condition: JSON, holds: Bool)] = [
    ("2026-01-05T10:00:00Z", ["before": "2026-01-05T10:00:01Z"], true),
    ("2026-01-05T10:00:00Z", ["before": "2026-01-05T10:00:00Z"], false),
    ("2026-01-05T12:00:00+02:00", ["after": "2026-01-05T09:59:59Z"], true),
    ("Mon, 05 Jan 2026 10:00:00 GMT", ["after": "2026-01-05T09:59:59Z"], true),
    ("Monday, 05-Jan-26 10:00:00 GMT", ["before": "2026-01-05T09:59:59Z"], false),
    ("Mon Jan  5 10:00:00 2026", ["after": "2026-01-05"], true),
    ("1767607200", ["after": "2026-01-05T09:59:59Z", "before": "2026-01-05T10:00:01Z"], true),
    ("1767607200000", ["after": "2026-01-05T09:59:59Z", "before": "2026-01-05T10:00:01Z"], true),
    ("2026-01-05T10:04:00Z", ["within": "5m"], true),
    ("2026-01-05T09:55:00Z", ["within": "5m"], true),
    ("2026-01-05T10:05:01Z", ["within": "5m"], false),
    ("2026-01-05T10:00:01Z", ["before": "now"], false),
    ("2026-01-05T09:59:59Z", ["before": "now"], true),
    ("2026-01-05T10:00:01Z", ["after": "now"], true),
    ("yesterday", ["before": "now"], false), ("yesterday", ["not": ["before": "now"]], true),
  ]

  @Test(
    "Dates in any form are compared with instants and with the tenant's present",
    arguments: dates.indices)
  func comparesDates(_ index: Int) async throws {
    let (value, condition, holds) = Self.dates[index]
    let harness = try ScenarioHarness([
      "wavetank": 1, "clock": ["mode": "manual", "start": "2026-01-05T10:00:00Z"],
      "rules": [["match": ["header": ["X-At": condition]], "error": 503]],
    ])
    let status = await harness.peer.send(.get, "/ships", ["X-At": value]).status
    #expect(status == (holds ? 503 : 200), "\(value) \(condition.text)")
  }

  @Test(
    "Bad dates of a scenario are told",
    arguments: [["before": "soon"], ["within": "x"], ["after": 5]] as [JSON])
  func refusesDates(_ condition: JSON) {
    let error = #expect(throws: ScenarioProblems.self) {
      try ScenarioHarness(rule: ["match": ["header": ["X-At": condition]], "error": 503])
    }
    #expect(error?.problems.first?.pointer.hasPrefix("/rules/0/match/header/X-At/") == true)
  }

  static let queries: [(target: String, strikes: Bool)] = [
    ("/ships?limit=3", true), ("/ships?limit=3&limit=3", true), ("/ships?limit=3&x=1", false),
    ("/ships?limit=4", false), ("/ships", false),
  ]

  @Test("No other items of the query", arguments: queries.indices)
  func noOther(_ index: Int) async throws {
    let (target, strikes) = Self.queries[index]
    let harness = try ScenarioHarness(
      rule: ["match": ["noOtherQuery": true, "query": ["limit": 3]], "error": 503])
    #expect(await harness.peer.send(.get, target).status == (strikes ? 503 : 200))
    let bare = try ScenarioHarness(rule: ["match": ["noOtherQuery": true], "error": 503])
    #expect(await bare.peer.send(.get, target).status == (target == "/ships" ? 503 : 200))
  }

  // MARK: gzip

  private func send(
    _ harness: ScenarioHarness, _ content: [UInt8], _ coding: String = "gzip"
  ) async -> Reply {
    await harness.peer.send(
      TestClient.request(
        .post, "/ships", Fields(["Content-Encoding": coding, "Content-Type": "application/json"]),
        content), content)
  }

  @Test(
    "Content that is gzip is read by services and rules, whatever the letters",
    arguments: ["gzip", "GZIP", "x-gzip"])
  func readsGzip(_ coding: String) async throws {
    let harness = try ScenarioHarness(
      rule: ["match": ["body": ["pointer": ["/name": "bad"]]], "error": 503])
    let good = try Gzip.compress(Array(#"{"name": "good"}"#.utf8))
    #expect(await send(harness, good, coding).status == 201)
    #expect(await harness.peer.send(.get, "/ships").text == #"["good"]"#)
    let bad = try Gzip.compress(Array(#"{"name": "bad"}"#.utf8))
    #expect(await send(harness, bad, coding).status == 503)
    #expect(harness.live.journal.entry(1)?.requestContent == Array(#"{"name": "good"}"#.utf8))
  }

  @Test("What is no gzip is 400, and what is too much inside is 413")
  func badGzip() async throws {
    let harness = try ScenarioHarness(["wavetank": 1])
    #expect(await send(harness, Array(#"{"name": "a"}"#.utf8)).status == 400)
    let whole = try Gzip.compress(Array(#"{"name": "a"}"#.utf8))
    #expect(await send(harness, Array(whole.dropLast(3))).status == 400)
    // The operation takes 64 bytes.
    let large = try Gzip.compress([UInt8](repeating: 0x20, count: 65))
    #expect(await send(harness, large).status == 413)
    let bomb = try Gzip.compress([UInt8](repeating: 0x20, count: 1 << 20))
    #expect(await send(harness, bomb).status == 413)
    #expect(await harness.peer.send(.get, "/ships").text == "[]")
  }

  // MARK: Uploads

  private func exchange(
    _ rule: JSON, _ target: String = "/ships", content: String? = "x"
  ) async throws -> (ScenarioHarness, Exchange) {
    let harness = try ScenarioHarness(rule: rule)
    var exchange = Exchange(connectionID: 1 << 40, sequenceNumber: 1, peer: .none)
    let request = TestClient.request(
      content == nil ? .get : .post, target, Fields(), content.map { Array($0.utf8) })
    _ = harness.pipeline.respond(to: request, exchange: &exchange)
    return (harness, exchange)
  }

  static let uploads: [(JSON, UploadFault)] = [
    (["reset": ["on": "request", "afterBytes": 10]], UploadFault(ending: .reset, afterBytes: 10)),
    (
      ["stall": ["on": "request", "afterBytes": "1KiB"]],
      UploadFault(ending: .stall, afterBytes: 1_024)
    ),
    (["stall": ["on": "request"]], UploadFault(ending: .stall)),
    (
      ["throttle": ["on": "request", "bytesPerSecond": "10KB"]], UploadFault(bytesPerSecond: 10_000)
    ),
    (
      ["throttle": ["on": "request", "bytesPerSecond": 100, "resetAfterBytes": 0]],
      UploadFault(bytesPerSecond: 100, ending: .reset, afterBytes: 0)
    ),
  ]

  @Test(
    "A fault of uploads is known by the head, counted, and in the journal at once",
    arguments: uploads.indices)
  func strikesUpload(_ index: Int) async throws {
    let (effect, fault) = Self.uploads[index]
    let (harness, exchange) = try await exchange(
      ["name": "drip", "times": 1, "match": ["method": "POST"], "fault": effect])
    #expect(exchange.upload == fault)
    let entry = try #require(harness.live.journal.entry(1))
    #expect(entry.rules == ["drip"])
    #expect(try harness.engine().strikeCounts.map(\.struck) == [1])
    let reply = await harness.peer.send(.post, "/ships", body: #"{"name": "a"}"#)
    #expect(reply.status == 201 && reply.field("x-wavetank-rule") == nil)
  }

  @Test("What has no content is not struck; other rules have their say behind it")
  func uploadBeside() async throws {
    let (harness, exchange) = try await exchange(
      ["fault": ["reset": ["on": "request"]]], content: nil)
    #expect(exchange.upload == nil)
    #expect(try harness.engine().strikeCounts.map(\.struck) == [0])
    let both = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "slow", "fault": ["throttle": ["on": "request", "bytesPerSecond": 100]]],
        ["name": "no", "match": ["body": ["text": ["contains": "x"]]], "error": 503],
      ],
    ])
    let reply = await both.peer.send(.post, "/ships", body: "x")
    #expect(reply.status == 503)
    #expect(reply.field("x-wavetank-rule") == "slow, no")
    #expect(both.live.journal.entry(1)?.rules == ["slow", "no"])
  }

  @Test("Why tells what struck the upload, and what was looked at for the request behind it")
  func uploadWhy() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "other", "match": ["header": ["X-A": "1"]], "error": 503],
        ["name": "slow", "fault": ["throttle": ["on": "request", "bytesPerSecond": 100]]],
        ["name": "later", "fault": ["reset": ["on": "request"]]],
        ["name": "far", "match": ["path": "/nowhere"], "error": 503],
      ],
    ])
    _ = await harness.peer.send(.post, "/ships", body: #"{"name": "a"}"#)
    let entry = try #require(harness.live.journal.entry(1))
    let why = try #require(
      entry.trace?.explained(for: harness.pipeline.subject(of: entry, in: harness.live)))
    #expect(why["rulesStruck"] == ["slow"])
    let outcomes = why["rulesConsidered"]?.arrayValue?.map {
      "\($0["rule"]?.stringValue ?? "") \($0["outcome"]?.stringValue ?? "")"
    }
    #expect(outcomes == ["other not matched", "slow struck", "far not matched"])
  }

  @Test("Rules that strike the upload stay in the journal where the answer has a fault, too")
  func uploadAndAnswer() async throws {
    let harness = try ScenarioHarness([
      "wavetank": 1,
      "rules": [
        ["name": "slow", "fault": ["throttle": ["on": "request", "bytesPerSecond": 100]]],
        ["name": "cut", "fault": "truncate"],
      ],
    ])
    let reply = await harness.peer.send(.post, "/ships", body: "x")
    #expect(reply.field("x-wavetank-rule") == "slow, cut")
    let entry = try #require(harness.live.journal.entry(1))
    #expect(entry.rules == ["slow", "cut"])
    #expect(entry.trace?.explained()["rulesStruck"] == ["slow", "cut"])
    #expect(entry.fault == .truncate(afterBytes: nil))
  }

  private static let reset: JSON = ["reset": ["on": "request", "afterBytes": 1]]
  static let mistakes: [(rule: JSON, pointer: String)] = [
    (["fault": ["reset": ["on": "sea"]]], "/rules/0/fault/reset/on"),
    (["fault": ["throttle": ["on": "request"]]], "/rules/0/fault/throttle"),
    (
      ["fault": ["throttle": ["on": "request", "bytesPerSecond": 0]]],
      "/rules/0/fault/throttle/bytesPerSecond"
    ),
    (["fault": ["truncate": ["on": "request"]]], "/rules/0/fault/truncate"),
    (["match": ["body": ["text": "x"]], "fault": reset], "/rules/0/match/body"),
    (["delay": "1s", "fault": reset], "/rules/0/delay"),
    (["after": true, "fault": reset], "/rules/0/after"),
    (["sequence": [["fault": reset]]], "/rules/0/sequence/0"),
  ]

  @Test("What cannot be said of uploads is told with its place", arguments: mistakes.indices)
  func tellsMistakes(_ index: Int) {
    let (rule, pointer) = Self.mistakes[index]
    let error = #expect(throws: ScenarioProblems.self) { try ScenarioHarness(rule: rule) }
    #expect(error?.problems.first?.pointer.hasPrefix(pointer) == true, "\(error?.text ?? "")")
  }
}
