import EmulatorKernel
import PayloadCodecs

/// What an operation asks about that may be in progress. With the clock mode `skip` it is finished
/// first, as far as time brings it (DESIGN §4); `task/status` has its own way.
enum Question: Sendable {
  case task, tasks
  case instance(InvocableKind)
  case block, file

  /// The things that a request names; none that it may not see, or where it is wrong: the rule says
  /// so then.
  fileprivate func subject(
    _ job: Job, _ state: inout SteamshipState, _ step: inout Step
  ) throws(SteamshipError) -> Subject {
    let id = try job.arguments.name("id")
    switch self {
    case .task:
      let other = try job.arguments.name("taskId")
      return .tasks([TaskProspect(try state.ownTask(id: id ?? other ?? "", job.caller))])
    case .tasks:
      let workspace = try state.namedWorkspace(job, &step)
      let keys = state.workspaces.read(workspace, { $0.tasks.keys }) ?? []
      return .tasks(
        keys.filter { key in
          state.tasks.read(key) { task in
            !task.state.isTerminal && task.user == job.caller.user
              && (id == nil || task.id == id?.asciiUppercased)
          } ?? false
        }.reversed().map { TaskProspect($0) })
    case .instance(let kind):
      return .instance(
        try state.instance(kind, id: id, handle: job.arguments.name("handle"), job.caller, &step))
    case .block:
      return .blocks([try state.block(id: id ?? "", job.caller, &step)])
    case .file:
      let key = try state.file(id: id, handle: job.arguments.name("handle"), job.caller, &step)
      return .blocks(state.files.read(key, { $0.blocks }) ?? [])
    }
  }
}

private enum Subject: Sendable {
  /// The last comes first.
  case tasks([TaskProspect])
  case instance(Key<InvocableInstance>)
  case blocks([Key<Block>])

  mutating func isComing(_ state: borrowing SteamshipState) -> Bool {
    switch self {
    case .tasks(var prospects):
      defer { self = .tasks(prospects) }
      while !prospects.isEmpty {
        if prospects[prospects.count - 1].isComing(state) { return true }
        prospects.removeLast()
      }
      return false
    case .instance(let key): return state.instances.read(key, { $0.initStatus }) == .initializing
    case .blocks(var keys):
      defer { self = .blocks(keys) }
      while let key = keys.last {
        if state.isStreamedByTime(key) { return true }
        keys.removeLast()
      }
      return false
    }
  }
}

extension World<SteamshipState> {
  nonisolated(nonsending) func look(
    at question: Question, _ arguments: Arguments, _ identity: Identity
  ) async {
    let subject = try? mutate { (state, step) throws(SteamshipError) -> Subject in
      let job = Job(
        operation: "", arguments: arguments, caller: try state.caller(identity, &step))
      return try question.subject(job, &state, &step)
    }
    guard var subject else { return }
    await look { state in subject.isComing(state) }
  }
}
