import EmulatorKernel
import PayloadCodecs

/// The endpoints of tasks, but for `task/status`, which has its own fast way
/// (`SteamshipService+TaskStatus.swift`).
extension SteamshipState {
  /// `POST task/get`: under `data.task`, never with `status` (contract §6.12).
  func getTask(_ job: Job) throws(SteamshipError) -> RuleResult {
    if let id = try job.arguments.name("id") { return taskReply(try ownTask(id: id, job.caller)) }
    guard let id = try job.arguments.name("taskId") else {
      throw .invalid("The field \"id\" is missing.")
    }
    return taskReply(try ownTask(id: id, job.caller))
  }

  /// `POST task/update`: merges what is given, even into a finished task.
  /// Source: SDK `base/tasks.py`, `post_update`.
  mutating func updateTask(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let key = try ownTask(id: job.arguments.requiredString("taskId"), job.caller)
    let newState = try job.arguments.choice("state", TaskState.self)
    let message = try job.arguments.string("statusMessage")
    let suggestion = try job.arguments.string("statusSuggestion")
    let code = try job.arguments.string("statusCode")
    let output = try job.arguments.verbatimText("output")
    var others = JSONObject()
    for name in Self.updatableFields {
      if let value = job.arguments[name] { others[name] = value }
    }
    for name in ["remoteStatusInput", "remoteStatusOutput"] { _ = try job.arguments.object(name) }
    for name in ["maxRetries", "retries"] { _ = try job.arguments.int(name) }
    for name in ["remoteStatusMessage", "assignedWorker", "taskExecutor", "statusCreatedOn"] {
      _ = try job.arguments.string(name)
    }
    let wasTerminal = tasks.read(key, { $0.state.isTerminal }) ?? true
    let now = step.now
    change(key, &step) { task in
      if let output {
        task.output = output
        task.showsData = (try? JSON(parsing: output)) != nil
      }
      task.otherFields.change { $0.merge(others) }
      if let newState, wasTerminal || !newState.isTerminal { task.state = newState }
      if task.state == .succeeded { task.output = task.output ?? "{}" }
      if newState == .running, task.startedAt == nil { task.startedAt = now }
    }
    if let newState, newState.isTerminal, !wasTerminal {
      if newState == .failed {
        fail(
          key, SteamshipError(500, code ?? "TaskFailed", message ?? "The task has failed."), &step)
      } else {
        if let upload = tasks.read(key, { $0.job?.arguments.upload }) {
          step.blobs.remove(upload.blob)
        }
        tasks.update(key) { $0.job = nil }
        finish(key, output: nil, message: message, &step)
      }
    }
    change(key, &step) { task in
      if let message { task.statusMessage = message }
      if let suggestion { task.statusSuggestion = suggestion }
      if let code { task.statusCode = code }
    }
    return taskReply(key)
  }

  private static let updatableFields = [
    "remoteStatusInput", "remoteStatusOutput", "remoteStatusMessage", "assignedWorker",
    "maxRetries",
    "retries", "taskExecutor", "statusCreatedOn",
  ]

  /// `POST task/list`. Fidelity: seen in the TypeScript client: `{id?, workspaceId?, state?}`.
  mutating func listTasks(_ job: Job, _ step: inout Step) throws(SteamshipError) -> RuleResult {
    let id = try job.arguments.name("id")
    let state = try job.arguments.choice("state", TaskState.self)
    let workspace = try namedWorkspace(job, &step)
    let keys = workspaces.read(workspace, { $0.tasks.keys }) ?? []
    let page = try Page(of: keys, job.arguments) { key in
      tasks.glance(key) { task in
        task.user == job.caller.user && (state == nil || task.state == state)
          && (id == nil || task.id.asciiUppercased == id?.asciiUppercased)
      } ?? false
    }
    return reply(page)
  }

  /// `POST task/alwaysfail`. Source: the SDK's own tests.
  func alwaysFail() throws(SteamshipError) -> RuleResult {
    throw SteamshipError(
      500, "AlwaysFails", "This operation always fails.",
      suggestion: "It exists for tests; use task/noop for a task that succeeds.")
  }
}
