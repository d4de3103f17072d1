import ControlPlane
import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

/// A snapshot that comes again is put back without being read; a world that has not changed is not
/// written again. Nobody can tell but by the time that it takes.
@Suite("Snapshots that are put back or taken again")
struct KnownSnapshotTests {
  let pipeline: Pipeline
  let peer: TestClient

  init() throws { self = try Self(storageLimit: 64 << 20) }

  private init(storageLimit: UInt64) throws {
    pipeline = try Pipeline(
      services: [SampleService()],
      configuration: PipelineConfiguration(
        blueprint: TenantBlueprint(
          seed: 3, clock: .init(.manual, start: VirtualInstant(seconds: 1_000))),
        storageLimit: storageLimit))
    peer = TestClient(AdminResponder(pipeline: pipeline))
  }

  private func take(of tenant: String = "") async -> [UInt8] {
    await peer.send(.get, Self.prefix(tenant) + "/_wavetank/snapshot").body
  }

  @discardableResult
  private func put(_ bytes: [UInt8], in tenant: String = "") async -> Int {
    let request = Request(
      method: .put, target: RequestTarget(Self.prefix(tenant) + "/_wavetank/snapshot"),
      fields: Fields(["Host": "localhost"]), framing: .length(UInt64(bytes.count)))
    return await peer.send(request, bytes).status
  }

  private static func prefix(_ tenant: String) -> String { tenant.isEmpty ? "" : "/_t/" + tenant }

