import Testing
import WavetankTestKit

/// Each test takes a cloud of its own, so they all run at once on one server.
@Suite struct HarborTests {
  static let fleet =
    "/orgs/11111111-1111-4111-8111-111111111111/projects/22222222-2222-4222-8222-222222222222"
    + "/fleets/33333333-3333-4333-8333-333333333333"

  private func trigger(_ cloud: TestCloud) async throws -> Int {
    try await cloud.send(
      .post, "\(Self.fleet)/fleetruns",
      fields: ["X-Shipyard-API-Key": cloud.key, "Content-Type": "application/json"],
      content: "{}"
    ).status
  }

  private func runs(_ cloud: TestCloud) async throws -> String {
    try await cloud.send(
      .get, "\(Self.fleet)/fleetruns", fields: ["X-Shipyard-API-Key": cloud.key]
    ).text
  }

  @Test func aRunEndsWhenTheClockSaysSo() async throws {
    let server = try await WavetankServer.start(clock: "manual")
    let cloud = server.cloud("a run ends when the clock says so")
    #expect(try await trigger(cloud) == 201)
    #expect(try await !runs(cloud).contains("Success"))
    try await cloud.advance(by: .seconds(3600))
    #expect(try await runs(cloud).contains("Success"))
    try await cloud.verify(operation: "shipyard.fleetRun.create", .exactly(1))
    await server.stop()
  }

  @Test func aClientMustComeBackAfterTwoRefusals() async throws {
    let server = try await WavetankServer.start()
    let cloud = server.cloud("two refusals")
    try await cloud.scenario(
      """
      {"wavetank": 1, "name": "two refusals",
       "rules": [{"name": "refuse", "match": {"operation": "shipyard.fleetRun.create"},
                  "times": 2, "error": 503}],
       "expect": {"rules": {"refuse": 2}}}
      """)
    var statuses: [Int] = []
    await #expect(throws: WavetankError.self) { try await cloud.verify() }
    for _ in 0..<3 { statuses.append(try await trigger(cloud)) }
    #expect(statuses == [503, 503, 201])
    try await cloud.verify()
    await server.stop()
  }

  @Test func aSnapshotBringsTheWorldBack() async throws {
    let server = try await WavetankServer.start()
    let cloud = server.cloud("snapshot")
    #expect(try await trigger(cloud) == 201)
    let before = try await cloud.state(of: "shipyard")
    let snapshot = try await cloud.snapshot()
    try await cloud.reset()
    #expect(try await cloud.state(of: "shipyard") != before)
    try await cloud.restore(snapshot)
    #expect(try await cloud.state(of: "shipyard") == before)
    await server.stop()
  }

  @Test func cloudsDoNotMeet() async throws {
    let server = try await WavetankServer.start()
    #expect(try await trigger(server.cloud("left")) == 201)
    try await server.cloud("right").verify(operation: "shipyard.*", .exactly(0))
    await server.stop()
  }
}
