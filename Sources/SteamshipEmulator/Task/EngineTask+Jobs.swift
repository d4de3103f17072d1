import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// How requests become the work of tasks.
extension SteamshipState {
  struct TaskPlan {
    var timeline: Timeline
    var type = "internalApi"
    var showsData = true
  }

  static let scheduledInvocation = "steamship.package.instance.invoke"

  /// How a job proceeds: by a behaviour of the scenario, else by its kind.
  func taskPlan(
    for job: Job, _ handler: SteamshipHandler, _ blobs: BlobStore, at now: VirtualInstant
  ) -> TaskPlan {
    if job.operation == Self.scheduledInvocation {
      guard let invocation = try? scheduledInvocation(job) else {
        return TaskPlan(timeline: .byDefault, showsData: false)
      }
      return TaskPlan(timeline: timeline(of: invocation, at: now), showsData: false)
    }
    var plan = TaskPlan(timeline: .atOnce)
    if case .task(let timeline, let type, _) = handler.work {
      plan.type = type
      if let timeline { plan.timeline = timeline }
    }
    let isCode = runsCode(job)
    if isCode {
      plan.timeline = plan.timeline == .atOnce ? .outside : .outsideAfterMoment
    }
    if let timeline = scriptedTimeline(for: job, blobs, at: now) {
      plan.timeline = isCode ? timeline.endingOutside : timeline
    }
    return plan
  }

  private func scriptedTimeline(
    for job: Job, _ blobs: BlobStore, at now: VirtualInstant
  ) -> Timeline? {
    // Most scenarios have no behaviour: nobody asks then what the work is on.
    guard !script.behaviors.isEmpty else { return nil }
    var work = Script.Work(operation: job.operation)
    if let handle = job.arguments["pluginInstance"]?.stringValue {
      work.plugin = pluginHandle(ofInstance: handle, job.caller)
      work.input = workInput(job, blobs, at: now)
    }
    return script.timeline(for: work)
  }

  /// What can be checked cheaply before a task is made, so that plain mistakes fail at once.
  mutating func checkJob(
    _ job: Job, _ handler: SteamshipHandler, _ step: inout Step
  ) throws(SteamshipError) {
    if job.operation == Self.scheduledInvocation {
      let invocation = try scheduledInvocation(job)
      if let refusal = refusal(of: invocation, by: job.caller.user) { throw refusal }
      return
    }
    if job.isVersionUpload, codeOrigin.value != nil {
      // Plain mistakes need no process to be found.
      _ = try versionDraft(job.versionKind, job, step)
    }
    guard handler.traits.contains(.runsPlugin),
      let handle = try job.arguments.name("pluginInstance")
    else { return }
    _ = try instance(.plugin, id: nil, handle: handle, job.caller, &step)
  }

  /// Does a task's work: the JSON text of its result, or the base64 text of a scheduled invocation.
  mutating func perform(_ job: Job, _ step: inout Step) throws(SteamshipError) -> String {
    guard let endpoint = SteamshipEndpoints.byName[job.operation] else {
      throw SteamshipError(500, "InternalError", "The operation \(job.operation) is not known.")
    }
    return try perform(job, by: endpoint, &step)
  }

  /// The same where the operation's endpoint is in hand.
  mutating func perform(
    _ job: Job, by endpoint: SteamshipEndpoints.Row, _ step: inout Step
  ) throws(SteamshipError) -> String {
    // Later work was accepted when there was room.
    guard !endpoint.operation.needsRoom || step.blobs.budget.hasRoom() else { throw .noRoom }
    guard let rule = endpoint.handler.rule else {
      throw SteamshipError(500, "InternalError", "\(job.operation) cannot be a task.")
    }
    let text = try rule(&self, job, &step).text
    // Base64, which JSON only puts into quotes.
    return job.operation == Self.scheduledInvocation ? String(text.dropFirst().dropLast()) : text
  }

  // MARK: Scheduled invocations (contract §5.5)

  /// The invocation that `{instanceHandle, payload: {httpVerb, invocationPath, arguments}}` means.
  func scheduledInvocation(_ job: Job) throws(SteamshipError) -> Invocation {
    let key: Key<InvocableInstance>
    if let id = try job.arguments.name("instanceId") {
      guard let known = instances.key(id: id), instances.read(known, { $0.kind }) == .package else {
        throw .unknown("package instance", id)
      }
      key = known
    } else {
      let handle = try job.arguments.requiredString("instanceHandle")
      if case .id(let id) = job.caller.workspace { _ = try ownWorkspace(id: id, job.caller) }
      let workspace = knownWorkspace(job.caller.workspace, of: job.caller.user)
      guard let known = workspace.flatMap({ workspaces.read($0, { $0.packageInstances })?[handle] })
      else {
        throw .unknown("package instance", handle)
      }
      key = known
    }
    guard let payload = try job.arguments.object("payload") else {
      throw .invalid("The field \"payload\" is missing.")
    }
    let inner = Arguments(payload)
    return Invocation(
      key, verb: try inner.string("httpVerb") ?? "POST",
      path: try inner.requiredString("invocationPath"),
      arguments: try inner.object("arguments") ?? JSONObject(), query: try inner.string("query"))
  }

  /// The work of `package/instance/invoke`: the raw body of the answer as base64 text.
  mutating func invokeScheduled(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult
  {
    let invocation = try scheduledInvocation(job)
    do throws(SteamshipError) {
      guard
        case .answer(let result) = try plan(
          invocation, started: nil, requestID: job.caller.requestID, &step)
      else {
        throw SteamshipError(501, "NotSupported", "This server forwards no calls.")
      }
      log(invocation, nil, requestID: job.caller.requestID, &step)
      return RuleResult(.string(Base64.encode(result.content)))
    } catch {
      log(invocation, error, requestID: job.caller.requestID, &step)
      throw error
    }
  }

  /// The invocation of a task whose work is done outside; nil when it has other work.
  func outsideInvocation(of key: Key<EngineTask>) -> (Invocation, ForwardTarget, Caller)? {
    guard let task = tasks[key], let job = task.job?.value,
      job.operation == Self.scheduledInvocation,
      let invocation = try? scheduledInvocation(job), let target = forwardTarget(of: invocation)
    else { return nil }
    return (invocation, target, job.caller)
  }
}
