import EmulatorKernel
import PayloadCodecs

/// A searchable set of texts.
/// Source: SDK `data/embeddings.py`; contract §2.3.
struct EmbeddingIndex: Stored {
  var id: String
  var handle: String
  var name: String?
  var workspace: Key<Workspace>
  /// The embedder's instance handle.
  var plugin: String
  var externalID: String?
  var externalType: String?
  var metadata: String?
  var items = KeySet<EmbeddingItem>()
}

struct EmbeddingItem: Stored {
  var id: String
  var index: Key<EmbeddingIndex>
  var value: String
  var externalID: String?
  var externalType: String?
  /// Text, returned byte for byte (contract §6.14).
  var metadata: String?
  var fileID: String?
  var blockID: String?
  var spanID: String?
  var vector: WordVector
}

extension SteamshipState {
  private mutating func index(
    _ job: Job, _ name: String, _ step: inout Step
  ) throws(SteamshipError) -> Key<EmbeddingIndex> {
    let id = try job.arguments.requiredString(name)
    let workspace = try workspace(of: job.caller, &step)
    guard let key = indices.key(id: id), indices.read(key, { $0.workspace }) == workspace else {
      throw .unknown("embedding index", id)
    }
    return key
  }

  mutating func createIndex(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let wanted = try job.arguments.name("handle")
    if let wanted { try Handle.check(wanted) }
    let fetchIfExists = try job.arguments.flag("fetchIfExists")
    let plugin = try job.arguments.requiredString("pluginInstance")
    let name = try job.arguments.string("name")
    let externalID = try job.arguments.string("externalId")
    let externalType = try job.arguments.string("externalType")
    let metadata = try job.arguments.verbatimText("metadata")
    _ = try instance(.plugin, id: nil, handle: plugin, job.caller, &step)
    let workspace = try workspace(of: job.caller, &step)
    if let wanted, let known = workspaces.read(workspace, { $0.indices })?[wanted] {
      guard fetchIfExists else { throw .exists("embedding index", wanted) }
      return indexReply(known)
    }
    let handle = wanted ?? Handle.mint("index", &step)
    let key = indices.insert(
      EmbeddingIndex(
        id: step.ids.uuid("steamship.index", .upper), handle: handle, name: name,
        workspace: workspace, plugin: plugin, externalID: externalID, externalType: externalType,
        metadata: metadata))
    workspaces.update(workspace) { $0.indices.insert(key, handle: handle) }
    return indexReply(key)
  }

  mutating func deleteIndex(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try index(job, "id", &step)
    let reply = indexReply(key)
    removeIndex(key)
    return reply
  }

  mutating func removeIndex(_ key: Key<EmbeddingIndex>) {
    guard let index = indices.remove(key) else { return }
    for item in index.items.keys { indexItems.remove(item) }
    let indices = indices
    workspaces.update(index.workspace) {
      $0.indices.remove(handle: index.handle, from: indices)
    }
  }

  /// `POST embedding-index/item/create`: a list of items, one item's fields, or a file's blocks.
  mutating func createIndexItems(_ job: Job, _ step: inout Step) throws(SteamshipError)
    -> RuleResult
  {
    let index = try index(job, "indexId", &step)
    let drafts = try itemDrafts(job, index, &step)
    let indexID = indices.read(index, { $0.id })
    var ids: [String] = []
    for var draft in drafts {
      draft.id = step.ids.uuid("steamship.indexItem", .upper)
      ids.append(draft.id)
      let item = indexItems.insert(draft)
      indices.update(index) { $0.items.insert(item) }
    }
    billEmbedder(of: index, amount: drafts.count, job.caller, &step)
    return RuleResult("itemIds") { json in
      json.array { json in
        for id in ids {
          json.object { json in
            json.member("indexId", JSON(indexID))
            json.member("id", id)
          }
        }
      }
    }
  }

