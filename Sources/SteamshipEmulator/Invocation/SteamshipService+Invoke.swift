package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// Calls of packages: `GET` and `POST {appBase}/{workspace}/{instance}/{path…}`.
extension SteamshipService {
  /// Invocation URLs may come without `/apps`: they are recognised by the instance they name, or by `localMark`.
  package func claim(_ request: Request, in world: World<State>) -> Claim? {
    guard request.method == .get || request.method == .post || request.method == .options else {
      return nil
    }
    let (bytes, path) = (request.target.bytes, request.target.pathRange)
    let isMarked = bytes[path].starts(with: "\(Self.localMark)/".utf8)
    let start = path.lowerBound + (isMarked ? Self.localMark.utf8.count : 0)
    // Every path of no operation passes here: no further than two handles reach.
    let end = min(path.upperBound, start + 2 * Handle.encodedBytesMax + 2)
    guard let workspace = bytes.span.segment(from: start, to: end),
      workspace.count <= Handle.encodedBytesMax,
      let instance = bytes.span.segment(from: workspace.upperBound, to: end),
      instance.count <= Handle.encodedBytesMax
    else { return nil }
    let instanceID = request.fields["x-package-instance-id"]
    // Whoever asks: his own goes before another's, but any will do.
    let isKnown =
      isMarked
      || world.read { state in
        state.invokedInstance(
          workspace: PercentCoding.decode(bytes[workspace]),
          handle: PercentCoding.decode(bytes[instance]), owner: nil, instanceID: instanceID,
          user: nil) != nil
      }
    guard isKnown else { return nil }
    return Claim(
      request.method == .options ? SteamshipEndpoints.preflight : SteamshipEndpoints.invoke,
      PathParameters(
        names: ["workspace", "instance", "path"],
        ranges: [workspace, instance, instance.upperBound..<path.upperBound], bytes: bytes))
  }

  /// The owner's handle: by its own field, or the first label of a host such as
  /// `dev.localhost:7070` or `dev.steamship.run`.
  private static func owner(_ request: Request) -> String? {
    if let handle = request.fields["x-package-owner-handle"], !handle.isEmpty { return handle }
    // RFC 1035 §2.3.4: what is longer names no host.
    guard let name = request.host, name.utf8.count <= 255 else { return nil }
    let colon = UInt8(ascii: ":")
    let host = Substring(name.utf8.drop { $0 == colon }.prefix { $0 != colon })
    for suffix in [".localhost", ".steamship.run"] where host.hasSuffix(suffix) {
      let label = host.dropLast(suffix.utf8.count)
      return label.isEmpty || label.contains(".") ? nil : String(label)
    }
    return nil
  }

  /// Names in lower case; of several the last.
  private static func headers(_ fields: Fields) -> JSONObject {
    var headers = JSONObject()
    for (name, value) in fields.pairs { headers[name.asciiLowercased] = .string(value) }
    return headers
  }

  func invoke(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let arguments = try InvocationArguments.read(call.request, content: call.content)
    return try carryOut(
      try decide(call, identity, arguments, in: world), call.request.fields["authorization"],
      in: world
    ) { target throws(SteamshipError) in
      try decide(call, identity, arguments, publicAt: target, in: world)
    }
  }

  private enum Decision: Sendable {
    case plan(Invocation, Caller, InvocationPlan)
    case task(Key<EngineTask>, [UInt8], isOutside: Bool, requestID: String)
    /// The caller has no right of his own, but the method may be public: the server that has it knows.
    case ask(ForwardTarget, Invocation, Caller, refusal: SteamshipError)
  }

  /// - Parameter publicAt: the server outside that has called the method public.
  private func decide(
    _ call: Call, _ identity: Identity, _ arguments: JSONObject, publicAt: ForwardTarget? = nil,
    in world: World<State>
  ) throws(SteamshipError) -> Decision {
    let request = call.request
    let background = try BackgroundRequest(request.fields)
    return try world.mutate { (state, step) throws(SteamshipError) -> Decision in
      state.codeOrigin.value = codeOrigin(in: world.tenant)
      let caller = try state.caller(identity, &step)
      let user = identity.credential == nil ? nil : caller.user
      let workspace = call.parameters["workspace"] ?? ""
      let handle = call.parameters["instance"] ?? ""
      let found = state.invokedInstance(
        workspace: workspace, handle: handle, owner: Self.owner(request),
        instanceID: request.fields["x-package-instance-id"], user: user)
      guard let key = found, let instance = state.instances[key] else {
        throw .unknown("package instance", "\(workspace)/\(handle)")
      }
      var invocation = Invocation(
        key, verb: request.method == .head ? "GET" : request.method.name,
        path: call.parameters["path"] ?? "", arguments: arguments, query: request.target.query)
      if state.runsCode(key) { invocation.headers = Self.headers(request.fields) }
      if let refusal = state.refusal(of: invocation, by: user) {
        guard let target = state.forwardTarget(of: invocation) else { throw refusal }
        guard target == publicAt else {
          return .ask(target, invocation, caller, refusal: refusal)
        }
      }
      if let background {
        let task = try state.addBackgroundTask(
          invocation, caller, background, path: request.target.path, &step)
        return .task(
          task.key, state.taskEnvelope(task.key), isOutside: task.isOutside,
          requestID: caller.requestID)
      }
      let inWorkspace = state.workspaces.read(instance.workspace, { $0.id }) ?? ""
      var owner = caller
      owner.workspace = .id(inWorkspace)
      return .plan(
        invocation, owner, try state.planAndLog(invocation, started: step.now, owner, &step))
    }
  }

