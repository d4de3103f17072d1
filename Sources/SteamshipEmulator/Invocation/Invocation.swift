import EmulatorKernel
import PayloadCodecs

/// One call of a package's method.
struct Invocation: Sendable, Codable {
  var instance: Key<InvocableInstance>
  /// `GET` or `POST`.
  var verb: String
  /// Without slashes at its ends.
  var path: String
  var arguments: JSONObject
  /// The query as it came, for forwarding a GET.
  var query: String?
  /// The caller's fields, for uploaded code; names in lower case.
  var headers: JSONObject?

  init(
    _ instance: Key<InvocableInstance>, verb: String, path: String, arguments: JSONObject,
    query: String? = nil
  ) {
    self.instance = instance
    self.verb = verb.asciiUppercased
    self.path = Self.withoutEmptySegments(path)
    self.arguments = arguments
    self.query = query
  }

  private static func withoutEmptySegments(_ path: String) -> String {
    let slash = UInt8(ascii: "/")
    // Nearly all have none.
    var isBehindSlash = true
    for byte in path.utf8 {
      if byte == slash, isBehindSlash { return joined(path) }
      isBehindSlash = byte == slash
    }
    return isBehindSlash ? joined(path) : path
  }

  private static func joined(_ path: String) -> String {
    path.split(separator: "/").joined(separator: "/")
  }
}

/// What a method answers to its caller: only its own content, no envelope (contract §5.4).
struct InvocationResult: Sendable {
  var status = 200
  var type: String
  var content: [UInt8]

  static func json(_ value: JSON) -> Self {
    Self(type: "application/json", content: value.serialized())
  }
}

/// What is to be done for an invocation.
enum InvocationPlan: Sendable {
  case answer(InvocationResult)
  /// Ask again at that instant.
  case wait(until: VirtualInstant)
  /// Hand it to a server outside.
  case forward(ForwardTarget)
  /// Hand it to uploaded code.
  case run(CodeRequest)
}

/// A server outside that stands behind an instance.
struct ForwardTarget: Sendable, Equatable {
  /// Without a slash at the end.
  var url: String
  /// Whether the scenario names it; else a client did, when it made the instance.
  var isScripted: Bool
  /// Where that client was.
  var origin: CallerOrigin?
}

extension SteamshipState {
  /// Finds the instance that a path names.
  ///
  /// - Parameters:
  ///   - owner: the user handle of the host name or of `X-Package-Owner-Handle`.
  ///   - instanceID: `X-Package-Instance-Id`, for clients that write `_` for what they do not know.
  func invokedInstance(
    workspace: String, handle: String, owner: String?, instanceID: String?, user: Key<User>?
  ) -> Key<InvocableInstance>? {
    if workspace == "_" || handle == "_" {
      return instanceID.flatMap { instances.key(id: $0) }
        .flatMap { instances.read($0, { $0.kind }) == .package ? $0 : nil }
    }
    func find(_ user: User) -> Key<InvocableInstance>? {
      user.workspaceByHandle[workspace].flatMap {
        workspaces.read($0, { $0.packageInstances })?[handle]
      }
    }
    if let user = user.flatMap({ users[$0] }), let key = find(user) { return key }
    if let owner, let user = users.all.first(where: { $0.handle == owner }),
      let key = find(user)
    {
      return key
    }
    for user in users.all {
      if let key = find(user) { return key }
    }
    return nil
  }

  /// Who may call: everybody a public method, the owner all others. Nil: this one may.
  func refusal(of invocation: Invocation, by user: Key<User>?) -> SteamshipError? {
    guard let instance = instances[invocation.instance] else {
      return .unknown("package instance", "")
    }
    if instance.user == user || method(of: invocation)?.isPublic == true { return nil }
    if runsCode(invocation.instance), isPublicInCode(invocation) { return nil }
    guard user != nil else { return .missingKey }
    return SteamshipError(
      403, "NotAuthorized",
      "The package instance belongs to another user and the method is private.")
  }

  private func packageHandle(_ invocation: Invocation) -> String {
    instances[invocation.instance].flatMap { invocables.read($0.invocable, { $0.handle }) } ?? ""
  }

  func method(of invocation: Invocation) -> ScriptedMethod? {
    script.package(packageHandle(invocation))?.methods.first {
      $0.path == invocation.path && $0.verb == invocation.verb
    }
  }

  func work(of invocation: Invocation, at now: VirtualInstant) -> Script.Work {
    var input = script.looksAtInput ? WorkInput(arguments: invocation.arguments) : nil
    input?.now = now
    return Script.Work(
      operation: "steamship.package.invoke", package: packageHandle(invocation),
      method: invocation.path,
      input: input)
  }

  /// How a background call of the method proceeds when no behaviour says so.
  func timeline(of invocation: Invocation, at now: VirtualInstant) -> Timeline {
    let isForwarded = forwardTarget(of: invocation) != nil
    let isCode = !isForwarded && runsCode(invocation.instance)
    if let scripted = script.timeline(for: work(of: invocation, at: now)) {
      return isForwarded || isCode ? scripted.endingOutside : scripted
    }
    if isForwarded { return .outside }
    // A clock that is held holds it, as it does all that is due.
    if isCode { return .outsideAfterMoment }
    if let delay = method(of: invocation).flatMap({ Self.delay(of: $0, invocation) }) {
      return .lasting(delay)
    }
    return .byDefault
  }

