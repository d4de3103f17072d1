import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension SteamshipState {
  /// The fields of a task, flat; what is unset is left out.
  /// Source: SDK `base/tasks.py`, `Task`; contract §4.
  func taskObject(_ key: Key<EngineTask>) -> JSONObject {
    guard let task = tasks[key] else { return JSONObject() }
    var object = JSONObject(withoutNulls: [
      "taskId": .string(task.id), "state": .string(task.state.rawValue),
      "userId": JSON(users[task.user]?.id ?? ""), "workspaceId": .string(task.workspaceID),
      "requestId": .string(task.requestID), "name": .string(task.name), "version": "1",
      "input": .string(task.input), "taskType": .string(task.type), "assignedWorker": "engine",
      "output": JSON(task.state.isTerminal ? task.output : nil),
      "statusMessage": JSON(task.statusMessage), "statusSuggestion": JSON(task.statusSuggestion),
      "statusCode": JSON(task.statusCode), "taskCreatedOn": .string(task.createdAt.iso8601()),
      "taskLastModifiedOn": .string(task.modifiedAt.iso8601()),
      "startedAt": JSON(task.startedAt?.iso8601()),
    ])
    for (name, value) in task.otherFields.value.members { object[name] = value }
    return object
  }

  func taskReply(_ key: Key<EngineTask>) -> JSON { ["task": .object(taskObject(key))] }

  /// The answer of a task operation and of `task/status`.
  ///
  /// **Shape**: `{"status": {task}, "task": {the documentation page's spelling}, "data": result}`;
  /// `data` only when the task has succeeded.
  func taskEnvelope(_ key: Key<EngineTask>) -> [UInt8] {
    guard let task = tasks[key] else { return Array("{}".utf8) }
    var json = JSONWriter(reserving: 1024)
    json.object { json in
      json.member("status", .object(taskObject(key)))
      json.key("task")
      json.object { json in
        json.member("taskId", task.id)
        json.member("taskState", task.state.rawValue)
        json.member(ifPresent: "taskMessage", task.statusMessage)
        json.member("taskCreatedOn", task.createdAt.iso8601())
        json.member("taskLastModifiedOn", task.modifiedAt.iso8601())
      }
      if task.state == .succeeded, task.showsData {
        json.key("data")
        json.raw(task.output ?? "{}")
      }
    }
    return json.bytes
  }
}
