import EmulatorKernel
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

/// What chat generators make of a conversation, as the published SDK's agents need it.
@Suite("Generators")
struct GeneratorTests {
  private static func role(_ name: String) -> JSON { ["kind": "role", "name": .string(name)] }
  private static func chat(_ name: String) -> JSON {
    ["kind": "chat", "name": "role", "value": ["string-value": .string(name)]]
  }

  static let conversations: [(blocks: JSON, question: String)] = [
    ([["text": "one"], ["text": "two"]], "two"),
    // The SDK sorts the indices of its blocks: the system prompt may be last.
    ([["text": "ask"], ["text": "be kind", "tags": [role("system")]]], "ask"),
    ([["text": "ask"], ["text": "be kind", "tags": [chat("system")]]], "ask"),
    ([["text": "a"], ["text": "b", "tags": [role("system"), chat("user")]]], "b"),
    ([["text": "a"], ["text": "b", "tags": [chat("user"), role("system")]]], "a"),
    ([["text": "a"], ["text": "b", "tags": [role("agent")]], ["text": ""]], "a"),
    ([["text": "a", "tags": [role("user")]], ["text": "b", "tags": [role("assistant")]]], "b"),
    ([["text": "a"], ["text": "7", "tags": [role("function")]]], "7"),
  ]

  private func generate(
    _ harness: ServiceHarness, _ blocks: JSON, options: JSON = [:]
  ) async throws -> JSON {
    let file = try await harness.data("file.create", ["type": "blocks", "blocks": blocks])
    return try await harness.json(
      "plugin.instance.generate",
      [
        "pluginInstance": "gpt-4-1.0", "inputFileId": file["file"]?["id"] ?? "",
        "options": options,
      ])
  }

  @Test(
    "The last block that is not the system's is answered, by the roles of the tags",
    arguments: conversations.indices)
  func question(_ index: Int) async throws {
    let (blocks, question) = Self.conversations[index]
    let json = try await generate(try ServiceHarness(SteamshipService()), blocks)
    let answer = try #require(json["data"]?["blocks"]?[0])
    #expect(answer["text"] == .string("This is a generated answer to: \(question)"))
    #expect(answer["tags"] == [["kind": "role", "name": "assistant"]])
  }

  @Test("As many answers as options ask for", arguments: ["n", "n_completions"])
  func several(option: String) async throws {
    let json = try await generate(
      try ServiceHarness(SteamshipService()), [["text": "a"]], options: .object([option: 3]))
    #expect(json["data"]?["blocks"]?.arrayValue?.count == 3)
  }

