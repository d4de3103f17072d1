package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// The Steamship Engine as an emulated service: finds the endpoint's rule, reads the fields, lets
/// the rule work on the tenant's state and wraps what comes of it.
package struct SteamshipService: ServiceWithOperations {
  package typealias State = SteamshipState

  package let name = "steamship"
  package let hostNames = [
    "api.steamship.com", "steamship.com", "www.steamship.com", "steamship.run", "*.steamship.run",
  ]
  package let operations: [Operation]
  package let sources: [Fidelity: String] = [
    .documented: "the documentation of the Steamship Engine",
    .seenInClient: "the Python SDK 2.17.34 or a release of the TypeScript client",
    .assumed: "no source",
  ]
  let outbound: Outbound?
  private let outboundAllowance: OutboundAllowance
  private let hostPatterns: [HostPattern]

  /// - Parameters:
  ///   - outbound: how to call servers outside (local development instances, URLs to fetch); nil:
  ///     such requests fail with a message that says so.
  ///   - allowance: for whom it is done when a client has named the place.
  package init(outbound: Outbound? = nil, allowance: OutboundAllowance = .local) {
    self.outbound = outbound
    outboundAllowance = allowance
    hostPatterns = hostNames.map(HostPattern.init)
    operations = SteamshipRoutes.all.map { route in
      var operation = route.operation
      // A public TypeScript client builds `$B//workspace/get`.
      operation.skipsEmptySegments = true
      return operation
    }
  }

  package func makeState(
    _ seed: WorldSeed, _ step: inout StepContext<SteamshipState.WakeKey>
  ) throws(ScenarioProblems) -> SteamshipState {
    var state = SteamshipState()
    try state.plant(seed, &step)
    return state
  }

  /// The bearer token; the scheme is compared without regard to case.
  package func credential(of request: Request) -> String? {
    guard let value = request.fields.valueBytes("authorization") else { return nil }
    let scheme = "bearer "
    guard value.count > scheme.utf8.count else { return nil }
    var index = value.startIndex
    for byte in scheme.utf8 {
      guard value[index].asciiLowercased == byte else { return nil }
      index += 1
    }
    let token = String(decoding: value.dropFirst(scheme.utf8.count), as: UTF8.self)
      .trimmingOptionalWhitespace()
    return token.isEmpty ? nil : token
  }

  package func respond(to call: Call, in world: World<State>) -> ServiceAnswer {
    if call.operationIndex == SteamshipRoutes.taskStatusIndex,
      let response = finishedTaskStatus(call, in: world)
    {
      return .now(response)
    }
    let route = SteamshipRoutes.all[call.operationIndex]
    do throws(SteamshipError) {
      let identity = try Identity(
        call, needsKey: route.needsKey, origin: route.asksOrigin ? origin(of: call) : nil)
      switch route.handling {
      case .special(let special): return try respond(to: call, special, identity, in: world)
      case .rule, .task:
        guard route.isUpload else {
          let arguments = try Self.arguments(call.content)
          if let question = route.question, world.isSkipping {
            return .later { content in
              await world.look(at: question, arguments, identity)
              return await run(route, arguments, call, identity, in: world).answer
                .response(content)
            }
          }
          return run(route, arguments, call, identity, in: world).answer
        }
        return .later { content in await upload(route, call, identity, content, in: world) }
      }
    } catch {
      return .now(error.response)
    }
  }

  /// Who stands behind a call.
  func origin(of call: Call) -> CallerOrigin {
    CallerFields(call.request).origin(from: call.exchange.peer, ownNames: hostPatterns)
  }

  /// What server and scenario say together.
  func allowance(in tenant: Tenant) -> OutboundAllowance {
    outboundAllowance.joined(with: tenant.outbound)
  }

  package func refusal(of call: Call, in world: World<State>) -> Response? {
    do throws(SteamshipError) {
      _ = try Identity(call, needsKey: SteamshipRoutes.all[call.operationIndex].needsKey)
      return nil
    } catch {
      return error.response
    }
  }

  /// A JSON object, or nothing at all.
  static func arguments(_ content: [UInt8]) throws(SteamshipError) -> Arguments {
    guard !content.isEmpty else { return Arguments() }
    let json: JSON
    do {
      json = try JSON(parsing: content)
    } catch {
      throw .invalid("The request's content is no JSON: \(error.description).")
    }
    if json.isNull { return Arguments() }
    guard let object = json.objectValue else {
      throw .invalid("The request's content must be a JSON object, not \(json.kindName).")
    }
    return Arguments(object)
  }

  /// Lets a rule work, at once or as a task.
  func run(
    _ route: SteamshipRoute, _ arguments: Arguments, _ call: Call, _ identity: Identity,
    in world: World<State>
  ) -> Outcome {
    do throws(SteamshipError) {
      let background = try BackgroundRequest(call.request.fields)
      let done = try world.mutate { (state, step) throws(SteamshipError) -> Done in
        let caller = try state.caller(identity, &step)
        switch route.handling {
        case .rule(let rule) where background == nil:
          return Done(outcome: .data(try rule(&state, arguments, caller, &step)))
        case .rule, .task:
          let key = try state.addTask(
            for: route, arguments, caller, background, path: call.request.target.path, &step)
          let response = Response(
            .ok, fields: SteamshipWire.jsonFields, body: .bytes(state.taskEnvelope(key)))
          return Done(
            outcome: .written(response),
            outside: state.outsideInvocation(of: key) == nil ? nil : key)
        case .special: throw .invalid("This operation has no rule.")
        }
      }
      if let key = done.outside {
        workOutside(on: key, authorization: call.request.fields["authorization"], in: world)
      }
      return done.outcome
    } catch {
      if let upload = arguments.upload { world.blobs.remove(upload.blob) }
      return .written(error.response)
    }
  }
}