  private mutating func itemDrafts(
    _ job: Job, _ index: Key<EmbeddingIndex>, _ step: inout Step
  ) throws(SteamshipError) -> [EmbeddingItem] {
    _ = try job.arguments.bool("reindex")
    var drafts: [EmbeddingItem] = []
    if let fileID = try job.arguments.name("fileId") {
      drafts = try itemsOfFile(fileID, job, index, &step)
    } else if job.arguments["items"] != nil {
      drafts = try job.arguments.objects("items") { item throws(SteamshipError) in
        try self.item(item, index)
      }
    } else {
      drafts.append(try item(job.arguments, index))
    }
    for draft in drafts { try Self.checkEmbeddable(draft.value) }
    return drafts
  }

  /// What a job needs vectors for.
  mutating func textsToEmbed(by job: Job, _ step: inout Step) throws(SteamshipError) -> [String] {
    switch job.operation {
    case "steamship.embeddingIndex.item.create":
      return try itemDrafts(job, try index(job, "indexId", &step), &step).map(\.value)
    case "steamship.embeddingIndex.search":
      return try (job.arguments.strings("queries") ?? [])
        + [job.arguments.string("query")]
        .compactMap { $0 }
    default:
      return try [job.arguments.requiredString("query")] + (job.arguments.strings("docs") ?? [])
    }
  }

  /// By the embedder's code, where it has been asked.
  private borrowing func vector(of text: String) -> WordVector {
    vectorsByCode.value?[ExactText(text)].map(WordVector.init(dense:)) ?? WordVector(text)
  }

  private mutating func billEmbedder(
    of index: Key<EmbeddingIndex>, amount: Int, _ caller: Caller, _ step: inout Step
  ) {
    guard let (plugin, workspace) = indices.read(index, { ($0.plugin, $0.workspace) }),
      let key = instanceKey(.plugin, handle: plugin, in: workspace),
      let instance = instances[key]
    else { return }
    bill(instance, amount: amount, caller, &step)
  }

  /// Stands for a text that an embedder cannot take. Fidelity: this rule only serves one of the
  /// SDK's tests; no source explains it (contract §8).
  static func checkEmbeddable(_ text: String) throws(SteamshipError) {
    guard !text.contains("[remaining arguments]") else {
      throw SteamshipError(400, "EmbeddingFailed", "The text cannot be embedded.")
    }
  }

  private borrowing func item(
    _ arguments: Arguments, _ index: Key<EmbeddingIndex>
  ) throws(SteamshipError) -> EmbeddingItem {
    let value = try arguments.requiredString("value")
    return EmbeddingItem(
      id: "", index: index, value: value, externalID: try arguments.string("externalId"),
      externalType: try arguments.string("externalType"),
      metadata: try arguments.verbatimText("metadata"), fileID: try arguments.name("fileId"),
      blockID: try arguments.name("blockId"), spanID: try arguments.name("spanId"),
      vector: vector(of: value))
  }

  /// One item for each block with text; `blockType` limits them to blocks with such a tag.
  private mutating func itemsOfFile(
    _ id: String, _ job: Job, _ index: Key<EmbeddingIndex>, _ step: inout Step
  ) throws(SteamshipError) -> [EmbeddingItem] {
    let type = try job.arguments.name("blockType")
    let file = try file(id: id, handle: nil, job.caller, &step)
    var items: [EmbeddingItem] = []
    for key in files.read(file, { $0.blocks }) ?? [] {
      guard let block = blocks[key] else { continue }
      if let type {
        let hasType = block.tags.keys.contains {
          tags.read($0, { $0.name }) == type || tags.read($0, { $0.kind }) == type
        }
        guard hasType else { continue }
      }
      let text = text(of: block, step.blobs)
      guard !text.isEmpty else { continue }
      items.append(
        EmbeddingItem(
          id: "", index: index, value: text, externalID: block.id, externalType: "block",
          fileID: files.read(file, { $0.id }), blockID: block.id, vector: vector(of: text)))
    }
    return items
  }

  mutating func listIndexItems(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let index = try index(job, "id", &step)
    let fileID = try job.arguments.name("fileId")
    let blockID = try job.arguments.name("blockId")
    let spanID = try job.arguments.name("spanId")
    let page = try Page(of: indices.read(index, { $0.items.keys }) ?? [], job.arguments) { key in
      indexItems.glance(key) { item in
        (fileID == nil || item.fileID == fileID) && (blockID == nil || item.blockID == blockID)
          && (spanID == nil || item.spanID == spanID)
      } ?? false
    }
    return reply(page)
  }

