import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing

@Suite struct SnapshotTests {
  static let start = VirtualInstant(iso8601: "2026-01-01T00:00:00Z")

  static func pipeline(storageLimit: UInt64 = 1 << 20) throws -> Pipeline {
    try Pipeline(
      services: [SampleService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(seed: 5, clock: .init(.manual, start: start)),
        storageLimit: storageLimit))
  }

  static func fill(_ pipeline: Pipeline) async {
    let peer = TestClient(pipeline)
    for (name, after) in [("b", 3), ("a", 5), ("c", 60)] {
      _ = await peer.send(.post, "/ships", body: #"{"name":"\#(name)","after":\#(after)}"#)
    }
    _ = await peer.send(.put, "/ships/a/cargo", body: "wheat")
    _ = await peer.send(.put, "/ships/b/cargo", body: String(repeating: "x", count: 100_000))
    let tenant = pipeline.tenants.default.tenant
    tenant.advance(to: tenant.clock.now + .seconds(4))
    tenant.keys.expire("old")
  }

  static func restore(_ archive: [UInt8], into pipeline: Pipeline, piece: Int = .max) throws {
    let reader = try SnapshotReader(budget: pipeline.tenants.budget)
    var position = 0
    while position < archive.count {
      let end = min(archive.count, position + min(piece, archive.count))
      try reader.feed(Array(archive[position..<end]))
      position = end
    }
    try Restore(reader, into: pipeline.tenants.default, of: pipeline).putInForce()
  }

  @Test(
    "Snapshot after restore gives the same bytes (issue: snapshot)", arguments: [Int.max, 1, 37])
  func identity(_ piece: Int) async throws {
    let first = try Self.pipeline()
    await Self.fill(first)
    let archive = try Snapshot(of: first.tenants.default).archive()
    #expect(try Snapshot(of: first.tenants.default).archive() == archive)
    let second = try Self.pipeline()
    try Self.restore(archive, into: second, piece: piece)
    #expect(try Snapshot(of: second.tenants.default).archive() == archive)
    let stored = second.tenants.default.tenant.blobs.all.reduce(0) { $0 + $1.blob.count }
    #expect(stored == 100_005)
    #expect((100_005..<300_000).contains(second.tenants.budget.bytesUsed))
    #expect(second.tenants.default.tenant.keys.verdict(on: "old") == .refused(status: 401))
  }

  @Test("A restored world goes on as the first one does: ids, time, numbers, what is due")
  func goesOn() async throws {
    let first = try Self.pipeline()
    await Self.fill(first)
    let second = try Self.pipeline()
    try Self.restore(try Snapshot(of: first.tenants.default).archive(), into: second)
    for pipeline in [first, second] {
      pipeline.tenants.default.tenant.advance(to: (Self.start ?? .init(seconds: 0)) + .seconds(10))
    }
    for (method, path, body) in [
      (.post, "/ships", #"{"name":"d"}"#), (.get, "/ships/a", nil), (.get, "/ships/c", nil),
      (.put, "/ships/c/cargo", "oil"),
    ] as [(Method, String, String?)] {
      let one = await TestClient(first).send(method, path, body: body)
      let two = await TestClient(second).send(method, path, body: body)
      #expect(one.body == two.body)
      #expect(one.response.fields.pairs.map(\.value) == two.response.fields.pairs.map(\.value))
    }
    #expect(
      try Snapshot(of: first.tenants.default).archive()
        == (try Snapshot(of: second.tenants.default).archive()))
  }

  @Test("Real time goes on while a snapshot lies about, by its distance from the wall")
  func realTime() async throws {
    let wall = HandWall(1_000_000)
    func pipeline() throws -> Pipeline {
      try Pipeline(
        services: [SampleService()],
        configuration: PipelineConfiguration(
          blueprint: TenantBlueprint(clock: .init(.real)), wall: { wall.now }))
    }
    let first = try pipeline()
    let tenant = first.tenants.default.tenant
    tenant.advance(to: tenant.clock.now + .seconds(500))
    let archive = try Snapshot(of: first.tenants.default).archive()
    wall.add(.seconds(60))
    #expect(try Snapshot(of: first.tenants.default).archive() == archive)
    let second = try pipeline()
    try Self.restore(archive, into: second)
    #expect(second.tenants.default.tenant.clock.now == VirtualInstant(seconds: 1_000_560))
    #expect(try Snapshot(of: second.tenants.default).archive() == archive)
  }

  @Test("A journal that was put back knows what it lost")
  func journal() async throws {
    let first = try Self.pipeline()
    await Self.fill(first)
    let second = try Self.pipeline()
    try Self.restore(try Snapshot(of: first.tenants.default).archive(), into: second)
    let status = second.tenants.default.journal.status
    #expect(status.total == 5)
    #expect(status.count == 0)
    #expect(status.dropped == 5)
    #expect(await TestClient(second).send(.get, "/ships").field("x-wavetank-exchange") == "6")
  }

  /// The parts of a good archive, to be spoiled.
  static func parts() async throws -> [(path: String, content: [UInt8])] {
    let pipeline = try pipeline()
    await fill(pipeline)
    let tar = try Gzip.decompress(
      try Snapshot(of: pipeline.tenants.default).archive(), outputBytesMax: 1 << 24)
    var parts: [(path: String, content: [UInt8])] = []
    var reader = TarReader()
    try reader.feed(tar.span, mapping: { $0 }) { event throws(TarError) in
      switch event {
      case .entry(let entry): parts.append((entry.path, []))
      case .content(let range): parts[parts.count - 1].content += tar[range]
      case .entryEnded, .archiveEnded: break
      }
    }
    return parts
  }

  struct Spoiler: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var spoil: @Sendable ([(path: String, content: [UInt8])]) throws -> [UInt8]

    init(
      _ name: String,
      _ spoil: @escaping @Sendable ([(path: String, content: [UInt8])]) throws -> [UInt8]
    ) {
      testDescription = name
      self.spoil = spoil
    }

    static func pack(_ parts: [(path: String, content: [UInt8])]) throws -> [UInt8] {
      try Gzip.compress(TarWriter.archive(parts))
    }

    static func replacing(_ path: String, _ from: String, _ to: String) -> Spoiler {
      Spoiler("\(path): \(to)") { parts in
        try pack(
          parts.map { part in
            guard part.path == path else { return part }
            let text = String(decoding: part.content, as: UTF8.self)
            #expect(text.contains(from))
            return (part.path, Array(text.replacing(from, with: to).utf8))
          })
      }
    }

    static func adding(_ path: String) -> Spoiler {
      Spoiler("an entry \(path)") { try pack($0 + [(path, Array("x".utf8))]) }
    }

    static func dropping(_ path: String) -> Spoiler {
      Spoiler("no \(path)") { parts in try pack(parts.filter { $0.path != path }) }
    }
  }

