import EmulatorKernel
import PayloadCodecs

extension SteamshipState {
  /// Source: SDK `data/package/package.py`, `data/plugin/plugin.py`; contract §2.1, §2.3.
  func invocableJSON(_ key: Key<Invocable>) -> JSON {
    guard let invocable = invocables[key] else { return .null }
    var object: JSONObject = [
      "id": .string(invocable.id), "handle": .string(invocable.handle),
      "userId": .string(owner(of: invocable).id), "isPublic": .bool(invocable.isPublic),
    ]
    for (name, value) in invocable.pluginFields.value.members { object[name] = value }
    if let description = invocable.description { object["description"] = .string(description) }
    if let readme = invocable.readme { object["readme"] = .string(readme) }
    if let profile = invocable.profile { object["profile"] = .object(profile.value) }
    object["createdAt"] = .string(invocable.createdAt.iso8601())
    object["updatedAt"] = .string(invocable.updatedAt.iso8601())
    return .object(object)
  }

  func invocableReply(_ key: Key<Invocable>) -> JSON {
    .object(JSONObject([(invocables[key]?.kind.rawValue ?? "package", invocableJSON(key))]))
  }

  /// `configTemplate` comes back as an object although it went up as text.
  /// Source: SDK `data/package/package_version.py`, `data/plugin/plugin_version.py`.
  func versionJSON(_ key: Key<InvocableVersion>) -> JSON {
    guard let version = versions[key], let parent = invocables[version.invocable] else {
      return .null
    }
    var object = JSONObject([
      ("id", .string(version.id)),
      ("\(parent.kind.rawValue)Id", .string(parent.id)),
      ("handle", .string(version.handle)),
      ("configTemplate", .object(version.configTemplate)),
    ])
    for (name, value) in version.extraFields.members { object[name] = value }
    object["createdAt"] = .string(version.createdAt.iso8601())
    object["updatedAt"] = .string(version.updatedAt.iso8601())
    return .object(object)
  }

  func versionReply(_ key: Key<InvocableVersion>) -> JSON {
    let kind = versions[key].flatMap { invocables[$0.invocable]?.kind } ?? .package
    return .object(JSONObject([("\(kind.rawValue)Version", versionJSON(key))]))
  }

  /// Source: SDK `data/package/package_instance.py`, `data/plugin/plugin_instance.py`.
  func instanceJSON(_ key: Key<InvocableInstance>, _ caller: Caller) -> JSON {
    guard let instance = instances[key], let parent = invocables[instance.invocable],
      let workspace = workspaces[instance.workspace], let user = users[instance.user]
    else { return .null }
    let name = instance.kind.rawValue
    var object = JSONObject([
      ("id", .string(instance.id)), ("handle", .string(instance.handle)),
      ("\(name)Id", .string(parent.id)), ("\(name)Handle", .string(parent.handle)),
      ("\(name)VersionId", .string(instance.versionID)),
      ("\(name)VersionHandle", .string(instance.versionHandle)),
      ("userId", .string(user.id)), ("userHandle", .string(user.handle)),
      ("workspaceId", .string(workspace.id)), ("workspaceHandle", .string(workspace.handle)),
      ("config", .object(instance.config)),
      ("initStatus", .string(instance.initStatus.rawValue)),
      ("createdAt", .string(instance.createdAt.iso8601())),
      ("updatedAt", .string(instance.createdAt.iso8601())),
    ])
    // Without code to run an answer is as the vendor's.
    if codeOrigin.value != nil { object["runtime"] = .string(runtime(of: key)) }
    switch instance.kind {
    case .package:
      object["invocationURL"] = .string(invocationURL(instance, of: user, workspace, caller))
      if let url = instance.localDevelopmentURL { object["localDevelopmentURL"] = .string(url) }
    case .plugin:
      if let version = instance.version.flatMap({ versions[$0] }) {
        for field in ["hostingMemory", "hostingTimeout"] {
          if let value = version.extraFields[field] { object[field] = value }
        }
      }
    }
    return .object(object)
  }

  /// Ends in `/`: clients append the method's name. A local development instance shows its own
  /// server's URL (contract §5.6). Who came to the vendor's own host gets the vendor's own form, which
  /// the SDK treats in its own way.
  func invocationURL(
    _ instance: InvocableInstance, of user: User, _ workspace: Workspace, _ caller: Caller
  ) -> String {
    if let url = instance.localDevelopmentURL { return url.hasSuffix("/") ? url : url + "/" }
    if caller.isAtVendorsHost == true {
      return "https://\(user.handle).steamship.run/\(workspace.handle)/\(instance.handle)/"
    }
    return "\(caller.baseURL)/apps/\(workspace.handle)/\(instance.handle)/"
  }

  func instanceReply(_ key: Key<InvocableInstance>, _ caller: Caller) -> JSON {
    let kind = instances[key]?.kind ?? .package
    return .object(
      JSONObject([("\(kind.rawValue)Instance", instanceJSON(key, caller))]))
  }
}
