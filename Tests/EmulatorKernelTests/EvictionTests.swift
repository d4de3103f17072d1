import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

/// Tenants are dropped from memory at every moment of what is done to them: nothing that was
/// acknowledged is lost by it.
@Suite struct EvictionTests {
  let directory: WorldStoreTests.Directory
  let interruption = InterruptedService.Interruption()
  let pipeline: Pipeline
  let store: WorldStore

  init() throws {
    directory = try WorldStoreTests.Directory()
    pipeline = try InterruptedService.pipeline(interruption)
    store = try WorldStore(directory: directory.path, pipeline: pipeline) { _ in }
    store.restoreAll()
  }

  func send(_ method: Method, _ path: String, body: String? = nil) async -> Reply {
    await TestClient(pipeline).send(method, "/_t/blue" + path, body: body)
  }

  var entries: [String] {
    get async {
      let list = try? JSON(parsing: await send(.get, "/entries").body)
      return list?.arrayValue?.compactMap(\.stringValue) ?? []
    }
  }

  /// From now on the tenants that are saved and not in use go, as from another thread, whenever
  /// something comes through that place; where the locks are free, they are saved before.
  func evict(at place: InterruptedService.Place) {
    let (pipeline, store) = (pipeline, store)
    interruption.arm(place) {
      if place.isFree { store.saveChanged() }
      pipeline.tenants.evictIdle(downTo: 0)
    }
  }

  static let requests: [(method: Method, path: String, body: String?)] = [
    (.post, "/entries/", nil), (.put, "/entries/x", "b"), (.post, "/work/", "content"),
    (.post, "/stream/", nil), (.post, "/c", nil),
  ]

  @Test(
    "A request whose tenant could go at any moment is not lost",
    arguments: InterruptedService.Place.allCases)
  func requests(_ place: InterruptedService.Place) async throws {
    var expected: [String] = []
    for round in 0..<3 {
      for (index, request) in Self.requests.enumerated() {
        let entry = request.path == "/c" ? "c\(round)-\(index)" : "e\(round)-\(index)"
        store.saveChanged()
        evict(at: place)
        let path =
          switch request.path {
          case "/entries/x": request.path
          case "/c": "/\(entry)"
          default: request.path + entry
          }
        let reply = await send(
          request.method, path, body: request.path == "/entries/x" ? entry : request.body)
        interruption.arm(nil)
        #expect(reply.status == 201, "\(request)")
        expected.append(entry)
      }
      store.saveChanged()
      pipeline.tenants.evictIdle(downTo: 0)
      #expect(pipeline.tenants.find("blue") == nil)
      #expect(await entries == expected)
    }
    #expect(pipeline.tenants.evictedCount > 0)
  }

  @Test("Work that goes on when its exchange is over is not lost")
  func workWithoutPeer() async throws {
    let content = RequestContent(onDemand: { _ in })
    var exchange = Exchange(connectionID: 77, sequenceNumber: 1, peer: .none)
    let request = Request(
      method: .post, target: RequestTarget("/_t/blue/work/a"), framing: .chunked)
    guard case .later(let work) = pipeline.respond(to: request, exchange: &exchange) else {
      Issue.record("the work is not done later")
      return
    }
    pipeline.exchangeEnded(exchange, outcome: ExchangeOutcome(ending: .peerClosed))
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    evict(at: .workWaits)
    content.finish(trailers: Fields())
    #expect(await work(content).status.code == 201)
    interruption.arm(nil)
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    #expect(await entries == ["a"])
  }

  @Test("Work that is never begun does not keep its tenant for ever")
  func droppedWork() async throws {
    var exchange = Exchange(connectionID: 78, sequenceNumber: 1, peer: .none)
    let request = Request(
      method: .post, target: RequestTarget("/_t/blue/work/a"), framing: .chunked)
    _ = pipeline.respond(to: request, exchange: &exchange)
    pipeline.exchangeEnded(exchange, outcome: ExchangeOutcome(ending: .peerClosed))
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    #expect(pipeline.tenants.find("blue") == nil)
  }

