import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import Testing

/// What has not changed is not written again; what has is.
@Suite("Worlds that are asked for again")
struct WrittenWorldTests {
  let pipeline: Pipeline
  let peer: TestClient

  init() throws {
    pipeline = try Pipeline(
      services: [SampleService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(
          seed: 3, clock: .init(.manual, start: VirtualInstant(seconds: 1_000)))))
    peer = TestClient(AdminResponder(pipeline: pipeline))
  }

  private func text(_ path: String, of tenant: String = "") async -> String {
    let prefix = tenant.isEmpty ? "" : "/_t/" + tenant
    return await peer.send(.get, prefix + "/_wavetank" + path).text
  }

  private func add(_ ship: String, after seconds: Int = 5) async {
    _ = await peer.send(.post, "/ships", body: #"{"name":"\#(ship)","after":\#(seconds)}"#)
  }

  @Test("A world is told as it is", arguments: ["/state", "/state/harbor", "/inventory"])
  func world(_ path: String) async {
    let empty = await text(path)
    #expect(await text(path) == empty)
    await add("a")
    let first = await text(path)
    #expect(first != empty)
    #expect(await text(path) == first)
    // Of another tenant nothing is told, and of this one nothing else.
    #expect(await text(path, of: "blue") == empty)
    #expect(await text(path) == first)
    await add("b")
    #expect(await text(path) != first)
    _ = await peer.send(.post, "/_wavetank/reset")
    #expect(await text(path) == empty)
    await add("a")
    #expect(await text(path) == first)
  }

  @Test("Different parts of it do not take each other's place")
  func parts() async {
    await add("a")
    let paths = ["/state", "/state/harbor", "/inventory"]
    var first: [String] = []
    for path in paths { first.append(await text(path)) }
    #expect(Set(first).count == 3)
    for (path, told) in zip(paths, first) { #expect(await text(path) == told) }
  }

  @Test("What is due by now has happened", arguments: ["/state", "/state/harbor"])
  func time(_ path: String) async {
    await add("a", after: 5)
    let before = await text(path)
    // Nobody has looked at the world since.
    pipeline.tenants.default.tenant.clock.set(to: VirtualInstant(seconds: 2_000))
    #expect(await text(path) != before)
  }

  @Test("Time that is jumped over changes a state, which counts it")
  func skipped() throws {
    let box = StateBox(
      SampleService.State(), ids: IDSource(seed: 1, tenant: "t"),
      blobs: BlobStore(budget: MemoryBudget()))
    let before = box.revision { VirtualInstant(seconds: 0) }
    box.timeSkips(by: .seconds(1))
    #expect(box.revision { VirtualInstant(seconds: 0) } != before)
  }

  @Test("Many tenants' worlds are told as they are, whether kept or not")
  func many() async {
    for round in 0..<2 {
      for number in 0..<40 {
        let name = "t-\(number)"
        for ship in 0..<(number % 3) where round == 0 {
          _ = await peer.send(.post, "/_t/\(name)/ships", body: #"{"name":"s\#(ship)"}"#)
        }
        #expect(await text("/state/harbor", of: name).contains(#""ships":\#(number % 3)"#))
      }
    }
  }
}
