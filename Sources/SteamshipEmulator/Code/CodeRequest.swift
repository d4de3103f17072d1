import EmulatorKernel
import PayloadCodecs

/// A request to uploaded code.
struct CodeRequest: Sendable {
  /// Whose code it is.
  var version: Key<InvocableVersion>
  var versionID: String
  var archive: Content
  /// Of the archive; nil: not known yet.
  var digest: String?
  /// Whose call it is, for the log; nil: a check before there is one.
  var instance: Key<InvocableInstance>?
  /// What the runner hands over.
  var event: JSON
  /// The number of the exchange for which it works; nil: of none.
  var exchange: UInt64?

  var requestID: String { event["clientConfig"]?["requestId"]?.stringValue ?? "" }
  /// The key that its code has.
  var key: String? { event["clientConfig"]?["apiKey"]?.stringValue }
  var path: String { event["invocation"]?["invocationPath"]?.stringValue ?? "" }
  var verb: String { event["invocation"]?["httpVerb"]?.stringValue ?? "" }
}

extension SteamshipState {
  /// Whether a version's calls run its uploaded code.
  func runsCode(_ version: Key<InvocableVersion>?) -> Bool {
    guard codeOrigin.value != nil, let version,
      let parent = versions.read(version, { $0.archive == nil ? nil : $0.invocable }),
      let (handle, kind) = invocables.read(parent, { ($0.handle, $0.kind) })
    else { return false }
    switch script.codeUse(of: handle, kind) {
    case .process: return true
    case .scripted: return false
    case nil:
      // What the scenario scripts stays scripted.
      let methods = script.package(handle)?.methods ?? []
      return kind == .plugin || methods.isEmpty
    }
  }

  /// Whether the scenario wants code to run where none is.
  func lacksCode(_ invocable: Key<Invocable>) -> Bool {
    guard codeOrigin.value == nil,
      let (handle, kind) = invocables.read(invocable, { ($0.handle, $0.kind) })
    else { return false }
    return script.codeUse(of: handle, kind) == .process
  }

  /// What stands behind an instance.
  func runtime(of key: Key<InvocableInstance>) -> String {
    guard let instance = instances[key] else { return "scripted" }
    let handle = invocables.read(instance.invocable, { $0.handle }) ?? ""
    let isForwarded =
      instance.localDevelopmentURL != nil
      || instance.kind == .package && script.package(handle)?.forward != nil
    return isForwarded ? "forward" : runsCode(key) ? "process" : "scripted"
  }

  func runsCode(_ instance: Key<InvocableInstance>) -> Bool {
    guard codeOrigin.value != nil,
      let version = instances.read(
        instance, { $0.localDevelopmentURL == nil ? $0.version : nil })
    else { return false }
    return runsCode(version)
  }

  /// A call of an instance's code.
  ///
  /// **Shape**: contract §5.2 and the SDK's `invocable/lambda_handler.py`; `loggingConfig` is asked for,
  /// and "none" keeps the SDK from opening a connection for logs.
  func codeRequest(
    to instance: Key<InvocableInstance>, verb: String, path: String, arguments: JSON,
    headers: JSONObject = JSONObject(), requestID: String
  ) throws(SteamshipError) -> CodeRequest {
    guard let record = instances[instance], let version = record.version,
      let code = versions[version], let archive = code.archive,
      let invocable = invocables[record.invocable], let workspace = workspaces[record.workspace],
      let owner = users[record.user]
    else { throw .unknown("instance", "") }
    let place = codeOrigin.value ?? CodePlace()
    let base = "\(place.origin)/"
    let appBase = "\(place.origin)/apps/"
    return CodeRequest(
      version: version, versionID: code.id, archive: archive, digest: code.digest,
      instance: instance,
      event: [
        "clientConfig": [
          "apiKey": .string(codeKey(of: record)), "apiBase": .string(base + "api/v1/"),
          "appBase": .string(appBase), "webBase": .string(base),
          "workspaceId": .string(workspace.id), "workspaceHandle": .string(workspace.handle),
          "requestId": .string(requestID),
        ],
        "invocation": [
          "httpVerb": .string(verb), "invocationPath": .string("/" + path),
          "arguments": arguments, "config": .object(record.config),
        ],
        "loggingConfig": ["loggingHost": "none", "loggingPort": "none"],
        "invocationContext": [
          "tenantId": .string(owner.id), "userId": .string(owner.id),
          "workspaceId": .string(workspace.id), "workspaceHandle": .string(workspace.handle),
          "invocableHandle": .string(invocable.handle),
          "invocableVersionHandle": .string(record.versionHandle),
          "invocableInstanceHandle": .string(record.handle),
          "invocableType": .string(record.kind.rawValue),
          "invocableOwnerId": .string(owner.id), "invocableOwnerHandle": .string(owner.handle),
          "invocableURL": .string(
            "\(place.origin)\(place.prefix)/apps/\(workspace.handle)/\(record.handle)/"),
          "headers": .object(headers),
        ],
      ])
  }

