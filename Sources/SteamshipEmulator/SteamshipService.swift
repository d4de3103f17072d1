package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// The Steamship Engine as an emulated service: finds the endpoint's rule, reads the fields, lets
/// the rule work on the tenant's state and wraps what comes of it.
package struct SteamshipService: EmulatedService {
  package typealias State = SteamshipState
  package typealias Handler = SteamshipHandler
  package typealias Right = SteamshipRight

  package var name: String { "steamship" }
  package var hostNames: [String] { Self.hostNames }
  package var sources: KeyValuePairs<Fidelity, String> {
    [
      .documented: "the documentation of the Steamship Engine",
      .seenInClient: "the Python SDK 2.17.34 or a release of the TypeScript client",
      .assumed: "no source",
    ]
  }
  private static let hostNames = [
    "api.steamship.com", "steamship.com", "www.steamship.com", "steamship.run", "*.steamship.run",
  ]
  /// One reference, since every request's way copies the service.
  private let parts: Parts

  private final class Parts: Sendable {
    let outbound: Outbound?
    let code: CodeFace?
    let outboundAllowance: OutboundAllowance
    let hostPatterns: [HostPattern]

    init(_ outbound: Outbound?, _ allowance: OutboundAllowance, _ code: CodeFace?) {
      self.outbound = outbound
      self.code = code
      outboundAllowance = allowance
      hostPatterns = SteamshipService.hostNames.map(HostPattern.init)
    }
  }

  var outbound: Outbound? { parts.outbound }
  var code: CodeFace? { parts.code }

  /// - Parameters:
  ///   - outbound: how to call servers outside (local development instances, URLs to fetch); nil:
  ///     such requests fail with a message that says so.
  ///   - allowance: for whom it is done when a client has named the place.
  ///   - code: what runs uploaded code; nil: nothing does, and instances are stand-ins.
  package init(
    outbound: Outbound? = nil, allowance: OutboundAllowance = .local, code: CodeFace? = nil
  ) {
    parts = Parts(outbound, allowance, code)
  }

  package func keep() { Lasting.keep(parts) }

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<SteamshipState.WakeKey>
  ) throws(ScenarioProblems) -> SteamshipState {
    try SteamshipState(seed, &step)
  }

  package func moveIn(
    _ state: inout SteamshipState, _ step: inout StepContext<SteamshipState.WakeKey>
  ) {
    state.addSeededUsers(&step)
  }

  /// The bearer token; the scheme is compared without regard to case.
  package func credential(of request: Request) -> String? { request.fields.bearerToken }

  package func respond(
    to call: Call, at endpoint: Endpoint<SteamshipService>, in world: World<State>
  ) -> ServiceAnswer {
    guard let requestID = requestOfCode(call, in: world) else {
      return answer(to: call, at: endpoint, requestID: nil, in: world)
    }
    return answer(to: call, at: endpoint, requestID: requestID, in: world).naming(requestID)
  }

  /// - Parameter requestID: whose part the call is, where it does not say so itself.
  private func answer(
    to call: Call, at endpoint: Endpoint<SteamshipService>, requestID: String?,
    in world: World<State>
  ) -> ServiceAnswer {
    // Each part by its name: to take the handler would count all that it refers to.
    if let response = endpoint.handler.shortcut?(self, call, world) { return .now(response) }
    let traits = endpoint.handler.traits
    do throws(SteamshipError) {
      let identity = try Identity(
        call, needs: endpoint.right,
        origin: traits.contains(.asksOrigin) ? origin(of: call) : nil,
        requestID: requestID)
      if case .own(let answer) = endpoint.handler.work {
        return try answer(self, call, identity, world)
      }
      guard !traits.contains(.takesUpload) else {
        return .atOnce(
          { content in upload(endpoint, call, identity, whole: content, in: world) },
          orLater: { content in await upload(endpoint, call, identity, content, in: world) })
      }
      let arguments = try Self.arguments(of: call)
      guard world.isSkipping, let question = endpoint.handler.question else {
        return run(endpoint, arguments, call, identity, in: world).answer
      }
      return .later { content in
        await world.look(at: question, arguments, identity)
        return await run(endpoint, arguments, call, identity, in: world).answer.response(content)
      }
    } catch {
      return .now(error.response)
    }
  }

  /// Who stands behind a call.
  func origin(of call: Call) -> CallerOrigin {
    CallerFields(call.request).origin(from: call.exchange.peer, ownNames: parts.hostPatterns)
  }

  /// What server and scenario say together.
  func allowance(in tenant: Tenant) -> OutboundAllowance {
    parts.outboundAllowance.joined(with: tenant.outbound)
  }

  package func refusal(
    of call: Call, at endpoint: Endpoint<SteamshipService>, in world: World<State>
  ) -> Response? {
    do throws(SteamshipError) {
      _ = try Identity(call, needs: endpoint.right)
      return nil
    } catch {
      return error.response
    }
  }

  /// A JSON object, or nothing at all.
  /// - Parameter collected: its content, where the operation has collected it itself.
  static func arguments(
    of call: Call, _ collected: [UInt8]? = nil
  ) throws(SteamshipError) -> Arguments {
    guard !(collected ?? call.content).isEmpty else { return Arguments() }
    let json: JSON
    do throws(JSONParseError) { json = try call.json(collected) } catch { throw noJSON(error) }
    return try arguments(in: json)
  }

  /// The same of content alone.
  static func arguments(_ content: [UInt8]) throws(SteamshipError) -> Arguments {
    guard !content.isEmpty else { return Arguments() }
    let json: JSON
    do throws(JSONParseError) { json = try JSON(parsing: content) } catch { throw noJSON(error) }
    return try arguments(in: json)
  }

  private static func noJSON(_ error: JSONParseError) -> SteamshipError {
    .invalid("The request's content is no JSON: \(error.description).")
  }

  private static func arguments(in json: JSON) throws(SteamshipError) -> Arguments {
    if json.isNull { return Arguments() }
    guard let object = json.objectValue else {
      throw .invalid("The request's content must be a JSON object, not \(json.kindName).")
    }
    return Arguments(object)
  }

  /// Lets a rule work, at once or as a task, whose work may be done by a server outside.
  func run(
    _ endpoint: Endpoint<SteamshipService>, _ arguments: Arguments, _ call: Call,
    _ identity: Identity, in world: World<State>
  ) -> Outcome {
    do throws(SteamshipError) {
      let background =
        identity.fields.asksForTask ? try BackgroundRequest(call.request.fields) : nil
      let done = try world.mutate { (state, step) throws(SteamshipError) -> Done in
        let job = Job(
          operation: endpoint.operation.name, arguments: arguments,
          caller: try state.caller(identity, &step))
        state.codeOrigin.value = codeOrigin(in: world.tenant)
        switch endpoint.handler.work {
        case .rule(let rule) where background == nil && !state.needsCode(job, &step):
          if !endpoint.handler.traits.contains(.needsNoWorkspace) {
            try state.checkWorkspace(of: job.caller)
          }
          let data = try rule(&state, job, &step)
          guard state.hasAftermath else { return .answered(data) }
          let started = state.takeStarted()
          return .further(
            Further(
              outcome: .data(data), started: started, hasEndedVersions: state.takeEnded(),
              requestID: started.isEmpty ? nil : job.caller.requestID))
        case .rule where background == nil && SteamshipState.codePath(of: job) == "embed":
          return .further(
            Further(
              outcome: .later { await workAtOnce(on: job, in: world) },
              requestID: job.caller.requestID))
        case .rule, .task:
          let key = try state.addTask(
            for: endpoint, job, background, path: call.request.target.path, &step)
          let isOutside = state.outsideWork(of: key, &step) != nil
          // The client does not wait for this one: it comes finished.
          let isAwaited = isOutside && background == nil && job.asksForParameters
          return .further(
            Further(
              outcome: isAwaited
                ? .later { await finished(key, in: world) }
                : .written(SteamshipWire.json(state.taskEnvelope(key))),
              outside: isOutside ? key : nil, requestID: isOutside ? job.caller.requestID : nil))
        case .own: throw .invalid("This operation has no rule.")
        }
      }
      switch done {
      case .answered(let data): return .data(data)
      case .further(let further): return goOn(with: further, call, in: world)
      }
    } catch {
      if let upload = arguments.upload { world.blobs.remove(upload.blob) }
      return .written(error.response)
    }
  }

  /// Begins what is to be done outside of the state's lock.
  private func goOn(
    with done: Further, _ call: Call, in world: World<State>
  ) -> Outcome {
    if let outside = done.outside {
      workOutside(on: outside, authorization: call.request.fields["authorization"], in: world)
    }
    if let requestID = done.requestID {
      for instance in done.started {
        initialise(instance, for: call.number, requestID: requestID, in: world)
      }
    }
    if done.hasEndedVersions { forgetOldPrograms(in: world) }
    return done.outcome.naming(done.requestID)
  }
}

