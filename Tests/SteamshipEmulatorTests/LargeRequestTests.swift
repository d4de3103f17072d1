import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import EmulatorKernel
@testable import SteamshipEmulator

@Suite("What one request asks for is bounded, and much of it is dealt with off the loop")
struct LargeRequestTests {
  static let lists: [(operation: String, name: String, element: JSON, rest: JSONObject)] = [
    ("file.create", "blocks", [:], [:]),
    ("file.create", "tags", ["kind": "k"], [:]),
    ("embeddingIndex.item.create", "items", ["value": "v"], [:]),
    ("embeddingIndex.search", "queries", "q", [:]),
    (
      "plugin.instance.embeddingSearch", "docs", "d",
      ["query": "q", "pluginInstance": "test-embedder-1.0"]
    ),
    (
      "plugin.instance.generate", "inputFileBlockIndexList", 0,
      ["pluginInstance": "test-generator-1.0"]
    ),
  ]

  @Test("A list of more elements than a request may have is refused", arguments: lists.indices)
  func longList(_ index: Int) async throws {
    let (operation, name, element, rest) = Self.lists[index]
    let harness = try ServiceHarness(SteamshipService())
    let file = try await harness.data("file.create", ["blocks": [["text": "a"]]])
    var fields = rest
    if name == "inputFileBlockIndexList" { fields["inputFileId"] = file["file"]?["id"] }
    if operation.hasPrefix("embeddingIndex") {
      let made = try await harness.data(
        "embeddingIndex.create", ["pluginInstance": "test-embedder-1.0"])
      let id = made["embeddingIndex"]?["id"] ?? made["index"]?["id"]
      fields["indexId"] = id
      fields["id"] = id
    }
    fields[name] = .array(Array(repeating: element, count: Arguments.elementCountMax + 1))
    let refused = try await harness.send(operation, .object(fields))
    #expect(refused.status == 400)
    let text = refused.text
    #expect(text.contains("has more than \(Arguments.elementCountMax) elements"), "\(text)")
  }

