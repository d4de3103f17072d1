import EmulatorKernel
import PayloadCodecs

/// `plugin/instance/generate`.
/// Source: SDK `data/operations/generator.py`; contract §2.3.
extension SteamshipState {
  mutating func generate(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let appends = try job.arguments.flag("appendOutputToFile")
    let isStreaming = try job.arguments.flag("streaming")
    let isPublic = try job.arguments.flag("makeOutputPublic")
    let outputID = try job.arguments.name("outputFileId")
    let tags = try job.arguments.objects("tags", TagDraft.init)
    let options = try job.arguments.object("options") ?? JSONObject()
    guard appends || outputID == nil else {
      throw .invalid("An \"outputFileId\" needs \"appendOutputToFile\" set to true.")
    }
    guard appends || !isStreaming else {
      throw .invalid("Streaming needs \"appendOutputToFile\" set to true.")
    }
    let prompt = try generationInput(job, &step)
    let run = try pluginRun(
      job, "plugin.instance.generate", path: "/generate", types: ["generator"], &step)
    if let types = run.made?["blockTypesToCreate"]?.arrayValue {
      return try startedBlocks(types, for: job, tags, isPublic: isPublic, &step)
    }
    let outputs =
      if let made = run.made {
        try madeOutputs(made, &step)
      } else {
        try outputs(for: prompt, run, options)
      }
    guard outputs.count * (1 + tags.count) <= PluginLimits.madeCountMax else {
      throw PluginLimits.tooMuchMade
    }
    guard appends else {
      let reply = try looseReply(outputs, tags, job.caller, &step)
      bill(run.instance, amount: outputs.count, job.caller, &step)
      return reply
    }
    let file = try outputFile(outputID, isPublic: isPublic, job.caller, &step)
    var added: [Key<Block>] = []
    for output in outputs {
      added.append(
        try append(
          output, to: file, tags, isPublic: isPublic, isStreaming: isStreaming, job.caller, &step))
    }
    bill(run.instance, amount: outputs.count, job.caller, &step)
    return blocksReply(added, step.blobs)
  }

