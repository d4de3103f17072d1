import EmulatorKernel
import PayloadCodecs

/// An instance of a package or plugin in a workspace, with its configuration frozen.
struct InvocableInstance: Stored {
  var id: String
  var kind: InvocableKind
  var handle: String
  var invocable: Key<Invocable>
  var version: Key<InvocableVersion>?
  /// Kept as texts: a local development instance has no version of its own.
  var versionID: String
  var versionHandle: String
  var user: Key<User>
  var workspace: Key<Workspace>
  var config: JSONObject
  var initStatus: InitStatus
  /// Calls are forwarded there.
  var localDevelopmentURL: String?
  /// Who named that URL.
  var urlOrigin: CallerOrigin?
  var createdAt: VirtualInstant
}

/// Source: SDK `data/invocable_init_status.py`.
enum InitStatus: String, Codable, Sendable {
  case notNeeded, initializing, complete, failed
}

extension SteamshipState {
  /// The handle of the version that stands for a server on the developer's own machine.
  /// Source: SDK `data/package/package_version.py`.
  static let localDevelopmentHandle = "local-development!"

  mutating func createInstance(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let name = kind.rawValue
    let parent = try visibleInvocable(
      kind, id: job.arguments.name("\(name)Id"), handle: job.arguments.name("\(name)Handle"),
      job.caller
    )
    let wanted = try job.arguments.name("handle")
    let fetchIfExists = try job.arguments.flag("fetchIfExists")
    let config = try job.arguments.object("config")
    let developmentURL = try Self.developmentURL(job.arguments)
    let version = try chooseVersion(
      of: parent, kind, job.arguments, isLocal: developmentURL != nil)
    if let wanted { try Handle.check(wanted) }
    let workspace = try namedWorkspace(job, &step)
    if let wanted, let known = instanceKey(kind, handle: wanted, in: workspace) {
      guard fetchIfExists else { throw .exists("\(name) instance", wanted) }
      try checkSame(known, parent, config)
      return instanceReply(known, job.caller)
    }
    let template = version.flatMap { versions.read($0, { $0.configTemplate }) } ?? JSONObject()
    let resolved = try ConfigTemplate.resolve(config ?? JSONObject(), by: template, for: kind)
    let key = addInstance(
      InvocableInstance(
        id: step.ids.uuid("steamship.\(name)Instance", .upper), kind: kind,
        handle: wanted ?? Handle.mint("\(name)-instance", &step), invocable: parent,
        version: version,
        versionID: version.flatMap { versions.read($0, { $0.id }) }
          ?? step.ids.uuid("steamship.\(name)Version", .upper),
        versionHandle: developmentURL != nil
          ? Self.localDevelopmentHandle
          : version.flatMap { versions.read($0, { $0.handle }) } ?? "",
        user: job.caller.user, workspace: workspace, config: resolved, initStatus: .notNeeded,
        localDevelopmentURL: developmentURL,
        urlOrigin: developmentURL == nil ? nil : job.caller.origin, createdAt: step.now))
    if kind == .package, let handle = invocables.read(parent, { $0.handle }),
      let duration = script.package(handle)?.initDuration
    {
      instances.update(key) { $0.initStatus = .initializing }
      due.schedule(.instanceReady(key), at: step.now + duration)
    }
    if runsCode(key) {
      instances.update(key) { $0.initStatus = .initializing }
      startedInstances.value = (startedInstances.value ?? []) + [key]
    }
    return instanceReply(key, job.caller)
  }

  private static func developmentURL(_ arguments: Arguments) throws(SteamshipError) -> String? {
    guard let url = try arguments.name("localDevelopmentURL") else { return nil }
    let lower = url.asciiLowercased
    guard lower.hasPrefix("http://") || lower.hasPrefix("https://") else {
      throw .invalid("The field \"localDevelopmentURL\" must be an http or https URL.")
    }
    return url
  }

  /// By id, else by handle, else the version deployed last.
  private func chooseVersion(
    of parent: Key<Invocable>, _ kind: InvocableKind, _ arguments: Arguments, isLocal: Bool
  ) throws(SteamshipError) -> Key<InvocableVersion>? {
    let known = invocables.read(parent, { $0.versions })
    if let id = try arguments.name("\(kind.rawValue)VersionId") {
      guard let key = versions.key(id: id), versions.read(key, { $0.invocable }) == parent else {
        throw .unknown("\(kind.rawValue) version", id)
      }
      return key
    }
    if let handle = try arguments.name("\(kind.rawValue)VersionHandle") {
      if let key = known?[handle] { return key }
      if handle == Self.localDevelopmentHandle {
        guard isLocal else {
          throw .invalid("A local development instance needs a \"localDevelopmentURL\".")
        }
        return known?.keys.last { versions.contains($0) }
      }
      throw .unknown("\(kind.rawValue) version", handle)
    }
    if let last = known?.keys.last(where: { versions.contains($0) }) { return last }
    guard isLocal else { throw .noVersion(of: kind) }
    return nil
  }