  func forwardTarget(of invocation: Invocation) -> ForwardTarget? {
    let named = instances.read(invocation.instance, { $0.localDevelopmentURL })
    guard let url = named ?? script.package(packageHandle(invocation))?.forward else { return nil }
    return ForwardTarget(
      url: url.hasSuffix("/") ? String(url.dropLast()) : url, isScripted: named == nil,
      origin: instances.read(invocation.instance, { $0.urlOrigin }))
  }

  private static func delay(of method: ScriptedMethod, _ invocation: Invocation) -> Duration? {
    if let name = method.delayArgument, let value = invocation.arguments[name],
      let seconds = value.doubleValue ?? value.stringValue.flatMap({ Double($0) }), seconds >= 0
    {
      return Duration(inSeconds: min(seconds, 3600))
    }
    return method.delay
  }

  /// Decides what is to be done.
  ///
  /// - Parameter started: when the call came in; nil when it has waited already (in a task).
  func plan(
    _ invocation: Invocation, started: VirtualInstant?, requestID: String, _ step: inout Step
  ) throws(SteamshipError) -> InvocationPlan {
    if let target = forwardTarget(of: invocation) { return .forward(target) }
    if runsCode(invocation.instance) {
      return .run(try codeRequest(to: invocation, requestID: requestID))
    }
    if let package = instances.read(invocation.instance, { $0.invocable }), lacksCode(package) {
      throw .noCode
    }
    if invocation.path == "__dir__" { return .answer(.json(directory(of: invocation))) }
    if invocation.path == "__instance_init__", invocation.verb == "POST" {
      return .answer(.json(true))
    }
    let scripted = script.answer(for: work(of: invocation, at: step.now))
    let method = method(of: invocation)
    if let method {
      if let started, let delay = Self.delay(of: method, invocation), step.now < started + delay {
        return .wait(until: started + delay)
      }
    } else if scripted == nil {
      throw noHandler(invocation)
    }
    var arguments = invocation.arguments
    for parameter in method?.parameters ?? [] where arguments[parameter.name]?.isNull ?? true {
      guard let standard = parameter.standard else {
        throw SteamshipError(
          400, "InvalidInput", "The argument \"\(parameter.name)\" is missing.",
          suggestion: "Look at the method's description at __dir__.")
      }
      arguments[parameter.name] = standard
    }
    guard let answer = scripted ?? method?.answer else { throw noHandler(invocation) }
    return .answer(try render(answer, invocation, arguments, &step))
  }

  /// Source: SDK `invocable/invocable.py`; the text is demanded by the SDK's tests.
  private func noHandler(_ invocation: Invocation) -> SteamshipError {
    let package = packageHandle(invocation)
    let isScripted = !(script.package(package)?.methods.isEmpty ?? true)
    return SteamshipError(
      isScripted ? 404 : 501, "NotFound",
      String(
        pieces: "No handler for ", invocation.verb, " /", invocation.path.shortened, " available."),
      suggestion: isScripted
        ? "The package's methods are listed at __dir__."
        : String(
          pieces: "Nothing stands behind the package \"", package,
          "\": declare its methods in a scenario, or make an instance with a local development URL."
        ))
  }

  private func render(
    _ answer: ScriptedAnswer, _ invocation: Invocation, _ arguments: JSONObject,
    _ step: inout Step
  ) throws(SteamshipError) -> InvocationResult {
    let instance = instances[invocation.instance]
    let workspace = instance.flatMap { workspaces[$0.workspace] }
    let template = AnswerValues(values: [
      "arguments": .object(arguments), "config": .object(instance?.config ?? JSONObject()),
      "verb": .string(invocation.verb), "path": .string(invocation.path),
      "package": ["handle": .string(packageHandle(invocation))],
      "instance": ["id": JSON(instance?.id), "handle": JSON(instance?.handle)],
      "workspace": ["id": JSON(workspace?.id), "handle": JSON(workspace?.handle)],
      "now": .string(step.now.iso8601()),
      "id": .string(step.ids.uuid("steamship.template", .upper)),
    ])
    switch answer {
    case .text(let text, let type):
      return InvocationResult(type: type, content: Array(template.fill(text).utf8))
    case .json(let json): return .json(template.fill(json))
    case .bytes(let bytes, let type): return InvocationResult(type: type, content: bytes)
    case .failure(let status, let message, let suggestion, let code):
      throw SteamshipError(
        status, code ?? "PackageError", template.fill(message),
        suggestion: suggestion.map { template.fill($0) })
    }
  }

  /// `__dir__`: the package's specification.
  /// Source: SDK `invocable/config.py` and `invocable/invocable.py`, `PackageSpec`.
  private func directory(of invocation: Invocation) -> JSON {
    let handle = packageHandle(invocation)
    let script = script.package(handle)
    let methods = (script?.methods ?? []).map { method -> JSON in
      [
        "path": .string("/" + method.path), "verb": .string(method.verb),
        "returns": .string(method.returns ?? "str"), "doc": JSON(method.documentation),
        "args": .array(
          method.parameters.map { parameter in
            ["name": .string(parameter.name), "kind": .string(parameter.kind), "values": nil]
          }),
        "config": method.isPublic ? ["public": true] : [:],
        "className": .string(handle),
      ]
    }
    return [
      "name": .string(handle), "doc": JSON(script?.description), "sdkVersion": "2.17.34",
      "usedMixins": [], "methods": .array(methods),
    ]
  }
}
