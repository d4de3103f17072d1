import EmulatorKernel
import PayloadCodecs
import Scenarios

/// What a behaviour wants of the input that it is about: a plugin's texts, a method's arguments.
struct InputCondition: Sendable {
  private enum Part: Sendable {
    case text(ValueMatcher)
    /// What blocks of one role say.
    case spoken(String, ValueMatcher)
    case pointer(JSONPointer, ValueMatcher)
    case json(JSON)
  }

  /// As the scenario has it: what a snapshot holds.
  private let source: JSON
  private let parts: [Part]

  func holds(for input: WorkInput) -> Bool {
    parts.allSatisfy { part in
      switch part {
      case .text(let matcher):
        matcher.matches(input.texts.map(JSON.string), isText: true, now: input.now)
      case .spoken(let role, let matcher):
        matcher.matches(
          input.spoken.filter { $0.role.isExactly(role) }.map { .string($0.text) }, isText: true,
          now: input.now)
      case .pointer(let pointer, let matcher):
        input.json.map { json in
          matcher.matches(
            pointer.value(in: json).map { [$0] } ?? [], isText: false, now: input.now)
        } ?? false
      case .json(let wanted): wanted.firstDifference(fromContaining: input.json) == nil
      }
    }
  }
}

/// The input of some work, as conditions see it.
struct WorkInput: Sendable {
  /// What `{{input.text}}` gives; of a tagger each block's text.
  var texts: [String]
  /// A method's arguments; else the first text, where that is JSON.
  var json: JSON?
  /// What the blocks of a conversation say, with their roles.
  var spoken: [(role: String, text: String)] = []
  /// The tenant's time: some conditions are about dates.
  var now: VirtualInstant?

  init(texts: [String]) {
    self.texts = texts
    json = texts.first.flatMap { try? JSON(parsing: Array($0.utf8)) }
  }

  init(prompt: [PromptBlock]) {
    self.init(texts: ChatModel.question(prompt).map { [$0] } ?? [])
    spoken = prompt.map { ($0.role, $0.text) }
  }

  init(arguments: JSONObject) {
    texts = [JSON.object(arguments).text]
    json = .object(arguments)
  }
}

extension InputCondition {
  static let form = Form<[Part]>.either(
    detailed,
    when: { $0.objectValue.map { $0.keys.contains(where: words.contains) } ?? false },
    else: ValueMatcher.form.map { [.text($0)] },
    "What the input must be: a condition on its text, or several."
  ).checked { parts, reader in Self(source: reader.value, parts: parts) }

  private static let roles = ChatModel.Role.allCases.map(\.rawValue)
  private static let words = TextSet(["text", "json", "pointer"] + roles)

  private static let detailed = Form<[Part]>.object(
    "What the input must be: all of them must hold.", [],
    [
      .optional(
        "text", ValueMatcher.form,
        "What {{input.text}} gives: a prompt's last words, a block's text, a call's arguments.",
        example: ["contains": "weather"]
      ) { $0.append(.text($1)) },
      .optional(
        "pointer", ValueMatcher.places, "Places of JSON input, by JSON Pointer (RFC 6901).",
        example: ["/name": "Ada"]
      ) { parts, places in parts += places.map { .pointer($0.key, $0.value) } },
      .optional(
        "json", .json, "A part that JSON input must contain.", example: ["name": "Ada"]
      ) { $0.append(.json($1)) },
    ]
      + roles.map { role in
        .optional(
          role, ValueMatcher.form, "What a block with the role \(role) says, in a conversation.",
          example: ["contains": "weather"]
        ) { $0.append(.spoken(role, $1)) }
      }, needs: "expected at least one condition, such as {\"text\": {\"contains\": …}}")
}

extension InputCondition: Codable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let source = try container.decode(JSON.self)
    do {
      self = try ScenarioReader.read(source, Self.form.read)
    } catch {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a condition on the input: \(error.text)")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(source)
  }
}

extension SteamshipState {
  /// The input of a plugin's job, where a behaviour asks for it; nil: it has none, or its own rule will
  /// say what is wrong with it.
  borrowing func workInput(_ job: Job, _ blobs: BlobStore, at now: VirtualInstant) -> WorkInput? {
    guard script.looksAtInput, var input = input(of: job, blobs) else { return nil }
    input.now = now
    return input
  }

  private borrowing func input(of job: Job, _ blobs: BlobStore) -> WorkInput? {
    let arguments = job.arguments
    func blocks(ofFile name: String) -> [Key<Block>]? {
      guard let id = arguments[name]?.stringValue, let key = files.key(id: id) else { return nil }
      return files.read(key, { $0.blocks })
    }
    if let text = arguments["text"]?.stringValue {
      return WorkInput(prompt: [PromptBlock(text: text)])
    }
    if let inline = arguments["file"]?["blocks"]?.arrayValue {
      return WorkInput(texts: inline.compactMap { $0["text"]?.stringValue })
    }
    if let keys = blocks(ofFile: "inputFileId") {
      guard let chosen = try? Self.chosenIndices(arguments, count: keys.count) else { return nil }
      return prompt(chosen.map { keys[$0] }, blobs).map(WorkInput.init(prompt:))
    }
    if let query = arguments["blockQuery"]?.stringValue {
      guard case .matching(let expression) = try? ShipQLParser.parse(query),
        let workspace = knownWorkspace(job.caller.workspace, of: job.caller.user),
        let found = try? matchingTags(expression, workspace)
      else { return nil }
      return prompt(Set(found.compactMap { tags.read($0, { $0.block }) }).sorted(), blobs)
        .map(WorkInput.init(prompt:))
    }
    guard let id = arguments["id"]?.stringValue, let key = files.key(id: id) else {
      return WorkInput(arguments: arguments.fields)
    }
    if let keys = files.read(key, { $0.blocks }), !keys.isEmpty {
      return prompt(keys, blobs).map { WorkInput(texts: $0.map(\.text)) }
    }
    guard let content = files.read(key, { $0.content }), content.count <= PluginLimits.textBytesMax
    else {
      return nil
    }
    return WorkInput(texts: [String(decoding: content.bytes(in: blobs), as: UTF8.self)])
  }

  private borrowing func prompt(_ keys: [Key<Block>], _ blobs: BlobStore) -> [PromptBlock]? {
    try? promptBlocks(keys, blobs)
  }
}