/// What a rule gave: an answer, or what is to stand in one once the state's lock is free.
///
/// **Cost**: what most give is one word; so is what became of a request.
enum Outcome: Sendable {
  indirect case written(Response)
  case data(RuleResult)
  /// Code is to be asked first.
  case later(@Sendable () async -> Response)

  var answer: ServiceAnswer {
    switch self {
    case .written(let response): .now(response)
    case .data(let data): .now(data.response)
    case .later(let work): .later { _ in await work() }
    }
  }

  /// The same, its answer naming the request.
  func naming(_ requestID: String?) -> Outcome {
    guard let requestID else { return self }
    return switch self {
    case .written(let response): .written(response.naming(requestID))
    case .data(let data): .written(data.response.naming(requestID))
    case .later(let work): .later { await work().naming(requestID) }
    }
  }
}

/// What became of a request.
private enum Done: Sendable {
  case answered(RuleResult)
  indirect case further(Further)
}

/// What became of one of which more is to come than an answer.
private struct Further: Sendable {
  var outcome: Outcome
  /// A task whose work is done by a server outside, or by code.
  var outside: Key<EngineTask>?
  /// Instances whose code is to be told that they are there.
  var started: [Key<InvocableInstance>] = []
  var hasEndedVersions = false
  /// Whose part the calls of code are that come of it.
  var requestID: String?
}

