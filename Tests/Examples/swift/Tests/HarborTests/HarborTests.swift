import Foundation
import Testing
import WavetankTestKit

/// Each test takes a tenant of its own, so they all run at once on one server.
@Suite struct HarborTests {
  static let fleet =
    "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
    + "/fleets/33333333-3333-4333-8333-333333333333"

  private func trigger(_ tenant: TestTenant) async throws -> Int {
    try await tenant.send(
      .post, "\(Self.fleet)/fleetruns",
      fields: ["X-Shipyard-API-Key": tenant.key, "Content-Type": "application/json"],
      content: "{}"
    ).status
  }

  private func runs(_ tenant: TestTenant) async throws -> String {
    try await tenant.send(
      .get, "\(Self.fleet)/fleetruns", fields: ["X-Shipyard-API-Key": tenant.key]
    ).text
  }

  @Test func aRunEndsWhenTheClockSaysSo() async throws {
    let server = try await WavetankServer.start(clock: "manual")
    let tenant = server.tenant("a run ends when the clock says so")
    #expect(try await trigger(tenant) == 201)
    #expect(try await !runs(tenant).contains("Success"))
    try await tenant.advance(by: .seconds(3600))
    #expect(try await runs(tenant).contains("Success"))
    try await tenant.verify(operation: "shipyard.fleetRun.create", .exactly(1))
    await server.stop()
  }

  @Test func aClientMustComeBackAfterTwoRefusals() async throws {
    let server = try await WavetankServer.start()
    let tenant = server.tenant("two refusals")
    try await tenant.scenario(
      """
      {"wavetank": 1, "name": "two refusals",
       "rules": [{"name": "refuse", "match": {"operation": "shipyard.fleetRun.create"},
                  "times": 2, "error": 503}],
       "expect": {"rules": {"refuse": 2}}}
      """)
    var statuses: [Int] = []
    await #expect(throws: WavetankError.self) { try await tenant.verify() }
    for _ in 0..<3 { statuses.append(try await trigger(tenant)) }
    #expect(statuses == [503, 503, 201])
    try await tenant.verify()
    await server.stop()
  }

  @Test func aSnapshotBringsTheWorldBack() async throws {
    let server = try await WavetankServer.start()
    let tenant = server.tenant("snapshot")
    #expect(try await trigger(tenant) == 201)
    let before = try await tenant.state(of: "shipyard")
    let snapshot = try await tenant.snapshot()
    try await tenant.reset()
    #expect(try await tenant.state(of: "shipyard") != before)
    try await tenant.restore(snapshot)
    #expect(try await tenant.state(of: "shipyard") == before)
    await server.stop()
  }

  @Test func cloudsDoNotMeet() async throws {
    let server = try await WavetankServer.start()
    #expect(try await trigger(server.tenant("left")) == 201)
    try await server.tenant("right").verify(operation: "shipyard.*", .exactly(0))
    await server.stop()
  }

  /// With WAVETANK_BINARY, which does the sweep; the program is any command that ends by itself.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["WAVETANK_BINARY"] != nil))
  func aProgramSurvivesEachFailure() async throws {
    let program =
      #"curl -sf -o /dev/null -H 'X-Shipyard-API-Key: k' "$SHIPYARD_API_BASE/orgs" || exit 3"#
    let found = try await sweep(["sh", "-c", program], SweepOptions(faults: ["500", "401"]))
    try found.verify()
  }
}
