import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ShipyardEmulator

@Suite("A state made by hand cannot break what Shipyard relies on (DESIGN §9)")
struct SnapshotConsistencyTests {
  /// A state with three vessels, one run under way and one that waits for its schedule.
  private static func state(
    schedule: JSON = ["how_often": "MONTHLY", "at": "2:00", "when": 31]
  ) throws -> ShipyardState {
    let vessel: JSON = ["source": ["type": "CODE", "language": "BASH"]]
    let fleet: JSON = [
      "name": "N", "vessels": ["A": vessel, "B": vessel, "C": vessel],
      "connections": ["A": ["B": "SUCCESS"]],
      "triggers": ["schedules": [schedule]],
    ]
    let project: JSON = ["name": "P", "fleets": [fleet]]
    var step = ShipyardState.Step(
      now: VirtualInstant(seconds: 1_767_225_600), ids: IDSource(seed: 0, tenant: "default"),
      blobs: BlobStore(budget: MemoryBudget()))
    var state = try ShipyardService().makeState(
      WorldSeed(given: ["orgs": [["name": "O", "projects": [project]]]]), &step)
    _ = try state.accept(try #require(state.fleets.keys.first), by: .api, nil, &step)
    step = ShipyardState.Step(
      now: step.now + .seconds(1), ids: step.ids, blobs: step.blobs)
    state.advance(&step)
    return state
  }

  private static func written() throws -> JSON { try StateEncoder.encode(state()) }

  @Test("A state that was saved fits together")
  func good() throws {
    #expect(try Self.state().inconsistencies == [])
    #expect(try ShipyardState.read(Self.written()).inconsistencies == [])
  }

  static let terminated: [[Int?]] = [[0], [1, 0], [0, 2], [2, nil], [nil]]

  @Test("Vessels stopped before a scheduled run starts leave what fits", arguments: terminated)
  func terminatedBeforeSchedule(_ vessels: [Int?]) throws {
    var state = try Self.state(schedule: ["how_often": "DAILY", "at": "2:00"])
    let runs = state.runs.startIndex..<state.runs.endIndex
    let position = try #require(runs.first { state.runs[$0].trigger == .schedule })
    for vessel in vessels {
      let instant = VirtualInstant(seconds: 1_767_225_602)
      let hasStopped = state.terminate(position, vessel: vessel, at: instant)
      #expect(hasStopped)
      #expect(state.inconsistencies == [])
    }
    for seconds in [7_200, 7_300] {
      var step = ShipyardState.Step(
        now: VirtualInstant(seconds: 1_767_225_600 + Int64(seconds)),
        ids: IDSource(seed: 0, tenant: "default"), blobs: BlobStore(budget: MemoryBudget()))
      state.advance(&step)
      #expect(state.inconsistencies == [])
    }
    #expect(state.runs[position].status == .terminated)
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
    (["queue", "lastOrder"], .integer(.max)),
    (["fleets", "1", "runPositions", "endIndex"], 2), (["fleets", "1", "runsInProgress"], -1),
    (["projects", "1", "timeZone", "transitions"], [0, 1, 2]),
    // From the issue: attempts are gone through one by one, and runs are named by their places.
    (["runs", "chunks", "0", "0", "voyages", "0", "retries"], 2_147_483_648),
    (["fleets", "1", "scheduledRuns"], [9]), (["fleets", "1", "scheduledRuns"], [-1]),
    (["fleets", "1", "versionKey"], 7), (["settings", "retentionDays"], .integer(1 << 53)),
    (["settings", "runsKept"], 0),
  ]

  @Test("What does not fit together is refused", arguments: spoilt)
  func refused(_ change: (path: [String], value: JSON)) throws {
    let good = try Self.written()
    let bad = good.replacing(change.path[...], with: change.value)
    #expect(bad != good, "the place is there")
    let read: ShipyardState
    do { read = try ShipyardState.read(bad) } catch {
      #expect("\(error)".contains("out of range"), "\(error)")
      return
    }
    #expect(read.inconsistencies != [])
  }

  @Test("An event for a vessel that a run does not have is refused")
  func strayEvent() throws {
    var state = try Self.state()
    state.queue.insert(.attemptEnds(run: 0, vessel: 3, step: 0), due: VirtualInstant(seconds: 0))
    #expect(state.inconsistencies != [])
  }

  @Test("An event of a run that is yet to come is refused")
  func earlyEvent() throws {
    var state = try Self.state()
    state.queue.insert(.attemptEnds(run: 2, vessel: 9, step: 0), due: VirtualInstant(seconds: 0))
    #expect(state.inconsistencies != [])
  }

  /// Every number of a saved state, each at one of the ends of what numbers can be;
  /// `check_numbers.py` goes through all of them.
  @Test("A state whose number is at an end is refused, or goes on")
  func everyNumber() throws {
    let json = try Self.written()
    let blobs = BlobStore(budget: MemoryBudget())
    let now = VirtualInstant(seconds: 1_767_225_601)
    let (taken, refusedCount) = ShipyardState.readWithNumbersAtEnds(of: json)
    for (place, state) in taken {
      let box = StateBox(state, ids: IDSource(seed: 1, tenant: "default"), blobs: blobs)
      box.settle(to: now + .seconds(40 * 86_400))
      try box.mutate(at: now + .seconds(41 * 86_400)) { state, step in
        let fleet = try #require(state.fleets.keys.first)
        _ = try? state.accept(fleet, by: .api, nil, &step)
        state.replanSchedules(of: fleet, &step)
        for position in state.runs.startIndex..<state.runs.endIndex {
          state.terminate(position, vessel: nil, at: step.now)
        }
        state.forgetOldRuns(step)
        var export = RunExport(state, voyagesOf: nil, since: .earliest)
        while export.nextPiece(byteCount: 1_000) != nil {}
      }
      #expect(box.read { $0.inconsistencies } == [], "\(place)")
    }
    #expect(refusedCount + taken.count > 20)
  }
}
