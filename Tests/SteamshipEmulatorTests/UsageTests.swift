import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("Usage: what plugins did, counted")
struct UsageTests {
  private func generate(_ harness: ServiceHarness, _ plugin: String, n: Int = 1) async throws {
    let answer = try await harness.data(
      "plugin.instance.generate",
      ["pluginInstance": .string("\(plugin)-1.0"), "text": "Ahoy", "options": ["n": .integer(n)]])
    #expect(answer["blocks"]?.arrayValue?.count == n)
  }

  private func aggregate(_ harness: ServiceHarness, _ how: JSON) async throws -> JSON {
    try await harness.data("usage.aggregate", how)["aggregateResults"] ?? .null
  }

  private static func row(_ workspace: String, _ plugin: String, _ value: JSON) -> JSON {
    [
      "workspaceHandle": .string(workspace), "resourceHandle": .string(plugin),
      "billingCredits": value,
    ]
  }

  @Test("Credits are summed by workspace and plugin (ai-adventure, lib/scripts/costs.ts)")
  func sums() async throws {
    var harness = try ServiceHarness(SteamshipService())
    let sum: JSON = ["aggregateField": "billingCredits", "aggregation": "sum"]
    #expect(try await aggregate(harness, sum) == [])
    try await generate(harness, "gpt-4")
    try await generate(harness, "gpt-4", n: 3)
    try await generate(harness, "dall-e", n: 2)
    let other = try await harness.data("workspace.create", ["handle": "other"])
    harness.workspaceID = other["workspace"]?["id"]?.stringValue
    try await generate(harness, "gpt-4")
    let rows = [
      Self.row("default", "gpt-4", 4), Self.row("default", "dall-e", 2),
      Self.row("other", "gpt-4", 1),
    ]
    let found = try await aggregate(harness, sum).arrayValue ?? []
    #expect(found.count == rows.count)
    for row in rows { #expect(found.contains(row), "\(row.text) in \(found.map(\.text))") }
    for (aggregation, value): (String, JSON) in [
      ("count", 2), ("min", 1), ("max", 3), ("avg", 2.0), ("sum", 4),
    ] {
      let found = try await aggregate(
        harness, ["aggregateField": "billingCredits", "aggregation": .string(aggregation)])
      #expect(
        found.arrayValue?.contains(Self.row("default", "gpt-4", value)) == true,
        "\(aggregation): \(found.text)")
    }
    // Bills outlive workspaces; another user has none.
    _ = try await harness.data("workspace.delete", ["handle": "other"])
    harness.workspaceID = nil
    #expect(try await aggregate(harness, sum).arrayValue?.count == 3)
    harness.key = "another"
    #expect(try await aggregate(harness, sum) == [])
  }

  static let wrong: [JSON] = [
    [:], ["aggregateField": nil], ["aggregateField": "price"], ["aggregateField": 1],
    ["aggregateField": "billingCredits", "aggregation": "median"],
  ]

  @Test("A field or an aggregation that there is not is refused", arguments: wrong.indices)
  func refused(_ index: Int) async throws {
    let answer = try await ServiceHarness(SteamshipService()).send(
      "usage.aggregate", Self.wrong[index])
    #expect(answer.status == 400)
  }

  @Test("Single uses come in pages, the newest first (ai-adventure, lib/scripts/example.ts)")
  func pages() async throws {
    let harness = try ServiceHarness(SteamshipService())
    for n in 1...5 {
      try await generate(harness, "gpt-4", n: n)
      harness.advance(.seconds(1))
    }
    var amounts: [Int] = []
    var token: JSON = .null
    for round in 0..<3 {
      let page = try await harness.data("account.usage", ["pageSize": 2, "pageToken": token])
      for record in page["usage"]?.arrayValue ?? [] {
        amounts.append(record["billingCredits"]?.intValue ?? 0)
        #expect(record["resourceHandle"] == "gpt-4")
        #expect(record["workspaceHandle"] == "default")
        #expect(record["operationUnit"] == "units")
        #expect(record["operationAmount"] == record["billingCredits"])
      }
      token = page["nextPageToken"] ?? .null
      #expect(token.isNull == (round == 2))
    }
    #expect(amounts == [5, 4, 3, 2, 1])
    let summary = try await harness.data("account.usageSummary")["usageSummary"]
    #expect(summary?["billingCredits"] == 15)
    #expect(summary?["operationCount"] == 5)
  }

