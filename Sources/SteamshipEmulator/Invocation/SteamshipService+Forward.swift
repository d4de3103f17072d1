import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Calls that are handed to a server outside: the SDK's own local development server, or any other
/// that speaks as it does.
extension SteamshipService {
  /// **Shape**: the method's path and arguments as the caller sent them, with the caller's key; the
  /// answer is the envelope of the SDK's `InvocableResponse`, or just content.
  /// Source: SDK `cli/local_server/handler.py`; contract §5.3, §5.6.
  func forward(
    _ invocation: Invocation, to target: ForwardTarget, for caller: Caller,
    authorization: String?, in world: World<State>
  ) async -> Result<InvocationResult, SteamshipError> {
    let result: Result<InvocationResult, SteamshipError>
    do throws(SteamshipError) {
      let permit = try permit(to: target, for: caller, in: world.tenant)
      result = await world.tenant.whileOutside {
        await exchange(invocation, target.url, permit, caller.requestID, authorization)
      }
    } catch {
      result = .failure(error)
    }
    let failure: SteamshipError? =
      if case .failure(let error) = result { error } else { nil }
    world.mutate { state, step in
      state.log(invocation, failure, requestID: caller.requestID, &step)
    }
    return result
  }

  private func permit(
    to target: ForwardTarget, for caller: Caller, in tenant: Tenant
  ) throws(SteamshipError) -> OutboundPermit {
    do {
      return target.isScripted
        ? try .scenario(for: caller.origin ?? .remote)
        : try .client([target.origin, caller.origin], allowance(in: tenant))
    } catch {
      throw SteamshipError(error)
    }
  }

  /// Whether a server outside calls a method public in its `__dir__`: asked for every such call, since
  /// whoever develops the package changes it all the time.
  ///
  /// **Errors**: none. Where it is not asked, or does not answer so, the method is not public.
  /// Source: SDK `invocable/config.py`, `MethodSpec.config`; contract §5.4.
  func isPublic(
    _ invocation: Invocation, at target: ForwardTarget, for caller: Caller, in world: World<State>
  ) async -> Bool {
    guard let permit = try? permit(to: target, for: caller, in: world.tenant) else { return false }
    let question = Invocation(
      invocation.instance, verb: "GET", path: "__dir__", arguments: JSONObject())
    let result = await world.tenant.whileOutside {
      await exchange(
        question, target.url, permit, caller.requestID, nil,
        contentLimit: Self.directoryBytesMax)
    }
    guard case .success(let answer) = result,
      let methods = try? JSON(parsing: answer.content)["methods"]?.arrayValue
    else { return false }
    return SteamshipState.isPublic(invocation, in: methods)
  }

  /// Of a package's description. Ours: a method takes some hundred bytes in it.
  private static let directoryBytesMax = 256 << 10

  private func exchange(
    _ invocation: Invocation, _ url: String, _ permit: OutboundPermit, _ requestID: String,
    _ authorization: String?, contentLimit: Int? = nil
  ) async -> Result<InvocationResult, SteamshipError> {
    guard let outbound else {
      return .failure(SteamshipError(501, "NotSupported", "This server forwards no calls."))
    }
    var request = OutboundRequest(
      permit, method: invocation.verb == "GET" ? .get : .post,
      url: url + "/" + PercentCoding.encode(invocation.path, allowed: "/!$&'()*+,;=:@"))
    if invocation.verb == "GET" {
      let query =
        invocation.query
        ?? FormURLEncoded.write(
          invocation.arguments.members.map { ($0.key, $0.value.stringValue ?? $0.value.text) })
      if !query.isEmpty { request.url += "?" + query }
    } else {
      request.content = JSON.object(invocation.arguments).serialized()
      request.fields.append("Content-Type", "application/json")
    }
    request.fields.append("x-request-id", requestID)
    if let authorization { request.fields.append("Authorization", authorization) }
    if let contentLimit { request.contentLimit = contentLimit }
    switch await outbound(request) {
    case .failure(let failure):
      return .failure(
        SteamshipError(
          502, "LocalServerUnreachable",
          "The package's own server at \(url) did not answer: \(failure.message)",
          suggestion: "Start it, or make the instance again with the right URL."))
    case .success(let response): return Self.unwrap(response)
    }
  }

