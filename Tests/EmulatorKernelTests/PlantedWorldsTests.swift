import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@testable import EmulatorKernel

@Suite("Tenants begin with the same world, copied on write (DESIGN §3)")
struct PlantedWorldsTests {
  static let given: JSON = ["ships": ["gull", "tern"]]

  private func pipeline(
    _ clock: Scenario.Clock, wall: HandWall = HandWall(1_000), kept: Int? = nil,
    limit: Int = 100, storage: UInt64 = 4 << 30, given: JSON? = given
  ) throws -> Pipeline {
    var configuration = PipelineConfiguration(
      blueprint: TenantBlueprint(
        seed: 7, clock: clock, given: given.map { ["harbor": $0] } ?? [:]),
      wall: { wall.now }, storageLimit: storage, tenantLimit: limit)
    configuration.tenantsKept = kept
    return try Pipeline(services: [SampleService()], configuration: configuration)
  }

  private func ships(_ live: LiveTenant) -> [String: SampleService.State.Ship] {
    (live.slots[0] as? TypedSlot<SampleService>)?.world.read { $0.ships } ?? [:]
  }

  private func used(_ pipeline: Pipeline, _ name: String) throws -> LiveTenant {
    let live = try pipeline.tenants.use(name)
    live.tenant.uses.end()
    return live
  }

