import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

/// Behaviours that look at the input, and what plugins can be made to answer (issue: fuller waves).
@Suite("Scripted input and answers")
struct ScriptedInputTests {
  private static func behavior(_ input: JSON, _ text: String, plugin: String = "gpt-4") -> JSON {
    ["when": ["plugin": .string(plugin), "input": input], "answer": ["text": .string(text)]]
  }

  static let conditions: [(input: JSON, text: String, holds: Bool)] = [
    (["contains": "weather"], "How is the weather?", true),
    (["contains": "weather"], "Who are you?", false),
    ("ahoy", "ahoy", true), ("ahoy", "ahoy!", false),
    (["regex": "(?i)^WHO"], "who are you", true),
    (["not": ["contains": "x"]], "abc", true),
    (["text": ["glob": "*wind*"]], "a windy day", true),
    (["json": ["a": ["b": 1]]], "{\"a\": {\"b\": 1, \"c\": 2}}", true),
    (["json": ["a": ["b": 1]]], "{\"a\": {\"b\": 2}}", false),
    (["json": ["a": 1]], "no JSON", false),
    (["pointer": ["/a/0": ["gt": 3]]], "{\"a\": [4]}", true),
    (["pointer": ["/a": ["present": false]]], "{\"b\": 1}", true),
    (["pointer": ["/a": ["present": false]]], "no JSON", false),
    (["user": ["contains": "hi"], "text": "hi"], "hi", true),
    (["system": ["contains": "hi"]], "hi", false),
    // By the tenant's time: the fifth of January, at ten.
    (["before": "now"], "2026-01-05T09:00:00Z", true),
    (["before": "now"], "2026-01-05T11:00:00Z", false),
    (["within": "5m"], "2026-01-05T10:04:00Z", true),
    (["user": ["within": "5m"]], "2026-01-05T10:06:00Z", false),
    (["pointer": ["/by": ["after": "now"]]], "{\"by\": \"2026-01-06T00:00:00Z\"}", true),
  ]