  /// Takes the envelope off: status, type and bytes of the answer proper (contract §5.4).
  static func unwrap(_ response: OutboundResponse) -> Result<InvocationResult, SteamshipError> {
    let type = response.fields["content-type"] ?? MIMEType.bytes
    let plain = InvocationResult(status: response.status, type: type, content: response.content)
    guard let json = try? JSON(parsing: response.content), json["http"]?.objectValue != nil else {
      guard response.status >= 400 else { return .success(plain) }
      return .failure(
        SteamshipError(
          response.status, "PackageError",
          "The package's own server answered with status \(response.status): "
            + String(decoding: response.content.prefix(300), as: UTF8.self)))
    }
    return unwrap(json)
  }

  /// The same for an envelope that is known to be one.
  static func unwrap(_ json: JSON) -> Result<InvocationResult, SteamshipError> {
    let http = json["http"]
    let status = http?["status"]?.intValue ?? 200
    // An interim status, or none at all, ends no exchange.
    guard (200...999).contains(status) else {
      return .failure(
        SteamshipError(
          502, "PackageError",
          "The package's own server answered with http.status \(status), which is no final status.")
      )
    }
    if json["status"]?["state"]?.stringValue == "failed" {
      return .failure(
        SteamshipError(
          status >= 400 ? status : 500,
          json["status"]?["statusCode"]?.stringValue ?? "PackageError",
          json["status"]?["statusMessage"]?.stringValue ?? "The package failed.",
          suggestion: json["status"]?["statusSuggestion"]?.stringValue))
    }
    let data = json["data"] ?? .null
    let isBase64 = http?["base64Wrapped"]?.boolValue ?? false
    let declared = http?["headers"]?["Content-Type"]?.stringValue
    if isBase64, let bytes = data.stringValue.flatMap({ Base64.decode($0, .lenient) }) {
      return .success(
        InvocationResult(status: status, type: declared ?? MIMEType.bytes, content: bytes))
    }
    if let text = data.stringValue {
      return .success(
        InvocationResult(status: status, type: declared ?? MIMEType.text, content: Array(text.utf8))
      )
    }
    return .success(
      InvocationResult(
        status: status, type: declared ?? "application/json", content: data.serialized()))
  }

  /// Waits until a task is at its work outside, does it, and ends the task.
  func workOutside(on key: Key<EngineTask>, authorization: String?, in world: World<State>) {
    let worker = OutsideWorker()
    let isTaken = world.mutate { state, _ in
      state.codeOrigin.value = codeOrigin(in: world.tenant)
      guard state.tasks.read(key, { $0.worker.value == nil }) == true else { return false }
      state.tasks.update(key) { $0.worker.value = worker }
      return true
    }
    guard isTaken else { return }
    world.tenant.inBackground {
      let work = try? await world.wait(for: .task(serial: key.serial)) {
        state, step -> Awaited<Work> in
        // After a reset another task may have the key, or somebody else the task.
        guard state.isAt(key, worker), let task = state.tasks[key], !task.state.isTerminal else {
          return .ready(.over)
        }
        guard task.isAtOutsideStage else { return .idle }
        return .ready(state.outsideWork(of: key, &step).map(Work.outside) ?? .ours)
      }
      switch work {
      case nil, .over: return
      case .ours: world.mutate { state, step in state.endWorkOfNobody(of: key, worker, &step) }
      case .outside(let call):
        // The task belongs to no exchange: without a use the tenant could be dropped from memory while
        // the call is on its way. Where it was, the work begins anew when the tenant comes back.
        guard let use = TenantUse(of: world.tenant) else { return }
        defer { withExtendedLifetime(use) {} }
        let result = await outcome(of: call, task: key, authorization, in: world)
        // What the server's end cuts off has not failed: it begins anew where the world comes back.
        if case .failure(.shuttingDown) = result { return }
        world.mutate { state, step in
          guard state.isAt(key, worker) else { return }
          state.endOutsideWork(of: key, result, &step)
        }
      }
    }
  }

  private enum Work: Sendable {
    /// The task is over, or gone.
    case over
    /// Nobody outside does it any more.
    case ours
    case outside(OutsideWork)
  }

  /// What a task's work gives, as its output is kept.
  private func outcome(
    of work: OutsideWork, task: Key<EngineTask>, _ authorization: String?, in world: World<State>
  ) async -> Result<String, SteamshipError> {
    switch work {
    case .forward(let invocation, let target, let caller):
      await forward(
        invocation, to: target, for: caller, authorization: authorization, in: world
      ).map { Base64.encode($0.content) }
    case .method(let invocation, let caller):
      await runMethod(invocation, for: caller, in: world).map { Base64.encode($0.content) }
    case .code(let job): await codeWork(of: job, task: task, in: world)
    }
  }
}
