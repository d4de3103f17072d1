import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import ShipyardEmulator

@Suite("Attempts counted across runs")
struct AttemptScopeTests {
  private static let attempts: JSON = [
    ["exit": 1, "output": "one"], ["exit": 1, "output": "two"], ["exit": 0, "output": "three"],
  ]

  /// How three runs end, one after the other, and how often they retried.
  private func statuses(_ behavior: JSON, retries: Int) async throws -> [String] {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], guardrails: ["a": ["retry_count": .integer(retries), "retry_wait": "5m"]])
      ]), behaviors: [behavior])
    var found: [String] = []
    for _ in 0..<3 {
      let run = try await harness.trigger()
      harness.advance(.seconds(3_600))
      let row = try #require(try await harness.voyages(of: run)["a"])
      let output = try harness.described(run)["voyages"]?[0]?["output"]?.stringValue ?? ""
      found.append("\(row["Fleet Log Status"] ?? "") \(row["Retries"] ?? "") \(output)")
    }
    return found
  }

  @Test("per: fleet goes on where the run before has ended; each run counts for itself else")
  func scopes() async throws {
    let each = try await statuses(["attempts": Self.attempts], retries: 0)
    #expect(each == ["Errored 0 one", "Errored 0 one", "Errored 0 one"])
    let run = try await statuses(["attempts": Self.attempts, "per": "run"], retries: 0)
    #expect(run == each)
    let fleet = try await statuses(["attempts": Self.attempts, "per": "fleet"], retries: 0)
    #expect(fleet == ["Errored 0 one", "Errored 0 two", "Success 0 three"])
    let retried = try await statuses(["attempts": Self.attempts, "per": "fleet"], retries: 1)
    #expect(retried == ["Errored 1 onetwo", "Success 0 three", "Success 0 three"])
  }

  @Test("The count is part of a snapshot")
  func snapshot() async throws {
    let harness = try ServiceHarness(
      ShipyardService(), given: oneProject([bashFleet(["a"])]),
      behaviors: [["attempts": Self.attempts, "per": "fleet"]])
    _ = try await harness.trigger()
    harness.advance(.seconds(60))
    let text = harness.live.slots[0].hold { (try? StateEncoder.encode($0.state)) ?? .null }
    let state = try SnapshotJSON.decode(ShipyardState.self, from: text.serialized(), path: "x")
    #expect(state.attemptCounts.map { Array($0.values) } == [1])
    #expect(state.inconsistencies == [])
  }
}
