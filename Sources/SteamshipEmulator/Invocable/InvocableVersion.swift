import EmulatorKernel
import PayloadCodecs

/// A deployed version of a package or plugin.
struct InvocableVersion: Stored {
  var id: String
  var invocable: Key<Invocable>
  var handle: String
  /// Parameter name → `{type, description?, default?}`.
  var configTemplate: JSONObject
  /// The uploaded archive; nil for what is built in or scripted.
  var archive: Content?
  /// `hostingHandler`, `hostingMemory`, `hostingTimeout`, `isPublic`, `isDefault`, `streaming`,
  /// `description`: as they were given.
  var extraFields = JSONObject()
  /// What its code says of itself (`__dir__`); nil: nobody has asked it.
  var specification: Kept<JSON>?
  /// Of the archive, where its code runs.
  var digest: String?
  var createdAt: VirtualInstant
  var updatedAt: VirtualInstant
}

extension SteamshipState {
  /// `POST package/version/create`, `POST plugin/version/create`: a form with the archive.
  mutating func createVersion(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    var draft = try versionDraft(kind, job, step)
    if draft.handle.isEmpty { draft.handle = Handle.mint("version", &step) }
    draft.id = step.ids.uuid("steamship.\(kind.rawValue)Version", .upper)
    let key = addVersion(draft)
    return versionReply(key)
  }

  /// A version without id, and without handle where none is wanted; or what is wrong with it.
  func versionDraft(
    _ kind: InvocableKind, _ job: Job, _ step: borrowing Step
  ) throws(SteamshipError) -> InvocableVersion {
    let key = try ownInvocable(
      kind, id: job.arguments.requiredString("\(kind.rawValue)Id"), job.caller)
    let wanted = try job.arguments.name("handle")
    let template = try job.arguments.embeddedObject("configTemplate") ?? JSONObject()
    try ConfigTemplate.check(template)
    let extraFields = try Self.versionFields(job.arguments)
    guard let upload = job.arguments.upload else {
      throw .missingUpload("archive")
    }
    try Self.checkArchive(upload, step.blobs)
    if let wanted {
      try Handle.check(wanted)
      guard invocables.read(key, { $0.versions })?[wanted] == nil else {
        throw .exists("\(kind.rawValue) version", wanted)
      }
    }
    return InvocableVersion(
      id: "", invocable: key, handle: wanted ?? "", configTemplate: template,
      archive: Content(upload), extraFields: extraFields, createdAt: step.now,
      updatedAt: step.now)
  }

  /// The Engine starts what it is given, and fails where that has no main file.
  /// Source: SDK `invocable/lambda_handler.py`, whose words these are. Fidelity: assumed for the
  /// moment, which is the upload here.
  private static func checkArchive(
    _ upload: Arguments.Upload, _ blobs: BlobStore
  ) throws(SteamshipError) {
    guard upload.count > 0 else { throw .noMainFile("The uploaded file is empty.") }
    guard let directory = ZipDirectory(of: Content(upload).chunks(in: blobs)) else {
      throw .noMainFile("The uploaded file is no zip archive.")
    }
    guard directory.holds(mainFile) else {
      throw .noMainFile("The archive has no file \(mainFile) at its top.")
    }
  }

  /// What an archive must have at its top.
  static let mainFile = "api.py"

  private static func versionFields(_ arguments: Arguments) throws(SteamshipError) -> JSONObject {
    var fields = JSONObject()
    for name in ["hostingHandler", "description"] {
      if let text = try arguments.string(name) { fields[name] = .string(text) }
    }
    for name in ["hostingMemory", "hostingTimeout"] {
      guard let size = try arguments.name(name) else { continue }
      guard hostingSizes.contains(size) else {
        throw .invalid(
          "The field \"\(name)\" must be one of \(hostingSizes.joined(separator: ", ")), not "
            + "\"\(size.shortened)\".")
      }
      fields[name] = .string(size)
    }
    for name in ["isPublic", "isDefault", "streaming"] {
      if let flag = try arguments.bool(name) { fields[name] = .bool(flag) }
    }
    return fields
  }

  /// The client refuses any other value in a response.
  /// Source: SDK `data/plugin/hosting.py`.
  static let hostingSizes = ["min", "xxs", "xs", "sm", "md", "lg", "xl", "xxl", "max"]

  @discardableResult
  mutating func addVersion(_ version: InvocableVersion) -> Key<InvocableVersion> {
    let key = versions.insert(version)
    invocables.update(version.invocable) { $0.versions.insert(key, handle: version.handle) }
    return key
  }

  /// `POST package/version/delete`, `POST plugin/version/delete`: with the caller's instances of it.
  mutating func deleteVersion(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try visibleVersion(kind, id: job.arguments.requiredString("id"), job.caller)
    guard let version = versions[key], let invocable = invocables[version.invocable] else {
      throw .unknown("\(kind.rawValue) version", "")
    }
    _ = try ownInvocable(kind, id: invocable.id, job.caller)
    let users = invocable.instances.keys.filter { instances.read($0, { $0.version }) == key }
    try checkNobodyElseUses(users, kind, job.caller)
    let reply = versionReply(key)
    for instance in users { removeInstance(instance) }
    versions.remove(key)?.archive?.release(step.blobs)
    hasEndedVersions.value = true
    let versions = versions
    invocables.update(version.invocable) {
      $0.versions.remove(handle: version.handle, from: versions)
    }
    return reply
  }

  func visibleVersion(
    _ kind: InvocableKind, id: String, _ caller: Caller
  ) throws(SteamshipError) -> Key<InvocableVersion> {
    guard let key = versions.key(id: id), let parent = versions.read(key, { $0.invocable }),
      isVisible(parent, kind, to: caller)
    else { throw .unknown("\(kind.rawValue) version", id) }
    return key
  }

  /// `POST package/version/get`. Fidelity: seen in the TypeScript client.
  borrowing func getVersion(_ kind: InvocableKind, _ job: Job) throws(SteamshipError) -> RuleResult
  {
    if let id = try job.arguments.name("id") {
      return versionReply(try visibleVersion(kind, id: id, job.caller))
    }
    let parent = try visibleInvocable(
      kind, id: job.arguments.name("\(kind.rawValue)Id"),
      handle: try job.arguments.name("\(kind.rawValue)Handle"), job.caller)
    let handle = try job.arguments.requiredString("handle")
    guard let key = invocables.read(parent, { $0.versions })?[handle] else {
      throw .unknown("\(kind.rawValue) version", handle)
    }
    return versionReply(key)
  }

  /// `POST package/version/list`; `POST plugin/version/public` and `…/private`, whose list is
  /// called `plugins` (contract §2.3).
  borrowing func listVersions(
    _ kind: InvocableKind, _ job: Job, named name: StaticString, isPublic: Bool? = nil
  ) throws(SteamshipError) -> RuleResult {
    let parent = try visibleInvocable(
      kind, id: job.arguments.requiredString("\(kind.rawValue)Id"), handle: nil, job.caller)
    let handle = try job.arguments.name("handle")
    let keys = invocables.read(parent, { $0.versions.keys }) ?? []
    // The table alone: the closure would have the whole state copied.
    let versions = versions
    let page = try Page(of: keys, job.arguments) { key in
      versions.glance(key) { version in
        guard handle == nil || version.handle == handle else { return false }
        guard let isPublic else { return true }
        return (version.extraFields["isPublic"]?.boolValue ?? false) == isPublic
      } ?? false
    }
    return reply(page, named: name)
  }
}
