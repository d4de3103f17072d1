import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import TestSupport
import Testing

@Suite("CSV exports")
struct ExportTests {
  static let runHeader =
    "Fleet ID,Fleet Name,Fleet Version,Fleet Log ID,Status,Start Time,End Time,Duration,Billable Runtime,Vessels Count,Trigger\n"
  static let voyageHeader =
    "Fleet ID,Fleet Name,Fleet Version,Fleet Log ID,Fleet Log Trigger,Fleet Log Status,Vessel Log ID,Vessel Status,Vessel Name,Vessel Trigger,Retries,Exit Code,Vessel Start Time,Vessel End Time,Duration,Billable Runtime\n"

  @Test("The header line is there without any run; charset is told; Accept does not matter")
  func empty() async throws {
    let harness = try ServiceHarness(ShipyardService())
    for (path, header) in [
      (ShipyardDemo.runsPath, Self.runHeader), ("\(ShipyardDemo.fleetPath)/runs", Self.runHeader),
      ("/orgs/\(ShipyardDemo.org)/voyages", Self.voyageHeader),
    ] {
      let reply = try await harness.send(.get, path, [("Accept", "application/json")])
      #expect(reply.status == 200)
      #expect(reply.text == header)
      #expect(reply.field("Content-Type") == "text/csv; charset=utf-8")
    }
  }