  static let spoilers: [Spoiler] = [
    Spoiler("nothing") { _ in [] },
    Spoiler("no gzip") { _ in Array("hello, this is no archive".utf8) },
    Spoiler("no tar") { _ in try Gzip.compress(Array("hello".utf8)) },
    Spoiler("an empty tar") { _ in try Spoiler.pack([]) },
    Spoiler("cut in the middle") { parts in
      let whole = try Spoiler.pack(parts)
      return Array(whole[..<(whole.count / 2)])
    },
    Spoiler("cut before its end") { try Spoiler.pack($0).dropLast(5) },
    Spoiler("a flipped bit") { parts in
      var whole = try Spoiler.pack(parts)
      whole[whole.count / 2] ^= 4
      return whole
    },
    Spoiler("a link") { parts in
      var tar = TarWriter()
      for part in parts { tar.file(part.path, part.content) }
      tar.symbolicLink("services/harbor/state.json", to: "/etc/passwd")
      tar.finish()
      return try Gzip.compress(tar.bytes)
    },
    Spoiler("a part twice") { try Spoiler.pack($0 + [$0[0]]) },
    Spoiler("a bomb of one blob") { parts in
      try Spoiler.pack(parts + [("blobs/9", [UInt8](repeating: 0, count: 64 << 20))])
    },
    .adding("../../etc/passwd"), .adding("/etc/passwd"), .adding("services/../keys.json"),
    .adding("services/other/state.json"), .adding("blobs/0x1"), .adding("blobs/99"),
    .adding("readme.txt"), .dropping("wavetank.json"), .dropping("keys.json"),
    .dropping("services/harbor/state.json"), .dropping("services/harbor/ids.json"),
    .dropping("blobs/1"),
    .replacing("wavetank.json", "\"format\":1", "\"format\":2"),
    .replacing("wavetank.json", "\"manual\"", "\"sideways\""),
    .replacing("wavetank.json", "\"lastBlob\":2", "\"lastBlob\":18446744073709551615"),
    .replacing("wavetank.json", "\"total\":5", "\"total\":-1"),
    .replacing("wavetank.json", "\"total\":5", "\"total\":18446744073709551615"),
    .replacing("services/harbor/state.json", "\"ships\"", "\"boats\""),
    .replacing("services/harbor/state.json", "{", "["),
    .replacing("services/harbor/ids.json", "counters", "count"),
    .adding("rules.json"), .adding("scenario.json"),
    Spoiler("a scenario that is none") {
      try Spoiler.pack($0 + [("scenario.json", Array(#"{"wavetank":7}"#.utf8))])
    },
    Spoiler("rules with a count out of range") { parts in
      let rules = #"""
        {"scenario":"{\"wavetank\":1}","start":{"nanoseconds":0},"state":{"variables":"{}","rules":{"r":
        {"counters":{"":{"reached":9223372036854775807,"struck":0}},"windows":{},"counterOrder":[""],
        "windowOrder":[],"lastOrdinal":0,"struckInAll":0,"reachedInAll":0}}}}
        """#
      return try Spoiler.pack(parts + [("rules.json", Array(rules.utf8))])
    },
  ]

  @Test(
    "A damaged, foreign or malicious archive is refused and the world untouched",
    arguments: spoilers)
  func malicious(_ spoiler: Spoiler) async throws {
    let pipeline = try Self.pipeline(storageLimit: 1 << 20)
    await Self.fill(pipeline)
    let before = try Snapshot(of: pipeline.tenants.default).archive()
    let used = pipeline.tenants.budget.bytesUsed
    let spoiled = try spoiler.spoil(await Self.parts())
    #expect(throws: SnapshotError.self) { try Self.restore(spoiled, into: pipeline) }
    #expect(try Snapshot(of: pipeline.tenants.default).archive() == before)
    #expect(pipeline.tenants.budget.bytesUsed == used)
  }

  @Test("Empty contents take room as well: an archive of nothing but those is small")
  func emptyBlobs() throws {
    let budget = MemoryBudget(limit: 1 << 20)
    let packed = try Spoiler.pack((1...20_000).map { ("blobs/\($0)", []) })
    #expect(throws: SnapshotError.noRoom) {
      try SnapshotReader(budget: budget).feed(packed)
    }
    #expect(budget.bytesUsed == 0)
  }

  @Test("Which part is wrong is said once")
  func wrongPart() async throws {
    let pipeline = try Self.pipeline()
    let spoiled = try Spoiler.adding("rules.json").spoil(await Self.parts())
    let error = #expect(throws: SnapshotError.self) { try Self.restore(spoiled, into: pipeline) }
    let text = try #require(error).text
    #expect(text.hasPrefix("The snapshot's rules.json is wrong: "))
    #expect(text.ranges(of: "rules.json").count == 1)
  }

  static func scripted(_ document: JSON) throws -> Pipeline {
    let services: [any EmulatedService] = [SampleService()]
    let catalog = ScenarioCatalog(services: services)
    let scenario = try Scenario.read(document, catalog: catalog)
    return try Pipeline(
      services: services,
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(scenario, catalog: catalog)))
  }

  static let scenario: JSON = [
    "wavetank": 1, "seed": 9, "clock": ["mode": "manual", "start": "2026-01-01T00:00:00Z"],
    "variables": ["phase": "cold"],
    "given": ["harbor": ["ships": ["ark"]]],
    "rules": [
      [
        "name": "thrice", "match": ["operation": "harbor.ship.list"], "times": 3, "error": 503,
        "set": ["phase": "warm"],
      ],
      [
        "name": "chance", "match": ["operation": "harbor.tides"], "probability": 0.5, "error": 500,
      ],
    ],
  ]

  @Test(
    "A scenario's counts, variables and added rules come back with the world",
    arguments: [true, false])
  func rules(_ knowsScenario: Bool) async throws {
    let first = try Self.scripted(Self.scenario)
    let engine = try #require(first.tenants.default.rules)
    for _ in 0..<2 { #expect(await TestClient(first).send(.get, "/ships").status == 503) }
    for _ in 0..<5 { _ = await TestClient(first).send(.get, "/api/v1/tides/1") }
    _ = try engine.add([
      "name": "late", "match": ["operation": "harbor.ship.get"], "error": 418,
    ])
    let archive = try Snapshot(of: first.tenants.default).archive()
    // Into a server with the same scenario, and into one that has none.
    let second = try knowsScenario ? Self.scripted(Self.scenario) : Self.pipeline()
    try Self.restore(archive, into: second)
    #expect(try Snapshot(of: second.tenants.default).archive() == archive)
    for path in ["/ships/ark", "/ships", "/ships"] + (1...20).map({ "/api/v1/tides/\($0)" }) {
      let one = await TestClient(first).send(.get, path)
      let two = await TestClient(second).send(.get, path)
      #expect(one.status == two.status, "\(path)")
      #expect(one.field("x-wavetank-exchange") == two.field("x-wavetank-exchange"))
    }
    #expect(second.tenants.default.rules?.variables["phase"] == "warm")
    try second.tenants.default.reset()
    #expect(await TestClient(second).send(.get, "/ships").status == 503)
  }

  @Test("Sets and dictionaries are written in an order of their own, and read back")
  func canonical() throws {
    struct Key: Hashable, Codable {
      var name: String
      var number: Int
    }
    struct Value: Codable, Equatable {
      var set: Set<String>
      var byKey: [Key: [Double]]
      var byNumber: [Int: String?]
      var large: UInt64
      var optional: Set<Int>?
    }
    let names = (0..<50).map { "n\($0)" }
    let value = Value(
      set: Set(names),
      byKey: Dictionary(names.map { (Key(name: $0, number: 1), [0.1, 1e300]) }) { $1 },
      byNumber: [3: "c", 1: "a", 2: nil], large: .max, optional: [5, 4])
    let text = try StateEncoder.encode(value).text
    var random = SeededRandom(key: 1)
    for _ in 0..<5 {
      // Other insertion orders and capacities give other orders in memory.
      var other = value
      other.set = Set(names.shuffled(using: &random))
      other.set.reserveCapacity(Int.random(in: 50...5000, using: &random))
      other.byKey.reserveCapacity(Int.random(in: 50...5000, using: &random))
      #expect(try StateEncoder.encode(other).text == text)
    }
    #expect(text.contains(#""set":["n0","n1","n10","#))
    #expect(try SnapshotTests.decode(Value.self, text) == value)
  }

  @Test("A dictionary that knows its weight is written in the same order, however it was filled")
  func canonicalWeighed() throws {
    struct Key: Hashable, Codable, Weighed {
      var name: String
      var heapBytes: Int { name.heapBytes }
    }
    struct Value: Codable {
      var byKey = WeighedDictionary<Key, String>()
    }
    var random = SeededRandom(key: 2)
    let texts = try (0..<5).map { _ in
      var value = Value()
      // Removed keys leave a larger table behind, which has another order.
      for number in (0..<500).shuffled(using: &random) {
        value.byKey[Key(name: "n\(number)")] = "v"
      }
      for number in 20..<500 { value.byKey[Key(name: "n\(number)")] = nil }
      return try StateEncoder.encode(value).text
    }
    #expect(Set(texts).count == 1)
    #expect(texts[0].hasPrefix(#"{"byKey":[{"name":"n0"},"v",{"name":"n1"},"v",{"name":"n10"}"#))
  }
}
