import EmulatorKernel
import HTTPModel
import Synchronization
import KernelTestKit
import TestSupport
import Testing

@Suite struct TenantTimeTests {
  static func pipeline(
    _ mode: ClockMode, wall: HandWall = HandWall(0), wallTimer: (any WallTimer)? = nil,
    _ harbor: SampleService = SampleService()
  ) throws -> Pipeline {
    try Pipeline(
      services: [harbor],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(clock: .init(mode, start: VirtualInstant(seconds: 0))),
        wall: { wall.now }, wallTimer: wallTimer))
  }

  static func add(_ pipeline: Pipeline, _ ships: [(String, Int)]) async {
    for (name, after) in ships {
      _ = await TestClient(pipeline).send(
        .post, "/ships", body: #"{"name":"\#(name)","after":\#(after)}"#)
    }
  }

  static func arrived(_ pipeline: Pipeline, _ name: String) async -> Bool {
    await TestClient(pipeline).send(.get, "/ships/\(name)").text == #"{"arrived":true}"#
  }

  @Test("Advancing lets everything due happen, in order of due time (DESIGN §4)")
  func order() async throws {
    let pipeline = try Self.pipeline(.manual)
    await Self.add(pipeline, [("late", 30), ("b", 5), ("a", 5), ("early", 1)])
    let tenant = pipeline.tenants.default.tenant
    #expect(tenant.nextDue == VirtualInstant(seconds: 1))
    tenant.advance(to: VirtualInstant(seconds: 10))
    #expect(tenant.clock.now == VirtualInstant(seconds: 10))
    #expect(tenant.nextDue == VirtualInstant(seconds: 30))
    for name in ["early", "a", "b"] { #expect(await Self.arrived(pipeline, name)) }
    #expect(await !Self.arrived(pipeline, "late"))
  }

  @Test("Advancing in pieces comes to the same")
  func pieces() async throws {
    let pipeline = try Self.pipeline(.manual)
    await Self.add(pipeline, (1...10).map { ("s\($0)", $0) })
    let tenant = pipeline.tenants.default.tenant
    var rounds = 0
    while !tenant.advance(to: VirtualInstant(seconds: 8), stepLimit: 3) { rounds += 1 }
    #expect(rounds == 2)
    #expect(tenant.clock.now == VirtualInstant(seconds: 8))
    #expect(await Self.arrived(pipeline, "s8"))
    #expect(await !Self.arrived(pipeline, "s9"))
  }

  @Test("A stream that waits for something due gets it when time is advanced")
  func waiterAtAdvance() async throws {
    let pipeline = try Self.pipeline(.manual)
    await Self.add(pipeline, [("a", 60)])
    let waiting = Task { await TestClient(pipeline).send(.get, "/ships/a/wait").status }
    try await waitUntil("two requests have come") {
      pipeline.tenants.default.journal.status.total >= 2
    }
    pipeline.tenants.default.tenant.advance(to: VirtualInstant(seconds: 60))
    #expect(await waiting.value == 200)
  }

  @Test(
    "Who waits in a tenant that is removed waits no longer", arguments: [ClockMode.manual, .skip])
  func waiterAtRemoval(_ mode: ClockMode) async throws {
    let pipeline = try Self.pipeline(mode)
    let waiting = Task { await TestClient(pipeline).send(.get, "/_t/blue/ships/none/wait").status }
    try await waitUntil("it waits") { pipeline.tenants.find("blue")?.tenant.waiterCount == 1 }
    let tenant = try #require(pipeline.tenants.find("blue")).tenant
    #expect(try pipeline.tenants.remove("blue"))
    #expect(await waiting.value == 404)
    #expect(tenant.waiterCount == 0 && !tenant.isTimeHeld)
  }

  /// A timer by hand: remembers what it was set to.
  final class HandTimer: WallTimer {
    private struct State {
      var onWake: (@Sendable () -> Void)?
      var pause: Duration?
    }
    private let state = Mutex(State())
    var pause: Duration? { state.withLock { $0.pause } }

    func start(_ onWake: @escaping @Sendable () -> Void) { state.withLock { $0.onWake = onWake } }
    func wake(after pause: Duration?) { state.withLock { $0.pause = pause } }
    func fire() {
      let onWake = state.withLock { state in
        state.pause = nil
        return state.onWake
      }
      onWake?()
    }
  }

  @Test("With time that runs by itself the wallTimer brings what is due, without a request")
  func wallTimer() async throws {
    let wall = HandWall(0)
    let wallTimer = HandTimer()
    let pipeline = try Self.pipeline(.scaled(60), wall: wall, wallTimer: wallTimer)
    #expect(wallTimer.pause == nil)
    await Self.add(pipeline, [("a", 0)])
    let waiting = Task { await TestClient(pipeline).send(.get, "/ships/a/wait").status }
    // Due at once: whoever came first, request or wallTimer, has done it.
    wallTimer.fire()
    #expect(await waiting.value == 200)
    await Self.add(pipeline, [("b", 600)])
    #expect(wallTimer.pause == .seconds(10))
    await Self.add(pipeline, [("c", 60)])
    #expect(wallTimer.pause == .seconds(1))
    await Self.add(pipeline, [("d", 6000)])
    #expect(wallTimer.pause == .seconds(1))
  }

  @Test(
    "What is due just after the timer woke is brought a little later, and seen at once",
    arguments: [(isWatched: true, rest: Duration.milliseconds(1)), (false, .milliseconds(5))])
  func timerRests(isWatched: Bool, rest: Duration) async throws {
    let wall = HandWall(0)
    let timer = HandTimer()
    let pipeline = try Self.pipeline(.scaled(1), wall: wall, wallTimer: timer)
    let tenant = pipeline.tenants.default.tenant
    await Self.add(pipeline, [("a", 0), ("z", 3600)])
    let waiting = isWatched ? Task { await TestClient(pipeline).send(.get, "/ships/z/wait") } : nil
    try await waitUntil("whoever waits is there") { tenant.waiterCount == (isWatched ? 1 : 0) }
    let began = ContinuousClock.now
    timer.fire()
    await Self.add(pipeline, [("b", 0)])
    // However late that comes, it is set to the end of the rest at most, and that long where nothing took long.
    let pause = try #require(timer.pause)
    #expect(pause >= .zero && pause <= rest)
    #expect(pause >= rest - (ContinuousClock.now - began))
    #expect(await Self.arrived(pipeline, "b"))
    waiting?.cancel()
    _ = await waiting?.value
  }

  @Test("A real timer wakes a stream that waits")
  func dispatchTimer() async throws {
    let pipeline = try Pipeline(
      services: [SampleService()],
      configuration: .serving(TenantBlueprint(clock: .init(.scaled(1_000_000)))))
    await Self.add(pipeline, [("a", 3600)])
    #expect(await TestClient(pipeline).send(.get, "/ships/a/wait").status == 200)
    #expect(pipeline.tenants.default.journal.status.total == 2)
  }

  @Test("Reset and restore let waiting streams look again, and forget the old timer")
  func resetWakes() async throws {
    let pipeline = try Self.pipeline(.manual)
    await Self.add(pipeline, [("a", 60)])
    let waiting = Task { await TestClient(pipeline).send(.get, "/ships/a/wait").status }
    try await waitUntil("two requests have come") {
      pipeline.tenants.default.journal.status.total >= 2
    }
    try pipeline.tenants.default.reset()
    #expect(pipeline.tenants.default.tenant.nextDue == nil)
    waiting.cancel()
    #expect(await waiting.value == 404)
  }

  @Test("Two threads that settle at once never see a state from before what is due")
  func concurrentSettling() async throws {
    let wall = HandWall(0)
    let pipeline = try Self.pipeline(.real, wall: wall)
    await Self.add(pipeline, (1...200).map { ("s\($0)", $0) })
    for second in 1...200 {
      wall.add(.seconds(1))
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<4 { group.addTask { await Self.arrived(pipeline, "s\(second)") } }
        for await arrived in group { #expect(arrived) }
      }
    }
  }

  @Test("A cancelled wait leaves nothing behind")
  func cancelledWait() async throws {
    let tenant = Tenant(
      name: "t", seed: 0, clock: VirtualClock(mode: .manual, wall: { VirtualInstant(seconds: 0) }),
      keys: CredentialKeys(keys: nil, now: { VirtualInstant(seconds: 0) }),
      blobs: BlobStore(budget: MemoryBudget()))
    let box = StateBox(
      SampleService.State(), ids: IDSource(seed: 0, tenant: "t"), blobs: tenant.blobs)
    let world = World(tenant: tenant, box: box)
    let tasks = (0..<100).map { _ in
      Task {
        try await world.wait(for: "x") { state, _ in Awaited(state.ships["x"], else: false) }
      }
    }
    try await waitUntil("a hundred wait") { box.waiterCount >= 100 }
    for task in tasks { task.cancel() }
    for task in tasks { #expect((try? await task.value) == nil) }
    #expect(box.waiterCount == 0)
  }

  @Test("A body that throws changes nothing, and wakes nobody")
  func throwing() throws {
    let box = StateBox(
      SampleService.State(), ids: IDSource(seed: 0, tenant: "t"),
      blobs: BlobStore(budget: MemoryBudget()))
    struct Refusal: Error {}
    #expect(throws: Refusal.self) {
      try box.mutate(at: VirtualInstant(seconds: 0)) { _, _ throws(Refusal) in throw Refusal() }
    }
    #expect(box.contents.state.ships.isEmpty)
  }
}