  @Test("One block chosen again and again is no way to any amount of text")
  func repeatedBlock() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let text = JSON.string(String(repeating: "a", count: 1 << 20))
    let made = try await harness.data("file.create", ["blocks": [["text": text]]])
    let refused = try await harness.send(
      "plugin.instance.generate",
      [
        "pluginInstance": "test-generator-1.0", "inputFileId": made["file"]?["id"] ?? "",
        "inputFileBlockIndexList": .array(Array(repeating: 0, count: 700)),
      ])
    #expect(refused.status == 400)
    #expect(refused.text.contains("16 MiB"))
  }

  static let junctions = ["and", "or"]

  @Test("A query has a bounded number of conditions, however they are joined", arguments: junctions)
  func conditions(_ junction: String) throws {
    func query(_ count: Int) -> String {
      repeatElement(#"kind "k""#, count: count).joined(separator: " \(junction) ")
    }
    _ = try ShipQLParser.parse(query(ShipQLParser.termCountMax))
    #expect(throws: SteamshipError.self) {
      try ShipQLParser.parse(query(ShipQLParser.termCountMax + 1))
    }
  }

  @Test("A small world is dealt with at once; lists and queries over a large one are not")
  func reach() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let all: JSON = ["tagFilterQuery": "all"]
    #expect(try harness.mayTakeLong("tag.query", all) == false)
    let blocks = (0..<SteamshipService.recordsOnLoopMax + 100).map { index -> JSON in
      ["text": "t", "tags": [["kind": "k", "name": .string("n\(index)")]]]
    }
    let made = try await harness.data("file.create", ["blocks": .array(blocks)])
    let large = made["file"]?["id"] ?? ""
    let small =
      try await harness.data("file.create", ["blocks": [["text": "a"]]])["file"]?["id"] ?? ""
    #expect(try harness.mayTakeLong("tag.query", all))
    #expect(try harness.mayTakeLong("tag.query", ["tagFilterQuery": #"kind "k""#]))
    #expect(try harness.mayTakeLong("tag.query", ["tagFilterQuery": #"name "n7""#]) == false)
    #expect(try harness.mayTakeLong("file.get", ["id": large]))
    #expect(try harness.mayTakeLong("file.delete", ["id": large]))
    #expect(try harness.mayTakeLong("file.get", ["id": small]) == false)
    #expect(try harness.mayTakeLong("file.get", ["id": "x"]) == false)
    #expect(try harness.mayTakeLong("file.import", ["id": large]))
    #expect(try harness.mayTakeLong("package.delete", ["id": "x"]) == false)
    #expect(try harness.mayTakeLong("file.list"))
    #expect(try harness.mayTakeLong("file.query", all))
    let workspaces = try await harness.data("workspace.list")["workspaces"]?.arrayValue ?? []
    for workspace in workspaces {
      let isFull = workspace["handle"] == "default"
      let id = workspace["id"] ?? ""
      #expect(try harness.mayTakeLong("workspace.delete", ["id": id]) == isFull)
    }
    // It only makes a task.
    #expect(try harness.mayTakeLong("plugin.instance.blockify", ["id": large]) == false)
    #expect(try harness.mayTakeLong("plugin.instance.tag", ["id": large]) == false)
    // What they reach is little, whatever else there is.
    for name in ["package.list", "task.list", "plugin.instance.get", "embeddingIndex.search"] {
      #expect(try harness.mayTakeLong(name) == false, "\(name)")
    }
    #expect(try harness.mayTakeLong("plugin.instance.generate", ["text": "Ahoy"]) == false)
    #expect(try harness.mayTakeLong("plugin.instance.generate", ["inputFileId": small]))
    #expect(try harness.mayTakeLong("workspace.get") == false)
    #expect(try harness.mayTakeLong("task.status", ["taskId": "x"]) == false)
  }

  @Test("A page of many is dealt with at once; a page as long as all of them is not")
  func pages() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let count = SteamshipService.recordsOnLoopMax + 100
    for _ in 0..<count { _ = try await harness.data("workspace.create") }
    #expect(try harness.mayTakeLong("workspace.list") == false)
    #expect(try harness.mayTakeLong("workspace.list", ["pageSize": 50]) == false)
    #expect(try harness.mayTakeLong("workspace.list", ["pageSize": .integer(count)]))
  }

  @Test("Long texts of one kind do not send lists of another to a thread of their own")
  func longTexts() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let index =
      try await harness.data(
        "embeddingIndex.create", ["pluginInstance": "test-embedder-1.0"])["index"]?["id"] ?? ""
    let items: JSON = ["indexId": index, "items": [["value": "Ahoy"]]]
    _ = try await harness.data("embeddingIndex.item.create", items)
    let text = JSON.string(String(repeating: "a", count: 1 << 20))
    for _ in 0...SteamshipService.storedBytesMax >> 20 {
      _ = try await harness.data("file.create", ["blocks": [["text": text]]])
    }
    #expect(try harness.mayTakeLong("file.list"))
    for name in ["workspace.list", "embeddingIndex.item.list", "embeddingIndex.search"] {
      #expect(try harness.mayTakeLong(name, ["id": index]) == false, "\(name)")
    }
    let long: JSON = ["indexId": index, "value": "Ahoy", "metadata": text]
    for _ in 0...SteamshipService.storedBytesMax >> 20 {
      _ = try await harness.data("embeddingIndex.item.create", long)
    }
    #expect(try harness.mayTakeLong("workspace.list") == false)
    for name in ["embeddingIndex.item.list", "embeddingIndex.search"] {
      #expect(try harness.mayTakeLong(name, ["id": index]), "\(name)")
    }
  }
}

extension ServiceHarness {
  fileprivate func mayTakeLong(_ name: String, _ body: JSON = [:]) throws -> Bool {
    let endpoint = try #require(SteamshipEndpoints.byName["steamship.\(name)"])
    let content = body.serialized()
    let operations = pipeline.operations
    let index = try #require(operations.index(named: "steamship.\(name)"))
    let request = TestClient.request(.post, "/", Fields(["Authorization": "Bearer any"]), content)
    let exchange = Exchange(connectionID: 1, sequenceNumber: 1, peer: .none)
    let addressed = AddressedRequest(request, Addressee(request, keyFields: nil), nil, exchange)
    let entry = operations.entries[index]
    let resolution = Resolution(
      kind: .operation, operationIndex: index, serviceIndex: entry.serviceIndex)
    let head = RequestHead(addressed, resolution, in: live, 1, of: pipeline)
    let call = Call(head, content: content, credential: "any")
    return SteamshipService().mayTakeLong(call, at: endpoint, in: world)
  }
}