  @Test("Planted things are the same in every tenant, what is made later has the tenant's own ids")
  func ids() async throws {
    let start = HandWall(1_000).now
    let pipeline = try pipeline(.init(.manual, start: start))
    let (one, two) = (try used(pipeline, "one"), try used(pipeline, "two"))
    #expect(ships(one) == ships(two) && ships(one) == ships(pipeline.tenants.default))
    #expect(ships(one).count == 2)
    for name in ["one", "two"] {
      let reply = await TestClient(pipeline).send(
        .post, "/_t/\(name)/ships", body: #"{"name":"lark"}"#)
      #expect(reply.status < 300, "\(reply.text)")
    }
    let planted = ships(pipeline.tenants.default)
    let made = [one, two].map { ships($0).filter { planted[$0.key] == nil } }
    #expect(made[0].count == 1 && made[1].count == 1)
    #expect(made[0].values.first?.id != made[1].values.first?.id)
    #expect(ships(pipeline.tenants.default).count == 2)
  }

  @Test("A dropped tenant gives back all that it has stored, with nothing and with something due")
  func dropped() async throws {
    for clock in [Scenario.Clock(.manual, start: HandWall(1_000).now), Scenario.Clock(.real)] {
      let pipeline = try pipeline(clock)
      _ = ships(try used(pipeline, "first"))
      let before = pipeline.tenants.budget.bytesUsed
      weak var tenant: Tenant?
      do {
        let live = try used(pipeline, "one")
        let reply = await TestClient(pipeline).send(
          .post, "/_t/one/ships", body: #"{"name":"lark"}"#)
        #expect(reply.status < 300, "\(reply.text)")
        #expect(pipeline.tenants.budget.bytesUsed > before)
        tenant = live.tenant
      }
      #expect(try pipeline.tenants.remove("one"))
      try await waitUntil("the tenant is gone", within: .seconds(60)) { tenant == nil }
      #expect(pipeline.tenants.budget.bytesUsed == before)
    }
  }

  @Test("What is due in a world counts from each tenant's own start")
  func due() throws {
    let wall = HandWall(1_000)
    let pipeline = try pipeline(.init(.real), wall: wall)
    wall.add(.seconds(60))
    let late = try used(pipeline, "late")
    #expect(ships(late).values.allSatisfy { $0.arrivedAt == nil })
    #expect(late.tenant.nextDue == wall.now + .seconds(10))
    #expect(
      Set(ships(late).values.map(\.id)) == Set(ships(pipeline.tenants.default).values.map(\.id)))
  }

  @Test("A reset gives the planted world back, also one that nobody has looked at")
  func reset() async throws {
    let pipeline = try pipeline(.init(.manual, start: HandWall(1_000).now))
    let (one, other) = (try used(pipeline, "one"), try used(pipeline, "other"))
    let planted = ships(other)
    _ = await TestClient(pipeline).send(.post, "/_t/one/ships", body: #"{"name":"lark"}"#)
    #expect(ships(one) != planted)
    try one.reset()
    #expect(ships(one) == planted)
    let empty = try self.pipeline(.init(.manual, start: HandWall(1_000).now), given: nil)
    let idle = try used(empty, "idle")
    try idle.reset()
    #expect(idle.heapBytes == 0)
    // Another scenario's world has something due: it begins at once.
    try idle.reset(
      to: TenantBlueprint(
        clock: .init(.manual, start: HandWall(1_000).now), given: ["harbor": Self.given]))
    #expect(idle.tenant.nextDue != nil && ships(idle).count == 2)
  }

  @Test("The account counts a world once, and in a tenant what it changes")
  func account() throws {
    var world = WeighedDictionary<String, Thing>()
    for index in 0..<100 { world["\(index)"] = Thing(text: String(repeating: "x", count: 1_000)) }
    let whole = world.heapBytes
    #expect(whole > 100_000)
    world.share()
    var (one, two) = (world, world)
    #expect(one.heapBytes == 0 && one.recountedHeapBytes == 0)
    one["7"]?.text += "y"
    #expect(one.heapBytes > 1_000 && one.heapBytes < 20_000)
    one["new"] = Thing(text: String(repeating: "z", count: 1_000))
    one["8"] = nil
    #expect(one.heapBytes > 2_000 && one.heapBytes == one.recountedHeapBytes)
    #expect(two.heapBytes == 0 && two["7"]?.text.count == 1_000 && two["8"] != nil)
    for key in two.keys { two[key]?.text += "y" }
    #expect(two.heapBytes >= whole && two.heapBytes == two.recountedHeapBytes)
    #expect(world.heapBytes == 0 && world["7"]?.text.count == 1_000)
    #expect(one.filter { key, _ in key != "7" }.recountedHeapBytes > 1_000)
  }

  private struct Thing: Weighed, Sendable {
    var text: String
    var heapBytes: Int { text.heapBytes }
  }

  @Test("A large scenario is counted once for all tenants, and given back with the last")
  func scenario() throws {
    let rules = JSON.array((0..<200).map { ["name": "r\($0)", "error": 503] })
    let pipeline = try pipeline(.init(.real), given: nil)
    let scenario = try Scenario.read(
      ["wavetank": 1, "rules": rules], catalog: pipeline.catalog)
    let before = pipeline.tenants.budget.bytesUsed
    pipeline.swap(scenario, isStrict: false)
    let one = pipeline.tenants.budget.bytesUsed - before
    #expect(one > 200 * 4096)
    for name in ["a", "b", "c", "d"] { _ = try used(pipeline, name) }
    #expect(pipeline.tenants.budget.bytesUsed - before < one + 4 * 8 * 1024)
    for name in ["a", "b", "c", "d"] { #expect(try pipeline.tenants.remove(name)) }
    #expect(pipeline.tenants.budget.bytesUsed - before == one)
  }

  @Test("Whoever comes from a snapshot or gets an edited scenario has the same rules as all others")
  func rules() throws {
    func scenario(_ status: Int, _ pipeline: Pipeline) throws -> Scenario {
      let rules = JSON.array(
        (0..<200).map { ["name": .string("r\($0)"), "error": .integer(status)] })
      return try Scenario.read(["wavetank": 1, "rules": rules], catalog: pipeline.catalog)
    }
    let pipeline = try pipeline(.init(.real), given: nil)
    let budget = pipeline.tenants.budget
    pipeline.swap(try scenario(503, pipeline), isStrict: false)
    let (one, two) = (try used(pipeline, "one"), try used(pipeline, "two"))
    func areShared() -> Bool {
      let all = [one, two, pipeline.tenants.default].map { $0.rules?.rules }
      return all.allSatisfy { $0 != nil && $0 === all[0] }
    }
    #expect(areShared())
    let before = budget.bytesUsed
    let reader = try SnapshotReader(budget: budget)
    try reader.feed(try Snapshot(of: one).archive())
    try Restore(reader, into: two, of: pipeline).putInForce()
    #expect(areShared() && two.rules?.scenario.rules.count == 200)
    #expect(budget.bytesUsed < before + 16 * 1024)

    pipeline.swap(try scenario(500, pipeline), isStrict: false)
    #expect(areShared() && two.rules?.scenario.rules.first?.source["error"] == 500)
    let edited = budget.bytesUsed
    #expect(try two.rules?.add(["name": "own", "error": 501]) == ["own"])
    two.settleScenario()
    #expect(!areShared() && budget.bytesUsed > edited + 200 * 4096)
    // Of its own they stay, in a snapshot too, until they are the scenario's again.
    let other = try SnapshotReader(budget: budget)
    try other.feed(try Snapshot(of: two).archive())
    try Restore(other, into: one, of: pipeline).putInForce()
    #expect(one.rules?.rules.names.last == "own")
    #expect(budget.bytesUsed > edited + 2 * 200 * 4096)
    for live in [one, two] { try live.reset() }
    #expect(areShared() && budget.bytesUsed < edited + 16 * 1024)
  }

  @Test("Many tenants stay while they are small; the longest unused go first while memory is short")
  func pressure() throws {
    let pipeline = try pipeline(.init(.real), kept: 20, limit: 1_000, storage: 2 << 20, given: nil)
    let registry = pipeline.tenants
    for number in 0..<100 { _ = try used(pipeline, "t\(number)") }
    #expect(registry.count == 101 && registry.evictedCount == 0)
    let free = registry.budget.limit - registry.budget.bytesUsed
    let ballast = try #require(MemoryLease(Int(free) / 100 * 97, of: registry.budget))
    _ = try used(pipeline, "t3")
    _ = try used(pipeline, "last")
    #expect(registry.count <= 101 && registry.count >= 20)
    for number in 0..<100 { _ = try used(pipeline, "u\(number)") }
    #expect(registry.count <= 21 && registry.evictedCount >= 180)
    #expect(registry.find("u99") != nil && registry.find("t0") == nil)
    #expect(registry.budget.bytesUsed < registry.budget.limit)
    withExtendedLifetime(ballast) {}
    // What went gave back what it took.
    for live in registry.all where live.id != 0 { #expect(try registry.remove(live.name)) }
    #expect(registry.budget.bytesUsed < UInt64(ballast.count) + 64 * 1024)
  }
}