  static let uses: [(operation: String, body: JSON, plugin: String, credits: Int)] = [
    (
      "plugin.instance.tag",
      ["pluginInstance": "test-tagger-1.0", "file": ["blocks": [["text": "a"], ["text": "b"]]]],
      "test-tagger", 2
    ),
    (
      "file.create", ["type": "fileImporter", "pluginInstance": "test-importer-1.0", "url": "u"],
      "test-importer", 1
    ),
    (
      "plugin.instance.embeddingSearch",
      ["pluginInstance": "test-embedder-1.0", "query": "q", "docs": ["a", "b"]], "test-embedder", 3
    ),
    (
      "plugin.instance.generate",
      ["pluginInstance": "gpt-4-1.0", "text": "a", "appendOutputToFile": true], "gpt-4", 1
    ),
  ]

  @Test("Every use of a plugin counts once it was done", arguments: uses.indices)
  func counted(_ index: Int) async throws {
    let (operation, body, plugin, credits) = Self.uses[index]
    let harness = try ServiceHarness(SteamshipService())
    _ = try await harness.json(operation, body)
    harness.advance(.seconds(60))
    let rows = try await aggregate(harness, ["aggregateField": "billingCredits"])
    #expect(rows == [Self.row("default", plugin, .integer(credits))])
    // What fails costs nothing.
    _ = try await harness.json(operation, ["pluginInstance": "no-such-1.0", "text": "a"])
    _ = try await harness.json(
      "plugin.instance.generate",
      ["pluginInstance": "gpt-4-1.0", "text": "a", "options": ["model": "x"]])
    harness.advance(.seconds(60))
    #expect(try await aggregate(harness, ["aggregateField": "billingCredits"]) == rows)
  }

  @Test("An index's texts and questions are its embedder's work, a blockifier's are its blocks")
  func embeddings() async throws {
    let harness = try ServiceHarness(SteamshipService())
    let made = try await harness.data(
      "embeddingIndex.create", ["pluginInstance": "test-embedder-1.0"])
    let id = made["index"]?["id"] ?? ""
    _ = try await harness.data(
      "embeddingIndex.item.create", ["indexId": id, "items": [["value": "a"], ["value": "b"]]])
    _ = try await harness.json("embeddingIndex.search", ["id": id, "query": "a"])
    let file = try await harness.data("file.create", ["type": "value", "value": "# A\n\nb\n\nc"])
    _ = try await harness.json(
      "plugin.instance.blockify",
      [
        "pluginInstance": "markdown-blockifier-default-1.0", "id": file["file"]?["id"] ?? "",
      ])
    harness.advance(.seconds(60))
    let rows = try await aggregate(harness, ["aggregateField": "billingCredits"])
    #expect(
      rows.arrayValue?.contains(Self.row("default", "test-embedder", 3)) == true, "\(rows.text)")
    #expect(
      rows.arrayValue?.contains(Self.row("default", "markdown-blockifier-default", 3)) == true,
      "\(rows.text)")
  }

  @Test("Of very many uses the totals stay right, the last are kept, and what they weigh is known")
  func bounded() async throws {
    let harness = try ServiceHarness(SteamshipService())
    try await generate(harness, "gpt-4")
    harness.world.mutate { state, step in
      guard let instance = state.instances.all.first(where: { $0.handle == "gpt-4-1.0" }) else {
        return
      }
      let caller = Caller(
        user: instance.user, workspace: .unnamed, requestID: "R", baseURL: "")
      for _ in 0..<5 * UsageBook.recordsMax { state.bill(instance, amount: 2, caller, &step) }
      #expect(state.usage.records.count <= 2 * UsageBook.recordsMax)
      #expect(state.usage.records.count >= UsageBook.recordsMax)
      #expect(state.usage.heapBytes == state.usage.recountedHeapBytes)
      #expect(state.inconsistencies.isEmpty)
    }
    let rows = try await aggregate(harness, ["aggregateField": "billingCredits"])
    #expect(
      rows == [Self.row("default", "gpt-4", .integer(1 + 10 * UsageBook.recordsMax))])
  }

  @Test("A snapshot brings the usage; an older one has none")
  func snapshots() async throws {
    let harness = try ServiceHarness(SteamshipService())
    try await generate(harness, "gpt-4")
    let encoded = try StateEncoder.encode(harness.world.box.contents.state)
    let again = try JSONDecoder().decode(SteamshipState.self, from: Data(encoded.serialized()))
    #expect(again.usage.totals.count == 1)
    #expect(again.usage.heapBytes == again.usage.recountedHeapBytes)
    var members = try #require(encoded.objectValue)
    members["usage"] = nil
    let older = try JSONDecoder().decode(
      SteamshipState.self, from: Data(JSON.object(members).serialized()))
    #expect(older.usage.totals.isEmpty)
    #expect(older.users.count == 1)
  }
}