/// What a rule gave: written already, or to be written once the state's lock is free.
enum Outcome: Sendable {
  case written(Response)
  case data(JSON)

  /// Text up to this is written on the loop.
  private static let bytesOnLoopMax = 64 << 10

  /// A long text is written off the loop, where it was made if it was made there.
  var answer: ServiceAnswer {
    switch self {
    case .written(let response): return .now(response)
    case .data(let data):
      if Offload.isHere || data.fits(within: Self.bytesOnLoopMax) {
        return .now(SteamshipWire.data(data))
      }
      return .later { _ in await Offload.run { SteamshipWire.data(data) } }
    }
  }
}

/// What became of a request.
private struct Done: Sendable {
  var outcome: Outcome
  /// A task whose work is done by a server outside.
  var outside: Key<EngineTask>?
}

/// Who calls, before the state is asked.
struct Identity: Sendable {
  /// Nil where none is needed and none was sent.
  var credential: String?
  var userName: String?
  var workspace: WorkspaceReference
  var requestID: String?
  private let call: Call
  /// Made when somebody asks: a look at a task does not.
  var baseURL: String { call.baseURL }
  /// A key such as deployed code gets; a scenario gives it the right `workspace`.
  var isWorkspaceScoped = false
  /// Nil where it does not matter.
  let origin: CallerOrigin?

  init(_ call: Call, needsKey: Bool, origin: CallerOrigin? = nil) throws(SteamshipError) {
    self.call = call
    self.origin = origin
    workspace = WorkspaceReference(call.request.fields)
    requestID = call.request.fields["x-request-id"].flatMap { $0.isEmpty ? nil : $0 }
    switch call.credentialVerdict {
    case .accepted(let user, let rights):
      credential = call.credential
      userName = user
      isWorkspaceScoped = rights?.contains("workspace") ?? false
      if needsKey, let rights, rights.isDisjoint(with: ["write", "workspace", "*"]) {
        guard rights.contains("read"), call.operation.isReading else { throw .refusedKey(403) }
      }
    case .missing: if needsKey { throw .missingKey }
    case .refused(let status): if needsKey { throw .refusedKey(status) }
    }
  }
}

extension SteamshipState {
  /// The user of an identity, made on first sight; a request id is minted if none was sent.
  mutating func caller(_ identity: Identity, _ step: inout Step) throws(SteamshipError) -> Caller {
    let requestID = identity.requestID ?? step.ids.uuid("steamship.request", .upper)
    guard let credential = identity.credential else {
      // Only for rules that ask for no user: key 0 names nobody.
      return Caller(
        user: Key(serial: 0), workspace: identity.workspace, requestID: requestID,
        baseURL: identity.baseURL, origin: identity.origin)
    }
    // A new key makes a user with all that users start with, whatever it asks for.
    guard userByCredential[credential] != nil || step.blobs.budget.hasRoom() else {
      throw .noRoom
    }
    let user = user(credential: credential, name: identity.userName, &step)
    return Caller(
      user: user, workspace: identity.workspace, requestID: requestID, baseURL: identity.baseURL,
      isWorkspaceScoped: identity.isWorkspaceScoped, origin: identity.origin)
  }

  /// Makes a task of a request: finished at once, or along its timeline.
  mutating func addTask(
    for route: SteamshipRoute, _ arguments: Arguments, _ caller: Caller,
    _ background: BackgroundRequest?, path: String, _ step: inout Step
  ) throws(SteamshipError) -> Key<EngineTask> {
    var job = EngineTask.Job(
      operation: route.operation.name, arguments: arguments, caller: caller)
    // A deleted workspace fails now, and later work stays where it was asked for.
    if !route.isWorkspaceFree {
      let workspace = try workspace(of: caller, &step)
      job.caller.workspace = workspaces[workspace].map { .id($0.id) } ?? caller.workspace
    }
    try checkJob(job, &step)
    let plan = taskPlan(for: route, job)
    if plan.timeline == .atOnce, background == nil {
      let output = try perform(job, &step)
      let key = try addTask(
        job, name: path, timeline: plan.timeline, background: nil, type: plan.type,
        showsData: plan.showsData, doneWith: output, &step)
      return key
    }
    return try addTask(
      job, name: path, timeline: plan.timeline == .atOnce ? .byDefault : plan.timeline,
      background: background, type: plan.type, showsData: plan.showsData, &step)
  }
}

extension SteamshipRoute {
  /// Operations on accounts and workspaces work although the caller's own workspace is gone
  /// (contract §1.2).
  var isWorkspaceFree: Bool {
    operation.name.hasPrefix("steamship.workspace.")
      || operation.name.hasPrefix("steamship.account.")
      || operation.name.hasPrefix("steamship.usage.")
      || operation.name.hasPrefix("steamship.package.version.")
      || operation.name.hasPrefix("steamship.plugin.version.")
  }
}

extension Operation {
  /// Whether the operation changes nothing: what a key with the right `read` alone may do.
  fileprivate var isReading: Bool {
    let verbs = [
      "current", "get", "list", "status", "query", "raw", "stream", "events", "search", "usage",
      "usageSummary", "aggregate",
    ]
    return verbs.contains { name.hasSuffix(".\($0)") }
  }
}
