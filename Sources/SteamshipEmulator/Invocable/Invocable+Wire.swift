import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// Source: SDK `data/package/package.py`, `data/plugin/plugin.py`; contract §2.1, §2.3.
  borrowing func write(_ key: Key<Invocable>, into json: inout JSONWriter) {
    let isThere: Void? = invocables.glance(key) { invocable in
      json.object { json in
        json.member("id", invocable.id)
        json.member("handle", invocable.handle)
        // The vendor itself owns what is built in.
        json.member(
          "userId", invocable.user.flatMap { users.read($0, { $0.id }) } ?? script.vendorID)
        json.member("isPublic", invocable.isPublic)
        json.members(of: invocable.pluginFields.value)
        json.member(ifPresent: "description", invocable.description)
        json.member(ifPresent: "readme", invocable.readme)
        if let profile = invocable.profile { json.member("profile", .object(profile.value)) }
        json.times(created: invocable.createdAt, updated: invocable.updatedAt)
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func invocableReply(_ key: Key<Invocable>) -> RuleResult {
    let kind = invocables.read(key) { $0.kind } ?? .package
    return RuleResult(kind.names.itself) { write(key, into: &$0) }
  }

  /// `configTemplate` comes back as an object although it went up as text.
  /// Source: SDK `data/package/package_version.py`, `data/plugin/plugin_version.py`.
  borrowing func write(_ key: Key<InvocableVersion>, into json: inout JSONWriter) {
    let isThere: Void? = versions.glance(key) { version in
      guard let (kind, parent) = invocables.read(version.invocable, { ($0.kind, $0.id) }) else {
        return nil
      }
      json.object { json in
        json.member("id", version.id)
        json.member(kind.names.id, parent)
        json.member("handle", version.handle)
        json.member("configTemplate", .object(version.configTemplate))
        json.members(of: version.extraFields)
        json.times(created: version.createdAt, updated: version.updatedAt)
      }
    }
    if isThere == nil { json.null() }
  }

  borrowing func versionReply(_ key: Key<InvocableVersion>) -> RuleResult {
    let kind = versions.read(key) { $0.invocable }.flatMap { invocables.read($0) { $0.kind } }
    return RuleResult((kind ?? .package).names.version) { write(key, into: &$0) }
  }

  /// Source: SDK `data/package/package_instance.py`, `data/plugin/plugin_instance.py`.
  borrowing func write(
    _ key: Key<InvocableInstance>, for caller: Caller, into json: inout JSONWriter
  ) {
    let isThere: Void? = instances.glance(key) { instance in
      guard
        let parent = invocables.read(instance.invocable, { (id: $0.id, handle: $0.handle) }),
        let workspace = workspaces.read(instance.workspace, { (id: $0.id, handle: $0.handle) }),
        let user = users.read(instance.user, { (id: $0.id, handle: $0.handle) })
      else { return nil }
      let names = instance.kind.names
      json.object { json in
        json.member("id", instance.id)
        json.member("handle", instance.handle)
        json.member(names.id, parent.id)
        json.member(names.handle, parent.handle)
        json.member(names.versionID, instance.versionID)
        json.member(names.versionHandle, instance.versionHandle)
        json.member("userId", user.id)
        json.member("userHandle", user.handle)
        json.member("workspaceId", workspace.id)
        json.member("workspaceHandle", workspace.handle)
        json.member("config", .object(instance.config))
        json.member("initStatus", instance.initStatus.rawValue)
        json.times(created: instance.createdAt, updated: instance.createdAt)
        // Without code to run an answer is as the vendor's.
        if codeOrigin.value != nil { json.member("runtime", runtime(of: key)) }
        switch instance.kind {
        case .package:
          json.member("invocationURL") { url in
            Self.writeInvocationURL(
              instance, ofUser: user.handle, inWorkspace: workspace.handle, caller, into: &url)
          }
          json.member(ifPresent: "localDevelopmentURL", instance.localDevelopmentURL)
        case .plugin:
          guard let fields = instance.version.flatMap({ versions.read($0, { $0.extraFields }) })
          else {
            break
          }
          for field in ["hostingMemory", "hostingTimeout"] {
            if let value = fields[field] { json.member(named: field, value) }
          }
        }
      }
    }
    if isThere == nil { json.null() }
  }

  /// Ends in `/`: clients append the method's name. A local development instance shows its own
  /// server's URL (contract §5.6). Who came to the vendor's own host gets the vendor's own form, which
  /// the SDK treats in its own way.
  private static func writeInvocationURL(
    _ instance: Glance<InvocableInstance>, ofUser user: String, inWorkspace workspace: String,
    _ caller: Caller, into json: inout JSONWriter
  ) {
    if let url = instance.localDevelopmentURL {
      json.piece(url)
      if url.utf8.last != UInt8(ascii: "/") { json.piece("/") }
      return
    }
    if caller.isAtVendorsHost == true {
      json.piece("https://")
      json.piece(user)
      json.piece(".steamship.run/")
    } else {
      json.piece(caller.baseURL)
      json.piece("/apps/")
    }
    json.piece(workspace)
    json.piece("/")
    json.piece(instance.handle)
    json.piece("/")
  }

  borrowing func instanceReply(_ key: Key<InvocableInstance>, _ caller: Caller) -> RuleResult {
    let kind = instances.read(key) { $0.kind } ?? .package
    return RuleResult(kind.names.instance) { write(key, for: caller, into: &$0) }
  }

  borrowing func reply(
    _ page: Page<InvocableInstance>, _ kind: InvocableKind, _ caller: Caller
  ) -> RuleResult {
    // Each has the address in it.
    let caller = page.keys.count > 1 ? caller.placed : caller
    return page.reply(kind.names.instances) { write($0, for: caller, into: &$1) }
  }

  borrowing func reply(_ page: Page<Invocable>, _ kind: InvocableKind) -> RuleResult {
    page.reply(kind.names.all) { write($0, into: &$1) }
  }

  borrowing func reply(_ page: Page<InvocableVersion>, named name: StaticString) -> RuleResult {
    page.reply(name) { write($0, into: &$1) }
  }
}

extension InvocableKind {
  /// What its members are called on the wire.
  struct Names {
    let itself: StaticString
    let all: StaticString
    let id: StaticString
    let handle: StaticString
    let version: StaticString
    let versionID: StaticString
    let versionHandle: StaticString
    let instance: StaticString
    let instances: StaticString
  }

  var names: Names {
    switch self {
    case .package:
      Names(
        itself: "package", all: "packages", id: "packageId", handle: "packageHandle",
        version: "packageVersion", versionID: "packageVersionId",
        versionHandle: "packageVersionHandle", instance: "packageInstance",
        instances: "packageInstances")
    case .plugin:
      Names(
        itself: "plugin", all: "plugins", id: "pluginId", handle: "pluginHandle",
        version: "pluginVersion", versionID: "pluginVersionId",
        versionHandle: "pluginVersionHandle", instance: "pluginInstance",
        instances: "pluginInstances")
    }
  }
}