  /// With `fetchIfExists` the known instance must be of the same package and, if a configuration is
  /// given, have the same one once defaults are applied. Another version is no conflict.
  private func checkSame(
    _ known: Key<InvocableInstance>, _ parent: Key<Invocable>, _ config: JSONObject?
  ) throws(SteamshipError) {
    guard let instance = instances[known] else { return }
    let kind = instance.kind
    guard instance.invocable == parent else {
      throw SteamshipError(
        409, "InstanceConflict",
        "Instance \(instance.handle) exists and belongs to another \(kind.rawValue).",
        suggestion: "Use another handle.")
    }
    guard let config else { return }
    let template =
      instance.version.flatMap { versions.read($0, { $0.configTemplate }) } ?? JSONObject()
    let resolved = try ConfigTemplate.resolve(config, by: template, for: kind)
    guard resolved.isSameConfiguration(as: instance.config) else {
      throw SteamshipError(
        409, "InstanceConflict",
        "Instance \(instance.handle) exists with a different configuration.",
        suggestion: "Use another handle, or the configuration it was created with.")
    }
  }

  @discardableResult
  mutating func addInstance(_ instance: InvocableInstance) -> Key<InvocableInstance> {
    let key = instances.insert(instance)
    invocables.update(instance.invocable) { $0.instances.insert(key) }
    workspaces[instance.workspace]?[instancesOf: instance.kind]
      .insert(key, handle: instance.handle)
    return key
  }

  mutating func removeInstance(_ key: Key<InvocableInstance>) {
    guard let instance = instances.remove(key) else { return }
    let instances = instances
    invocables.update(instance.invocable) { $0.instances.noteRemoval(from: instances) }
    workspaces[instance.workspace]?[instancesOf: instance.kind]
      .remove(handle: instance.handle, from: instances)
  }

  func instanceKey(
    _ kind: InvocableKind, handle: String, in workspace: Key<Workspace>
  ) -> Key<InvocableInstance>? {
    // Each by its name: the subscript would copy the index.
    workspaces.read(workspace) { workspace in
      kind == .package ? workspace.packageInstances[handle] : workspace.pluginInstances[handle]
    }
  }

  /// An instance that a request names by id, or by handle within its workspace.
  mutating func instance(
    _ kind: InvocableKind, id: String?, handle: String?, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> Key<InvocableInstance> {
    if let id {
      let key = instances.key(id: id)
      let isMeant = key.flatMap { key in
        instances.glance(key) {
          $0.kind == kind && $0.user == caller.user && (handle == nil || handle == $0.handle)
        }
      }
      guard let key, isMeant == true else { throw .unknown("\(kind.rawValue) instance", id) }
      return key
    }
    guard let handle else {
      throw .invalid("Give the \(kind.rawValue) instance's \"handle\" or \"id\".")
    }
    let workspace = try workspace(of: caller, &step)
    if let key = instanceKey(kind, handle: handle, in: workspace) { return key }
    if kind == .plugin, let key = builtInInstance(handle: handle, in: workspace, caller, &step) {
      return key
    }
    throw .unknown("\(kind.rawValue) instance", handle)
  }

  mutating func getInstance(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try instance(
      kind, id: job.arguments.name("id"), handle: job.arguments.name("handle"), job.caller, &step)
    return instanceReply(key, job.caller)
  }

  mutating func deleteInstance(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try instance(
      kind, id: job.arguments.requiredString("id"), handle: nil, job.caller, &step)
    let reply = instanceReply(key, job.caller)
    removeInstance(key)
    return reply
  }

  /// `POST package/instance/list`: of the request's workspace, or across all of the caller's.
  mutating func listInstances(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let invocableID = try job.arguments.name("\(kind.rawValue)Id")?.asciiUppercased
    let versionID = try job.arguments.name("\(kind.rawValue)VersionId")?.asciiUppercased
    _ = try job.arguments.bool("includeWorkspace")
    let workspace =
      try job.arguments.flag("acrossWorkspaces") ? nil : try self.workspace(of: job.caller, &step)
    let keys = workspace.flatMap { workspaces[$0]?[instancesOf: kind].keys } ?? instances.keys
    let page = try Page(of: keys, job.arguments) { key in
      instances.glance(key) { instance in
        guard instance.kind == kind, instance.user == job.caller.user else { return false }
        if let versionID, instance.versionID.asciiUppercased != versionID { return false }
        guard let invocableID else { return true }
        return invocables.read(instance.invocable, { $0.id.asciiUppercased }) == invocableID
      } ?? false
    }
    return reply(page, kind, job.caller)
  }
}

extension JSONObject {
  /// Equal values, numbers by value: `1` and `1.0` are the same configuration.
  func isSameConfiguration(as other: JSONObject) -> Bool {
    guard count == other.count else { return false }
    let others = other.valuesByName
    return members.allSatisfy { name, value in
      guard let theirs = others[name] else { return false }
      if let left = value.doubleValue, let right = theirs.doubleValue { return left == right }
      return value == theirs
    }
  }
}
