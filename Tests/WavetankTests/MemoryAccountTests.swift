import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import TestSupport
import Testing
import Wavetank

/// The account of what tenants keep is held to a recount of everything, after each of many random
/// requests to all three services.
@Suite("Memory accounts (DESIGN §11)")
struct MemoryAccountTests {
  /// Random requests to one tenant, about things that mostly exist.
  private struct Traffic {
    let peer: TestClient
    let tenant: Tenant
    let prefix: String
    var random: SeededRandom
    var files: [String] = []
    var blocks: [String] = []
    var indices: [String] = []
    var workspaces = ["default"]
    var tasks: [String] = []
    var instances: [String] = []
    var blueprints: [String] = []
    var fleets: [String] = []

    static let hub = "/api/v1/space/demo/api/v1/sth/sth-0/api/v1"

    init(_ emulator: Emulator, _ live: LiveTenant, seed: UInt64) {
      peer = TestClient(emulator.pipeline)
      tenant = live.tenant
      prefix = tenant.urlPrefix
      random = SeededRandom(key: seed)
    }

    mutating func number(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    mutating func text(_ bound: Int = 300) -> String {
      String(repeating: "word \(number(50)) ", count: number(bound) / 8)
    }

    mutating func pick(_ list: [String]) -> String {
      list.isEmpty ? "none" : list[number(list.count)]
    }

    mutating func steamship(_ path: String, _ body: JSON) async -> JSON {
      var fields: KeyValuePairs<String, String> = [
        "Authorization": "Bearer key", "X-Workspace-Handle": pick(workspaces),
      ]
      if number(8) == 0 {
        fields = ["Authorization": "Bearer key", "X-Task-Background": "true"]
      }
      let reply = await peer.send(.post, "\(prefix)/api/v1/\(path)", fields, body: body.text)
      let json = (try? JSON(parsing: reply.body)) ?? .null
      if let id = json["status"]?["taskId"]?.stringValue { tasks.append(id) }
      return json["data"] ?? .null
    }

    mutating func step() async {
      switch number(4) {
      case 0: await scramjet()
      case 1: await shipyard()
      default: await steamship()
      }
      if number(10) == 0 { tenant.advance(to: tenant.clock.now + .milliseconds(number(5_000))) }
    }

    private mutating func steamship() async {
      switch number(16) {
      case 0:
        let handle = "w\(number(6))"
        _ = await steamship("workspace/create", ["handle": .string(handle), "fetchIfExists": true])
        if !workspaces.contains(handle) { workspaces.append(handle) }
      case 1, 2:
        let blocks = JSON.array(
          (0..<number(4)).map { _ in
            ["text": .string(text()), "tags": [["kind": .string("k\(number(3))"), "name": "n"]]]
          })
        let made = await steamship("file/create", ["blocks": blocks, "tags": [["kind": "f"]]])
        if let id = made["file"]?["id"]?.stringValue { files.append(id) }
        for block in made["file"]?["blocks"]?.arrayValue ?? [] {
          if let id = block["id"]?.stringValue { self.blocks.append(id) }
        }
      case 3:
        let body: JSON = ["fileId": .string(pick(files)), "text": .string(text(200_000))]
        let made = await steamship("block/create", body)
        if let id = made["block"]?["id"]?.stringValue { blocks.append(id) }
      case 4:
        let value: JSON = ["a": .string(text()), "b": [1, 2.5, nil, true]]
        _ = await steamship(
          "tag/create",
          ["fileId": .string(pick(files)), "kind": .string(text(60)), "value": value])
      case 5: _ = await steamship("block/delete", ["id": .string(pick(blocks))])
      case 6: _ = await steamship("file/delete", ["id": .string(pick(files))])
      case 7: _ = await steamship("file/clear", ["id": .string(pick(files))])
      case 8:
        _ = await steamship(
          "plugin/instance/tag",
          ["pluginInstance": "tagger-instance", "id": .string(pick(files))])
      case 9:
        let made = await steamship(
          "embedding-index/create",
          [
            "handle": .string("i\(number(5))"), "fetchIfExists": true,
            "pluginInstance": "openai-embedder-1.0",
          ])
        if let id = made["index"]?["id"]?.stringValue { indices.append(id) }
      case 10:
        _ = await steamship(
          "embedding-index/item/create",
          [
            "indexId": .string(pick(indices)), "value": .string(text()),
            "metadata": .string(text()),
          ])
      case 11:
        _ = await steamship(
          "task/comment/create",
          ["taskId": .string(pick(tasks)), "metadata": .string(text()), "externalId": "x"])
      case 12:
        _ = await steamship(
          "task/update",
          ["id": .string(pick(tasks)), "remoteStatusOutput": ["t": .string(text())]])
      case 13: _ = await steamship("task/status", ["taskId": .string(pick(tasks))])
      case 14:
        let handle = pick(workspaces)
        if number(4) == 0, handle != "default" {
          _ = await steamship("workspace/delete", ["handle": .string(handle)])
        }
      default:
        _ = await steamship(
          "package/create",
          [
            "handle": .string("p\(number(9))"),
            "profile": ["description": .string(text())],
          ])
        _ = await steamship("logs/list", [:])
      }
    }

    private mutating func scramjet() async {
      let hub = prefix + Self.hub
      switch number(9) {
      case 0, 1:
        let body: JSON = ["appConfig": ["note": .string(text())], "args": [.string(text())]]
        let reply = await peer.send(
          .post, "\(hub)/sequence/echo.tar.gz/start", ["Content-Type": "application/json"],
          body: body.text)
        if let id = (try? JSON(parsing: reply.body))?["id"]?.stringValue { instances.append(id) }
      case 2:
        _ = await peer.send(
          .post, "\(hub)/instance/\(pick(instances))/input",
          ["Content-Type": "text/plain"], body: text(50_000))
      case 3:
        _ = await peer.send(
          .post, "\(hub)/instance/\(pick(instances))/_event",
          ["Content-Type": "application/json"],
          body: JSON.object(["eventName": .string("e\(number(4))"), "message": .string(text())])
            .text)
      case 4:
        _ = await peer.send(
          .post, "\(hub)/instance/\(pick(instances))/_kill", ["Content-Type": "application/json"],
          body: #"{"removeImmediately": true}"#)
      case 5:
        _ = await peer.send(
          .post, "\(hub)/topics", ["Content-Type": "application/json"],
          body: #"{"id": "t\#(number(9))", "content-type": "text/plain"}"#)
      case 6:
        _ = await peer.send(.delete, "\(hub)/topics/t\(number(9))")
      case 7:
        _ = await peer.send(
          .post, "\(prefix)/api/v1/space/demo/apikey", ["Content-Type": "application/json"],
          body: JSON.object(["description": .string(text())]).text)
      default:
        _ = await peer.send(.get, "\(hub)/instances")
        _ = await peer.send(.delete, "\(prefix)/api/v1/space/demo/apikey")
      }
    }

    private mutating func shipyard() async {
      let key: KeyValuePairs<String, String> = ["X-Shipyard-API-Key": "any"]
      let project = prefix + Sea.project
      switch number(6) {
      case 0, 1:
        let names = (0...number(4)).map { "Vessel \($0)" }
        let vessels = names.map {
          "  \($0):\n    source:\n      type: CODE\n      language: BASH\n      file_name: x.sh\n"
            + "      file_content: 'echo \(text())'\n      file_to_run: x.sh\n"
        }
        let yaml = "name: Fleet \(number(5))\nvessels:\n" + vessels.joined()
        let path = number(2) == 0 ? "" : "/\(pick(fleets))"
        let reply = await peer.send(.put, "\(project)/fleets\(path)", key, body: yaml)
        if let id = (try? JSON(parsing: reply.body))?["data"]?["id"]?.stringValue {
          fleets.append(id)
        }
      case 2, 3: _ = await peer.send(.post, "\(prefix + Sea.nightly)/fleetruns", key, body: "")
      case 4:
        _ = await peer.send(
          .post, prefix + Sea.webhook, ["Content-Type": "application/json", "X-Long": text()],
          body: JSON.object(["x": .string(text())]).text)
      default:
        let body: JSON = [
          "name": .string("b\(number(9))"), "synopsis": .string(text()), "pallet_type": 3,
        ]
        _ = await peer.send(
          .post, "\(prefix)/orgs/\(Sea.organization)/blueprints", key, body: body.text)
      }
    }
  }

  private static func check(_ live: LiveTenant, _ what: String) {
    for slot in live.slots {
      #expect(slot.heapBytes == slot.recountedHeapBytes, "\(slot.name), \(what)")
    }
  }

  @Test(
    "What the states are said to weigh is what a recount gives, through traffic, restore and reset",
    arguments: [1, 2, 3] as [UInt64])
  func accounts(_ seed: UInt64) async throws {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    _ = configuration.setClock("manual")
    let emulator = try await Emulator.start(configuration)
    defer { Task { await emulator.stop(within: .zero) } }
    let tenants = emulator.pipeline.tenants
    let live = try tenants.use("busy")
    let fresh = tenants.budget.bytesUsed
    var traffic = Traffic(emulator, live, seed: seed)
    for number in 0..<500 {
      await traffic.step()
      Self.check(live, "request \(number)")
    }
    let full = live.heapBytes
    #expect(tenants.budget.bytesUsed > fresh)
    #expect(!traffic.files.isEmpty && !traffic.tasks.isEmpty && !traffic.instances.isEmpty)

    let archive = try Snapshot(of: live).archive()
    let other = try tenants.use("other")
    let reader = try SnapshotReader(budget: tenants.budget)
    try reader.feed(archive)
    try Restore(reader, into: other, of: emulator.pipeline).putInForce()
    Self.check(other, "restored")
    for (left, right) in zip(live.slots, other.slots) {
      // But for streams of readers, spare places in arrays and tables, and lines of logs that nobody has
      // read, which take little room until they are written.
      let weights = [left.heapBytes, right.heapBytes].sorted()
      #expect(weights[0] >= weights[1] / 2, "\(left.name)")
    }
    try live.reset()
    Self.check(live, "reset")
    #expect(live.heapBytes < full)
    #expect(try tenants.remove("busy") && tenants.remove("other"))
  }

  @Test("A tenant that is dropped leaves nothing in the account")
  func dropped() async throws {
    let pipeline = try await emulatorPipeline()
    let before = pipeline.tenants.budget.bytesUsed
    do {
      try pipeline.tenants.use("short").tenant.uses.end()
      #expect(pipeline.tenants.budget.bytesUsed >= before + UInt64(TenantRegistry.bytesOfTenant))
      #expect(try pipeline.tenants.remove("short"))
    }
    // Whoever tells those who work in it may be at it still.
    try await waitUntil("the tenant is gone") { pipeline.tenants.budget.bytesUsed <= before }
    #expect(pipeline.tenants.budget.bytesUsed == before)
  }

  private func emulatorPipeline() async throws -> Pipeline {
    var configuration = Configuration()
    configuration.port = 0
    configuration.threads = 1
    let emulator = try await Emulator.start(configuration)
    await emulator.stop(within: .zero)
    return emulator.pipeline
  }
}
