import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension SteamshipState {
  /// The fields of a task, flat; what is unset is left out.
  /// Source: SDK `base/tasks.py`, `Task`; contract §4.
  borrowing func write(_ key: Key<EngineTask>, into json: inout JSONWriter) {
    let isThere: Void? = tasks.glance(key) { task in
      // Beforehand: behind an expression the compiler takes a member's name for one that is found while the
      // program runs, which is written more slowly. So with the other records.
      let user = users.read(task.user) { $0.id } ?? ""
      json.object { json in
        json.member("taskId", task.id)
        json.member("state", task.state.rawValue)
        json.member("userId", user)
        json.member("workspaceId", task.workspaceID)
        json.member("requestId", task.requestID)
        json.member("name", task.name)
        json.member("version", "1")
        json.member("input", task.input)
        json.member("taskType", task.type)
        let others = task.otherFields.value
        let worker = others["assignedWorker"] ?? "engine"
        json.member("assignedWorker", worker)
        if task.state.isTerminal { json.member(ifPresent: "output", task.output) }
        json.member(ifPresent: "statusMessage", task.statusMessage)
        json.member(ifPresent: "statusSuggestion", task.statusSuggestion)
        json.member(ifPresent: "statusCode", task.statusCode)
        json.taskTimes(
          created: task.createdAt, modified: task.modifiedAt, started: task.startedAt)
        for (name, value) in others.members where !name.isExactly("assignedWorker") {
          json.member(named: name, value)
        }
      }
    }
    if isThere == nil { json.object { _ in } }
  }

  borrowing func taskReply(_ key: Key<EngineTask>) -> RuleResult {
    RuleResult("task") { write(key, into: &$0) }
  }

  borrowing func reply(_ page: Page<EngineTask>) -> RuleResult {
    page.reply("tasks") { write($0, into: &$1) }
  }

  /// The answer of a task operation and of `task/status`.
  ///
  /// **Shape**: `{"status": {task}, "task": {the documentation page's spelling}, "data": result}`;
  /// `data` only when the task has succeeded.
  borrowing func taskEnvelope(_ key: Key<EngineTask>) -> [UInt8] {
    let bytes = tasks.glance(key) { task in
      var json = JSONWriter(
        reserving: 1024 + 2 * (task.output?.utf8.count ?? 0) + task.input.utf8.count)
      json.object { json in
        json.key("status")
        write(key, into: &json)
        json.key("task")
        json.object { json in
          json.member("taskId", task.id)
          json.member("taskState", task.state.rawValue)
          json.member(ifPresent: "taskMessage", task.statusMessage)
          json.taskTimes(created: task.createdAt, modified: task.modifiedAt, started: nil)
        }
        if task.state == .succeeded, task.showsData {
          json.key("data")
          json.raw(task.output ?? "{}")
        }
      }
      return json.bytes
    }
    return bytes ?? Array("{}".utf8)
  }
}