  /// What an upload is asked for before it becomes a version: its `__dir__`.
  func checkingEvent(of job: Job) -> JSON {
    let origin = codeOrigin.value?.origin ?? ""
    let user = users[job.caller.user]
    let workspace = knownWorkspace(job.caller.workspace, of: job.caller.user)
      .flatMap { workspaces[$0] }
    let invocable = job.arguments["\(job.versionKind.rawValue)Id"]?.stringValue
      .flatMap { invocables.key(id: $0) }.flatMap { invocables[$0] }
    return [
      "clientConfig": [
        "apiKey": "none", "apiBase": .string("\(origin)/api/v1/"),
        "appBase": .string("\(origin)/apps/"), "webBase": .string("\(origin)/"),
        "workspaceId": .string(workspace?.id ?? "none"),
        "workspaceHandle": .string(workspace?.handle ?? "none"),
        "requestId": .string(job.caller.requestID),
      ],
      "invocation": [
        "httpVerb": "POST", "invocationPath": "/__dir__", "arguments": [:], "config": [:],
      ],
      "loggingConfig": ["loggingHost": "none", "loggingPort": "none"],
      "invocationContext": [
        "tenantId": JSON(user?.id), "userId": JSON(user?.id), "workspaceId": JSON(workspace?.id),
        "workspaceHandle": JSON(workspace?.handle), "invocableHandle": JSON(invocable?.handle),
        "invocableType": .string(job.versionKind.rawValue), "headers": [:],
      ],
    ]
  }

  /// A call of a package's method.
  func codeRequest(
    to invocation: Invocation, requestID: String
  ) throws(SteamshipError) -> CodeRequest {
    try codeRequest(
      to: invocation.instance, verb: invocation.verb, path: invocation.path,
      arguments: .object(invocation.arguments), headers: invocation.headers ?? JSONObject(),
      requestID: requestID)
  }

  /// Whether the code says that everybody may call the method.
  func isPublicInCode(_ invocation: Invocation) -> Bool {
    let version = instances.read(invocation.instance, { $0.version }).flatMap { versions[$0] }
    return Self.isPublic(invocation, in: version?.specification?.value["methods"]?.arrayValue ?? [])
  }

  /// Whether a package's description calls a method public.
  /// Source: SDK `invocable/config.py`, `MethodSpec.config`; contract §5.4.
  static func isPublic(_ invocation: Invocation, in methods: [JSON]) -> Bool {
    methods.contains { method in
      let path = method["path"]?.stringValue?.split(separator: "/").joined(separator: "/")
      return path == invocation.path && method["config"]?["public"]?.boolValue == true
        && method["verb"]?.stringValue?.asciiUppercased == invocation.verb
    }
  }

  // MARK: Keys

  /// The key that an instance's code has: stands for the instance's owner in the instance's workspace,
  /// and names the tenant.
  func codeKey(of instance: InvocableInstance) -> String {
    CodeKey.make(tenant: codeOrigin.value?.tenant ?? "", instanceID: instance.id)
  }

  /// The instance that a key of deployed code is for.
  func instance(ofCodeKey key: String) -> InvocableInstance? {
    CodeKey.instanceID(of: key).flatMap { instances.key(id: $0) }.flatMap { instances[$0] }
  }
}

/// Where uploaded code finds this server, and its tenant.
struct CodePlace: Sendable {
  var origin = ""
  var tenant = ""
  /// For those who have no key that names the tenant.
  var prefix = ""
}

/// Keys that this server gives to code: `wt-TENANT.wavetank-code-ID`.
enum CodeKey {
  private static let mark = "wavetank-code-"

  static func make(tenant: String, instanceID: String) -> String {
    "wt-\(tenant).\(mark)\(instanceID)"
  }

  /// Nil for all other keys.
  static func instanceID(of key: String) -> String? {
    // Asked of every request's key, and most are shorter or begin otherwise.
    guard key.utf8.count > mark.utf8.count, key.utf8.first == UInt8(ascii: "w") else { return nil }
    let parts = key.split(separator: ".", maxSplits: 1)
    guard parts.count == 2, parts[1].hasPrefix(mark) else { return nil }
    return String(parts[1].dropFirst(mark.utf8.count))
  }
}
