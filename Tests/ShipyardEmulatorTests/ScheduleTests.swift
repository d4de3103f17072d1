import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import ShipyardEmulator
import Testing

@Suite("Schedules")
struct ScheduleTests {
  static func instant(_ text: String) throws -> VirtualInstant {
    try #require(VirtualInstant(iso8601: text))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var schedule: Schedule
    var zone: String
    var from: String
    var to: String
    var expected: [String]
    var testDescription: String { "\(schedule.frequency) in \(zone) from \(from)" }
  }

  static let cases = [
    Case(
      schedule: Schedule(frequency: .hourly, hour: 0, minute: 25), zone: "UTC",
      from: "2026-01-01T10:30:00Z", to: "2026-01-01T13:25:00Z",
      expected: ["2026-01-01T11:25:00Z", "2026-01-01T12:25:00Z"]),
    Case(
      schedule: Schedule(frequency: .hourly, hour: 0, minute: 0), zone: "Asia/Kolkata",
      from: "2026-01-01T10:00:00Z", to: "2026-01-01T12:00:00Z",
      expected: ["2026-01-01T10:30:00Z", "2026-01-01T11:30:00Z"]),
    Case(
      schedule: Schedule(frequency: .daily, hour: 4, minute: 5), zone: "Europe/Berlin",
      from: "2026-03-28T00:00:00Z", to: "2026-03-31T00:00:00Z",
      expected: ["2026-03-28T03:05:00Z", "2026-03-29T02:05:00Z", "2026-03-30T02:05:00Z"]),
    // 02:30 does not exist on the day the clocks go forward, and comes twice when they go back.
    Case(
      schedule: Schedule(frequency: .daily, hour: 2, minute: 30), zone: "Europe/Berlin",
      from: "2026-03-29T00:00:00Z", to: "2026-03-30T00:00:00Z",
      expected: ["2026-03-29T01:30:00Z"]),
    Case(
      schedule: Schedule(frequency: .daily, hour: 2, minute: 30), zone: "Europe/Berlin",
      from: "2026-10-25T00:00:00Z", to: "2026-10-26T00:00:00Z",
      expected: ["2026-10-25T00:30:00Z"]),
    Case(
      schedule: Schedule(frequency: .weekly(weekday: 3), hour: 22, minute: 0),
      zone: "America/New_York", from: "2026-01-01T00:00:00Z", to: "2026-01-16T00:00:00Z",
      expected: ["2026-01-01T03:00:00Z", "2026-01-08T03:00:00Z", "2026-01-15T03:00:00Z"]),
    Case(
      schedule: Schedule(frequency: .monthly(day: 31), hour: 1, minute: 0), zone: "UTC",
      from: "2026-01-01T00:00:00Z", to: "2026-06-01T00:00:00Z",
      expected: ["2026-01-31T01:00:00Z", "2026-03-31T01:00:00Z", "2026-05-31T01:00:00Z"]),
    // Far beyond the last transition of the file: its rule for all later years.
    Case(
      schedule: Schedule(frequency: .daily, hour: 12, minute: 0), zone: "Australia/Sydney",
      from: "2090-06-30T12:00:00Z", to: "2090-07-01T12:00:00Z",
      expected: ["2090-07-01T02:00:00Z"]),
    Case(
      schedule: Schedule(frequency: .daily, hour: 12, minute: 0), zone: "Australia/Sydney",
      from: "2090-12-31T00:00:00Z", to: "2091-01-01T00:00:00Z",
      expected: ["2090-12-31T01:00:00Z"]),
    // Half an hour back, and forth: the minute comes twice within an hour, and once too seldom.
    Case(
      schedule: Schedule(frequency: .hourly, hour: 0, minute: 45), zone: "Australia/Lord_Howe",
      from: "2026-04-04T13:00:00Z", to: "2026-04-04T17:00:00Z",
      expected: [
        "2026-04-04T13:45:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z",
        "2026-04-04T16:15:00Z",
      ]),
    Case(
      schedule: Schedule(frequency: .hourly, hour: 0, minute: 15), zone: "Australia/Lord_Howe",
      from: "2026-10-03T14:00:00Z", to: "2026-10-03T17:30:00Z",
      expected: ["2026-10-03T14:45:00Z", "2026-10-03T16:15:00Z", "2026-10-03T17:15:00Z"]),
    Case(
      schedule: Schedule(frequency: .daily, hour: 0, minute: 0), zone: "Pacific/Kiritimati",
      from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z",
      expected: ["2026-01-01T10:00:00Z"]),
  ]

