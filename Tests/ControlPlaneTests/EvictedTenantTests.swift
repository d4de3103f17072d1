import ControlPlane
import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

/// What the control API does to a tenant is saved as requests are, though the tenant may be dropped
/// from memory at any moment.
@Suite struct EvictedTenantTests {
  let directory = FileManager.default.temporaryDirectory
    .appending(path: "wavetank-evicted-\(ProcessInfo.processInfo.globallyUniqueString)").path
  let interruption = InterruptedService.Interruption()
  let pipeline: Pipeline
  let store: WorldStore
  let peer: TestClient

  init() throws {
    pipeline = try InterruptedService.pipeline(interruption)
    store = try WorldStore(directory: directory, pipeline: pipeline) { _ in }
    store.restoreAll()
    peer = TestClient(AdminResponder(pipeline: pipeline))
  }

  func send(_ method: Method, _ path: String, body: String? = nil) async -> Reply {
    await peer.send(method, "/_t/blue/_wavetank" + path, body: body)
  }

  /// A queue may hold the last call a moment longer than its answer takes.
  func putAway() async {
    repeat {
      await Task.yield()
      store.saveChanged()
      pipeline.tenants.evictIdle(downTo: 0)
    } while pipeline.tenants.find("blue") != nil
  }

  /// Each call, where it is looked at, and what must stand there afterwards.
  static let calls: [(method: Method, path: String, body: String?, look: String, shows: String)] = [
    (
      .post, "/scenario/rules", #"{"name":"one","match":{"path":"/x"},"error":500}"#,
      "/scenario/rules", #""name":"one""#
    ),
    (.patch, "/scenario/rules/one", #"{"enabled":false}"#, "/scenario/rules", #""enabled":false"#),
    (
      .post, "/scenario/rules", #"{"name":"two","match":{"path":"/y"},"error":500}"#,
      "/scenario/rules", #""name":"two""#
    ),
    (.delete, "/scenario/rules/one", nil, "/scenario/rules", #"{"rules":[{"name":"two""#),
    (.post, "/emit", #"{"setVariables":{"phase":"warm"}}"#, "/scenario/rules", #""phase":"warm""#),
    (.post, "/emit", #"{"add":"emitted"}"#, "/state/pier", "emitted"),
    (.put, "/clock", #"{"now":"2030-01-01T00:00:00Z"}"#, "/clock", "2030-01-01T00:00:00"),
    (.post, "/clock/advance", #"{"by":"1h"}"#, "/clock", "2030-01-01T01:00:00"),
    (.put, "/clock", #"{"mode":"manual"}"#, "/clock", #""mode":"manual""#),
    (.post, "/clock/advance", #"{"by":"1h"}"#, "/clock", "2030-01-01T02:00:00"),
    (
      .put, "/scenario?keep=world", #"{"wavetank":1,"name":"mine"}"#, "/scenario",
      #""name":"mine""#
    ),
    (.post, "/reset", nil, "/state/pier", #"{"entries":[]}"#),
    (
      .put, "/scenario", #"{"wavetank":1,"name":"other"}"#, "/scenario", #""name":"other""#
    ),
  ]

  @Test("A control call's change is saved", arguments: InterruptedService.Place.allCases)
  func calls(_ place: InterruptedService.Place) async throws {
    for call in Self.calls {
      store.saveChanged()
      let (pipeline, store) = (pipeline, store)
      interruption.arm(place) {
        if place.isFree { store.saveChanged() }
        pipeline.tenants.evictIdle(downTo: 0)
      }
      let reply = await send(call.method, call.path, body: call.body)
      interruption.arm(nil)
      #expect((200..<300).contains(reply.status), "\(call): \(reply.text)")
      await putAway()
      let found = await send(.get, call.look).text
      #expect(found.contains(call.shows), "\(call.method) \(call.path): \(found)")
      await putAway()
    }
  }

  @Test("A snapshot is taken from a tenant that waits in its file, and put into one")
  func snapshots() async throws {
    _ = await TestClient(pipeline).send(.post, "/_t/blue/entries/a")
    await putAway()
    let taken = await send(.get, "/snapshot")
    #expect(taken.status == 200)
    _ = await TestClient(pipeline).send(.post, "/_t/blue/entries/b")
    await putAway()
    let request = Request(
      method: .put, target: RequestTarget("/_t/blue/_wavetank/snapshot"),
      fields: Fields(["Host": "127.0.0.1:7070"]), framing: .length(UInt64(taken.body.count)))
    #expect(await peer.send(request, taken.body).status == 204)
    await putAway()
    #expect(await TestClient(pipeline).send(.get, "/_t/blue/entries").text == #"["a"]"#)
  }

  @Test("Who follows a journal keeps its tenant, and sees what happens there")
  func follower() async throws {
    _ = await TestClient(pipeline).send(.post, "/_t/blue/entries/a")
    await putAway()
    var exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
    let request = Request(
      method: .get, target: RequestTarget("/_t/blue/_wavetank/journal/stream"),
      fields: Fields(["Host": "127.0.0.1:7070"]))
    guard
      case .later(let work) = peer.responder.respond(to: request, exchange: &exchange),
      case .stream(_, let producer) = await work(RequestContent(complete: [])).body
    else {
      Issue.record("the tenant is not read from its file first")
      return
    }
    // Between the answer and the begin of its body.
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    let tenant = try #require(pipeline.tenants.find("blue"))
    let following = Task { try? await BodyWriter.collect(producer) }
    try await waitUntil("somebody follows the journal") { tenant.journal.followerCount != 0 }
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    #expect(pipeline.tenants.find("blue") === tenant)
    _ = await TestClient(pipeline).send(.post, "/_t/blue/entries/b")
    following.cancel()
    _ = await following.value
  }

  @Test("The list of tenants tells those that wait in their files, and a dropped one is in neither")
  func list() async throws {
    for name in ["blue", "green"] {
      _ = await TestClient(pipeline).send(.post, "/_t/\(name)/entries/a")
    }
    await putAway()
    _ = await TestClient(pipeline).send(.post, "/_t/green/entries/b")
    let list = try JSON(parsing: await peer.send(.get, "/_wavetank/tenants").body)
    let tenants = list["tenants"]?.arrayValue ?? []
    #expect(tenants.map { $0["name"]?.stringValue } == ["default", "green", "blue"])
    #expect(tenants.map { $0["loaded"]?.boolValue } == [true, true, false])
    #expect(await peer.send(.delete, "/_wavetank/tenants/blue").status == 204)
    #expect(await peer.send(.delete, "/_wavetank/tenants/blue").status == 404)
    #expect(await peer.send(.get, "/_wavetank/tenants").text.contains("blue") == false)
    #expect(await TestClient(pipeline).send(.get, "/_t/blue/entries").text == "[]")
  }
}