/// Who calls, before the state is asked. A class, since it goes along with the request.
final class Identity: Sendable {
  /// Nil where none is needed and none was sent.
  let credential: String?
  let userName: String?
  let fields: IdentityFields
  var workspace: WorkspaceReference { fields.workspace }
  let requestID: String?
  let call: Call
  /// Made when somebody asks: a look at a task does not.
  var baseURL: String { call.baseURL }
  var exchange: UInt64 { call.number }
  /// Over TLS and under the vendor's name, with no prefix that would name the tenant.
  var isAtVendorsHost: Bool {
    call.request.arrival?.isSecure == true
      && ["https://api.steamship.com", "https://api.steamship.com:443"].contains(baseURL)
  }
  /// A key such as deployed code gets; a scenario gives it the right `workspace`.
  let isWorkspaceScoped: Bool
  /// Nil where it does not matter.
  let origin: CallerOrigin?

  /// - Parameters:
  ///   - right: What the key must allow; nil: none is asked for.
  ///   - own: The request's id where it is known but not sent.
  init(
    _ call: Call, needs right: SteamshipRight?, origin: CallerOrigin? = nil,
    requestID own: String? = nil
  ) throws(SteamshipError) {
    self.call = call
    self.origin = origin
    fields = IdentityFields.of(call)
    requestID = own ?? fields.requestID
    if let key = call.credential, CodeKey.instanceID(of: key) != nil {
      (credential, userName, isWorkspaceScoped) = (key, nil, true)
      return
    }
    switch call.credentialVerdict {
    case .accepted(let user, let rights):
      (credential, userName) = (call.credential, user)
      isWorkspaceScoped = rights?.contains("workspace") ?? false
      if let right, let rights, rights.isDisjoint(with: ["write", "workspace", "*"]) {
        guard right == .read, rights.contains("read") else { throw .refusedKey(403) }
      }
    case .missing:
      (credential, userName, isWorkspaceScoped) = (nil, nil, false)
      if right != nil { throw .missingKey }
    case .refused(let status):
      (credential, userName, isWorkspaceScoped) = (nil, nil, false)
      if right != nil { throw .refusedKey(status) }
    }
  }
}

extension SteamshipState {
  /// The user of an identity, made on first sight; a request id is minted if none was sent.
  /// - Parameter given: for what needs no name, and so draws none.
  mutating func caller(
    _ identity: Identity, named given: RequestName? = nil, _ step: inout Step
  ) throws(SteamshipError) -> Caller {
    let name =
      given ?? identity.requestID.map { RequestName.text($0) }
      ?? .drawn(step.ids.drawUUID("steamship.request", .upper))
    guard let credential = identity.credential else {
      // Only for rules that ask for no user: key 0 is no user's.
      return Caller(user: Key(serial: 0), workspace: identity.workspace, name, identity)
    }
    if CodeKey.instanceID(of: credential) != nil {
      guard let instance = instance(ofCodeKey: credential) else { throw .refusedKey(401) }
      var caller = Caller(
        user: instance.user, workspace: .id(workspaces.read(instance.workspace, { $0.id }) ?? ""),
        name,
        identity)
      caller.isAtVendorsHost = nil
      return caller
    }
    let known = userByCredential[credential]
    if let known, users.contains(known) {
      return Caller(user: known, workspace: identity.workspace, name, identity)
    }
    // A new key makes a user with all that users start with, whatever it asks for.
    guard known != nil || step.blobs.budget.hasRoom() else { throw .noRoom }
    let user = user(credential: credential, name: identity.userName, &step)
    return Caller(user: user, workspace: identity.workspace, name, identity)
  }

  /// Makes a task of a request: finished at once, or along its timeline.
  mutating func addTask(
    for endpoint: Endpoint<SteamshipService>, _ job: consuming Job,
    _ background: BackgroundRequest?, path: String, _ step: inout Step
  ) throws(SteamshipError) -> Key<EngineTask> {
    var job = consume job
    // A deleted workspace fails now, and later work stays where it was asked for.
    if !endpoint.handler.traits.contains(.needsNoWorkspace) {
      let workspace = try workspace(of: job.caller, &step)
      job.caller.workspace =
        workspaces.read(workspace) { .id($0.id) } ?? job.caller.workspace
    }
    // The work may note it, and the task does.
    job.caller.writeRequestID()
    try checkJob(job, endpoint.handler, &step)
    let plan = taskPlan(for: job, endpoint.handler, step.blobs, at: step.now)
    if plan.timeline == .atOnce, background == nil {
      let output = try perform(job, by: endpoint, &step)
      return try addTask(
        job, name: path, timeline: plan.timeline, background: nil, type: plan.type,
        showsData: plan.showsData, doneWith: output, &step)
    }
    return try addTask(
      job, name: path, timeline: plan.timeline == .atOnce ? .byDefault : plan.timeline,
      background: background, type: plan.type, showsData: plan.showsData, &step)
  }
}
