import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import Scenarios

/// A pipeline over the small harbor service with one scenario in force.
struct ScenarioHarness {
  static let start = VirtualInstant(seconds: 1_000)

  let pipeline: Pipeline
  let peer: TestClient
  var live: LiveTenant { pipeline.tenants.default }

  init(
    _ scenario: JSON, services: [any EmulatedService] = [SampleService()],
    journalLimits: JournalLimits = JournalLimits(),
    wall: @escaping VirtualClock.WallTime = WallClock.system
  ) throws {
    let catalog = ScenarioCatalog(services: services)
    var read = Scenario.merged([try Scenario.read(scenario, catalog: catalog)])
    if read.clock == nil { read.clock = .init(.manual, start: Self.start) }
    let problems = read.problems(catalog: catalog)
    if !problems.isEmpty { throw ScenarioProblems(problems) }
    pipeline = try Pipeline(
      services: services,
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(read, catalog: catalog), wall: wall,
        journalLimits: journalLimits))
    peer = TestClient(pipeline)
  }

  /// One rule in force.
  init(rule: JSON, variables: JSON = [:]) throws {
    try self.init(["wavetank": 1, "variables": variables, "rules": [rule]])
  }

  func engine(_ tenant: String = "default") throws -> ScenarioEngine {
    try #require(pipeline.tenants.find(tenant)?.rules)
  }

  /// The statuses of so many equal requests.
  func statuses(
    _ count: Int, _ method: Method = .get, _ target: String = "/ships",
    _ fields: KeyValuePairs<String, String> = [:]
  ) async -> [Int] {
    var statuses: [Int] = []
    for _ in 0..<count { statuses.append(await peer.send(method, target, fields).status) }
    return statuses
  }
}

/// Where the rules of a set stood when it was made, from 0.
func positions(_ rules: [PlacedRule]) -> [Int] { rules.map { $0.id - 1 } }