  private mutating func outputFile(
    _ id: String?, isPublic: Bool, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<File> {
    if let id { return try file(id: id, handle: nil, caller, &step) }
    let workspace = try workspace(of: caller, &step)
    return addFile(handle: nil, mimeType: nil, isPublic: isPublic, in: workspace, caller, &step)
  }

  /// Blocks that a generator's code is going to write.
  private mutating func startedBlocks(
    _ types: [JSON], for job: Job, _ tags: [TagDraft], isPublic: Bool, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    guard types.count * (1 + tags.count) <= PluginLimits.madeCountMax else {
      throw PluginLimits.tooMuchMade
    }
    let file = try outputFile(
      try job.arguments.name("outputFileId"), isPublic: isPublic, job.caller, &step)
    var added: [Key<Block>] = []
    for type in types {
      let isText = type.stringValue.map { $0.hasPrefix("text/") } ?? true
      var draft =
        isText
        ? BlockDraft(text: "", mimeType: type.stringValue)
        : BlockDraft(content: Content(), mimeType: type.stringValue)
      draft.isPublic = isPublic
      draft.tags = tags
      draft.isStreaming = true
      added.append(try add(draft, to: file, job.caller, &step))
    }
    return blocksReply(added, step.blobs)
  }

  /// What a prompt is made of: text of the request, or blocks that are stored.
  private enum PromptSource {
    case text(String)
    case blocks([Key<Block>])
  }

  /// The blocks to work on: one of four ways to give them.
  private mutating func promptSource(
    _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> PromptSource {
    let text = try job.arguments.string("text")
    let fileID = try job.arguments.name("inputFileId")
    let query = try job.arguments.name("blockQuery")
    let given = (text == nil ? 0 : 1) + (fileID == nil ? 0 : 1) + (query == nil ? 0 : 1)
    guard given == 1 else {
      throw .invalid(
        given == 0
          ? "There is no input." : "There is more than one kind of input.",
        suggestion: "Give one of \"text\", \"inputFileId\" and \"blockQuery\".")
    }
    if let text { return .text(text) }
    if let query {
      let parsed = try ShipQLParser.parse(query)
      let workspace = try workspace(of: job.caller, &step)
      switch parsed {
      case .all:
        return .blocks(
          (workspaces.read(workspace, { $0.files.keys }) ?? []).flatMap {
            files.read($0, { $0.blocks }) ?? []
          })
      case .matching(let expression):
        return .blocks(
          try matchingTags(expression, workspace).distinct { tags.read($0, { $0.block }) })
      }
    }
    let file = try file(id: fileID, handle: nil, job.caller, &step)
    let all = files.read(file, { $0.blocks }) ?? []
    return .blocks(try Self.chosenIndices(job.arguments, count: all.count).map { all[$0] })
  }

  private mutating func generationInput(
    _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> [PromptBlock] {
    switch try promptSource(job, &step) {
    case .text(let text): [PromptBlock(text: text)]
    case .blocks(let keys): try promptBlocks(keys, step.blobs)
    }
  }

  /// The same for uploaded code: stored blocks with their ids, by which it can ask for their bytes.
  mutating func generationBlocks(_ job: Job, _ step: inout Step) throws(SteamshipError) -> [JSON] {
    switch try promptSource(job, &step) {
    case .text(let text): return [["text": .string(text), "mimeType": .string(MIMEType.text)]]
    case .blocks(let keys):
      _ = try promptBlocks(keys, step.blobs)
      return keys.filter { blocks.contains($0) }.map { key in
        JSON { write(key, step.blobs, into: &$0) }
      }
    }
  }

  /// A span (its end exclusive), a list, or everything.
  static func chosenIndices(
    _ arguments: Arguments, count: Int
  ) throws(SteamshipError) -> [Int] {
    let start = try arguments.int("inputFileStartBlockIndex")
    let end = try arguments.int("inputFileEndBlockIndex")
    if let list = try arguments.list("inputFileBlockIndexList") {
      guard start == nil, end == nil else {
        throw .invalid("Give a list of block indices or a span of them, not both.")
      }
      var indices: [Int] = []
      for item in list {
        guard let index = item.intValue, (0..<count).contains(index) else {
          throw .invalid(
            "The field \"inputFileBlockIndexList\" must hold indices below \(count), the number of "
              + "the file's blocks.")
        }
        indices.append(index)
      }
      return indices
    }
    let first = start ?? 0
    let last = end ?? count
    guard first >= 0, last <= count, first <= last else {
      throw .invalid("The span of blocks \(first)..<\(last) is outside the file's \(count) blocks.")
    }
    return Array(first..<last)
  }

  /// Blocks that are not kept: without ids; bytes lie behind a URL that asks for no key.
  private mutating func looseReply(
    _ outputs: [GeneratedBlock], _ tags: [TagDraft], _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    var urls: [String?] = []
    for output in outputs {
      guard case .bytes(let bytes) = output.content else {
        urls.append(nil)
        continue
      }
      let path = "generated/" + step.ids.uuid("steamship.generated", .upper)
      urls.append(try publish(bytes, path: path, caller, &step))
    }
    let requestID = caller.requestID
    return RuleResult("blocks") { json in
      json.array { json in
        for (index, (output, url)) in zip(outputs, urls).enumerated() {
          json.object { json in
            json.member("index", index)
            switch output.content {
            case .text(let text):
              json.member("text", text)
              json.member("mimeType", output.mimeType ?? MIMEType.text)
            case .bytes(let bytes):
              json.member("text", "")
              json.member("mimeType", output.mimeType ?? MIMEType.sniff([bytes]))
              json.member(ifPresent: "contentURL", url)
            }
            json.member("publicData", false)
            json.member("requestId", requestID)
            json.array("tags") { json in
              for tag in output.tags { tag.write(into: &json) }
              for tag in tags { tag.write(into: &json) }
            }
          }
        }
      }
    }
  }

  private mutating func append(
    _ output: GeneratedBlock, to file: Key<File>, _ tags: [TagDraft], isPublic: Bool,
    isStreaming: Bool,
    _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Block> {
    var draft: BlockDraft
    switch output.content {
    case .text(let text):
      draft = BlockDraft(text: isStreaming ? "" : text, mimeType: output.mimeType)
    case .bytes(let bytes):
      draft = BlockDraft(
        content: isStreaming ? Content() : try Content(storing: bytes, in: step.blobs),
        mimeType: output.mimeType ?? MIMEType.sniff([bytes]))
    }
    draft.isPublic = isPublic
    draft.tags = output.tags + tags
    draft.isStreaming = isStreaming
    let key = try add(draft, to: file, caller, &step)
    if isStreaming {
      blocks.update(key) { $0.piecesLeft = Self.pieces(of: output) }
      due.schedule(.streamPiece(key), at: step.now + Self.streamPieceInterval)
    }
    return key
  }

  /// A word at a time, as models write; bytes in pieces of 1 KiB.
  private static func pieces(of output: GeneratedBlock) -> [[UInt8]] {
    switch output.content {
    case .text(let text) where text.utf8.count > 64 << 10:
      // Word by word it would take too long.
      return pieces(of: GeneratedBlock(content: .bytes(Array(text.utf8))))
    case .text(let text):
      return text.split(separator: " ", omittingEmptySubsequences: false).enumerated().map {
        Array((($0.offset == 0 ? "" : " ") + $0.element).utf8)
      }
    case .bytes(let bytes):
      return stride(from: 0, to: bytes.count, by: 1024).map {
        Array(bytes[$0..<min($0 + 1024, bytes.count)])
      }
    }
  }
}
