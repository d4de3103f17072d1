import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("The world: seeds, snapshots, determinism")
struct WorldTests {
  static let given: JSON = [
    "users": ["ada"],
    "workspaces": [
      "default",
      [
        "handle": "demo", "id": "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11",
        "instances": [["package": "greeter", "handle": "desk", "config": ["tone": "warm"]]],
        "files": [
          [
            "handle": "notes", "blocks": ["one", "two"],
            "tags": [["kind": "k", "name": "n", "value": ["a": 1]]],
          ]
        ],
      ],
    ],
    "packages": [
      [
        "handle": "greeter", "description": "Greets.", "init": "2s",
        "versions": [
          "1.0", ["handle": "1.1", "configTemplate": ["tone": ["type": "string"]]],
        ],
        "methods": [
          [
            "path": "/greet", "args": ["name", ["name": "n", "default": 2]],
            "text": "{{config.tone}} {{arguments.name}} {{arguments.n}}",
          ],
          ["path": "data", "verb": "GET", "public": true, "json": ["who": "{{arguments.who}}"]],
          ["path": "picture", "base64": "iVBORw==", "type": "image/png"],
          [
            "path": "bad", "delay": "1s",
            "failure": ["status": 418, "message": "short and stout", "code": "Teapot"],
          ],
        ],
      ]
    ],
    "plugins": [["handle": "oracle", "type": "generator"]],
  ]

  @Test(
    "A scenario's packages answer by path and verb, with templates, bytes and failures (DESIGN §10)"
  )
  func scriptedAnswers() async throws {
    var harness = try ServiceHarness(
      SteamshipService(), given: Self.given,
      behaviors: [
        ["when": ["plugin": "oracle"], "answer": ["text": "42 to {{input.text}}"]]
      ])
    harness.workspaceID = "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11"
    _ = try await harness.data("account.current")
    func invoke(
      _ path: String, _ body: JSON = [:], method: Method = .post, query: String = ""
    ) async throws -> Reply {
      try await harness.send(
        "package.invoke", body,
        parameters: ["workspace": "demo", "instance": "desk", "path": path], query: query,
        method: method)
    }
    let greeting = try await invoke("greet", ["name": "Ada"])
    #expect(greeting.body == Array("warm Ada 2".utf8))
    let missing = try await invoke("greet")
    #expect(missing.status == 400)
    let json = try await invoke("data", method: .get, query: "?who=a&who=b")
    #expect(try JSON(parsing: json.body) == ["who": ["a", "b"]])
    let picture = try await invoke("picture")
    #expect(picture.fields["content-type"] == "image/png")
    #expect(picture.body == [0x89, 0x50, 0x4E, 0x47])
    let unknown = try await invoke("nothing")
    #expect(unknown.status == 404)
    let generated = try await harness.data(
      "plugin.instance.create", ["pluginHandle": "oracle", "handle": "o"])
    #expect(generated["pluginInstance"]?["pluginHandle"] == "oracle")
    let answer = try await harness.data(
      "plugin.instance.generate", ["pluginInstance": "o", "text": "you"])
    #expect(answer["blocks"]?[0]?["text"] == "42 to you")
  }

  @Test("A method with a delay answers when the tenant's clock says so")
  func delays() async throws {
    var harness = try ServiceHarness(SteamshipService(), given: Self.given, mode: .skip)
    harness.workspaceID = "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11"
    let before = harness.now
    let response = try await harness.send(
      "package.invoke",
      parameters: ["workspace": "demo", "instance": "desk", "path": "bad"])
    #expect(response.status == 418)
    #expect(harness.now - before >= .seconds(1))
    #expect(harness.world.box.waiterCount == 0)
  }

  @Test("An instance initialises in its scripted time (contract §3.2)")
  func initialisation() async throws {
    var harness = try ServiceHarness(SteamshipService(), given: Self.given)
    harness.workspaceID = "6B1D3A52-7C0E-4E0B-9B64-2F1A0C9D8E11"
    func status() async throws -> JSON? {
      try await harness.data("package.instance.get", ["handle": "desk"])["packageInstance"]?[
        "initStatus"]
    }
    #expect(try await status() == "initializing")
    harness.advance(.seconds(3))
    #expect(try await status() == "complete")
  }

