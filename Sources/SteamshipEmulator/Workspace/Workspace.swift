import EmulatorKernel
import PayloadCodecs

/// A user's folder for everything but packages and plugins.
struct Workspace: Stored {
  var id: String
  var handle: String
  var user: Key<User>
  var createdAt: VirtualInstant
  var updatedAt: VirtualInstant
  /// Kept but never returned (contract §8).
  var externalFields = Kept(JSONObject())
  var packageInstances = HandleIndex<InvocableInstance>()
  var pluginInstances = HandleIndex<InvocableInstance>()
  var files = HandleIndex<File>()
  var indices = HandleIndex<EmbeddingIndex>()
  var tagIndex = TagIndex()
  var tasks = KeySet<EngineTask>()

  static let defaultHandle = "default"

  /// Its instances of packages, or of plugins.
  subscript(instancesOf kind: InvocableKind) -> HandleIndex<InvocableInstance> {
    get { kind == .package ? packageInstances : pluginInstances }
    _modify {
      if kind == .package { yield &packageInstances } else { yield &pluginInstances }
    }
  }
}

/// What a workspace holds of one kind: by handle, and in order of creation.
struct HandleIndex<Record: Stored>: Codable, Sendable, Weighed {
  private(set) var keyByHandle = PagedDictionary<ExactText, Key<Record>>()
  private(set) var all = KeySet<Record>()

  var keys: [Key<Record>] { all.keys }
  var heapBytes: Int { keyByHandle.spineBytes + all.heapBytes }
  subscript(_ handle: String) -> Key<Record>? { keyByHandle[handle] }

  mutating func insert(_ key: Key<Record>, handle: String) {
    keyByHandle[handle] = key
    all.insert(key)
  }

  /// - Precondition: the record has left its table already.
  mutating func remove(handle: String, from table: Table<Record>) {
    keyByHandle[handle] = nil
    all.noteRemoval(from: table)
  }
}