  @Test("A peer that goes away while its tenant is read from its file leaves no use behind")
  func goneWhileLoading() async throws {
    #expect(await send(.post, "/entries/a").status == 201)
    store.saveChanged()
    pipeline.tenants.evictIdle(downTo: 0)
    for endsFirst in [true, false] {
      var exchange = Exchange(connectionID: 79, sequenceNumber: endsFirst ? 1 : 2, peer: .none)
      let request = Request(method: .post, target: RequestTarget("/_t/blue/entries/b"))
      guard case .later(let work) = pipeline.respond(to: request, exchange: &exchange) else {
        Issue.record("the file is read on the loop")
        return
      }
      let outcome = ExchangeOutcome(ending: .peerClosed)
      if endsFirst { pipeline.exchangeEnded(exchange, outcome: outcome) }
      #expect(await work(RequestContent(complete: [])).status.code == 201)
      if !endsFirst { pipeline.exchangeEnded(exchange, outcome: outcome) }
      store.saveChanged()
      pipeline.tenants.evictIdle(downTo: 0)
      #expect(pipeline.tenants.find("blue") == nil)
    }
    #expect(await entries == ["a", "b", "b"])
    #expect(pipeline.metrics.requestsInFlight == 0)
  }

  @Test("Work outside, without an exchange, keeps its tenant; a dropped one says so")
  func uses() async throws {
    #expect(await send(.post, "/entries/a").status == 201)
    store.saveChanged()
    let tenant = try #require(pipeline.tenants.find("blue")).tenant
    var use = TenantUse(of: tenant)
    #expect(use != nil)
    pipeline.tenants.evictIdle(downTo: 0)
    #expect(pipeline.tenants.find("blue") != nil)
    use = nil
    pipeline.tenants.evictIdle(downTo: 0)
    #expect(pipeline.tenants.find("blue") == nil)
    #expect(TenantUse(of: tenant) == nil)
    #expect(TenantUse(of: tenant) == nil)
  }

  @Test("What falls due while a tenant goes, or is gone, happens once and at its instant")
  func due() async throws {
    let wall = HandWall(0)
    let wallTimer = TenantTimeTests.HandTimer()
    let interruption = InterruptedService.Interruption()
    let directory = try WorldStoreTests.Directory()
    let pipeline = try Pipeline(
      services: [InterruptedService(interruption)],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(clock: .init(.real, start: VirtualInstant(seconds: 0))),
        wall: {
          interruption.reached(.wall)
          return wall.now
        }, wallTimer: wallTimer))
    let store = try WorldStore(directory: directory.path, pipeline: pipeline) { _ in }
    store.restoreAll()
    let peer = TestClient(pipeline)
    var expected: [String] = []
    for round in 0..<3 {
      for fires in [true, false] {
        #expect(await peer.send(.post, "/_t/blue/due/60").status == 201)
        let dueAt = wall.now.epochSeconds + 60
        store.saveChanged()
        if fires {
          interruption.arm(.wall) { pipeline.tenants.evictIdle(downTo: 0) }
        } else {
          pipeline.tenants.evictIdle(downTo: 0)
        }
        wall.add(.seconds(90))
        wallTimer.fire()
        interruption.arm(nil)
        expected.append("due@\(dueAt)")
        let entries = await peer.send(.get, "/_t/blue/entries").text
        #expect(
          entries == JSON.array(expected.map { .string($0) }).text, "\(round) \(fires)")
      }
    }
  }

  @Test("Many clients of more tenants than are kept lose nothing")
  func pressure() async throws {
    let directory = try WorldStoreTests.Directory()
    let pipeline = try Pipeline(
      services: [InterruptedService(InterruptedService.Interruption())],
      configuration: PipelineConfiguration(tenantLimit: 10))
    let store = try WorldStore(directory: directory.path, pipeline: pipeline) { _ in }
    store.restoreAll()
    let lost = await withTaskGroup(of: Int.self) { group in
      for client in 0..<8 {
        group.addTask {
          var random = SeededRandom(key: UInt64(client))
          var model: [String: [String]] = [:]
          for step in 0..<250 {
            let name = "t\(client)-\(Int.random(in: 0..<6, using: &random))"
            let entry = "e\(step)"
            let reply = await TestClient(pipeline).send(.post, "/_t/\(name)/entries/\(entry)")
            if reply.status == 201 { model[name, default: []].append(entry) }
            if step % 25 == client { store.saveChanged() }
            await Task.yield()
          }
          var lost = 0
          for (name, entries) in model {
            let text = await TestClient(pipeline).send(.get, "/_t/\(name)/entries").text
            if text != JSON.array(entries.map { .string($0) }).text { lost += 1 }
          }
          return lost
        }
      }
      return await group.reduce(into: 0) { $0 += $1 }
    }
    #expect(lost == 0)
    #expect(pipeline.tenants.evictedCount > 50)
  }
}