  @Test("A generator answers per prompt: by its text, by JSON in it", arguments: conditions.indices)
  func perPrompt(_ index: Int) async throws {
    let (input, text, holds) = Self.conditions[index]
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        Self.behavior(input, "mine"), ["when": ["plugin": "gpt-4"], "answer": ["text": "other"]],
      ])
    let json = try await harness.json(
      "plugin.instance.generate", ["pluginInstance": "gpt-4-1.0", "text": .string(text)])
    #expect(json["data"]?["blocks"]?[0]?["text"] == .string(holds ? "mine" : "other"))
  }

  @Test("Conditions see who says what in a conversation, and also a snapshot keeps them")
  func roles() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        Self.behavior(["system": ["contains": "pirate"], "user": ["contains": "weather"]], "Arr!"),
        ["when": ["plugin": "gpt-4"], "answer": ["text": "Sir."]],
      ])
    func ask(_ system: String, _ user: String) async throws -> JSON? {
      let file = try await harness.data(
        "file.create",
        [
          "type": "blocks",
          "blocks": [
            ["text": .string(system), "tags": [["kind": "role", "name": "system"]]],
            ["text": .string(user)],
          ],
        ])
      return try await harness.json(
        "plugin.instance.generate",
        ["pluginInstance": "gpt-4-1.0", "inputFileId": file["file"]?["id"] ?? ""])["data"]?[
          "blocks"]?[
          0]?["text"]
    }
    #expect(try await ask("You are a pirate.", "The weather?") == "Arr!")
    #expect(try await ask("You are a butler.", "The weather?") == "Sir.")
    #expect(try await ask("The weather matters.", "A pirate?") == "Sir.")
    let script = harness.world.read { $0.script }
    let text = try StateEncoder.encode(script)
    let again = try SnapshotJSON.decode(Script.self, from: text.serialized(), path: "x")
    let input = try #require(again.behaviors.first?.input)
    #expect(
      input.holds(
        for: WorkInput(prompt: [
          PromptBlock(text: "pirate", role: "system"), PromptBlock(text: "weather"),
        ])))
    #expect(!input.holds(for: WorkInput(prompt: [PromptBlock(text: "pirate weather")])))
  }

  @Test("How a task proceeds depends on its input, too")
  func timeline() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["plugin": "test-tagger", "input": ["contains": "slow"]],
          "timeline": [["state": "running", "for": "10m"], ["state": "succeeded"]],
        ]
      ])
    for (text, state) in [("a slow one", "running"), ("a fast one", "succeeded")] {
      let task = try await harness.json(
        "plugin.instance.tag",
        ["pluginInstance": "test-tagger-1.0", "file": ["blocks": [["text": .string(text)]]]])
      harness.advance(.seconds(60))
      let id = task["status"]?["taskId"]?.stringValue ?? ""
      #expect(try await harness.taskState(id)["state"] == .string(state), "\(text)")
    }
  }

  @Test("A package's methods are told apart by the arguments of the call")
  func arguments() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["method": "greet", "input": ["pointer": ["/name": "Ada"]]],
          "answer": ["text": "Dear Ada"],
        ]
      ])
    _ = try await harness.data(
      "package.instance.create", ["packageHandle": "hello-world", "handle": "hw"])
    for (name, text) in [("Ada", "Dear Ada"), ("Bo", "Bo")] {
      let reply = try await harness.send(
        .post, "/apps/default/hw/greet", [("Content-Type", "application/json")],
        body: (["name": .string(name)] as JSON).serialized())
      #expect(reply.text.contains(text), "\(reply.text)")
      #expect((reply.text == "Dear Ada") == (name == "Ada"))
    }
  }

  @Test("A function call is a block whose text is the call, its arguments JSON in a text")
  func functionCall() async throws {
    let call: JSON = [
      "name": "Sonar", "arguments": ["text": "{{input.text}}", "depth": 3],
    ]
    for answer: JSON in [["function_call": call], ["blocks": [["function_call": call]]]] {
      let harness = try ServiceHarness(
        SteamshipService(), behaviors: [["when": ["plugin": "gpt-4"], "answer": answer]])
      let json = try await harness.json(
        "plugin.instance.generate", ["pluginInstance": "gpt-4-1.0", "text": "the \"wreck\""])
      let block = try #require(json["data"]?["blocks"]?[0])
      let said = try JSON(parsing: Array((block["text"]?.stringValue ?? "").utf8))
      #expect(said["function_call"]?["name"] == "Sonar")
      let arguments = try JSON(
        parsing: Array((said["function_call"]?["arguments"]?.stringValue ?? "").utf8))
      #expect(arguments == ["text": "the \"wreck\"", "depth": 3])
      #expect(block["tags"] == [["kind": "role", "name": "assistant"]])
    }
  }

  @Test("Blocks with types, bytes and tags; tags of a tagger; the type of a text")
  func blocks() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["plugin": "gpt-4", "input": ["contains": "blocks"]],
          "answer": [
            "blocks": [
              ["text": "# {{input.text}}", "mimeType": "text/markdown", "tags": [["kind": "k"]]],
              ["base64": "AAEC", "mimeType": "image/png"],
            ]
          ],
        ],
        ["when": ["plugin": "gpt-4"], "answer": ["text": "<p>", "type": "text/html"]],
        [
          "when": ["plugin": "test-tagger"],
          "answer": ["tags": [["kind": "mine", "startIdx": 0, "endIdx": 2]]],
        ],
      ])
    let made = try await harness.json(
      "plugin.instance.generate", ["pluginInstance": "gpt-4-1.0", "text": "blocks"])
    let blocks = made["data"]?["blocks"]?.arrayValue ?? []
    #expect(blocks.count == 2)
    #expect(blocks.first?["text"] == "# blocks")
    #expect(blocks.first?["mimeType"] == "text/markdown")
    #expect(blocks.first?["tags"]?[0]?["kind"] == "k")
    #expect(blocks.last?["mimeType"] == "image/png")
    let html = try await harness.json(
      "plugin.instance.generate", ["pluginInstance": "gpt-4-1.0", "text": "x"])
    #expect(html["data"]?["blocks"]?[0]?["mimeType"] == "text/html")
    let file = try await harness.data("file.create", ["blocks": [["text": "abc"]]])
    _ = try await harness.json(
      "plugin.instance.tag",
      ["pluginInstance": "test-tagger-1.0", "type": "file", "id": file["file"]?["id"] ?? ""])
    harness.advance(.seconds(60))
    let read = try await harness.data("file.get", ["id": file["file"]?["id"] ?? ""])
    #expect(read["file"]?["blocks"]?[0]?["tags"]?[0]?["kind"] == "mine")
    #expect(read["file"]?["blocks"]?[0]?["tags"]?[0]?["endIdx"] == 2)
  }
}
