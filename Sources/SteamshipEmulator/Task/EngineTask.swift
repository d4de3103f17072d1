import EmulatorKernel
import PayloadCodecs

/// Work that a client can poll. (The vendor says Task; that name belongs to Swift's concurrency.)
///
/// **Life**: `waiting` until every dependency has succeeded and `runAfter` has passed; then through
/// the stages of its timeline. Entering a stage `succeeded` does the work itself, which may fail.
struct EngineTask: Stored {
  var id: String
  var user: Key<User>
  var workspace: Key<Workspace>?
  var workspaceID: String
  var requestID: String
  /// The operation's path: `/api/v1/task/noop`.
  var name: String
  var type = "internalApi"
  /// JSON text of the request.
  var input: String
  /// JSON text of the result; base64 text for a scheduled invocation.
  var output: String?
  /// Whether `task/status` shows the result as `data` too (contract §5.5).
  var showsData = true
  var state = TaskState.waiting
  var statusMessage: String?
  var statusSuggestion: String?
  var statusCode: String?
  /// Fields that `task/update` set, as they came: `remoteStatusInput` and its like.
  var otherFields = Kept(JSONObject())
  var createdAt: VirtualInstant
  var modifiedAt: VirtualInstant
  var startedAt: VirtualInstant?

  /// What is to be done; nil once it is.
  var job: Kept<Job>?
  var timeline: Timeline
  /// The stage it is in; −1 before the first.
  var stage = -1
  var pollsLeft = 0
  var unfinishedDependencies: Set<Key<EngineTask>> = []
  var dependents: [Key<EngineTask>] = []
  var runAfter: VirtualInstant?
  var comments = KeySet<TaskComment>()
  /// Who does its work outside, or waits to; never in a restored task.
  var worker = Transient<OutsideWorker>()

  /// Whether a look of a client moves it.
  var countsPolls: Bool { pollsLeft > 0 && !state.isTerminal }

  /// Whether somebody outside is to do the work now.
  var isAtOutsideStage: Bool {
    !state.isTerminal && timeline.stages.indices.contains(stage)
      && timeline.stages[stage].end == .outside
  }
}

/// Somebody who does a task's work outside: itself, so that one of a world that has been put back is
/// told from who takes the same task up in the world that came.
final class OutsideWorker: Sendable {}

/// A value that is no part of a snapshot.
struct Transient<Value: Sendable>: Codable, Sendable {
  var value: Value?

  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encodeNil()
  }
}

extension SteamshipState {
  // MARK: Making

  /// Makes a task for a job and starts it if nothing is in its way.
  ///
  /// - Parameter output: the result of work that is done already, for which there was nothing to wait.
  mutating func addTask(
    _ job: consuming Job, name: String, timeline: Timeline, background: BackgroundRequest?,
    type: String = "internalApi", showsData: Bool = true, doneWith output: String? = nil,
    _ step: inout Step
  ) throws(SteamshipError) -> Key<EngineTask> {
    var job = consume job
    let dependencies = try dependencies(background?.dependencyIDs ?? [], job.caller)
    let workspace = try? workspace(of: job.caller, &step)
    let runAfter = background?.runAfter.flatMap { $0 > step.now ? $0 : nil }
    var task = EngineTask(
      id: step.ids.uuid("steamship.task", .upper), user: job.caller.user, workspace: workspace,
      workspaceID: workspace.flatMap { workspaces.read($0, { $0.id }) } ?? "",
      requestID: job.caller.requestID, name: name, type: type,
      input: JSON.object(job.arguments.fields).text, output: output, showsData: showsData,
      state: output == nil ? .waiting : .succeeded, createdAt: step.now, modifiedAt: step.now,
      startedAt: output == nil ? nil : step.now, timeline: timeline,
      unfinishedDependencies: dependencies, runAfter: runAfter)
    if output == nil {
      job.caller = job.caller.settled
      task.job = Kept(job)
    }
    let key = tasks.insert(task)
    if let workspace { workspaces.update(workspace) { $0.tasks.insert(key) } }
    guard output == nil else { return key }
    for dependency in dependencies { tasks.update(dependency) { $0.dependents.append(key) } }
    startIfReady(key, &step)
    return key
  }

  /// The tasks to wait for that have not succeeded yet; one that has failed already is an error.
  private func dependencies(
    _ ids: [String], _ caller: Caller
  ) throws(SteamshipError) -> Set<Key<EngineTask>> {
    var unfinished: Set<Key<EngineTask>> = []
    for id in ids {
      let key = try ownTask(id: id, caller)
      switch tasks.read(key, { $0.state }) {
      case .failed: throw .dependencyFailedAlready
      case .succeeded, nil: continue
      case .waiting, .running: unfinished.insert(key)
      }
    }
    return unfinished
  }

