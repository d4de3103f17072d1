import EmulatorKernel
import PayloadCodecs

/// A piece of a file: text, or bytes.
struct Block: Stored {
  var id: String
  var file: Key<File>
  var mimeType: String
  var publicData: Bool
  /// Short text lies here; long text, like bytes, in `content`.
  var text: String?
  var content = Content()
  var isText: Bool
  var tags = KeySet<Tag>()
  /// Nil for a block that was never streamed.
  var streamState: StreamState?
  var requestID: String
  var createdAt: VirtualInstant
  /// What a scripted stream has still to send.
  var piecesLeft: [[UInt8]] = []

  /// Source: SDK `data/block.py`, `StreamState`.
  enum StreamState: String, Codable, Sendable {
    case started, complete, aborted
  }
}

/// A block as a request gives it, checked.
struct BlockDraft: Sendable {
  var text: String?
  var content: Content?
  var mimeType: String?
  var isPublic = false
  var isStreaming = false
  var tags: [TagDraft] = []
}

extension BlockDraft {
  init(_ arguments: Arguments) throws(SteamshipError) {
    text = try arguments.string("text")
    mimeType = try arguments.name("mimeType")
    isPublic = try arguments.flag("publicData")
    isStreaming = try arguments.flag("streaming")
    tags = try arguments.objects("tags", TagDraft.init)
  }
}

extension SteamshipState {
  /// Text beyond this lies in the blob store, where it counts against the room there is.
  static let inlineTextMax = 64 * 1024

  /// Appends blocks to a file.
  /// - Errors: no room; then nothing was added.
  @discardableResult
  mutating func add(
    _ drafts: [BlockDraft], to file: Key<File>, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> [Key<Block>] {
    var added: [Key<Block>] = []
    for draft in drafts {
      do {
        added.append(try add(draft, to: file, caller, &step))
      } catch {
        for block in added { removeBlock(block, &step) }
        throw error
      }
    }
    return added
  }

  @discardableResult
  mutating func add(
    _ draft: BlockDraft, to file: Key<File>, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Block> {
    var block = Block(
      id: "", file: file, mimeType: draft.mimeType ?? MIMEType.text, publicData: draft.isPublic,
      isText: true, requestID: caller.requestID, createdAt: step.now)
    if let content = draft.content {
      let chunks = content.chunks(in: step.blobs)
      block.mimeType = draft.mimeType ?? MIMEType.sniff(chunks)
      block.isText = MIMEType.isText(block.mimeType) && MIMEType.isUTF8(chunks)
      block.content = content
      if block.isText, content.count <= Self.inlineTextMax {
        block.text = String(decoding: chunks.joined(), as: UTF8.self)
        block.content.release(step.blobs)
        block.content = Content()
      }
    } else {
      let text = draft.text ?? ""
      if text.utf8.count <= Self.inlineTextMax {
        block.text = text
      } else {
        block.content = try Content(storing: Array(text.utf8), in: step.blobs)
      }
    }
    if draft.isStreaming {
      block.streamState = .started
      block.isText = MIMEType.isText(block.mimeType)
      if let text = block.text {
        block.text = nil
        try block.content.append(Array(text.utf8), to: step.blobs)
      }
    }
    block.id = step.ids.markedUUID("steamship.block", .upper)
    let key = blocks.insert(block)
    files.update(file) { $0.blocks.append(key) }
    for tag in draft.tags { addTag(tag, to: file, block: key, &step) }
    step.wake(.file(serial: file.serial))
    return key
  }

  /// A block of the request's workspace.
  mutating func block(
    id: String, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Block> {
    let workspace = try workspace(of: caller, &step)
    guard let key = blocks.key(id: id), let file = blocks.read(key, { $0.file }),
      files.read(file, { $0.workspace }) == workspace
    else { throw .unknown("block", id) }
    return key
  }

  /// Source: SDK `data/block.py`, `BlockUploadType`; contract §3.3.
  enum BlockUploadType: String, CaseIterable {
    case file, blocks, url, none
  }

  /// `POST block/create`: appended at the end of the file.
  mutating func createBlock(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let type = try job.arguments.choice("uploadType", BlockUploadType.self)
    var draft = try BlockDraft(job.arguments)
    let file = try file(id: job.arguments.requiredString("fileId"), handle: nil, job.caller, &step)
    if let upload = job.arguments.upload {
      draft.content = Content(upload)
    } else if type == .file {
      throw .missingUpload("content")
    }
    let key = try add(draft, to: file, job.caller, &step)
    return blockReply(key, step.blobs)
  }

  mutating func getBlock(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try block(id: job.arguments.requiredString("id"), job.caller, &step)
    return blockReply(key, step.blobs)
  }

  /// `POST block/update`: only who may read it can be changed.
  mutating func updateBlock(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let isPublic = try job.arguments.bool("publicData")
    let key = try block(id: job.arguments.requiredString("id"), job.caller, &step)
    if let isPublic { blocks.update(key) { $0.publicData = isPublic } }
    return blockReply(key, step.blobs)
  }

  /// `POST block/delete`: the indices of those behind it close up.
  mutating func deleteBlock(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try block(id: job.arguments.requiredString("id"), job.caller, &step)
    let reply = blockReply(key, step.blobs)
    removeBlock(key, &step)
    return reply
  }

  mutating func removeBlock(_ key: Key<Block>, _ step: inout Step) {
    guard let file = blocks.read(key, { $0.file }) else { return }
    removeBlockRecord(key, &step)
    if let index = blockIndex(key, in: file) { files.update(file) { $0.blocks.remove(at: index) } }
  }

  /// Without taking it out of its file's list.
  mutating func removeBlockRecord(_ key: Key<Block>, _ step: inout Step) {
    for tag in blocks.read(key, { $0.tags.keys }) ?? [] { removeTag(tag) }
    guard let block = blocks.remove(key) else { return }
    block.content.release(step.blobs)
    step.wake(.block(serial: key.serial))
  }

  borrowing func blockIndex(_ key: Key<Block>, in file: Key<File>) -> Int? {
    guard let all = files.read(file, { $0.blocks }) else { return nil }
    let index = all.partitioningIndex { $0 >= key }
    return index < all.count && all[index] == key ? index : nil
  }

  /// A block for reading its bytes: found by its id alone; public when it or its file is.
  func readableBlock(id: String, user: Key<User>?) throws(SteamshipError) -> Key<Block> {
    guard let key = blocks.key(id: id),
      let (isPublic, file) = blocks.read(key, { ($0.publicData, $0.file) }),
      let owner = files.read(file, { $0.user })
    else { throw .unknown("block", id) }
    guard isPublic || owner == user else {
      throw user == nil ? .missingKey : .unknown("block", id)
    }
    return key
  }

  borrowing func text(of block: borrowing Block, _ blobs: BlobStore) -> String {
    guard block.isText else { return "" }
    return block.text ?? String(decoding: block.content.bytes(in: blobs), as: UTF8.self)
  }

  func rawChunks(of block: Block, _ blobs: BlobStore) -> [[UInt8]] {
    block.text.map { [Array($0.utf8)] } ?? block.content.chunks(in: blobs)
  }
}
