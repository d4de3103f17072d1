import EmulatorKernel
import PayloadCodecs

/// A file: raw bytes, or blocks, or both once a blockifier has run.
struct File: Stored {
  var id: String
  var handle: String
  var workspace: Key<Workspace>
  var user: Key<User>
  var mimeType: String?
  var filename: String?
  var publicData: Bool
  /// The uploaded bytes; nil when the file was made of blocks.
  var content: Content?
  /// In order; keys grow, so a block's index is found by binary search.
  var blocks: [Key<Block>] = []
  var tags = KeySet<Tag>()
  var createdAt: VirtualInstant
}

extension SteamshipState {
  /// A file of the request's workspace, by id or handle.
  mutating func file(
    id: String?, handle: String?, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<File> {
    let workspace = try workspace(of: caller, &step)
    if let id {
      guard let key = files.key(id: id),
        files.read(key, { $0.workspace == workspace && (handle == nil || $0.handle == handle) })
          == true
      else { throw .unknown("file", id) }
      return key
    }
    guard let handle else { throw .invalid("Give the file's \"id\" or \"handle\".") }
    guard let key = workspaces.read(workspace, { $0.files })?[handle] else {
      throw .unknown("file", handle)
    }
    return key
  }

  private mutating func file(_ job: Job, _ step: inout Step) throws(SteamshipError) -> Key<File> {
    try file(
      id: job.arguments.name("id"), handle: job.arguments.name("handle"), job.caller, &step)
  }

  /// Source: SDK `data/file.py`, `FileUploadType`; `value` is the TypeScript client's.
  enum FileUploadType: String, CaseIterable {
    case none, blocks, file, fileImporter, value
  }

  /// `POST file/create`: the answer already holds blocks and tags with their ids.
  mutating func createFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let type = try job.arguments.choice("type", FileUploadType.self)
    if job.arguments.upload != nil, type == .fileImporter || type == .value {
      throw .invalid("A file of this type is not made of uploaded bytes.")
    }
    if type == .fileImporter { return try importNewFile(job, &step) }
    let handle = try job.arguments.name("handle")
    let mimeType = try job.arguments.name("mimeType")
    let filename = try job.arguments.name("filename")
    let isPublic = try job.arguments.flag("publicData")
    let drafts = try job.arguments.objects("blocks", BlockDraft.init)
    let tagDrafts = try job.arguments.objects("tags", TagDraft.init)
    guard drafts.reduce(drafts.count, { $0 + $1.tags.count }) <= 2 * Arguments.elementCountMax
    else {
      throw .invalid(
        "The file has more than \(2 * Arguments.elementCountMax) blocks and tags.",
        suggestion: "Add blocks by block/create.")
    }
    if type == .file, job.arguments.upload == nil {
      throw .missingUpload("content")
    }
    if job.arguments.upload != nil, !drafts.isEmpty {
      throw .invalid("A file is made of uploaded bytes or of blocks, not of both.")
    }
    let workspace = try workspace(of: job.caller, &step)
    try checkFileHandle(handle, in: workspace)
    var content = job.arguments.upload.map { Content($0) }
    if type == .value {
      let text = try job.arguments.requiredString("value")
      content = try Content(storing: Array(text.utf8), in: step.blobs)
    }
    let key = addFile(
      handle: handle, mimeType: mimeType, isPublic: isPublic, content: content, in: workspace,
      job.caller, &step)
    files.update(key) { $0.filename = filename }
    for draft in tagDrafts { addTag(draft, to: key, block: nil, &step) }
    do throws(SteamshipError) {
      try add(drafts, to: key, job.caller, &step)
    } catch {
      // The upload is given back by whoever took it in.
      files.update(key) { $0.content = nil }
      removeFile(key, &step)
      throw error
    }
    return fileReply(key, step.blobs)
  }

  func checkFileHandle(_ handle: String?, in workspace: Key<Workspace>) throws(SteamshipError) {
    guard let handle else { return }
    try Handle.check(handle)
    guard workspaces.read(workspace, { $0.files })?[handle] == nil else {
      throw .exists("file", handle)
    }
  }

  /// - Precondition: the handle is free.
  mutating func addFile(
    handle: String?, mimeType: String?, isPublic: Bool = false, content: Content? = nil,
    in workspace: Key<Workspace>, _ caller: Caller, _ step: inout Step
  ) -> Key<File> {
    let handle = handle ?? Handle.mint("file", &step)
    let sniffed = content.map { MIMEType.sniff($0.chunks(in: step.blobs)) }
    let key = files.insert(
      File(
        id: step.ids.markedUUID("steamship.file", .upper), handle: handle, workspace: workspace,
        user: caller.user, mimeType: mimeType ?? sniffed, publicData: isPublic, content: content,
        createdAt: step.now))
    workspaces.update(workspace) { $0.files.insert(key, handle: handle) }
    return key
  }

  mutating func getFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try file(job, &step)
    return fileReply(key, step.blobs)
  }

  /// `POST file/update`: only who may read it can be changed.
  mutating func updateFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try file(id: job.arguments.requiredString("id"), handle: nil, job.caller, &step)
    if let isPublic = try job.arguments.bool("publicData") {
      files.update(key) { $0.publicData = isPublic }
    }
    return fileReply(key, step.blobs)
  }

  /// `POST file/delete`: with blocks and tags.
  mutating func deleteFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try file(id: job.arguments.requiredString("id"), handle: nil, job.caller, &step)
    let reply = fileReply(key, step.blobs)
    removeFile(key, &step)
    return reply
  }

  /// `POST file/clear`: takes blocks and tags away. Fidelity: seen in the TypeScript client.
  mutating func clearFile(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try file(id: job.arguments.requiredString("id"), handle: nil, job.caller, &step)
    removeContents(of: key, &step)
    return fileReply(key, step.blobs)
  }

  mutating func removeFile(_ key: Key<File>, _ step: inout Step) {
    removeContents(of: key, &step)
    guard let file = files.remove(key) else { return }
    file.content?.release(step.blobs)
    let files = files
    workspaces.update(file.workspace) { $0.files.remove(handle: file.handle, from: files) }
    step.wake(.file(serial: key.serial))
  }

  private mutating func removeContents(of key: Key<File>, _ step: inout Step) {
    guard let file = files[key] else { return }
    for block in file.blocks { removeBlockRecord(block, &step) }
    files.update(key) { $0.blocks = [] }
    for tag in file.tags.keys { removeTag(tag) }
  }

  mutating func listFiles(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let workspace = try workspace(of: job.caller, &step)
    let keys = workspaces.read(workspace, { $0.files.keys }) ?? []
    let page = try Page(of: keys, job.arguments) { files.contains($0) }
    return reply(page, step.blobs)
  }

  /// A file for reading its bytes: found by its id alone; without a key only when it is public
  /// (contract §6.21).
  func readableFile(id: String, user: Key<User>?) throws(SteamshipError) -> Key<File> {
    guard let key = files.key(id: id), let file = files[key] else { throw .unknown("file", id) }
    guard file.publicData || file.user == user else {
      throw user == nil ? .missingKey : .unknown("file", id)
    }
    return key
  }
}
