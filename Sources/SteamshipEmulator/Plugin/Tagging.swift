import EmulatorKernel
import PayloadCodecs

/// `plugin/instance/tag` and `plugin/instance/blockify`.
extension SteamshipState {
  /// `POST plugin/instance/tag`: inline blocks come back tagged and nothing is stored; a file's tags
  /// are stored.
  mutating func tag(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let fileID = try job.arguments.name("id")
    let inline = try job.arguments.object("file").map { Arguments($0) }
    let drafts = try (inline ?? Arguments()).objects("blocks", BlockDraft.init)
    guard fileID != nil || inline != nil else {
      throw .invalid("Give the \"file\" to tag, or the \"id\" of a stored one.")
    }
    let run = try pluginRun(
      job, "plugin.instance.tag", path: "/tag", types: ["tagger", "embedder"], &step)
    guard let fileID else {
      let tagged =
        if let made = run.made { RuleResult(made) } else { try taggedInline(drafts, run) }
      bill(run.instance, amount: drafts.count, job.caller, &step)
      return tagged
    }
    let file = try file(id: fileID, handle: nil, job.caller, &step)
    if let made = run.made {
      try addMadeTags(made, to: file, &step)
      return fileReply(file, step.blobs)
    }
    let targets = (files.read(file, { $0.blocks }) ?? []).filter { blocks.contains($0) }
    var found: [(Key<Block>, [TagDraft])] = []
    var count = 0
    for (key, text) in zip(targets, try texts(of: targets, step.blobs)) {
      let tags = try Self.cannedTags(text, run)
      count += tags.count
      guard count <= PluginLimits.madeCountMax else { throw PluginLimits.tooMuchMade }
      found.append((key, tags))
    }
    for (block, tags) in found {
      for draft in tags { addTag(draft, to: file, block: block, &step) }
    }
    bill(run.instance, amount: found.count, job.caller, &step)
    return fileReply(file, step.blobs)
  }

  private func taggedInline(
    _ drafts: [BlockDraft], _ run: PluginRun
  ) throws(SteamshipError) -> RuleResult {
    var found: [[TagDraft]] = []
    var count = 0
    for draft in drafts {
      let tags = try draft.tags + Self.cannedTags(draft.text ?? "", run)
      count += tags.count
      guard count <= PluginLimits.madeCountMax else { throw PluginLimits.tooMuchMade }
      found.append(tags)
    }
    return RuleResult("file") { json in
      json.object { json in
        json.array("blocks") { json in
          for (index, (draft, tags)) in zip(drafts, found).enumerated() {
            json.object { json in
              json.member("text", draft.text ?? "")
              json.member("index", index)
              json.member("mimeType", draft.mimeType ?? MIMEType.text)
              json.member("publicData", false)
              json.array("tags") { json in
                for tag in tags { tag.write(into: &json) }
              }
            }
          }
        }
        json.array("tags") { _ in }
      }
    }
  }

  /// What a tagger finds in a block: scripted, or canned by the plugin.
  private static func cannedTags(
    _ text: String, _ run: PluginRun
  ) throws(SteamshipError) -> [TagDraft] {
    if case .json(let json) = run.answer {
      let fields: JSONObject = ["tags": json["tags"] ?? json]
      return try Arguments(fields).objects("tags", TagDraft.init)
    }
    if run.type == "embedder" {
      try checkEmbeddable(text)
      let vector = WordVector(text).dense.map { JSON($0) }
      return [
        TagDraft(
          kind: "embedding", name: "token-embedding", value: ["vector-value": .array(vector)],
          start: 0, end: text.unicodeScalars.count)
      ]
    }
    switch run.handle {
    case "serpapi-wrapper":
      return [
        TagDraft(
          kind: "search-result", name: "answer",
          value: ["string-value": .string("The answer to \"\(text.shortened)\".")], start: 0,
          end: text.unicodeScalars.count)
      ]
    case "prompt-generation-default", "prompt-generation-trainable-default", "gpt3", "gpt-3",
      "cerebrium":
      let answer = Canned.limit(
        "A completion of: \(text)", toWords: run.instance.config["max_words"]?.intValue)
      return [
        TagDraft(
          kind: "generation", name: "prompt-completion", value: ["string-value": .string(answer)],
          start: 0, end: text.unicodeScalars.count)
      ]
    case ZeroShot.handle: return try ZeroShot(run.instance.config).tags(of: text)
    default: return try sentencesAndWords(text)
    }
  }

