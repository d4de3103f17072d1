import HTTPModel
import KernelTestKit
import PayloadCodecs
import Synchronization
import Testing

@testable import EmulatorKernel
@testable import Scenarios

/// What scenarios do to the port that a service has for itself.
@Suite("Listeners in scenarios (DESIGN §7)")
struct ListenerEventTests {
  /// Stands for the sockets.
  private final class Sockets: ListenerControl {
    private let held = Mutex<[ListenerState]>([])
    var states: [ListenerState] { held.withLock { $0 } }
    var last: ListenerState { states.last ?? .open }
    func port(of service: String) -> UInt16? { 7071 }
    func set(_ state: ListenerState, of service: String) -> String? {
      held.withLock { states in
        if states.last ?? .open != state { states.append(state) }
      }
      return nil
    }
  }

  private let sockets = Sockets()

  private func pipeline(_ scenario: JSON = ["wavetank": 1]) throws -> Pipeline {
    let services = [SampleService()]
    let catalog = ScenarioCatalog(services: services)
    var read = Scenario.merged([try Scenario.read(scenario, catalog: catalog)])
    read.clock = .init(.manual, start: ScenarioHarness.start)
    var configuration = PipelineConfiguration(blueprint: TenantBlueprint(read, catalog: catalog))
    configuration.listeners = ServiceListeners(names: ["harbor"])
    let pipeline = try Pipeline(services: services, configuration: configuration)
    pipeline.listeners.connect(sockets)
    return pipeline
  }

  private static func event(_ state: ListenerState, _ service: String = "harbor") -> JSONObject {
    ["listener": ["service": .string(service), "state": .string(state.rawValue)]]
  }

  @Test("From 10 s to 15 s nobody is let in, and then all are, without a request")
  func atATime() throws {
    let pipeline = try pipeline([
      "wavetank": 1,
      "at": ["after": "10s", "emit": .object(Self.event(.refuse)), "until": "15s"],
    ])
    let tenant = pipeline.tenants.default.tenant
    for (second, state) in [(9, ListenerState.open), (10, .refuse), (14, .refuse), (15, .open)] {
      _ = tenant.advance(to: ScenarioHarness.start + .seconds(second), stepLimit: 100)
      #expect(sockets.last == state, "\(second) s")
    }
  }

  @Test("Of what several tenants want the hardest holds, until the last has taken it back")
  func severalTenants() throws {
    let pipeline = try pipeline()
    let (blue, red) = (try pipeline.tenants.use("blue"), try pipeline.tenants.use("red"))
    _ = try blue.emit(Self.event(.neverAccept))
    _ = try red.emit(Self.event(.refuse))
    _ = try pipeline.tenants.default.emit(Self.event(.fullBacklog))
    #expect(sockets.last == .refuse)
    #expect(pipeline.listeners.views.first?.wanted.map(\.tenant) == ["blue", "default", "red"])
    _ = try red.emit(Self.event(.open))
    #expect(sockets.last == .fullBacklog)
    try pipeline.tenants.default.reset()
    #expect(sockets.last == .neverAccept)
    _ = try blue.emit(Self.event(.open))
    #expect(sockets.states == [.neverAccept, .refuse, .fullBacklog, .neverAccept, .open])
  }

  static let ends = ["reset", "removed", "evicted", "scenario"]

  @Test("It ends with a reset, another scenario, and the tenant", arguments: ends)
  func recovers(_ end: String) throws {
    let pipeline = try pipeline()
    let live = try pipeline.tenants.use("blue")
    _ = try live.emit(Self.event(.refuse))
    #expect(sockets.last == .refuse)
    live.tenant.uses.end()
    switch end {
    case "reset": try live.reset()
    case "removed": _ = try pipeline.tenants.remove("blue")
    case "evicted": pipeline.tenants.evictIdle(downTo: 1)
    default:
      let blueprint = TenantBlueprint(Scenario.empty, catalog: pipeline.catalog)
      live.swap(blueprint)
    }
    #expect(sockets.last == .open)
    if end == "removed" || end == "evicted" {
      // What is still under way in it does nothing any more.
      _ = try live.emit(Self.event(.refuse))
      #expect(sockets.last == .open)
    }
  }

  @Test("What was wanted before there were sockets holds once they are there")
  func beforeTheSockets() throws {
    let listeners = ServiceListeners(names: ["harbor"])
    var configuration = PipelineConfiguration()
    configuration.listeners = listeners
    let pipeline = try Pipeline(services: [SampleService()], configuration: configuration)
    _ = try pipeline.tenants.default.emit(Self.event(.fullBacklog))
    listeners.connect(sockets)
    #expect(sockets.last == .fullBacklog)
  }

  @Test("A service without a port of its own is refused, with what to do")
  func noPort() throws {
    let pipeline = try Pipeline(
      services: [SampleService()], configuration: PipelineConfiguration())
    #expect(throws: ScenarioProblems.self) {
      try pipeline.tenants.default.emit(Self.event(.refuse))
    }
    do {
      _ = try pipeline.tenants.default.emit(Self.event(.refuse))
    } catch {
      #expect(error.text.contains("--port harbor=N"))
    }
  }

  static let wrong: [(JSON, String)] = [
    (["service": "habor", "state": "refuse"], "harbor"),
    (["service": "harbor", "state": "refused"], "refuse"),
    (["service": "harbor"], "state"), (["state": "refuse"], "service"), ("refuse", "object"),
  ]

  @Test("What is no listener's state is refused when the scenario is read", arguments: wrong)
  func problems(_ value: JSON, _ word: String) {
    do {
      _ = try pipeline([
        "wavetank": 1, "rules": [["name": "a", "emit": ["listener": value]]],
      ])
      Issue.record("it was taken")
    } catch {
      #expect("\(error)".contains(word), "\(error)")
    }
  }

  @Test("A port of its own knows that service alone")
  func routing() async throws {
    let pipeline = try pipeline()
    func resolve(_ listener: String?) -> Int? {
      pipeline.operations.service(ofListener: listener)
    }
    #expect(resolve("harbor") == 0 && resolve(nil) == nil && resolve("yard") == nil)
  }
}