  @Test("Fields with comma, quote or line break are quoted, quotes doubled (RFC 4180)")
  func quoting() async throws {
    let name = "a,\"b\"\r\nü"
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet([name], name: name)]))
    let run = try await harness.trigger()
    let text = try await harness.send(.get, ShipyardDemo.runsPath).text
    #expect(text.contains("\(ShipyardDemo.fleet),\"a,\"\"b\"\"\r\nü\",1,\(run),Scheduled,"))
    let voyages = try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/voyages").text
    #expect(voyages.contains(",Scheduled,\"a,\"\"b\"\"\r\nü\",API,0,,"))
  }

  @Test("Newest first; both paths have one table")
  func order() async throws {
    let harness = try ServiceHarness(ShipyardService())
    var runs: [String] = []
    for _ in 0..<3 {
      runs.append(try await harness.trigger())
      harness.advance(.seconds(60))
    }
    let one = try await harness.send(.get, ShipyardDemo.runsPath)
    #expect(one.rows.compactMap { $0["Fleet Log ID"] } == runs.reversed())
    #expect(try await harness.send(.get, "\(ShipyardDemo.fleetPath)/runs").body == one.body)
  }

  @Test("days limits the age by start; 0 is as if absent; the default is the retention")
  func days() async throws {
    let harness = try ServiceHarness(ShipyardService())
    _ = try await harness.trigger()
    harness.advance(.seconds(2 * 86_400))
    _ = try await harness.trigger()
    harness.advance(.seconds(60))
    for path in [ShipyardDemo.runsPath, "\(ShipyardDemo.fleetPath)/runs"] {
      for (query, count) in [
        ("", 2), ("?days=0", 2), ("?days=1", 1), ("?days=2", 1), ("?days=3", 2),
        ("?days=99999999999999999999", 2), ("?days=007", 2), ("?x=1&days=1", 1),
      ] {
        #expect(try await harness.send(.get, path + query).rows.count == count, "\(query)")
      }
    }
    #expect(
      try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/voyages?days=1").rows.count == 2)
    for query in ["?days=-1", "?days=x", "?days=", "?days=1.5", "?days=1e3", "?days=%20"] {
      for path in [ShipyardDemo.runsPath, "/orgs/\(ShipyardDemo.org)/voyages"] {
        #expect(try await harness.send(.get, path + query).status == 400, "\(query)")
      }
    }
    harness.advance(.seconds(89 * 86_400))
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 1)
    #expect(try await harness.send(.get, "\(ShipyardDemo.runsPath)?days=100").rows.count == 2)
  }

  @Test("JSON only where it is asked for, and never for /fleetruns")
  func json() async throws {
    let harness = try ServiceHarness(ShipyardService())
    let run = try await harness.trigger()
    harness.advance(.seconds(60))
    let reply = try await harness.send(.get, "\(ShipyardDemo.fleetPath)/runs?format=json")
    #expect(reply.field("Content-Type") == "application/json")
    let row = try #require(reply.json["data"]?[0])
    #expect(row["Fleet Log ID"] == .string(run))
    #expect(row["Duration"] == 2)
    #expect(row.objectValue?.count == 11)
    #expect(try await harness.send(.get, "\(ShipyardDemo.fleetPath)/runs?format=xml").status == 400)
    let setting = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet(["a"])], settings: ["exportRunsAsJSON": true])
    )
    #expect(
      try await setting.send(.get, "\(ShipyardDemo.fleetPath)/runs").field("Content-Type")
        == "application/json")
    #expect(
      try await setting.send(.get, "\(ShipyardDemo.runsPath)?format=json").text == Self.runHeader)
  }

  @Test("A stream is a view of one instant: what is triggered meanwhile is not in it")
  func consistentView() async throws {
    let harness = try ServiceHarness(ShipyardService())
    for _ in 0..<600 { _ = try await harness.trigger() }
    var lines = Fields(["Host": "x"])
    lines.append("X-Shipyard-API-Key", "k")
    let request = Request(
      method: .get, target: RequestTarget("/orgs/\(ShipyardDemo.org)/voyages"), fields: lines)
    var exchange = Exchange(connectionID: 9, sequenceNumber: 1, peer: .none)
    guard case .now(let response) = harness.pipeline.respond(to: request, exchange: &exchange),
      case .stream(_, let producer) = response.body
    else {
      Issue.record("a table of 600 runs is streamed")
      return
    }
    for _ in 0..<300 { _ = try await harness.trigger() }
    harness.advance(.seconds(60))
    let text = String(decoding: try await BodyWriter.collect(producer), as: UTF8.self)
    let rows = text.split(separator: "\n").dropFirst()
    #expect(rows.count == 1200)
    #expect(rows.allSatisfy { $0.contains(",API,Scheduled,") })
    #expect(try await harness.send(.get, "/orgs/\(ShipyardDemo.org)/voyages").rows.count == 1800)
  }

  @Test("Old ended runs are forgotten beyond the limit, open ones never, and versions with them")
  func forgetting() async throws {
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet(["a"])], settings: ["runsKept": 512]))
    let first = try await harness.trigger()
    for _ in 0..<699 { _ = try await harness.trigger() }
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 700)
    harness.advance(.seconds(60))
    let last = try await harness.trigger()
    let rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.count < 520)
    #expect(rows.first?["Fleet Log ID"] == last)
    #expect(!rows.contains { $0["Fleet Log ID"] == first })
  }

  @Test("Without room for more open runs a trigger is 503, and works again when they end")
  func noRoom() async throws {
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet(["a"])], settings: ["runsKept": 1]))
    for _ in 0..<1026 { _ = try await harness.trigger() }
    let reply = try await harness.send(.post, ShipyardDemo.runsPath)
    #expect(reply.status == 503)
    #expect(reply.isFailureForm)
    #expect(reply.field("Retry-After") != nil)
    harness.advance(.seconds(60))
    #expect(try await harness.send(.post, ShipyardDemo.runsPath).status == 201)
  }

  @Test("The state is complete as data: a restored copy goes on as the original does")
  func snapshot() async throws {
    let ids = IDSource(seed: 1, tenant: "t")
    let blobs = BlobStore(budget: MemoryBudget())
    let start = try #require(VirtualInstant(iso8601: ServiceHarness.start))
    var step = StepContext<Never>(now: start, ids: ids, blobs: blobs)
    let schedule = ScheduleTests.triggers(["how_often": "HOURLY", "at": ":15"])
    var state = try ShipyardService().makeState(
      WorldSeed(
        given: oneProject([
          bashFleet(
            ["a", "b"], connections: ["a": ["b": "SUCCESS"]],
            guardrails: ["a": ["retry_count": 2]], triggers: schedule)
        ]),
        behaviors: [["attempts": [["exit": 1, "for": "2s"], ["exit": 0, "for": "1s"]]]]), &step)
    let fleet = try #require(ResourceID(ShipyardDemo.fleet))
    for _ in 0..<10 { _ = state.addRun(of: fleet, by: .api, &step) }
    let encoded = try JSONEncoder().encode(state)
    var restored = try JSONDecoder().decode(ShipyardState.self, from: encoded)
    #expect(state.nextDue == restored.nextDue)
    let end = start + .seconds(2 * 86_400)
    var other = step
    for now in stride(from: 0, through: 2 * 86_400, by: 600) {
      let instant = start + .seconds(now)
      step = StepContext(now: instant, ids: step.ids, blobs: blobs)
      other = StepContext(now: instant, ids: other.ids, blobs: blobs)
      state.advance(&step)
      restored.advance(&other)
    }
    func table(_ state: ShipyardState) -> [UInt8] {
      var export = RunExport(state, voyagesOf: nil, since: start + .seconds(-86_400))
      var bytes: [UInt8] = []
      while let piece = export.nextPiece(byteCount: 10_000) { bytes += piece }
      return bytes
    }
    #expect(table(state) == table(restored))
    #expect(table(state).count > 10_000)
    #expect(state.nextDue.map { $0 > end } == true)
  }
}