  private static func sentencesAndWords(_ text: String) throws(SteamshipError) -> [TagDraft] {
    guard text.utf8.count <= PluginLimits.taggedBytesMax else { throw PluginLimits.tooMuchMade }
    let sentences = Canned.sentences(text).map {
      TagDraft(kind: "document", name: "sentence", start: $0.start, end: $0.end)
    }
    let words = Canned.words(text).map {
      TagDraft(
        kind: "token", name: "token", value: ["string-value": .string($0.text)], start: $0.start,
        end: $0.end)
    }
    return sentences + words
  }

  /// `POST plugin/instance/blockify`: makes blocks of a file's bytes.
  mutating func blockify(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let id = try job.arguments.requiredString("id")
    let run = try pluginRun(
      job, "plugin.instance.blockify", path: "/blockify", types: ["blockifier"], &step)
    let file = try file(id: id, handle: nil, job.caller, &step)
    guard let content = files.read(file, { $0.content }) else {
      throw .invalid("The file has no bytes to make blocks of.")
    }
    guard content.count <= PluginLimits.textBytesMax else { throw PluginLimits.tooMuchText }
    if let made = run.made {
      try addMadeBlocks(made, to: file, job.caller, &step)
      return fileReply(file, step.blobs)
    }
    let isText = MIMEType.isUTF8(content.chunks(in: step.blobs))
    let text =
      isText
      ? String(decoding: content.bytes(in: step.blobs), as: UTF8.self)
      : "Text of the \(content.count) bytes of \(files.read(file, { $0.handle }) ?? "the file")."
    let made = try Self.cannedBlocks(text, run)
    try add(made, to: file, job.caller, &step)
    bill(run.instance, amount: made.count, job.caller, &step)
    return fileReply(file, step.blobs)
  }

  private static func cannedBlocks(
    _ text: String, _ run: PluginRun
  ) throws(SteamshipError) -> [BlockDraft] {
    switch run.answer {
    case .json(let json):
      return try Arguments(["blocks": json["blocks"] ?? json]).objects("blocks", BlockDraft.init)
    case .text(let text, _): return [BlockDraft(text: text)]
    case .bytes, .failure, nil: break
    }
    if SpeechToText.handles.contains(run.handle) { return [try SpeechToText.block(text)] }
    guard text.utf8.count(where: { $0 == 0x0A || $0 == 0x0D }) <= PluginLimits.madeCountMax else {
      throw PluginLimits.tooMuchMade
    }
    if run.handle == "csv-blockifier" {
      let rows = text.unicodeScalars.split { Character($0).isNewline }.map { Substring($0) }
      return rows.dropFirst().map { row in
        var draft = BlockDraft(text: String(row))
        draft.tags = [TagDraft(kind: "document", name: "row")]
        return draft
      }
    }
    return Canned.markdownBlocks(text).map { part in
      var draft = BlockDraft(text: part.text)
      draft.tags = [
        TagDraft(
          kind: "document", name: part.name, start: 0, end: part.text.unicodeScalars.count)
      ]
      return draft
    }
  }
}

extension TagDraft {
  /// A tag that is not stored: without ids.
  func write(into json: inout JSONWriter) {
    json.object { json in
      json.member("kind", kind)
      json.member(ifPresent: "name", name)
      json.member(ifPresent: "value", value)
      json.member(ifPresent: "startIdx", start)
      json.member(ifPresent: "endIdx", end)
    }
  }
}
