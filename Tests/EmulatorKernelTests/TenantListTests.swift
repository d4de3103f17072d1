import EmulatorKernel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite("Tenants are listed by name, whoever has come and gone since the last time")
struct TenantListTests {
  @Test("Each list has those who are there", arguments: [0, 1, 2])
  func lists(_ looks: Int) throws {
    let pipeline = try Pipeline(services: [SampleService()], configuration: PipelineConfiguration())
    let tenants = pipeline.tenants
    var expected: TextSet = ["default"]
    func check() {
      for _ in 0..<looks { #expect(tenants.all.map(\.name) == expected.sorted()) }
      #expect(tenants.overview.inMemory.map(\.name) == expected.sorted())
    }
    for name in ["m", "zoo", "a", "z", "e"] {
      try tenants.use(name).tenant.uses.end()
      expected.insert(name)
      check()
    }
    for name in ["z", "a", "not-there"] {
      #expect(try tenants.remove(name) == (expected.remove(name) != nil))
      check()
    }
    tenants.evictIdle(downTo: 1)
    expected = ["default"]
    check()
    try tenants.use("a").tenant.uses.end()
    expected.insert("a")
    check()
  }
}