  @Test("Instants follow the clocks of the project's time zone", arguments: cases)
  func instants(example: Case) throws {
    let zone: TimeZoneRules
    do {
      zone = try TimeZoneRules.named(example.zone)
    } catch {
      try #require(error == .noDatabase)
      return
    }
    let found = example.schedule.instants(
      from: try Self.instant(example.from), to: try Self.instant(example.to), in: zone)
    #expect(found.map { $0.iso8601() } == example.expected)
  }

  @Test(
    "A name that is no time zone is refused, whatever it points to",
    arguments: ["Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "zone.tab", "Europe", "a b"])
  func unknownZone(name: String) {
    #expect(throws: TimeZoneRules.Failure.self) { try TimeZoneRules.named(name) }
    #expect(throws: ScenarioProblems.self) {
      try ServiceHarness(ShipyardService(), given: oneProject([], timezone: name))
    }
  }

  static func triggers(_ schedules: JSON...) -> JSON { ["schedules": .array(schedules)] }

  @Test("The runs of the rest of the day stand in the table, and start when they are due")
  func lookAhead() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], triggers: Self.triggers(["how_often": "DAILY", "at": "12:00"]))
      ]))
    var rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.count == 1)
    #expect(rows[0]["Status"] == "Scheduled")
    #expect(rows[0]["Trigger"] == "Schedule")
    try harness.advance(to: "2026-01-05T12:00:00Z")
    rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows[0]["Status"] == "Running")
    #expect(rows[0]["Start Time"] == "2026-01-05T12:00:00Z")
    try harness.advance(to: "2026-01-05T23:59:59Z")
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 1)
    try harness.advance(to: "2026-01-06T00:00:00Z")
    rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.map { $0["Status"] } == ["Scheduled", "Success"])
    try harness.advance(to: "2026-02-05T00:00:00Z")
    rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.count == 32)
    let run = try #require(rows.last?["Fleet Log ID"])
    #expect(
      try harness.scheduledInstant(of: run) == "2026-01-05T12:00:00.000000Z")
  }

  @Test("Midnight's own run is not lost, a duplicate schedule runs twice")
  func midnight() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(
          ["a"],
          triggers: Self.triggers(
            ["how_often": "DAILY", "at": "0:00"], ["how_often": "DAILY", "at": "0:00"]))
      ]))
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.isEmpty)
    try harness.advance(to: "2026-01-06T00:00:00Z")
    let rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.map { $0["Status"] } == ["Running", "Running"])
  }

  @Test("An organization that may not run has no scheduled runs, until it may again")
  func notRunnable() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], triggers: Self.triggers(["how_often": "HOURLY", "at": ":30"]))
      ]))
    try harness.emit(["setRunnable": ["org": .string(ShipyardDemo.org), "runnable": false]])
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.isEmpty)
    try harness.advance(to: "2026-01-06T11:00:00Z")
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.isEmpty)
    try harness.emit(["setRunnable": ["org": .string(ShipyardDemo.org), "runnable": true]])
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 13)
  }

  @Test("Saving a fleet replaces its scheduled runs; those that started stay")
  func replaced() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], triggers: Self.triggers(["how_often": "HOURLY", "at": ":30"]))
      ]))
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 14)
    try harness.advance(to: "2026-01-05T11:00:00Z")
    let yaml = """
      name: Test
      _id: \(ShipyardDemo.fleet)
      vessels:
        b:
          source: {type: CODE, language: BASH, file_to_run: a.sh}
      triggers: {schedules: [{how_often: DAILY, at: '20:00'}]}
      """
    #expect(
      try await harness.send(.put, "\(ShipyardDemo.projectPath)/fleets", text: yaml).status == 200)
    let rows = try await harness.send(.get, ShipyardDemo.runsPath).rows
    #expect(rows.map { $0["Status"] } == ["Scheduled", "Success"])
    #expect(rows.map { $0["Fleet Version"] } == ["2", "1"])
    try harness.advance(to: "2026-01-06T00:00:00Z")
    #expect(try await harness.send(.get, ShipyardDemo.runsPath).rows.count == 3)
  }

  @Test("A run that waits for tomorrow does not make the mode skip jump")
  func skipIgnoresSchedules() async throws {
    let harness = try ServiceHarness(
      ShipyardService(),
      given: oneProject([
        bashFleet(["a"], triggers: Self.triggers(["how_often": "DAILY", "at": "23:00"]))
      ]), mode: .skip)
    _ = try await harness.send(.get, ShipyardDemo.runsPath)
    #expect(harness.now.iso8601() == ServiceHarness.start)
  }
}

extension ServiceHarness {
  func scheduledInstant(of run: String) throws -> String? {
    try described(run)["scheduledFor"]?.stringValue
  }
}
