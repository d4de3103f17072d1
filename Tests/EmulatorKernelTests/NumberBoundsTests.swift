import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel

@Suite("No number from outside can end the process")
struct NumberBoundsTests {
  // MARK: Instants

  static let additions: [(Int64, Duration, VirtualInstant)] = [
    (.max, .zero, .latest), (.min, .zero, .earliest), (.max, .seconds(1), .latest),
    (0, .seconds(Int64.max), .latest), (0, .seconds(Int64.min), .earliest),
    (.min, .seconds(-1), .earliest), (5, .nanoseconds(-6), VirtualInstant(nanoseconds: -1)),
  ]

  @Test("Instants and their sums stay within the range of all instants", arguments: additions)
  func sums(_ nanoseconds: Int64, _ duration: Duration, _ expected: VirtualInstant) {
    #expect(VirtualInstant(nanoseconds: nanoseconds) + duration == expected)
  }

  static let instants: [VirtualInstant] = [
    .earliest, .init(nanoseconds: -1), .init(nanoseconds: 0), .init(nanoseconds: 1_999_999_999),
    .init(seconds: 1_800_000_000), .endOfTime, .latest,
  ]

  @Test(
    "Going as far as from one instant to another is adding their difference", arguments: instants)
  func advanced(_ instant: VirtualInstant) {
    for start in Self.instants {
      for end in Self.instants {
        #expect(instant.advanced(from: start, to: end) == instant + (end - start))
      }
    }
  }

  @Test("The ends of the range have a date, a difference and a whole number of seconds")
  func ends() {
    #expect(VirtualInstant.earliest.iso8601() == "1684-10-19T08:00:00Z")
    #expect(VirtualInstant.latest.iso8601(.microseconds) == "2255-03-14T16:00:00.000000Z")
    let whole = VirtualInstant.latest - .earliest
    #expect(whole == .seconds(18_000_000_000))
    #expect(whole.secondsRoundedUp == 18_000_000_000)
    #expect(Duration.nanoseconds(1).secondsRoundedUp == 1)
    #expect(Duration(secondsComponent: .max, attosecondsComponent: 1).secondsRoundedUp == .max)
    #expect((VirtualInstant.earliest - .latest).secondsRoundedUp == -18_000_000_000)
  }

  static let modes: [ClockMode] = [.real, .scaled(1e6), .manual, .skip]

  @Test("A clock stands still before the end of all instants, in each mode", arguments: modes)
  func endOfTime(_ mode: ClockMode) {
    let wall = HandWall(1_000)
    let clock = VirtualClock(mode: mode, start: .latest) { wall.now }
    #expect(clock.now == .endOfTime)
    wall.add(.seconds(100 * 31_557_600))
    #expect(clock.now == .endOfTime)
    clock.set(to: .earliest)
    clock.advance(to: .latest)
    #expect(clock.now == .endOfTime)
    #expect(clock.wallDelay(until: .latest) ?? .seconds(1) > .zero)
  }

