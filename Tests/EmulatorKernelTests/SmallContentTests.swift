import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@testable import EmulatorKernel

@Suite("Small contents that a service works on at once")
struct SmallContentTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    var content = Array("hello".utf8)
    var fields: [(String, String)] = []
    var rule: JSON?
    let way: String
    var status = 201
    var testDescription: String { name }
  }

  private static func cases() throws -> [Case] {
    let here: JSON = ["operation": "harbor.note.add"]
    return [
      Case(name: "plain", way: "at once"),
      Case(name: "the service waits", content: [], way: "later"),
      Case(
        name: "coded", content: try Gzip.compress(Array("hello".utf8)),
        fields: [("Content-Encoding", "gzip")], way: "later"),
      Case(
        name: "a rule changes the answer", rule: ["match": here, "patch": ["status": 203]],
        way: "later", status: 203),
      Case(
        name: "a rule that does not concern it",
        rule: ["match": ["operation": "harbor.ship.list"], "error": 500], way: "at once"),
      Case(
        name: "a request that comes twice", rule: ["match": here, "twice": true], way: "later"),
    ]
  }

  @Test("Unless it is coded, or a rule changes what comes of it")
  func ways() async throws {
    for one in try Self.cases() {
      let harness = try ScenarioHarness([
        "wavetank": 1, "rules": .array(one.rule.map { [$0] } ?? []),
      ])
      var fields = Fields()
      for (name, value) in one.fields { fields.append(name, value) }
      let request = TestClient.request(.post, "/ships/a/note", fields, one.content)
      var exchange = Exchange(connectionID: 9, sequenceNumber: 1, peer: .none)
      if case .atOnce = harness.pipeline.respond(to: request, exchange: &exchange) {
        #expect(one.way == "at once" || one.content.isEmpty, "\(one)")
      } else {
        #expect(one.way == "later", "\(one)")
      }
      let reply = await harness.peer.send(request, one.content)
      #expect(reply.status == one.status && reply.text == one.way, "\(one)")
      #expect(harness.live.tenant.requestsAtWork.load(ordering: .relaxed) == 0, "\(one)")
      let entry = try #require(harness.live.journal.entries.last)
      #expect(entry.status?.code == one.status, "\(one)")
      // Of a content that streams the engine tells the journal.
      #expect(entry.requestContent == (one.way == "at once" ? one.content : []), "\(one)")
    }
  }
}
