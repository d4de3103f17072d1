import EmulatorKernel
import PayloadCodecs

/// A remark on a file, on a block or on a span of a block's text.
struct Tag: Stored {
  var id: String
  var file: Key<File>
  /// Nil for a file tag.
  var block: Key<Block>?
  var kind: String
  var name: String?
  var value: JSON?
  var start: Int?
  var end: Int?
}

/// The tags of a workspace by what queries ask for.
struct TagIndex: Codable, Sendable {
  private(set) var all = KeySet<Tag>()
  private(set) var byKind = PagedDictionary<ExactText, KeySet<Tag>>()
  private(set) var byName = PagedDictionary<ExactText, KeySet<Tag>>()
  /// Many tags may share a kind, and as many a name, with few that have both.
  private(set) var byBoth = PagedDictionary<KindAndName, KeySet<Tag>>()

  struct KindAndName: Hashable, Codable, Sendable {
    @ExactText var kind: String
    @ExactText var name: String
  }

  mutating func insert(_ key: Key<Tag>, _ tag: Tag) {
    all.insert(key)
    byKind.insert(key, under: ExactText(tag.kind))
    guard let name = tag.name else { return }
    byName.insert(key, under: ExactText(name))
    byBoth.insert(key, under: KindAndName(kind: tag.kind, name: name))
  }

  /// - Precondition: the tag has left its table already.
  mutating func remove(_ tag: Tag, from table: Table<Tag>) {
    all.noteRemoval(from: table)
    byKind.noteRemoval(under: ExactText(tag.kind), from: table)
    guard let name = tag.name else { return }
    byName.noteRemoval(under: ExactText(name), from: table)
    byBoth.noteRemoval(under: KindAndName(kind: tag.kind, name: name), from: table)
  }
}

extension PagedDictionary where Value == KeySet<Tag> {
  fileprivate mutating func insert(_ tag: EmulatorKernel.Key<Tag>, under key: Key) {
    update(key) { tags in
      if tags == nil { tags = KeySet() }
      tags?.insert(tag)
    }
  }

  fileprivate mutating func noteRemoval(under key: Key, from table: Table<Tag>) {
    update(key) { tags in
      tags?.noteRemoval(from: table)
      if tags?.isEmpty == true { tags = nil }
    }
  }
}

/// A tag as a request gives it, checked.
struct TagDraft: Sendable {
  var kind: String
  var name: String?
  var value: JSON?
  var start: Int?
  var end: Int?
}

extension TagDraft {
  /// A tag's `text` is not kept: the real service drops it too.
  init(_ arguments: Arguments) throws(SteamshipError) {
    kind = try arguments.requiredString("kind")
    name = try arguments.string("name")
    value = try arguments.object("value").map { .object($0) }
    start = try arguments.int("startIdx")
    end = try arguments.int("endIdx")
    for (name, place) in [("startIdx", start), ("endIdx", end)] {
      if let place, place < 0 { throw .invalid("The field \"\(name)\" must not be negative.") }
    }
    if let start, let end, end < start {
      throw .invalid("The field \"endIdx\" (\(end)) must not be below \"startIdx\" (\(start)).")
    }
  }
}

extension SteamshipState {
  @discardableResult
  mutating func addTag(
    _ draft: TagDraft, to file: Key<File>, block: Key<Block>?, _ step: inout Step
  ) -> Key<Tag> {
    let tag = Tag(
      id: step.ids.uuid("steamship.tag", .upper), file: file, block: block, kind: draft.kind,
      name: draft.name, value: draft.value, start: draft.start, end: draft.end)
    let key = tags.insert(tag)
    if let block {
      blocks.update(block) { $0.tags.insert(key) }
    } else {
      files.update(file) { $0.tags.insert(key) }
    }
    if let workspace = files.read(file, { $0.workspace }) {
      workspaces.update(workspace) { $0.tagIndex.insert(key, tag) }
    }
    return key
  }

  mutating func removeTag(_ key: Key<Tag>) {
    guard let tag = tags.remove(key) else { return }
    let tags = tags
    if let block = tag.block {
      blocks.update(block) { $0.tags.noteRemoval(from: tags) }
    } else {
      files.update(tag.file) { $0.tags.noteRemoval(from: tags) }
    }
    if let workspace = files.read(tag.file, { $0.workspace }) {
      workspaces.update(workspace) { $0.tagIndex.remove(tag, from: tags) }
    }
  }

  /// `POST tag/create`. With only `blockId` given the tag goes to that block's file.
  mutating func createTag(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let draft = try TagDraft(job.arguments)
    let fileID = try job.arguments.name("fileId")
    var block: Key<Block>?
    if let id = try job.arguments.name("blockId") {
      block = try self.block(id: id, job.caller, &step)
    }
    let file: Key<File>
    if let fileID {
      file = try self.file(id: fileID, handle: nil, job.caller, &step)
      if let block, blocks.read(block, { $0.file }) != file {
        throw .invalid("The block belongs to another file.")
      }
    } else if let block, let parent = blocks.read(block, { $0.file }) {
      file = parent
    } else {
      throw .invalid("The field \"fileId\" is missing.")
    }
    let key = addTag(draft, to: file, block: block, &step)
    return tagReply(key)
  }

  mutating func deleteTag(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let id = try job.arguments.requiredString("id")
    let workspace = try workspace(of: job.caller, &step)
    guard let key = tags.key(id: id), let tag = tags[key], let file = files[tag.file],
      file.workspace == workspace
    else { throw .unknown("tag", id) }
    if let fileID = try job.arguments.name("fileId"),
      fileID.asciiUppercased != file.id.asciiUppercased
    {
      throw .unknown("tag", id)
    }
    let reply = tagReply(key)
    removeTag(key)
    return reply
  }

  /// Source: SDK `data/tags/tag.py`; contract §2.2.
  borrowing func write(_ key: Key<Tag>, into json: inout JSONWriter) {
    if !writePresent(key, into: &json) { json.null() }
  }

  /// - Returns: false where it is gone: then nothing is written.
  private borrowing func writePresent(_ key: Key<Tag>, into json: inout JSONWriter) -> Bool {
    let isThere: Void? = tags.glance(key) { tag in
      let file = files.read(tag.file) { $0.id } ?? ""
      json.object { json in
        json.member("id", tag.id)
        json.member("fileId", file)
        if let block = tag.block {
          let id = blocks.read(block) { $0.id } ?? ""
          json.member("blockId", id)
        }
        json.member("kind", tag.kind)
        json.member(ifPresent: "name", tag.name)
        json.member(ifPresent: "value", tag.value)
        json.member(ifPresent: "startIdx", tag.start)
        json.member(ifPresent: "endIdx", tag.end)
      }
    }
    return isThere != nil
  }

  /// Those of a set that are still there.
  borrowing func write(_ set: KeySet<Tag>, into json: inout JSONWriter) {
    for key in set.keys { _ = writePresent(key, into: &json) }
  }

  borrowing func tagsReply(_ keys: [Key<Tag>]) -> RuleResult {
    RuleResult("tags") { json in
      json.array(keys, count: keys.count) { key, json in write(key, into: &json) }
    }
  }

  private borrowing func tagReply(_ key: Key<Tag>) -> RuleResult {
    RuleResult("tag") { write(key, into: &$0) }
  }
}
