import EmulatorKernel
import HTTPModel
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
    _ harness: Harness, _ blocks: JSON, options: JSON = [:]
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
    let json = try await generate(try Harness(), blocks)
    let answer = try #require(json["data"]?["blocks"]?[0])
    #expect(answer["text"] == .string("This is a generated answer to: \(question)"))
    #expect(answer["tags"] == [["kind": "role", "name": "assistant"]])
  }

  @Test("As many answers as options ask for", arguments: ["n", "n_completions"])
  func several(option: String) async throws {
    let json = try await generate(
      try Harness(), [["text": "a"]], options: .object([option: 3]))
    #expect(json["data"]?["blocks"]?.arrayValue?.count == 3)
  }

  @Test("The model may not be overridden in options")
  func model() async throws {
    let json = try await generate(try Harness(), [["text": "a"]], options: ["model": "x"])
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
      try Harness(), [["text": "ask"], ["text": .string(request), "mimeType": .string(type)]])
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
    let harness = try Harness(
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
    let harness = try Harness()
    _ = try await harness.data("workspace.create", ["handle": "w"])
    _ = try await harness.data("workspace.delete", ["handle": "w"])
    let again = try await harness.json("workspace.delete", ["handle": "w"])
    #expect(again["status"]?["state"] == "failed")
  }
}