  @Test("The model may not be overridden in options")
  func model() async throws {
    let json = try await generate(
      try ServiceHarness(SteamshipService()), [["text": "a"]], options: ["model": "x"])
    #expect(json["status"]?["state"] == "failed")
    #expect(
      json["status"]?["statusMessage"]?.stringValue?.hasPrefix(
        "Model may not be overridden in options") == true)
  }

  @Test("A request for capabilities is answered by a block of their responses, not by an echo")
  func capabilities() async throws {
    let request = "{\"requested_capabilities\": [{\"name\": \"c\", \"request_level\": \"native\"}]}"
    let type = "application/vnd.steamship-block.plugin-capabilities-request+json"
    let json = try await generate(
      try ServiceHarness(SteamshipService()),
      [["text": "ask"], ["text": .string(request), "mimeType": .string(type)]])
    let blocks = try #require(json["data"]?["blocks"]?.arrayValue)
    #expect(blocks.count == 2)
    #expect(blocks[0]["text"] == "This is a generated answer to: ask")
    #expect(
      blocks[1]["mimeType"]
        == "application/vnd.steamship-block.plugin-capabilities-response+json")
    let response = try JSON(parsing: Array((blocks[1]["text"]?.stringValue ?? "").utf8))
    #expect(response == ["capability_responses": [["name": "c", "fulfilled_at": 1]]])
  }

  @Test("Scripted blocks keep their tags and types, and their holes are filled")
  func scripted() async throws {
    let harness = try ServiceHarness(
      SteamshipService(),
      behaviors: [
        [
          "when": ["plugin": "gpt-4"],
          "answer": [
            "json": [
              "blocks": [
                [
                  "text": "You said {{input.text}}", "mimeType": "text/markdown",
                  "tags": [["kind": "mine"]],
                ]
              ]
            ]
          ],
        ]
      ])
    let json = try await generate(harness, [["text": "hi"]])
    let block = try #require(json["data"]?["blocks"]?[0])
    #expect(block["text"] == "You said hi")
    #expect(block["mimeType"] == "text/markdown")
    #expect(block["tags"]?[0]?["kind"] == "mine")
  }

  @Test("An embedding finds a word by its plural")
  func stems() {
    let car = WordVector("car")
    #expect(car.cosine(WordVector("cars are nice")) > 0.5)
    #expect(car.cosine(WordVector("ponies are nice")) == 0)
    #expect(WordVector("pony") == WordVector("ponies"))
    #expect(WordVector("glass") != WordVector("glas"))
  }

  struct ArgumentCase: Sendable, CustomTestStringConvertible {
    var target = "/apps/default/hw/echo"
    var type: String?
    var content = ""
    var expected: JSON
    var testDescription: String { "\(target) \(type ?? "") \(content)" }
  }

  static let argumentCases: [ArgumentCase] = [
    ArgumentCase(
      target: "/x?a=1&b=text&b=2&c=007", expected: ["a": 1, "b": ["text", 2], "c": "007"]),
    ArgumentCase(
      target: "/x?a=q&b=2", type: "application/json", content: "{\"a\": \"body\"}",
      expected: ["a": "body", "b": 2]),
    ArgumentCase(
      type: "application/x-www-form-urlencoded", content: "a=x+y&l=1&l=2",
      expected: ["a": "x y", "l": ["1", "2"]]),
    ArgumentCase(
      type: "application/x-www-form-urlencoded", content: " {\"a\": 1}", expected: ["a": 1]),
    ArgumentCase(
      type: "multipart/form-data; boundary=B",
      content: "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--B--\r\n",
      expected: ["a": "x"]),
  ]

  @Test("Arguments come from the query, JSON and forms, the content wins", arguments: argumentCases)
  func arguments(example: ArgumentCase) throws {
    var fields = Fields()
    if let type = example.type { fields.append("Content-Type", type) }
    let content = Array(example.content.utf8)
    let request = Request(
      method: .post, target: RequestTarget(example.target), fields: fields,
      framing: .length(UInt64(content.count)))
    #expect(
      try InvocationArguments.read(request, content: content) == example.expected.objectValue)
  }

  @Test("A workspace is deleted by its handle too")
  func deleteByHandle() async throws {
    let harness = try ServiceHarness(SteamshipService())
    _ = try await harness.data("workspace.create", ["handle": "w"])
    _ = try await harness.data("workspace.delete", ["handle": "w"])
    let again = try await harness.json("workspace.delete", ["handle": "w"])
    #expect(again["status"]?["state"] == "failed")
  }

  // MARK: Taggers, blockifiers and importers that the SDK's tools and samples want

  static let labels: [(text: String, isMultiple: Bool, best: String, count: Int)] = [
    ("Cats purr, as a cat does.", true, "cats", 3), ("My dog barks.", true, "big dogs", 3),
    ("Pandas eat.", false, "pandas", 1), ("A big dog.", false, "big dogs", 1),
    ("Nothing of that.", false, "cats", 1), ("", true, "cats", 3),
  ]

  @Test(
    "The zero-shot tagger gives each block its labels with scores, the best above 0.9",
    arguments: labels.indices)
  func zeroShot(_ index: Int) async throws {
    let (text, isMultiple, best, count) = Self.labels[index]
    let harness = try ServiceHarness(SteamshipService())
    _ = try await harness.data(
      "plugin.instance.create",
      [
        "pluginHandle": "zero-shot-tagger-default", "handle": "z",
        "config": [
          "labels": "cats, big dogs,pandas", "tag_kind": "animal", "multi_label": .bool(isMultiple),
        ],
      ])
    let file = try await harness.data("file.create", ["blocks": [["text": .string(text)]]])
    _ = try await harness.json(
      "plugin.instance.tag",
      ["pluginInstance": "z", "type": "file", "id": file["file"]?["id"] ?? ""])
    harness.advance(.seconds(60))
    let read = try await harness.data("file.get", ["id": file["file"]?["id"] ?? ""])
    let tags = read["file"]?["blocks"]?[0]?["tags"]?.arrayValue ?? []
    #expect(tags.count == count)
    #expect(tags.allSatisfy { $0["kind"] == "animal" })
    let top = tags.max {
      $0["value"]?["score"]?.doubleValue ?? 0 < $1["value"]?["score"]?.doubleValue ?? 0
    }
    let score = top?["value"]?["score"]?.doubleValue ?? 0
    let isAbout = !text.isEmpty && !text.hasPrefix("Nothing") && text != "My dog barks."
    if isAbout { #expect(top?["name"] == .string(best)) }
    #expect((score > 0.9) == isAbout, "\(score)")
    // As the SDK's sample asks for it.
    let found = try await harness.data(
      "file.query",
      ["tagFilterQuery": .string("kind \"animal\" and name \"\(best)\" and value(\"score\") > 0.7")]
    )
    #expect(found["files"]?.arrayValue?.count == (isAbout ? 1 : 0))
  }

  @Test("The zero-shot tagger must be told its labels and their kind")
  func zeroShotConfiguration() async throws {
    let harness = try ServiceHarness(SteamshipService())
    for config: JSON in [[:], ["labels": "a"], ["tag_kind": "k"], ["labels": 1, "tag_kind": "k"]] {
      let answer = try await harness.json(
        "plugin.instance.create",
        ["pluginHandle": "zero-shot-tagger-default", "config": config])
      #expect(
        answer["status"]?["statusMessage"]?.stringValue?.hasPrefix(
          "Configuration for this PluginInstance is invalid.") == true, "\(config.text)")
    }
    for config: JSON in [["labels": " , ", "tag_kind": "k"]] {
      _ = try await harness.data(
        "plugin.instance.create",
        ["pluginHandle": "zero-shot-tagger-default", "handle": "empty", "config": config])
    }
    for name in ["empty", "zero-shot-tagger-default-1.0"] {
      let inline = try await harness.json(
        "plugin.instance.tag",
        ["pluginInstance": .string(name), "file": ["blocks": [["text": "a"]]]])
      let id = inline["status"]?["taskId"]?.stringValue ?? ""
      harness.advance(.seconds(60))
      #expect(try await harness.taskState(id)["state"] == "failed")
    }
  }

  @Test(
    "A film's sound is imported and written down: one block, its words with their times",
    arguments: ["s2t-blockifier-assembly", "s2t-blockifier-default", "whisper-s2t-blockifier"])
  func speech(_ blockifier: String) async throws {
    let harness = try ServiceHarness(SteamshipService(), mode: .skip)
    let made = try await harness.data(
      "file.create",
      [
        "type": "fileImporter", "pluginInstance": "youtube-file-importer-1.0",
        "url": "https://www.youtube.com/watch?v=MkTw3_PmKtc",
      ])
    #expect(made["file"]?["mimeType"] == "audio/mp4")
    let id = made["file"]?["id"] ?? ""
    let task = try await harness.json(
      "plugin.instance.blockify",
      ["pluginInstance": .string("\(blockifier)-1.0"), "id": id])
    #expect(
      try await harness.taskState(task["status"]?["taskId"]?.stringValue ?? "")["state"]
        == "succeeded")
    let read = try await harness.data("file.get", ["id": id])
    let blocks = read["file"]?["blocks"]?.arrayValue ?? []
    #expect(blocks.count == 1)
    let text = blocks.first?["text"]?.stringValue ?? ""
    let tags = blocks.first?["tags"]?.arrayValue ?? []
    let words = tags.filter { $0["kind"] == "timestamp" }
    #expect(words.count == Canned.words(text).count)
    #expect(words.count > 3)
    var last = 0
    for word in words {
      let (start, end) = (
        word["value"]?["start_time"]?.intValue, word["value"]?["end_time"]?.intValue
      )
      #expect(start == last)
      last = end ?? 0
      let span = Array(text.unicodeScalars)[
        (word["startIdx"]?.intValue ?? 0)..<(word["endIdx"]?.intValue ?? 0)]
      var spoken = String.UnicodeScalarView()
      spoken.append(contentsOf: span)
      #expect(word["name"] == .string(String(spoken)))
    }
    #expect(tags.filter { $0["kind"] == "speaker" }.count == 1)
  }
}