  static let bad: [(JSON, JSON, String)] = [
    (["packages": [["handel": "x"]]], [], "/given/steamship/packages/0"),
    (["packages": [["handle": "a"], ["handle": "a"]]], [], "/given/steamship"),
    (
      ["packages": [["handle": "a", "methods": [["path": "x"]]]]], [],
      "/given/steamship/packages/0/methods/0"
    ),
    (
      ["packages": [["handle": "a", "methods": [["path": "x", "text": "t", "json": 1]]]]], [],
      "/given/steamship/packages/0/methods/0"
    ),
    (
      ["packages": [["handle": "a", "methods": [["path": "x", "base64": "!"]]]]], [],
      "/given/steamship/packages/0/methods/0/base64"
    ),
    (
      ["packages": [["handle": "a", "versions": [["handle": "1", "configTemplate": ["x": 3]]]]]],
      [],
      "/given/steamship/packages/0/versions/0"
    ),
    (["workspaces": ["a/b"]], [], "/given/steamship/workspaces/0"),
    (
      ["workspaces": [["handle": "w", "instances": [["package": "none", "handle": "i"]]]]], [],
      "/given/steamship/workspaces/0/instances/0"
    ),
    ([:], [["timeline": [["state": "sleeping"]]]], "/behaviors/steamship/0/timeline/0/state"),
    ([:], [["timeline": []]], "/behaviors/steamship/0"),
    ([:], [["when": ["package": "x"]]], "/behaviors/steamship/0"),
    ([:], [["when": ["pakage": "x"], "answer": ["text": "t"]]], "/behaviors/steamship/0/when"),
    (
      [:], [["timeline": [["state": "failed"], ["state": "running"]]]], "/behaviors/steamship/0"
    ),
    (
      [:], [["timeline": [["state": "running", "for": "1s", "polls": 2]]]],
      "/behaviors/steamship/0/timeline/0"
    ),
  ]

  @Test("A scenario with a mistake is refused with the mistake's place (DESIGN §7)", arguments: bad)
  func refusesScenarios(_ given: JSON, _ behaviors: JSON, _ pointer: String) {
    do throws(ScenarioProblems) {
      _ = try Script.read(WorldSeed(given: given, behaviors: behaviors))
      Issue.record("it was accepted")
    } catch {
      #expect(error.problems.contains { $0.pointer.hasPrefix(pointer) }, "\(error.problems)")
    }
  }

  @Test("Without a name a key stands for the scenario's first user that has none yet")
  func unnamedKeys() async throws {
    var harness = try ServiceHarness(SteamshipService(), given: Self.given)
    #expect(try await harness.data("account.current")["user"]?["handle"] == "ada")
    harness.key = "second"
    #expect(try await harness.data("account.current")["user"]?["handle"] == "dev")
    harness.key = "any"
    #expect(try await harness.data("account.current")["user"]?["handle"] == "ada")
  }

