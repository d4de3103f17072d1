import EmulatorKernel
import PayloadCodecs

/// What the Engine calls an invocable: a package or a plugin. Both are made, versioned and
/// instantiated the same way, with other names on the wire.
enum InvocableKind: String, Codable, Sendable, CaseIterable {
  case package, plugin

  /// `PackageInstance`, for messages.
  var instanceTypeName: String { self == .package ? "PackageInstance" : "PluginInstance" }
}

struct InvocableHandle: Hashable, Codable, Sendable {
  var kind: InvocableKind
  @ExactText var handle: String
}

/// A package or a plugin.
struct Invocable: Stored {
  var id: String
  var kind: InvocableKind
  var handle: String
  /// Nil: the vendor's own, there for everybody.
  var user: Key<User>?
  var isPublic: Bool
  var description: String?
  var readme: String?
  /// The manifest, kept and returned whole.
  var profile: Kept<JSONObject>?
  /// Plugins only: `type`, `transport`, `trainingPlatform`, `metadata`.
  var pluginFields = Kept(JSONObject())
  var createdAt: VirtualInstant
  var updatedAt: VirtualInstant
  var versions = HandleIndex<InvocableVersion>()
  var instances = KeySet<InvocableInstance>()

  var pluginType: String { pluginFields.value["type"]?.stringValue ?? "" }
}

extension Glance<Invocable> {
  fileprivate func isVisible(to user: Key<User>) -> Bool {
    self.isPublic || self.user == nil || self.user == user
  }
}

extension SteamshipState {
  /// A package or plugin that the caller may see: own, public or built in; others' private ones
  /// are answered as unknown (contract §8).
  borrowing func visibleInvocable(
    _ kind: InvocableKind, id: String?, handle: String?, _ caller: Caller
  ) throws(SteamshipError) -> Key<Invocable> {
    guard let name = id ?? handle else {
      throw .invalid("Give the \(kind.rawValue)'s \"handle\" or \"id\".")
    }
    let key =
      id != nil
      ? invocables.key(id: name) : invocableByHandle[InvocableHandle(kind: kind, handle: name)]
    let isVisible = key.flatMap { key in
      invocables.glance(key) { invocable in
        invocable.kind == kind && invocable.isVisible(to: caller.user)
          && (handle == nil || invocable.handle == handle)
      }
    }
    guard let key, isVisible == true else { throw .unknown(kind.rawValue, name) }
    return key
  }

  /// Whether it is of that kind, and the caller may see it.
  borrowing func isVisible(
    _ key: Key<Invocable>, _ kind: InvocableKind, to caller: Caller
  ) -> Bool {
    invocables.glance(key) { $0.kind == kind && $0.isVisible(to: caller.user) } ?? false
  }

  /// As `visibleInvocable`, for changes.
  func ownInvocable(
    _ kind: InvocableKind, id: String, _ caller: Caller
  ) throws(SteamshipError) -> Key<Invocable> {
    let key = try visibleInvocable(kind, id: id, handle: nil, caller)
    guard invocables.read(key, { $0.user }) == caller.user else {
      throw SteamshipError(
        403, "NotAuthorized", "The \(kind.rawValue) belongs to another user and cannot be changed.")
    }
    return key
  }

  @discardableResult
  mutating func addInvocable(_ invocable: Invocable) -> Key<Invocable> {
    let key = invocables.insert(invocable)
    invocableByHandle[InvocableHandle(kind: invocable.kind, handle: invocable.handle)] = key
    return key
  }

  mutating func createInvocable(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let wanted = try job.arguments.name("handle")
    let isPublic = try job.arguments.flag("isPublic")
    let profile = try job.arguments.object("profile")
    let description = try job.arguments.string("description")
    let fetchIfExists = try job.arguments.flag("fetchIfExists")
    let pluginFields = kind == .plugin ? try Self.pluginFields(job.arguments) : JSONObject()
    if let wanted {
      try Handle.check(wanted)
      if let known = invocableByHandle[InvocableHandle(kind: kind, handle: wanted)] {
        guard invocables.read(known, { $0.user }) == job.caller.user else { throw .handleOfOther }
        guard fetchIfExists else { throw .exists(kind.rawValue, wanted) }
        return invocableReply(known)
      }
    }
    let key = addInvocable(
      Invocable(
        id: step.ids.uuid("steamship.\(kind.rawValue)", .upper), kind: kind,
        handle: wanted ?? Handle.mint(kind.rawValue, &step), user: job.caller.user,
        isPublic: isPublic,
        description: description ?? profile?["description"]?.stringValue, profile: Kept(profile),
        pluginFields: Kept(pluginFields), createdAt: step.now, updatedAt: step.now))
    return invocableReply(key)
  }