  private func add(_ ship: String, in tenant: String = "") async {
    _ = await peer.send(.post, Self.prefix(tenant) + "/ships", body: #"{"name":"\#(ship)"}"#)
  }

  private func ships(of tenant: String = "") async -> String {
    await peer.send(.get, Self.prefix(tenant) + "/ships").text
  }

  private func fill() async {
    await add("a")
    _ = await peer.send(.put, "/ships/a/cargo", body: "wheat")
    _ = await peer.send(
      .post, "/_wavetank/scenario/rules",
      body: #"{"name":"calm","match":{"path":"/doors/*"},"times":1,"error":503}"#)
  }

  private func isKnown(_ packed: [UInt8]) -> Bool {
    pipeline.knownSnapshots.content(of: packed) != nil
  }

  @Test("The same one is put back again and again, whatever was done in between")
  func again() async throws {
    await fill()
    let snapshot = await take()
    #expect(!isKnown(snapshot))
    for name in ["b", "c", "d"] {
      // Ids go on from where they were, the rule strikes once more, content is what it was.
      await add(name)
      _ = await peer.send(.put, "/ships/a/cargo", body: name)
      #expect(await peer.send(.post, "/doors/1").status == 503)
      #expect(await peer.send(.post, "/doors/1").status != 503)
      _ = await peer.send(.post, "/_wavetank/emit", body: #"{"expireKey":"old"}"#)
      _ = await peer.send(.post, "/_wavetank/clock/advance", body: #"{"by":"7s"}"#)
      let changed = await take()
      #expect(changed != snapshot)
      #expect(await put(snapshot) == 204)
      #expect(isKnown(snapshot))
      #expect(await take() == snapshot)
      #expect(await ships() == #"["a"]"#)
      #expect(await put(changed) == 204)
      #expect(await take() == changed)
      #expect(await ships() == #"["a","\#(name)"]"#)
      #expect(await put(snapshot) == 204)
      #expect(await take() == snapshot)
    }
  }

  @Test("Under another scenario, too, which ends with it")
  func scenario() async throws {
    await fill()
    let snapshot = await take()
    for status in [500, 501, 502] {
      let rules = #"[{"name":"no","error":\#(status)}]"#
      let other = #"{"wavetank":1,"clock":{"mode":"manual"},"rules":\#(rules)}"#
      #expect(await peer.send(.put, "/_wavetank/scenario", body: other).status == 200)
      #expect(await peer.send(.get, "/ships").status == status)
      let changed = await take()
      #expect(await put(snapshot) == 204)
      #expect(await ships() == #"["a"]"#)
      #expect(await put(snapshot) == 204)
      #expect(await take() == snapshot)
      for _ in 0..<2 {
        #expect(await put(changed) == 204)
        #expect(await take() == changed)
      }
      #expect(await put(snapshot) == 204)
    }
  }

  @Test("In several tenants, none of which sees what another does to it")
  func tenants() async throws {
    await fill()
    let snapshot = await take()
    let names = ["", "blue", "red"]
    for name in names + names {
      #expect(await put(snapshot, in: name) == 204)
      await add("of-" + (name.isEmpty ? "default" : name), in: name)
    }
    #expect(await ships() == #"["a","of-default"]"#)
    #expect(await ships(of: "blue") == #"["a","of-blue"]"#)
    #expect(await ships(of: "red") == #"["a","of-red"]"#)
    _ = await peer.send(.put, "/_t/blue/ships/a/cargo", body: "salt")
    #expect(await put(snapshot) == 204)
    #expect(await take() == snapshot)
  }

  @Test("One that is damaged on its way is not taken for it")
  func damaged() async throws {
    await fill()
    let snapshot = await take()
    #expect(await put(snapshot) == 204)
    await add("b")
    let world = await take()
    for index in [3, snapshot.count / 2, snapshot.count - 6] {
      var spoiled = snapshot
      spoiled[index] ^= 0x40
      // The gzip header's flags, the content, its checksum.
      #expect(await put(spoiled) == 422)
    }
    #expect(await put(Array(snapshot.dropLast())) == 422)
    #expect(await put([]) == 422)
    #expect(await ships() == #"["a","b"]"#)
    #expect(await put(world) == 204)
    #expect(await put(snapshot) == 204)
    #expect(await ships() == #"["a"]"#)
  }

  /// What a snapshot holds, changed each in its way.
  static let changes: [(Method, String, String?)] = [
    (.post, "/ships", #"{"name":"b"}"#), (.get, "/ships", nil), (.put, "/ships/a/cargo", "salt"),
    (.post, "/doors/1", nil), (.post, "/_wavetank/emit", #"{"expireKey":"k"}"#),
    (.post, "/_wavetank/scenario/rules", #"{"name":"more","error":500,"times":1}"#),
    (.delete, "/_wavetank/scenario/rules/calm", nil),
    (.post, "/_wavetank/clock/advance", #"{"by":"1s"}"#),
    (.post, "/_wavetank/emit", #"{"setVariables":{"x":1}}"#), (.post, "/_wavetank/reset", nil),
  ]

  @Test("What was written before is told while nothing changes", arguments: changes.indices)
  func written(_ index: Int) async throws {
    await fill()
    let first = await take()
    #expect(await take() == first)
    let live = pipeline.tenants.default
    #expect(live.tenant.uses.begin())
    #expect(pipeline.knownSnapshots.archive(of: live)?.bytes == first)
    live.tenant.uses.end()
    let (method, path, body) = Self.changes[index]
    #expect(await peer.send(method, path, body: body).status < 400 || path.hasPrefix("/doors"))
    let second = await take()
    #expect(second != first)
    #expect(await take() == second)
    // As another server would write it.
    let other = try Self()
    #expect(await other.put(second) == 204)
    #expect(await other.take() == second)
  }

  @Test("What is due has happened, and time that goes on by itself is told")
  func time() async throws {
    _ = await peer.send(.post, "/ships", body: #"{"name":"a","after":5}"#)
    let live = pipeline.tenants.default
    let first = await take()
    // Nobody has looked at the world since.
    live.tenant.clock.set(to: VirtualInstant(seconds: 1_100))
    #expect(await take() != first)
    _ = await peer.send(.put, "/_wavetank/clock", body: #"{"mode":"scaled","factor":60}"#)
    _ = await take()
    #expect(live.tenant.uses.begin())
    #expect(pipeline.knownSnapshots.archive(of: live) == nil)
    live.tenant.uses.end()
  }

  @Test("While somebody uses the tenant, nothing is known of what it will be")
  func used() async throws {
    await fill()
    let live = pipeline.tenants.default
    #expect(live.tenant.uses.begin())
    _ = await take()
    #expect(pipeline.knownSnapshots.archive(of: live) == nil)
    live.tenant.uses.end()
  }

  @Test("Few are known, small ones, and their room is counted")
  func bounds() async throws {
    var all: [[UInt8]] = []
    var used: [UInt64] = []
    for number in 0..<24 {
      await add("ship-\(number % 3)-\(number)")
      let snapshot = await take()
      #expect(await put(snapshot) == 204)
      all.append(snapshot)
      used.append(pipeline.tenants.budget.bytesUsed)
    }
    #expect(all.map(isKnown) == (0..<24).map { $0 >= 20 })
    #expect(used[1] > used[0] && used[23] < used[8] + 64 << 10)
    // The one that was put back last stays.
    #expect(await put(all[20]) == 204)
    for name in ["x", "y", "z"] {
      await add(name)
      #expect(await put(await take()) == 204)
    }
    #expect(isKnown(all[20]) && !isKnown(all[22]))
  }

  @Test("Not what is large, packed or unpacked")
  func large() async throws {
    await add("a")
    await add("b")
    for cargo in [String(repeating: "x", count: 700_000), SeededText.text(of: 200_000)] {
      for ship in ["a", "b"] {
        let reply = await peer.send(.put, "/ships/\(ship)/cargo", body: cargo)
        #expect(reply.status == 204)
      }
      let snapshot = await take()
      for _ in 0..<2 {
        #expect(await put(snapshot) == 204)
        #expect(!isKnown(snapshot))
        #expect(await take() == snapshot)
      }
    }
  }

  @Test("Nor where there is little room at all")
  func room() async throws {
    let small = try Self(storageLimit: 24 << 10)
    await small.add("a")
    let snapshot = await small.take()
    // More than the share that it may have.
    #expect(snapshot.count > (24 << 10) / 64)
    #expect(await small.put(snapshot) == 204)
    #expect(!small.isKnown(snapshot))
    #expect(await small.take() == snapshot)
  }
}

/// Text that does not pack well.
private enum SeededText {
  static func text(of count: Int) -> String {
    var random = SeededRandom(seed: 5, ["cargo"], count: 0)
    return String(
      (0..<count).map { _ in Character(Unicode.Scalar(UInt8(random.next() % 95) + 32)) })
  }
}