  /// `POST embedding-index/embed`: items are embedded as they come, so there is nothing left to do.
  mutating func embedIndex(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try index(job, "id", &step)
    return ["id": JSON(indices.read(key, { $0.id }))]
  }

  /// `POST embedding-index/search`: the nearest first; of equally near ones the newest.
  mutating func searchIndex(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try index(job, "id", &step)
    var queries = try job.arguments.strings("queries") ?? []
    if let query = try job.arguments.string("query") { queries.append(query) }
    guard !queries.isEmpty else { throw .invalid("The field \"query\" is missing.") }
    let count = try Self.resultCount(job.arguments)
    let includesMetadata = try job.arguments.flag("includeMetadata")
    let vectors = queries.map { vector(of: $0) }
    var items = indices.read(key, { $0.items.keys }) ?? []
    if !items.allSatisfy({ indexItems.contains($0) }) {
      items.removeAll { !indexItems.contains($0) }
    }
    let ranked = Self.rank(items.count, count) { position in
      guard let item = indexItems.read(items[position], { $0.vector }) else { return 0 }
      return vectors.lazy.map { $0.cosine(item) }.max() ?? 0
    }
    billEmbedder(of: key, amount: queries.count, job.caller, &step)
    return hitsReply(
      ranked.map { (items[$0.position], $0.score, $0.position) }, includesMetadata: includesMetadata
    )
  }

  private static func resultCount(_ arguments: Arguments) throws(SteamshipError) -> Int {
    let count = try arguments.int("k") ?? 1
    guard count > 0 else { throw .invalid("The field \"k\" must be above 0, not \(count).") }
    return count
  }

  /// Positions with their scores: the highest first, of equal ones the last.
  static func rank(
    _ count: Int, _ wanted: Int, _ score: (Int) -> Double
  ) -> [(position: Int, score: Double)] {
    func comesBefore(
      _ left: (position: Int, score: Double), _ right: (position: Int, score: Double)
    ) -> Bool {
      left.score == right.score ? left.position > right.position : left.score > right.score
    }
    guard wanted <= fewResults else {
      let scored = (0..<count).map { (position: $0, score: score($0)) }
      return Array(scored.sorted(by: comesBefore).prefix(wanted))
    }
    // A few are kept in order while all are looked at.
    var best: [(position: Int, score: Double)] = []
    best.reserveCapacity(min(wanted, count) + 1)
    for position in 0..<count {
      let one = (position: position, score: score(position))
      if best.count == wanted, let last = best.last, !comesBefore(one, last) { continue }
      best.insert(one, at: best.partitioningIndex { comesBefore(one, $0) })
      if best.count > wanted { best.removeLast() }
    }
    return best
  }

  private static let fewResults = 16

  /// `POST plugin/instance/embeddingSearch`: the texts come with the request.
  mutating func embeddingSearch(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let query = try job.arguments.requiredString("query")
    let texts = try job.arguments.strings("docs") ?? []
    let count = try Self.resultCount(job.arguments)
    let embedder = try instance(
      .plugin, id: nil, handle: job.arguments.requiredString("pluginInstance"), job.caller, &step)
    for text in texts { try Self.checkEmbeddable(text) }
    let vector = vector(of: query)
    let ranked = Self.rank(texts.count, count) { vector.cosine(self.vector(of: texts[$0])) }
    if let instance = instances[embedder] {
      bill(instance, amount: texts.count.addingClamping(1), job.caller, &step)
    }
    return RuleResult("items") { json in
      json.array { json in
        for (position, score) in ranked {
          let score = JSON(score)
          json.object { json in
            json.member("score", score)
            json.member("index", position)
            json.member("id", "\(position)")
            json.object("value") { json in
              json.member("value", texts[position])
              json.member("score", score)
            }
          }
        }
      }
    }
  }
}