  @Test("What is due at the end of all instants never happens")
  func neverDue() async throws {
    let pipeline = try SnapshotTests.pipeline()
    let tenant = pipeline.tenants.default.tenant
    tenant.clock.set(to: .endOfTime)
    _ = await TestClient(pipeline).send(
      .post, "/ships", body: #"{"name":"ark","after":1000000000}"#)
    #expect(tenant.nextDue == nil)
    tenant.advance(to: .latest)
    #expect(tenant.clock.now == .endOfTime)
    #expect(await TestClient(pipeline).send(.get, "/ships/ark").text == #"{"arrived":false}"#)
  }

  // MARK: Snapshots

  private struct Mixed: Codable, Equatable {
    enum Pause: Codable, Equatable { case after(Duration), never }
    var count = 0
    var list: [Int] = []
    var byKey: [Int: Int] = [:]
    var byName: [String: [Int]] = [:]
    var instant = VirtualInstant(seconds: 0)
    var pause = Pause.never
    var bytes: [UInt8] = []
    var seed: UInt64 = 0
    var maybe: Int?
    var inner: [Mixed] = []
  }

  static let numbers: [(text: String, pointer: String?)] = [
    (#"{"count":9007199254740992}"#, nil), (#"{"count":9007199254740993}"#, "/count"),
    (#"{"count":-9223372036854775808}"#, "/count"),
    (#"{"list":[1,9223372036854775807]}"#, "/list/1"),
    (#"{"byKey":{"3":9223372036854775807}}"#, "/byKey/3"),
    (#"{"byName":{"a":[0,0,-9223372036854775808]}}"#, "/byName/a/2"),
    (#"{"instant":{"nanoseconds":9000000000000000000}}"#, nil),
    (#"{"instant":{"nanoseconds":9000000000000000001}}"#, "/instant/nanoseconds"),
    (#"{"instant":{"nanoseconds":-9223372036854775808}}"#, "/instant/nanoseconds"),
    (#"{"pause":{"after":{"_0":[1,0]}}}"#, nil),
    (#"{"pause":{"after":{"_0":[9223372036854775807,0]}}}"#, "/pause/after/_0"),
    (#"{"pause":{"after":{"_0":[-9223372036854775808,0]}}}"#, "/pause/after/_0"),
    (#"{"maybe":9223372036854775807}"#, "/maybe"),
    (#"{"inner":[{"inner":[{"count":9223372036854775807}]}]}"#, "/inner"),
    (#"{"seed":18446744073709551615}"#, nil), (#"{"bytes":[255]}"#, nil),
    (#"{"bytes":[256]}"#, "/bytes"), (#"{"count":1e30}"#, "/count"), (#"{"count":1.5}"#, "/count"),
  ]

  @Test("A number that nobody could count on from is refused with its place", arguments: numbers)
  func bounded(_ text: String, _ pointer: String?) throws {
    var document = try StateEncoder.encode(Mixed())
    guard case .object(let changes) = try JSON(parsing: text), case .object(var whole) = document
    else { return }
    for (key, value) in changes.members { whole[key] = Self.completed(key, value) }
    document = .object(whole)
    guard let pointer else {
      let read = try SnapshotJSON.decode(Mixed.self, from: document.serialized(), path: "p")
      #expect(try StateEncoder.encode(read) == document)
      return
    }
    let error = #expect(throws: SnapshotError.self) {
      try SnapshotJSON.decode(Mixed.self, from: document.serialized(), path: "p")
    }
    #expect(error?.text.contains("at \(pointer)") == true, "\(String(describing: error))")
  }

  /// Inner objects need their other members, too.
  private static func completed(_ key: String, _ value: JSON) -> JSON {
    guard key == "inner", case .array(let elements) = value,
      case .object(var whole)? = try? StateEncoder.encode(Mixed())
    else { return value }
    return .array(
      elements.map { element in
        for (key, value) in element.objectValue?.members ?? [] {
          whole[key] = completed(key, value)
        }
        return .object(whole)
      })
  }

  static let clocks: [(text: String, isGood: Bool)] = [
    (#""mode":"manual","nanoseconds":-9223372036854775808"#, false),
    (#""mode":"manual","nanoseconds":9223372036854775807"#, false),
    (#""mode":"manual","nanoseconds":-9000000000000000000"#, true),
    (#""mode":"scaled","factor":1e6,"nanoseconds":9000000000000000000"#, true),
    (#""mode":"real","offset":-9223372036854775808"#, true),
    (#""mode":"real","offset":9223372036854775807"#, true),
  ]

  @Test("A snapshot's clock stands within the range, or is refused", arguments: clocks)
  func clock(_ text: String, _ isGood: Bool) async throws {
    let pipeline = try SnapshotTests.pipeline()
    let spoiled = try SnapshotTests.Spoiler.pack(
      try await SnapshotTests.parts().map { part in
        guard part.path == "wavetank.json" else { return part }
        let manifest = String(decoding: part.content, as: UTF8.self)
        let clock = try #require(manifest.firstMatch(of: #/"clock":\{[^}]*\}/#))
        return (
          part.path, Array(manifest.replacing(clock.output, with: "\"clock\":{\(text)}").utf8)
        )
      })
    guard isGood else {
      #expect(throws: SnapshotError.self) { try SnapshotTests.restore(spoiled, into: pipeline) }
      return
    }
    try SnapshotTests.restore(spoiled, into: pipeline)
    let tenant = pipeline.tenants.default.tenant
    tenant.advance(to: .latest)
    tenant.clock.set(to: .earliest)
    #expect(await TestClient(pipeline).send(.get, "/ships").status == 200)
    #expect(tenant.clock.now.iso8601().count == 20)
    #expect(try Snapshot(of: pipeline.tenants.default).archive().count > 0)
  }

  // MARK: Clocks that go both ways

  static let limits: [JSON] = [
    ["requests": 1, "window": "720000h"],
    ["requests": 1, "window": "720000h", "kind": "fixed"],
    ["requests": 0, "window": "876000h"],
  ]

  @Test("A limit holds whichever way time goes (Retry-After, RFC 9110 §10.2.3)", arguments: limits)
  func limit(_ limit: JSON) async throws {
    let harness = try ScenarioHarness(rule: ["limit": limit])
    let clock = harness.live.tenant.clock
    for text in ["2255-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1684-11-01T00:00:00Z"] {
      let instant = try #require(VirtualInstant(iso8601: text))
      clock.set(to: instant)
      let statuses = await harness.statuses(2)
      // What has not happened yet does not count.
      #expect(statuses == (limit["requests"] == 0 ? [429, 429] : [200, 429]), "\(text)")
      let wait = await harness.peer.send(.get, "/ships").field("retry-after").flatMap { Int($0) }
      #expect((1...3_153_600_000).contains(wait ?? 0), "\(text): \(wait ?? 0)")
    }
  }
}