  func ownTask(id: String, _ caller: Caller) throws(SteamshipError) -> Key<EngineTask> {
    guard let key = tasks.key(id: id), tasks.read(key, { $0.user }) == caller.user else {
      throw .unknown("task", id)
    }
    return key
  }

  // MARK: Proceeding

  /// Enters the first stage once no dependency and no time is in the way.
  private mutating func startIfReady(_ key: Key<EngineTask>, _ step: inout Step) {
    let found = tasks.read(key) { task in
      (isReady: task.stage < 0 && task.unfinishedDependencies.isEmpty, runAfter: task.runAfter)
    }
    guard let found, found.isReady else { return }
    if let runAfter = found.runAfter, runAfter > step.now {
      due.schedule(.task(key, stage: -1), at: runAfter)
      return
    }
    enterNextStage(of: key, &step)
  }

  /// A scheduled instant has come.
  mutating func stageEnded(of key: Key<EngineTask>, stage: Int, _ step: inout Step) {
    let isThere = tasks.read(key) { $0.stage == stage && !$0.state.isTerminal } ?? false
    guard isThere else { return }
    if stage < 0 {
      startIfReady(key, &step)
    } else {
      enterNextStage(of: key, &step)
    }
  }

  /// The place and the state of the stage that comes next; nil for a task that has ended.
  private static func nextStage(
    of task: borrowing EngineTask
  ) -> (index: Int, state: TaskState)? {
    guard !task.state.isTerminal else { return nil }
    let index = task.stage + 1
    // A timeline that does not say how it ends ends in success.
    guard index < task.timeline.stages.count else { return (index, .succeeded) }
    return (index, task.timeline.stages[index].state)
  }

  /// Nil for the end that a timeline does not say.
  private func stage(_ index: Int, of key: Key<EngineTask>) -> Timeline.Stage? {
    tasks.read(key) { task in
      index < task.timeline.stages.count ? task.timeline.stages[index] : nil
    }
  }

  /// Goes on to the next stage, and through all that end at once.
  mutating func enterNextStage(of key: Key<EngineTask>, _ step: inout Step) {
    while let (index, state) = tasks.read(key, Self.nextStage) {
      switch state {
      case .succeeded:
        succeed(key, message: stage(index, of: key)?.message, &step)
        return
      case .failed:
        let stage = stage(index, of: key)
        fail(
          key,
          SteamshipError(
            500, stage?.code ?? "TaskFailed", stage?.message ?? "The task has failed.",
            suggestion: stage?.suggestion), &step)
        return
      case .waiting, .running:
        let now = step.now
        change(key, &step) { task in
          task.stage = index
          task.state = state
          task.statusMessage = task.timeline.stages[index].message
          task.pollsLeft = 0
          if state == .running, task.startedAt == nil { task.startedAt = now }
        }
      }
      switch tasks.read(key, { $0.timeline.stages[index].end }) {
      case .immediately: continue
      case .after(let duration):
        due.schedule(.task(key, stage: index), at: step.now + duration)
        return
      case .polls(let count):
        tasks.update(key) { $0.pollsLeft = max(1, count) }
        return
      case .signal, .outside, nil: return
      }
    }
  }

  /// Changes a task, lets everybody know, and forgets its rendering.
  mutating func change(
    _ key: Key<EngineTask>, _ step: inout Step, _ body: (inout EngineTask) -> Void
  ) {
    tasks.update(key) { task in
      body(&task)
      task.modifiedAt = step.now
    }
    forgetRendering(of: key)
    step.wake(.task(serial: key.serial))
  }

  /// Does the work, if there is some, and ends the task by how it went.
  private mutating func succeed(_ key: Key<EngineTask>, message: String?, _ step: inout Step) {
    let now = step.now
    var taken: Kept<Job>?
    tasks.update(key) { task in
      // Taken out, not copied.
      taken = task.job.take()
      if taken != nil, task.startedAt == nil { task.startedAt = now }
    }
    guard let job = taken?.value else {
      finish(key, output: nil, message: message, &step)
      return
    }
    do throws(SteamshipError) {
      let output = try perform(job, &step)
      finish(key, output: output, message: message, &step)
    } catch {
      job.arguments.upload.map { step.blobs.remove($0.blob) }
      fail(key, error, &step)
    }
  }

