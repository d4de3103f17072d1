import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Testing
import Wavetank

/// `GET /inventory` is what the lab compares worlds by (DESIGN §15).
@Suite("A world is told thing by thing, the same for all that did the same")
struct InventoryAcceptanceTests {
  typealias Shore = PublicDataAcceptanceTests.Shore

  private let fleets =
    "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222/fleets"

  /// A file with a tag and a package of Steamship, a topic of Scramjet, a run of Shipyard.
  private func work(_ shore: Shore, _ tenant: String) async throws {
    let prefix = "/_t/\(tenant)"
    let file = try await shore.post(
      "file/create",
      ["type": "blocks", "blocks": [["text": "hello", "tags": [["kind": "k", "name": "n"]]]]],
      key: "k", prefix: prefix)
    #expect(file["file"]?["id"] != nil)
    _ = try await shore.post(
      "package/create", ["handle": "mine"], key: "k", prefix: prefix)
    let topic = try await shore.send(
      .post, "\(prefix)/api/v1/space/demo/api/v1/topic/news",
      ["Authorization": "Bearer k", "Content-Type": "text/plain"], body: Array("one\n".utf8))
    #expect((200..<300).contains(topic.status), "\(topic.text)")
    let run = try await shore.send(
      .post, "\(prefix)\(fleets)/33333333-3333-4333-8333-333333333333/fleetruns",
      ["X-Shipyard-API-Key": "k", "Content-Type": "application/json"], body: Array("{}".utf8))
    #expect((200..<300).contains(run.status), "\(run.text)")
  }

  private func things(_ shore: Shore, _ tenant: String) async throws -> [JSON] {
    let reply = try await shore.send(.get, "/_wavetank/inventory?tenant=\(tenant)")
    #expect(reply.status == 200, "\(reply.text)")
    return reply.json["things"]?.arrayValue ?? []
  }

  @Test(
    "Two tenants in which the same was done have the same things, but for ids; a third has none of them"
  )
  func same() async throws {
    let shore = try await Shore()
    for tenant in ["one", "two"] { try await work(shore, tenant) }
    let one = try await things(shore, "one")
    let two = try await things(shore, "two")
    let isSame = one == two
    #expect(isSame, "\(JSON.array(one).text)\n\(JSON.array(two).text)")
    let kinds = one.compactMap { $0["kind"]?.stringValue }
    for kind in ["file", "block", "tag", "package", "topic", "run", "fleet", "hub"] {
      #expect(kinds.contains(kind), "\(kind)")
    }
    let untouched = try await things(shore, "three").compactMap { $0["kind"]?.stringValue }
    for kind in ["file", "block", "tag", "package", "topic", "run", "workspace", "deletion"] {
      #expect(!untouched.contains(kind), "\(kind)")
    }
    await shore.stop()
  }

  @Test("A workspace that comes by itself and is deleted leaves a trace")
  func deletion() async throws {
    let shore = try await Shore()
    let found = try await shore.post(
      "workspace/get", ["handle": "demo"], key: "k", prefix: "/_t/gone")
    _ = try await shore.post(
      "workspace/delete", ["id": found["workspace"]?["id"] ?? .null], key: "k", prefix: "/_t/gone")
    let things = try await things(shore, "gone")
    #expect(things.contains { $0["kind"] == "deletion" && $0["place"]?[0] == "workspace demo" })
    await shore.stop()
  }

  @Test(
    "The journal tells fields, contents, connections and times on the wall where it is asked for all"
  )
  func wholeJournal() async throws {
    let shore = try await Shore()
    try await work(shore, "one")
    let list = try await shore.send(.get, "/_wavetank/journal?tenant=one&detail=whole").json
    let entries = list["entries"]?.arrayValue ?? []
    #expect(entries.count == 4)
    for entry in entries {
      #expect(entry["request"]?["fields"]?.arrayValue?.isEmpty == false)
      #expect(entry["connection"]?.intValue != nil)
    }
    let began = entries.compactMap { $0["beganMilliseconds"]?.doubleValue }
    #expect(began.count == 4 && began == began.sorted())
    let plain = try await shore.send(.get, "/_wavetank/journal?tenant=one").json
    #expect(plain["entries"]?[0]?["request"] == nil)
    #expect(try await shore.send(.get, "/_wavetank/journal?detail=half").status == 400)
    await shore.stop()
  }
}
