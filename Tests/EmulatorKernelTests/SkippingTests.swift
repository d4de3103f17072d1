import EmulatorKernel
import HTTPModel
import KernelTestKit
import Synchronization
import TestSupport
import Testing

/// The clock mode `skip` (DESIGN §4): who makes time jump, how far, and what holds it up.
@Suite("The clock that skips") struct SkippingTests {
  private func pipeline(_ harbor: SampleService = SampleService(), _ mode: ClockMode = .skip) throws
    -> Pipeline
  {
    try TenantTimeTests.pipeline(mode, harbor)
  }

  private func seconds(_ pipeline: Pipeline) -> Int64 {
    pipeline.tenants.default.tenant.clock.now.epochSeconds
  }

  private func holds(_ pipeline: Pipeline) -> Bool { pipeline.tenants.default.tenant.isTimeHeld }

  private func waiterCount(_ pipeline: Pipeline) -> Int {
    pipeline.tenants.default.tenant.waiterCount
  }

  private func wait(_ pipeline: Pipeline, _ ship: String) -> Task<String, Never> {
    Task { await TestClient(pipeline).send(.get, "/ships/\(ship)/wait").text }
  }

  @Test("A look jumps, event by event, until what it asks about has happened, and no further")
  func look() async throws {
    let pipeline = try pipeline()
    await TenantTimeTests.add(pipeline, [("c", 30), ("a", 10), ("b", 20), ("d", 40)])
    #expect(await TenantTimeTests.arrived(pipeline, "c"))
    #expect(seconds(pipeline) == 30)
    for name in ["a", "b"] { #expect(await TenantTimeTests.arrived(pipeline, name)) }
    #expect(seconds(pipeline) == 30)
    #expect(await TestClient(pipeline).send(.get, "/ships/none").status == 404)
    #expect(seconds(pipeline) == 30)
    #expect(!holds(pipeline))
  }

  @Test("Hundreds of events on the way are no matter, and the look gives up its turn in between")
  func farLook() async throws {
    let pipeline = try pipeline()
    await TenantTimeTests.add(pipeline, (1...300).map { ("s\($0)", $0) })
    #expect(await TenantTimeTests.arrived(pipeline, "s300"))
    #expect(seconds(pipeline) == 300)
  }

  @Test("In the other modes a look moves nothing", arguments: [ClockMode.manual, .real])
  func otherModes(_ mode: ClockMode) async throws {
    let pipeline = try pipeline(SampleService(), mode)
    await TenantTimeTests.add(pipeline, [("a", 10)])
    #expect(await !TenantTimeTests.arrived(pipeline, "a"))
    #expect(seconds(pipeline) == 0)
  }

  @Test("An upload that stalls stops nobody: what waits for time gets it, and so does a look")
  func stalledUpload() async throws {
    let pipeline = try pipeline()
    await TenantTimeTests.add(pipeline, [("a", 60), ("b", 120)])
    let upload = RequestContent(onDemand: { _ in })
    var exchange = Exchange(connectionID: 900, sequenceNumber: 1, peer: .none)
    let request = Request(
      method: .put, target: RequestTarget("/ships/a/cargo"), framing: .chunked)
    guard case .later(let work) = pipeline.respond(to: request, exchange: &exchange) else {
      Issue.record("the upload is not streamed")
      return
    }
    let uploading = Task { await work(upload) }
    _ = upload.push([1, 2, 3])
    try await waitUntil("the upload is read and waits") { upload.isDemanded && !holds(pipeline) }
    #expect(await wait(pipeline, "a").value == "60")
    #expect(await TenantTimeTests.arrived(pipeline, "b"))
    upload.finish(trailers: Fields())
    #expect(await uploading.value.status.code == 204)
    #expect(seconds(pipeline) == 120)
    #expect(!holds(pipeline))
  }

  /// Lets a test hold a request at its work.
  private final class Gate: Sendable {
    private struct State {
      var isReached = false
      var isOpen = false
      var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())
    var isReached: Bool { state.withLock { $0.isReached } }

    func pass() async {
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          state.isReached = true
          if !state.isOpen { state.waiting.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
    }

    func open() {
      let waiting = state.withLock { state in
        state.isOpen = true
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  @Test("Many who wait take turns, and each is answered at its own instant")
  func manyWaiters() async throws {
    for _ in 0..<20 {
      let gate = Gate()
      var harbor = SampleService()
      harbor.pilot = { await gate.pass() }
      let pipeline = try pipeline(harbor)
      let ships = (1...32).map { ("s\($0)", $0 * 10) }
      await TenantTimeTests.add(pipeline, ships)
      let working = Task { await TestClient(pipeline).send(.post, "/ships/s1/pilot").status }
      try await waitUntil("the gate is reached") { gate.isReached }
      let waiting = ships.map { (wait(pipeline, $0.0), $0.1) }
      try await waitUntil("32 wait") { waiterCount(pipeline) >= 32 }
      gate.open()
      _ = await working.value
      for (task, seconds) in waiting { #expect(await task.value == "\(seconds)") }
      #expect(seconds(pipeline) == 320)
      #expect(!holds(pipeline))
      #expect(waiterCount(pipeline) == 0)
    }
  }

  @Test("Time stands while a request is at its work; who asks or waits gets it right afterwards")
  func requestAtWork() async throws {
    let gate = Gate()
    var harbor = SampleService()
    harbor.pilot = { await gate.pass() }
    let pipeline = try pipeline(harbor)
    await TenantTimeTests.add(pipeline, [("a", 60), ("b", 90)])
    let working = Task { await TestClient(pipeline).send(.post, "/ships/a/pilot").status }
    try await waitUntil("the gate is reached") { gate.isReached }
    let waiting = wait(pipeline, "a")
    let looking = Task { await TenantTimeTests.arrived(pipeline, "b") }
    try await waitUntil("two wait") { waiterCount(pipeline) >= 2 }
    await letOthersRun(1_000)
    #expect(seconds(pipeline) == 0)
    gate.open()
    #expect(await working.value == 204)
    #expect(await waiting.value == "60")
    #expect(await looking.value)
    #expect(seconds(pipeline) == 90)
    #expect(!holds(pipeline))
  }

  @Test(
    "While code is at work outside a look tells how things stand, and a wait goes on afterwards")
  func codeAtWork() async throws {
    let gate = Gate()
    var harbor = SampleService()
    harbor.pilot = { await gate.pass() }
    let pipeline = try pipeline(harbor)
    await TenantTimeTests.add(pipeline, [("a", 60)])
    let working = Task { await TestClient(pipeline).send(.post, "/ships/a/tow").status }
    try await waitUntil("the gate is reached") { gate.isReached }
    #expect(await !TenantTimeTests.arrived(pipeline, "a"))
    let waiting = wait(pipeline, "a")
    try await waitUntil("four requests have come") {
      pipeline.tenants.default.journal.status.total >= 4
    }
    #expect(seconds(pipeline) == 0)
    gate.open()
    #expect(await working.value == 204)
    #expect(await waiting.value == "60")
    #expect(!holds(pipeline))
  }

  @Test("Who waits for somebody's doing lets time stand, and goes on once time can bring it")
  func idleWaiter() async throws {
    let pipeline = try pipeline()
    await TenantTimeTests.add(pipeline, [("other", 500)])
    let waiting = wait(pipeline, "a")
    try await waitUntil("two requests have come") {
      pipeline.tenants.default.journal.status.total >= 2
    }
    await letOthersRun(1_000)
    #expect(seconds(pipeline) == 0)
    await TenantTimeTests.add(pipeline, [("a", 60)])
    #expect(await waiting.value == "60")
    #expect(seconds(pipeline) == 60)
  }

  @Test("A clock that begins to skip takes along those who wait already")
  func modeChange() async throws {
    let pipeline = try pipeline(SampleService(), .manual)
    await TenantTimeTests.add(pipeline, [("a", 60)])
    let waiting = wait(pipeline, "a")
    try await waitUntil("two requests have come") {
      pipeline.tenants.default.journal.status.total >= 2
    }
    pipeline.tenants.default.tenant.clock.set(mode: .skip)
    #expect(await waiting.value == "60")
  }

  @Test("Waits that are cancelled leave nothing behind and hold nothing up", arguments: [0, 7])
  func cancelled(_ offset: Int) async throws {
    let gate = Gate()
    var harbor = SampleService()
    harbor.pilot = { await gate.pass() }
    let pipeline = try pipeline(harbor)
    await TenantTimeTests.add(pipeline, [("a", 60)])
    let working = Task { await TestClient(pipeline).send(.post, "/ships/a/pilot").status }
    try await waitUntil("the gate is reached") { gate.isReached }
    let tasks = (0..<50).map { number in
      number % 2 == 0
        ? wait(pipeline, number % 4 == 0 ? "a" : "none")
        : Task { await TestClient(pipeline).send(.get, "/ships/a").text }
    }
    await letOthersRun(offset * 10)
    for task in tasks { task.cancel() }
    for task in tasks { _ = await task.value }
    #expect(seconds(pipeline) == 0)
    gate.open()
    _ = await working.value
    #expect(!holds(pipeline))
    #expect(await TenantTimeTests.arrived(pipeline, "a"))
  }

  /// A world of its own, without pipeline.
  private func world() -> World<SampleService.State> {
    let clock = VirtualClock(mode: .skip, start: .init(seconds: 0), wall: { .init(seconds: 0) })
    let tenant = Tenant(
      name: "t", seed: 0, clock: clock, keys: CredentialKeys(keys: nil, now: { clock.now }),
      blobs: BlobStore(budget: MemoryBudget()))
    let box = StateBox(
      SampleService.State(), ids: IDSource(seed: 0, tenant: "t"), blobs: tenant.blobs)
    tenant.add(box)
    return World(tenant: tenant, box: box)
  }

  @Test("Time that could go on for ever without bringing what is waited for comes to rest")
  func endless() async throws {
    let world = world()
    // Each arrival sends another ship off.
    let waiting = Task {
      try await world.wait(for: "news", SkipBudget(events: 500)) { state, step -> Awaited<String> in
        if state.ships["news"] != nil { return .ready("news") }
        if !state.isComing("tick") { _ = state.add("tick", in: .seconds(1), &step) }
        return .coming
      }
    }
    try await waitUntil("time has gone on") { world.now >= VirtualInstant(seconds: 500) }
    await letOthersRun(500)
    #expect(world.now == VirtualInstant(seconds: 500))
    world.mutate { state, step in
      _ = state.add("news", in: .seconds(1), &step)
      step.wake("news")
    }
    #expect(try await waiting.value == "news")
    #expect(world.box.waiterCount == 0)
  }

  @Test("What is jumped over is told to the states, and is no time that was lived through")
  func lived() async throws {
    let world = world()
    world.mutate { state, step in _ = state.add("a", in: .seconds(90), &step) }
    await world.look { state in state.isComing("a") }
    #expect(world.now == VirtualInstant(seconds: 90))
    #expect(world.tenant.clock.lived == VirtualInstant(seconds: 0))
    #expect(world.read { $0.skipped } == .seconds(90))
    world.tenant.advance(to: VirtualInstant(seconds: 100))
    #expect(world.tenant.clock.lived == VirtualInstant(seconds: 10))
    #expect(world.read { $0.skipped } == .seconds(90))
  }
}