  /// Not validated against closed sets: new types and transports come with new clients.
  private static func pluginFields(_ arguments: Arguments) throws(SteamshipError) -> JSONObject {
    var fields: JSONObject = [
      "type": .string(try arguments.requiredString("type")),
      "transport": .string(try arguments.string("transport") ?? "jsonOverHttp"),
    ]
    if let platform = try arguments.string("trainingPlatform") {
      guard ["lambda", "ecs"].contains(platform) else {
        throw .invalid("The field \"trainingPlatform\" must be \"lambda\" or \"ecs\".")
      }
      fields["trainingPlatform"] = .string(platform)
    }
    if let metadata = try arguments.verbatimText("metadata") {
      fields["metadata"] = .string(metadata)
    }
    return fields
  }

  borrowing func getInvocable(_ kind: InvocableKind, _ job: Job) throws(SteamshipError)
    -> RuleResult
  {
    invocableReply(
      try visibleInvocable(
        kind, id: job.arguments.name("id"), handle: job.arguments.name("handle"), job.caller))
  }

  /// `POST package/update`, `POST plugin/update`: null leaves a field as it is.
  mutating func updateInvocable(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try ownInvocable(kind, id: job.arguments.requiredString("id"), job.caller)
    let handle = try job.arguments.name("handle")
    let description = try job.arguments.string("description")
    let readme = try job.arguments.string("readme")
    let profile = try job.arguments.object("profile")
    guard let old = invocables.read(key, { $0.handle }) else { throw .unknown(kind.rawValue, "") }
    if let handle, handle != old {
      try Handle.check(handle)
      let name = InvocableHandle(kind: kind, handle: handle)
      if let other = invocableByHandle[name] {
        throw invocables.read(other, { $0.user }) == job.caller.user
          ? .exists(kind.rawValue, handle) : .handleOfOther
      }
      invocableByHandle[InvocableHandle(kind: kind, handle: old)] = nil
      invocableByHandle[name] = key
      invocables.update(key) { $0.handle = handle }
    }
    invocables.update(key) { invocable in
      if let description { invocable.description = description }
      if let readme { invocable.readme = readme }
      if let profile { invocable.profile = Kept(profile) }
      invocable.updatedAt = step.now
    }
    return invocableReply(key)
  }

  /// `POST package/delete`, `POST plugin/delete`: with versions and the caller's instances; refused
  /// while somebody else has an instance.
  mutating func deleteInvocable(
    _ kind: InvocableKind, _ job: Job, _ step: inout Step
  ) throws(SteamshipError) -> RuleResult {
    let key = try ownInvocable(kind, id: job.arguments.requiredString("id"), job.caller)
    guard let invocable = invocables[key] else { throw .unknown(kind.rawValue, "") }
    try checkNobodyElseUses(invocable.instances.keys, kind, job.caller)
    let reply = invocableReply(key)
    for instance in invocable.instances.keys { removeInstance(instance) }
    hasEndedVersions.value = true
    for version in invocable.versions.keys {
      if let record = versions.remove(version) { record.archive?.release(step.blobs) }
    }
    invocables.remove(key)
    invocableByHandle[InvocableHandle(kind: kind, handle: invocable.handle)] = nil
    return reply
  }

  func checkNobodyElseUses(
    _ keys: [Key<InvocableInstance>], _ kind: InvocableKind, _ caller: Caller
  ) throws(SteamshipError) {
    let isUsedElsewhere = keys.contains { key in
      instances.read(key) { $0.user != caller.user } ?? false
    }
    guard !isUsedElsewhere else {
      throw SteamshipError(
        403, "InUse", "Another user has an instance of this \(kind.rawValue), so it stays.")
    }
  }

  /// `POST package/list`, `POST plugin/list`: public ones and own ones.
  borrowing func listInvocables(_ kind: InvocableKind, _ job: Job) throws(SteamshipError)
    -> RuleResult
  {
    let type = try job.arguments.name("type")
    // See `listVersions`.
    let (invocables, user) = (invocables, job.caller.user)
    let page = try Page(of: invocables.keys, job.arguments) { key in
      invocables.glance(key) { invocable in
        invocable.kind == kind
          && (kind == .package || type == nil || invocable.pluginType == type)
          && (invocable.isPublic || invocable.user == user)
      } ?? false
    }
    return reply(page, kind)
  }
}