  @Test("The table of endpoints beside the conformance checks names every operation")
  func tableIsComplete() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let table = try String(
      contentsOf: root.appending(path: "Conformance/steamship/ENDPOINTS.md"), encoding: .utf8)
    for endpoint in SteamshipEndpoints.all {
      let name = endpoint.operation.name.dropFirst("steamship.".count)
      let row = table.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") }
      #expect(row?.contains("| \(endpoint.operation.fidelity.rawValue) |") == true, "\(name)")
    }
    let names = SteamshipEndpoints.all.map(\.operation.name)
    #expect(Set(names).count == names.count)
  }

  @Test("Among 100,000 tags a query by kind and name looks at those alone (scale)")
  func indexedQueries() async throws {
    let harness = try ServiceHarness(SteamshipService())
    _ = try await harness.data("file.create", ["type": "blocks", "blocks": [["text": "x"]]])
    let (few, pair, many, alternatives) = try harness.world.mutate {
      (state, step) throws(SteamshipError) -> (Int, Int, Int, Int) in
      let caller = Caller(
        user: state.users.keys[0], workspace: .unnamed, requestID: "r", baseURL: "")
      let workspace = try state.workspace(of: caller, &step)
      let file = state.files.keys[0]
      for number in 0..<100_000 {
        let draft = TagDraft(kind: number % 1000 == 7 ? "rare" : "common", name: "n\(number)")
        state.addTag(draft, to: file, block: nil, &step)
      }
      for number in 0..<1_000 {
        let draft = TagDraft(kind: number == 3 ? "common" : "k\(number)", name: "shared")
        state.addTag(draft, to: file, block: nil, &step)
      }
      func cost(_ expression: ShipQL.Expression) throws(SteamshipError) -> Int {
        var evaluator = QueryEvaluator(state, workspace)
        _ = try evaluator.tags(matching: expression)
        return evaluator.examinedCount
      }
      return (
        try cost(.and([.kind("common"), .name("n5")])),
        try cost(.and([.kind("common"), .fileTag, .name("shared")])), try cost(.kind("rare")),
        try cost(.or([.name("n1"), .name("n2"), .kind("rare")]))
      )
    }
    #expect(few == 1)
    #expect(pair == 1)
    #expect(many == 100)
    #expect(alternatives == 102)
  }

  @Test("A key with the right of a workspace cannot look at the account (SDK tests, contract §1.5)")
  func scopedKeys() async throws {
    let harness = try ServiceHarness(SteamshipService())
    harness.tenant.keys.replace([
      .init(key: "any", rights: ["workspace"]), .init(key: "reader", rights: ["read"]),
    ])
    let refused = try await harness.json("account.current")
    #expect(
      refused["status"]?["statusMessage"]?.stringValue?.contains(
        "Cannot use a workspace-scoped key")
        == true)
    _ = try await harness.data("file.create", ["type": "none"])
    var reader = harness
    reader.key = "reader"
    _ = try await reader.data("file.list")
    #expect(try await reader.send("file.create", ["type": "none"]).status == 403)
    reader.key = "unknown"
    #expect(try await reader.send("file.list").status == 401)
  }

  @Test(
    "A token of a page that there is not gives the first page (contract §3.8)",
    arguments: ["", "x", "after-", "after-x", "after-0", "after--1", "after-99999999999999999999"])
  func unknownToken(_ token: String) async throws {
    let harness = try ServiceHarness(SteamshipService())
    let first = try await harness.data("workspace.list", ["pageSize": 1])
    let page = try await harness.data(
      "workspace.list", ["pageSize": 1, "pageToken": .string(token)])
    #expect(page == first && first["workspaces"]?.arrayValue?.count == 1)
  }

  static let others = [
    "package.create", "package.list", "plugin.get", "logs.list", "task.noop", "task.comment.list",
    "task.list", "file.list", "tag.query", "block.query", "package.version.get",
    "package.version.list", "package.version.delete", "plugin.version.public",
    "plugin.version.private", "plugin.version.delete",
  ]

  @Test("A deleted workspace fails all but workspaces and accounts (contract §1.2)")
  func deletedWorkspace() async throws {
    var harness = try ServiceHarness(SteamshipService())
    let body: JSON = ["handle": "test-tagger", "tagFilterQuery": "all"]
    let made = try await harness.data("workspace.create", ["handle": "w"])
    harness.workspaceID = made["workspace"]?["id"]?.stringValue
    _ = try await harness.data("workspace.delete", ["id": JSON(harness.workspaceID)])
    for name in Self.others {
      let reply = try await harness.send(name, body)
      #expect(reply.status == 404 && reply.text.contains("workspace"), "\(name): \(reply.text)")
    }
    for name in ["workspace.list", "account.current"] { _ = try await harness.data(name) }
  }

  /// A bit of everything.
  private func live(_ harness: ServiceHarness) async throws {
    _ = try await harness.data(
      "file.create",
      [
        "type": "blocks", "handle": "f",
        "blocks": [["text": "a b", "tags": [["kind": "k", "startIdx": 0, "endIdx": 1]]]],
      ])
    _ = try await harness.data("package.create", ["handle": "p", "profile": ["x": 1.50]])
    _ = try await harness.data(
      "package.instance.create", ["packageHandle": "hello-world", "handle": "hw"])
    _ = try await harness.noop()
    let index = try await harness.data(
      "embeddingIndex.create", ["pluginInstance": "test-embedder-1.0", "handle": "i"])
    _ = try await harness.data(
      "embeddingIndex.item.create",
      ["indexId": index["index"]?["id"] ?? "", "value": "green apples"])
    _ = try await harness.json(
      "plugin.instance.generate",
      ["pluginInstance": "gpt-4-1.0", "text": "x", "appendOutputToFile": true, "streaming": true])
    _ = try await harness.data(
      "task.noop")
  }

  @Test("The same requests give the same bytes (DESIGN §1.2)")
  func determinism() async throws {
    var texts: [String] = []
    for _ in 0..<2 {
      let harness = try ServiceHarness(SteamshipService())
      try await live(harness)
      harness.advance(.seconds(1))
      let files = try await harness.json("file.list")
      texts.append(files.text + harness.state.text)
    }
    #expect(texts[0] == texts[1])
    #expect(texts[0].contains("This is a generated answer"))
  }

  @Test("A snapshot taken in the middle goes on as the original does (DESIGN §9)")
  func snapshot() async throws {
    let original = try ServiceHarness(SteamshipService())
    try await live(original)
    let contents = original.world.box.contents
    let encoded = try JSONEncoder().encode(contents.state)
    let state = try JSONDecoder().decode(SteamshipState.self, from: encoded)
    let copy = try ServiceHarness(SteamshipService())
    for (id, blob) in original.tenant.blobs.all { copy.tenant.blobs.adopt(blob, as: id) }
    copy.world.box.replace(Begun(state: state, ids: contents.ids, sharedBytes: 0))
    for harness in [original, copy] { harness.advance(.milliseconds(350)) }
    for name in ["file.list", "workspace.list", "task.list", "package.instance.list"] {
      let left = try await original.json(name)
      let right = try await copy.json(name)
      #expect(left == right)
    }
    for harness in [original, copy] {
      harness.advance(.seconds(5))
      let found = try await harness.data("tag.query", ["tagFilterQuery": #"kind "k""#])
      #expect(found["tags"]?.arrayValue?.count == 1)
    }
    #expect(original.state == copy.state)
  }

  @Test("Stored bytes are given back: deleting everything leaves nothing in the store")
  func givesBytesBack() async throws {
    var harness = try ServiceHarness(SteamshipService())
    /// What the budget holds beside the state: the tenant itself, and its content.
    func besideState() -> Int {
      // The state first: it begins with the first look.
      let state = harness.world.box.heapBytes
      return Int(harness.tenant.blobs.budget.bytesUsed) - state
    }
    let empty = besideState()
    let workspace = try await harness.data("workspace.create", ["handle": "w"])
    harness.workspaceID = workspace["workspace"]?["id"]?.stringValue
    let form = multipart(["type": "file"], file: [UInt8](repeating: 0xFE, count: 10_000))
    _ = try await harness.send("file.create", fields: [form.type], content: form.content)
    _ = try await harness.send("file.create", fields: [form.type], content: form.content)
    // Refused ones keep nothing.
    let refused: [KeyValuePairs<String, String>] = [
      ["type": "file", "tags[0][name]": "x"], ["type": "value", "value": "v"],
      ["type": "fileImporter", "pluginInstance": "test-importer-1.0"],
    ]
    for form in refused.map({ multipart($0, file: [1, 2, 0xFF]) }) {
      let response = try await harness.send(
        "file.create", fields: [form.type], content: form.content)
      #expect(response.status == 400)
    }
    let cut = try await harness.send(
      "file.create", fields: [form.type], content: Array(form.content.dropLast(20)))
    #expect(cut.status == 400)
    #expect(harness.storedBytes == 20_000)
    _ = try await harness.data("workspace.delete", ["id": JSON(harness.workspaceID)])
    #expect(harness.storedBytes == 0)
    #expect(harness.tenant.blobs.all.isEmpty)
    harness.live.journal.clear()
    #expect(besideState() == empty)
  }

  @Test("Without room an upload is refused, and room comes back with what is deleted")
  func noRoom() async throws {
    let form = multipart(["type": "file"], file: [UInt8](repeating: 0xFE, count: 100_000))
    func upload(_ harness: ServiceHarness) async throws -> Reply {
      try await harness.send("file.create", fields: [form.type], content: form.content)
    }
    let bare = try ServiceHarness(SteamshipService())
    _ = try await bare.data("workspace.list")
    // Room for some of them, for one on its way and for what the journal keeps of them.
    let room = UInt64(StreamMarks.high) + 350_000
    let harness = try ServiceHarness(
      SteamshipService(), storageLimit: bare.tenant.blobs.budget.bytesUsed + room)
    let first = try await upload(harness).json
    var (kept, last) = (1, 200)
    while last == 200, kept < 20 {
      last = try await upload(harness).status
      if last == 200 { kept += 1 }
    }
    #expect(last == 507)
    #expect(kept > 1)
    #expect(harness.storedBytes == kept * 100_000, "who was refused keeps nothing")
    _ = try await harness.data("file.delete", ["id": first["data"]?["file"]?["id"] ?? ""])
    #expect(try await upload(harness).status == 200)
  }
}