  /// - Parameter again: decides once more, when a server outside has called the method public.
  private func carryOut(
    _ decision: Decision, _ authorization: String?, in world: World<State>,
    again: @escaping @Sendable (ForwardTarget) throws(SteamshipError) -> Decision
  ) throws(SteamshipError) -> ServiceAnswer {
    switch decision {
    case .task(let key, let envelope, let isOutside, let requestID):
      guard isOutside else { return .now(SteamshipWire.json(envelope)) }
      workOutside(on: key, authorization: authorization, in: world)
      return .now(SteamshipWire.json(envelope).naming(requestID))
    case .plan(_, _, .answer(let result)): return .now(Self.response(result))
    case .plan(let invocation, let caller, .wait(let instant)):
      return .later { _ in await answer(invocation, caller, at: instant, in: world) }
    case .plan(let invocation, let caller, .run(let request)):
      return .later { _ in
        switch await runCode(invocation, request, for: caller, in: world) {
        case .success(let result): return Self.response(result).naming(caller.requestID)
        case .failure(let error): return error.response.naming(caller.requestID)
        }
      }
    case .plan(let invocation, let caller, .forward(let target)):
      return .later { _ in
        let result = await forward(
          invocation, to: target, for: caller, authorization: authorization, in: world)
        switch result {
        case .success(let result): return Self.response(result)
        case .failure(let error): return error.response
        }
      }
    case .ask(let target, let invocation, let caller, let refusal):
      return .later { content in
        guard await isPublic(invocation, at: target, for: caller, in: world) else {
          return refusal.response
        }
        do throws(SteamshipError) {
          // That server does not get another user's key.
          return try await carryOut(try again(target), nil, in: world, again: again)
            .response(content)
        } catch {
          return error.response
        }
      }
    }
  }

  /// A call that takes its time: answered when the tenant's clock says so.
  private func answer(
    _ invocation: Invocation, _ caller: Caller, at instant: VirtualInstant, in world: World<State>
  ) async -> Response {
    let moment = world.mutate { state, _ in state.scheduleMoment(at: instant) }
    defer { world.mutate { state, _ in state.cancelMoment(moment) } }
    do {
      try await world.wait(for: .moment(moment)) { _, step in
        step.now >= instant ? .ready(()) : .coming
      }
      let plan = try world.mutate { (state, step) throws(SteamshipError) -> InvocationPlan in
        try state.planAndLog(invocation, started: nil, caller, &step)
      }
      guard case .answer(let result) = plan else {
        throw SteamshipError(500, "InternalError", "The method cannot be answered.")
      }
      return Self.response(result)
    } catch let error as SteamshipError {
      return error.response
    } catch {
      return SteamshipError(503, "Cancelled", "The call was given up.").response
    }
  }

  /// Text says that it is UTF-8: without that `requests` reads it as ISO-8859-1. Raw files and blocks,
  /// which clients compare, keep the bare type (contract §2.2).
  static func response(_ result: InvocationResult) -> Response {
    let isBareText = result.type.hasPrefix("text/") && !result.type.contains(";")
    let fields = Fields(["Content-Type": result.type + (isBareText ? "; charset=utf-8" : "")])
    return Response(Status(result.status), fields: fields, body: .bytes(result.content))
  }
}

extension SteamshipState {
  /// Plans a call and notes in the log how it went, once it has.
  mutating func planAndLog(
    _ invocation: Invocation, started: VirtualInstant?, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> InvocationPlan {
    do {
      let plan = try plan(invocation, started: started, requestID: caller.requestID, &step)
      if case .answer = plan { log(invocation, nil, requestID: caller.requestID, &step) }
      return plan
    } catch {
      log(invocation, error, requestID: caller.requestID, &step)
      throw error
    }
  }

  /// A direct call with `X-Task-Background`: the same as a scheduled invocation.
  mutating func addBackgroundTask(
    _ invocation: Invocation, _ caller: Caller, _ background: BackgroundRequest, path: String,
    _ step: inout Step
  ) throws(SteamshipError) -> (key: Key<EngineTask>, isOutside: Bool) {
    guard let instance = instances[invocation.instance],
      let workspace = workspaces[instance.workspace]
    else { throw .unknown("package instance", "") }
    var payload: JSONObject = [
      "httpVerb": .string(invocation.verb), "invocationPath": .string(invocation.path),
      "arguments": .object(invocation.arguments),
    ]
    if let query = invocation.query { payload["query"] = .string(query) }
    var caller = caller
    caller.user = instance.user
    caller.workspace = .id(workspace.id)
    let job = Job(
      operation: Self.scheduledInvocation,
      arguments: Arguments([
        "instanceId": .string(instance.id), "instanceHandle": .string(instance.handle),
        "payload": .object(payload),
      ]), caller: caller)
    let key = try addTask(
      job, name: path, timeline: timeline(of: invocation, at: step.now), background: background,
      showsData: false, &step)
    return (key, outsideWork(of: key, &step) != nil)
  }
}
