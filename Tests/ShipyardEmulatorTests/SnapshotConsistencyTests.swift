import EmulatorKernel
import Foundation
import PayloadCodecs
import Testing

@testable import ShipyardEmulator

@Suite("A state made by hand cannot break what Shipyard relies on (DESIGN §9)")
struct SnapshotConsistencyTests {
  /// A state with three vessels, one run under way and one that waits for its schedule.
  private static func state() throws -> ShipyardState {
    let vessel: JSON = ["source": ["type": "CODE", "language": "BASH"]]
    let fleet: JSON = [
      "name": "N", "vessels": ["A": vessel, "B": vessel, "C": vessel],
      "connections": ["A": ["B": "SUCCESS"]],
      "triggers": ["schedules": [["how_often": "MONTHLY", "at": "2:00", "when": 31]]],
    ]
    let project: JSON = ["name": "P", "fleets": [fleet]]
    var step = ShipyardState.Step(
      now: VirtualInstant(seconds: 1_767_225_600), ids: IDSource(seed: 0, tenant: "default"),
      blobs: BlobStore(budget: StorageBudget()))
    var state = try ShipyardService().makeState(
      WorldSeed(given: ["orgs": [["name": "O", "projects": [project]]]]), &step)
    _ = try state.accept(try #require(state.fleets.keys.first), by: .api, nil, &step)
    step = ShipyardState.Step(
      now: step.now + .seconds(1), ids: step.ids, blobs: step.blobs)
    state.advance(&step)
    return state
  }

  private static func read(_ json: JSON) throws -> ShipyardState {
    try JSONDecoder().decode(ShipyardState.self, from: Data(json.serialized()))
  }

  private static func written() throws -> JSON {
    try JSON(parsing: [UInt8](JSONEncoder().encode(state())))
  }

  @Test("A state that was saved fits together")
  func good() throws {
    #expect(try Self.state().inconsistencies == [])
    #expect(try Self.read(Self.written()).inconsistencies == [])
  }

  static let spoilt: [(path: [String], value: JSON)] = [
    (["versions", "1", "graph", "incoming"], [[], [], [], [], []]),
    (["versions", "1", "graph", "outgoing"], []),
    (["versions", "1", "graph", "outgoing", "0"], [["vessel": 9, "condition": "SUCCESS"]]),
    (["versions", "1", "graph", "incoming", "1"], [["vessel": -1, "condition": "SUCCESS"]]),
    (["versions", "1", "definition", "connections", "0", "to"], 3),
    (["versions", "1", "definition", "schedules", "0", "hour"], 99),
    (["versions", "1", "definition", "vessels", "0", "guardrails", "retryWait"], .integer(.max)),
    (["runs", "chunks"], []), (["runs", "endIndex"], 7), (["runs", "startIndex"], .integer(.min)),
    (["runs", "chunks", "0", "0", "voyages"], []),
    (["runs", "chunks", "0", "0", "versionKey"], 5),
    (["runs", "chunks", "0", "0", "voyages", "0", "step"], .integer(.max)),
    (["runs", "chunks", "0", "0", "voyages", "1", "openPredecessors"], .integer(.min)),
    (["runPositions", "1"], 9), (["runCounts"], ["1": .integer(.max)]),
    (["lastVersionKey"], .integer(.max)), (["voyageCount"], .integer(.min)),
    (["queue", "lastOrder"], .decimal("18446744073709551615")),
    (["fleets", "1", "runPositions", "endIndex"], 2), (["fleets", "1", "runsInProgress"], -1),
    (["projects", "1", "timeZone", "transitions"], [0, 1, 2]),
  ]

  @Test("What does not fit together is refused", arguments: spoilt)
  func refused(_ change: (path: [String], value: JSON)) throws {
    let good = try Self.written()
    let bad = Self.changed(good, change.path[...], change.value)
    #expect(bad != good, "the place is there")
    #expect(try Self.read(bad).inconsistencies != [])
  }

  @Test("An event for a vessel that a run does not have is refused")
  func strayEvent() throws {
    var state = try Self.state()
    state.queue.insert(.attemptEnds(run: 0, vessel: 3, step: 0), due: VirtualInstant(seconds: 0))
    #expect(state.inconsistencies != [])
  }

  private static func changed(
    _ json: JSON, _ path: ArraySlice<String>, _ value: JSON
  ) -> JSON {
    guard let key = path.first else { return value }
    switch json {
    case .object(var object):
      guard let inner = object[key] else { return json }
      object[key] = changed(inner, path.dropFirst(), value)
      return .object(object)
    case .array(var elements):
      guard let index = Int(key), elements.indices.contains(index) else { return json }
      elements[index] = changed(elements[index], path.dropFirst(), value)
      return .array(elements)
    default: return json
    }
  }
}