  /// - Parameter output: the result; nil: what the task has already.
  mutating func finish(
    _ key: Key<EngineTask>, output: String?, message: String?, _ step: inout Step
  ) {
    change(key, &step) { task in
      task.state = .succeeded
      task.output = output ?? task.output ?? "{}"
      task.statusMessage = message
      task.pollsLeft = 0
    }
    guard let dependents = tasks.read(key, { $0.dependents }), !dependents.isEmpty else { return }
    // By the queue rather than at once: a long chain of tasks must not become a deep recursion.
    for dependent in dependents {
      tasks.update(dependent) { $0.unfinishedDependencies.remove(key) }
      due.schedule(.task(dependent, stage: -1), at: step.now)
    }
    tasks.update(key) { $0.dependents = [] }
  }

  /// Ends a task badly, and with it every task that waits for it.
  mutating func fail(_ key: Key<EngineTask>, _ error: SteamshipError, _ step: inout Step) {
    var failing = [(key, error)]
    while let (key, error) = failing.popLast() {
      guard let (isOver, upload, dependents) = tasks.read(key, Self.whatFails), !isOver else {
        continue
      }
      if let upload { step.blobs.remove(upload.blob) }
      change(key, &step) { task in
        task.state = .failed
        task.statusMessage = error.message
        task.statusSuggestion = error.suggestion
        task.statusCode = error.code
        task.job = nil
        task.pollsLeft = 0
        task.dependents = []
      }
      let dependencyFailed = SteamshipError(
        400, "DependencyFailed", "A task this one waits for has failed.")
      failing += dependents.reversed().map { ($0, dependencyFailed) }
    }
  }

  /// Of a task that is to fail: what it holds, and who waits for it.
  private static func whatFails(
    _ task: borrowing EngineTask
  ) -> (isOver: Bool, upload: Arguments.Upload?, dependents: [Key<EngineTask>]) {
    (task.state.isTerminal, task.job?.value.arguments.upload, task.dependents)
  }

  /// The work that was done outside has come to an end.
  mutating func endOutsideWork(
    of key: Key<EngineTask>, _ result: Result<String, SteamshipError>, _ step: inout Step
  ) {
    guard tasks.read(key, { $0.state.isTerminal }) == false else { return }
    switch result {
    case .success(let output):
      tasks.update(key) { task in
        task.job = nil
        task.output = output
      }
      enterNextStage(of: key, &step)
    case .failure(let error): fail(key, error, &step)
    }
  }

  /// The work was to be done outside, but its instance is gone or code runs no more: it is left to the
  /// job's own rule, which says so.
  mutating func endWorkOfNobody(
    of key: Key<EngineTask>, _ worker: OutsideWorker, _ step: inout Step
  ) {
    guard isAt(key, worker), tasks.read(key, { $0.isAtOutsideStage }) == true else { return }
    enterNextStage(of: key, &step)
  }

  /// Whether it is still the same task of the same world.
  func isAt(_ key: Key<EngineTask>, _ worker: OutsideWorker) -> Bool {
    tasks.read(key) { $0.worker.value === worker } ?? false
  }

  /// A client looked: counts where a stage ends by looks.
  mutating func countPoll(of key: Key<EngineTask>, _ step: inout Step) {
    guard let left = tasks.read(key, { $0.countsPolls ? $0.pollsLeft : nil }) else { return }
    tasks.update(key) { $0.pollsLeft -= 1 }
    if left == 1 { enterNextStage(of: key, &step) }
  }

  /// Ends every stage that waits for a signal of this name; says how many there were.
  mutating func signal(_ name: String, _ step: inout Step) -> Int {
    var count = 0
    for key in tasks.keys {
      let isAwaited = tasks.read(key) { task in
        task.stage >= 0 && task.stage < task.timeline.stages.count && !task.state.isTerminal
          && task.timeline.stages[task.stage].end == .signal(name)
      }
      guard isAwaited == true else { continue }
      enterNextStage(of: key, &step)
      count += 1
    }
    return count
  }

  /// Forgets a task that has not ended: its workspace is gone. What was due for it finds nothing.
  mutating func removeTask(_ key: Key<EngineTask>, _ step: inout Step) {
    forgetRendering(of: key)
    guard let task = tasks.remove(key) else { return }
    if let upload = task.job?.arguments.upload { step.blobs.remove(upload.blob) }
    for comment in task.comments.keys { comments.remove(comment) }
    for dependent in task.dependents {
      fail(
        dependent,
        SteamshipError(400, "DependencyFailed", "A task this one waits for was deleted."), &step)
    }
    step.wake(.task(serial: key.serial))
  }
}
