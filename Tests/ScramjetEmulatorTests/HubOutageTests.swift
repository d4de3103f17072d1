import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ScramjetEmulator

/// A hub that goes and comes back by the scenario's own timetable.
@Suite("Outages of hubs")
struct HubOutageTests {
  @Test(
    "What takes a hub away from 10 s to 15 s brings it back by itself",
    arguments: ["disconnectHub", "crashHub"])
  func outage(_ event: String) async throws {
    let service = ScramjetService()
    let catalog = ScenarioCatalog(services: [service])
    let scenario = try Scenario.read(
      [
        "wavetank": 1, "clock": ["mode": "manual", "start": "2026-01-05T10:00:00Z"],
        "given": ["scramjet": ["hubs": ["east"]]],
        "at": ["after": "10s", "emit": .object([event: "east"]), "until": "15s"],
      ], catalog: catalog)
    let harness = ServiceHarness(
      try Pipeline(
        services: [service],
        configuration: PipelineConfiguration(blueprint: TenantBlueprint(scenario, catalog: catalog))
      ))
    func isDown() throws -> Bool {
      let slot = try #require(harness.live.slots[0] as? TypedSlot<ScramjetService>)
      return slot.world.read { $0.hubs.contains { $0.value.downBecause != nil } }
    }
    #expect(try !isDown())
    harness.advance(.seconds(9))
    #expect(try !isDown())
    harness.advance(.seconds(1))
    #expect(try isDown())
    harness.advance(.seconds(4))
    #expect(try isDown())
    harness.advance(.seconds(1))
    #expect(try !isDown())
  }

  @Test("What cannot be taken back must say what happens at its end")
  func opposite() {
    let catalog = ScenarioCatalog(services: [ScramjetService()])
    let error = #expect(throws: ScenarioProblems.self) {
      try Scenario.read(
        [
          "wavetank": 1,
          "at": ["after": "10s", "emit": ["removeHub": "sth-0"], "until": "15s"],
        ], catalog: catalog)
    }
    #expect(error?.text.contains("no opposite of \"removeHub\"") == true)
  }
}