extension SteamshipState {
  /// The workspace that a request means: by id, by handle, or the caller's `default`.
  ///
  /// - Errors: 404 for one that is unknown, deleted or belongs to somebody else.
  mutating func workspace(
    of caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Workspace> {
    switch caller.workspace {
    case .id(let id): return try ownWorkspace(id: id, caller)
    case .handle(let handle): return try ownWorkspace(handle: handle, caller, &step)
    case .unnamed: return try ownWorkspace(handle: Workspace.defaultHandle, caller, &step)
    }
  }

  /// The workspace that the field `workspaceId` names, else the request's.
  mutating func namedWorkspace(
    _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> Key<Workspace> {
    if let id = try job.arguments.name("workspaceId") {
      return try ownWorkspace(id: id, job.caller)
    }
    return try workspace(of: job.caller, &step)
  }

  /// A workspace that is gone fails also what does not look into it (contract §1.2).
  func checkWorkspace(of caller: Caller) throws(SteamshipError) {
    switch caller.workspace {
    case .id(let id): _ = try ownWorkspace(id: id, caller)
    case .handle(let handle):
      guard
        handle == Workspace.defaultHandle
          || knownWorkspace(caller.workspace, of: caller.user) != nil
      else { throw .unknown("workspace", handle) }
    case .unnamed: break
    }
  }

  /// The request's without an error, and without making `default` anew.
  func knownWorkspace(_ reference: WorkspaceReference, of user: Key<User>) -> Key<Workspace>? {
    switch reference {
    case .id(let id): workspaces.key(id: id)
    case .handle(let handle): users.read(user, { $0.workspaceByHandle })?[handle]
    case .unnamed: users.read(user, { $0.workspaceByHandle })?[Workspace.defaultHandle]
    }
  }

  func ownWorkspace(id: String, _ caller: Caller) throws(SteamshipError) -> Key<Workspace> {
    guard let key = workspaces.key(id: id), workspaces.read(key, { $0.user }) == caller.user else {
      throw .unknown(
        "workspace", id,
        suggestion: "It may have been deleted, or it belongs to the user of another key.")
    }
    return key
  }

  /// A deleted `default` is made anew, with a new id.
  mutating func ownWorkspace(
    handle: String, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<Workspace> {
    if let key = users.read(caller.user, { $0.workspaceByHandle })?[handle] { return key }
    guard handle == Workspace.defaultHandle else { throw .unknown("workspace", handle) }
    return addWorkspace(handle: handle, of: caller.user, &step)
  }

  @discardableResult
  mutating func addWorkspace(
    handle: String, of user: Key<User>, id: String? = nil, _ step: inout Step
  ) -> Key<Workspace> {
    let key = workspaces.insert(
      Workspace(
        id: id ?? step.ids.uuid("steamship.workspace", .upper), handle: handle, user: user,
        createdAt: step.now, updatedAt: step.now))
    users.update(user) { user in
      user.workspaceByHandle[handle] = key
      user.workspaces.insert(key)
    }
    return key
  }

  /// `POST workspace/create`: the first call of every client.
  mutating func createWorkspace(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let wanted = try job.arguments.name("handle")
    let fetchIfExists = try job.arguments.flag("fetchIfExists")
    if let wanted {
      try Handle.check(wanted)
      if let known = users.read(job.caller.user, { $0.workspaceByHandle })?[wanted] {
        guard fetchIfExists else { throw .exists("workspace", wanted) }
        return workspaceReply(known)
      }
    }
    let handle = wanted ?? Handle.mint("workspace", &step)
    let key = addWorkspace(handle: handle, of: job.caller.user, &step)
    for name in ["externalId", "externalType", "metadata"] {
      if let value = job.arguments[name] {
        workspaces.update(key) { $0.externalFields.change { $0[name] = value } }
      }
    }
    return workspaceReply(key)
  }

  /// `POST workspace/get`: by id, by handle, by both, or the workspace of the request's fields.
  mutating func getWorkspace(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let id = try job.arguments.name("id")
    let handle = try job.arguments.name("handle")
    if let id {
      let key = try ownWorkspace(id: id, job.caller)
      if let handle, workspaces.read(key, { $0.handle }) != handle {
        throw .unknown("workspace", handle)
      }
      return workspaceReply(key)
    }
    // Looked up before it is rendered: the look-up may make `default` anew.
    let key =
      if let handle { try ownWorkspace(handle: handle, job.caller, &step) } else {
        try workspace(of: job.caller, &step)
      }
    return workspaceReply(key)
  }

  /// `POST workspace/update`. Fidelity: assumed: no client has it; shaped like `package/update`.
  mutating func updateWorkspace(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let key = try ownWorkspace(id: job.arguments.requiredString("id"), job.caller)
    guard let old = workspaces.read(key, { $0.handle }) else { throw .unknown("workspace", "") }
    if let handle = try job.arguments.name("handle"), handle != old {
      try Handle.check(handle)
      guard users.read(job.caller.user, { $0.workspaceByHandle })?[handle] == nil else {
        throw .exists("workspace", handle)
      }
      users.update(job.caller.user) { user in
        user.workspaceByHandle[old] = nil
        user.workspaceByHandle[handle] = key
      }
      workspaces.update(key) { $0.handle = handle }
    }
    for name in ["description", "externalId", "externalType", "metadata"] {
      if let value = job.arguments[name] {
        workspaces.update(key) { $0.externalFields.change { $0[name] = value } }
      }
    }
    workspaces.update(key) { $0.updatedAt = step.now }
    return workspaceReply(key)
  }

  /// `POST workspace/delete`: by id or by handle, with everything in it.
  mutating func deleteWorkspace(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let key: Key<Workspace>
    if let handle = try job.arguments.name("handle"), try job.arguments.name("id") == nil {
      key = try ownWorkspace(handle: handle, job.caller, &step)
    } else {
      key = try ownWorkspace(id: job.arguments.requiredString("id"), job.caller)
    }
    let reply = workspaceReply(key)
    removeWorkspace(key, &step)
    return reply
  }

  private mutating func removeWorkspace(_ key: Key<Workspace>, _ step: inout Step) {
    guard let workspace = workspaces[key] else { return }
    for file in workspace.files.keys { removeFile(file, &step) }
    for index in workspace.indices.keys { removeIndex(index) }
    for instance in workspace.packageInstances.keys + workspace.pluginInstances.keys {
      removeInstance(instance)
    }
    // Those too that fail for want of another of them; not the one that is just deleting this.
    let unfinished = workspace.tasks.keys.filter { key in
      tasks.read(key) { !$0.state.isTerminal && $0.job != nil } ?? false
    }
    for task in unfinished { removeTask(task, &step) }
    for name in storedObjects.keys where name.workspace == key {
      if let content = storedObjects.removeValue(forKey: name) { content.release(step.blobs) }
    }
    workspaces.remove(key)
    let workspaces = workspaces
    users.update(workspace.user) { user in
      user.workspaceByHandle[workspace.handle] = nil
      user.workspaces.noteRemoval(from: workspaces)
    }
  }

  /// `POST workspace/list`: all of the caller's, wherever the client is anchored.
  mutating func listWorkspaces(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    _ = try ownWorkspace(handle: Workspace.defaultHandle, job.caller, &step)
    let keys = users.read(job.caller.user, { $0.workspaces.keys }) ?? []
    let page = try Page(of: keys, job.arguments) { workspaces.contains($0) }
    return reply(page)
  }
}
