import EmulatorKernel
import PayloadCodecs

/// A remark on a task, such as a user's judgement of its result.
/// Source: SDK `base/tasks.py`, `TaskComment`.
struct TaskComment: Stored {
  var id: String
  var user: Key<User>
  var task: Key<EngineTask>
  var externalID: String?
  var externalType: String?
  var externalGroup: String?
  /// Text, returned byte for byte (contract §6.7).
  var metadata: String?
  var createdAt: VirtualInstant
}

extension SteamshipState {
  /// `POST task/comment/create`.
  mutating func createTaskComment(
    _ arguments: Arguments, _ caller: Caller, _ step: inout Step
  ) throws(SteamshipError) -> JSON {
    let task = try ownTask(id: try arguments.requiredString("taskId"), caller)
    let comment = TaskComment(
      id: step.ids.uuid("steamship.taskComment", .upper), user: caller.user, task: task,
      externalID: try arguments.string("externalId"),
      externalType: try arguments.string("externalType"),
      externalGroup: try arguments.string("externalGroup"),
      metadata: try arguments.verbatimText("metadata"), createdAt: step.now)
    let key = comments.insert(comment)
    tasks[task]?.comments.insert(key)
    return ["taskComment": taskCommentJSON(key)]
  }

  /// `POST task/comment/list`: every filter that is given must match.
  func listTaskComments(
    _ arguments: Arguments, _ caller: Caller
  ) throws(SteamshipError) -> JSON {
    let task: Key<EngineTask>? =
      if let id = try arguments.name("taskId") { try ownTask(id: id, caller) } else { nil }
    let id = try arguments.string("externalId")
    let type = try arguments.string("externalType")
    let group = try arguments.string("externalGroup")
    let keys = task.flatMap { tasks[$0]?.comments.keys } ?? comments.keys
    let page = try Page(of: keys, arguments) { key in
      guard let comment = comments[key], comment.user == caller.user else { return false }
      return (id == nil || comment.externalID == id)
        && (type == nil || comment.externalType == type)
        && (group == nil || comment.externalGroup == group)
    }
    return page.reply("comments") { taskCommentJSON($0) }
  }

  /// `POST task/comment/delete`.
  mutating func deleteTaskComment(
    _ arguments: Arguments, _ caller: Caller
  ) throws(SteamshipError) -> JSON {
    let id = try arguments.requiredString("id")
    guard let key = comments.key(id: id), let comment = comments[key], comment.user == caller.user
    else { throw .unknown("task comment", id) }
    let reply = taskCommentJSON(key)
    comments.remove(key)
    let comments = comments
    tasks[comment.task]?.comments.noteRemoval { comments.contains($0) }
    return ["taskComment": reply]
  }

  private func taskCommentJSON(_ key: Key<TaskComment>) -> JSON {
    guard let comment = comments[key] else { return .null }
    var object: JSONObject = [
      "id": .string(comment.id), "userId": JSON(users[comment.user]?.id ?? ""),
      "taskId": JSON(tasks[comment.task]?.id ?? ""),
    ]
    if let id = comment.externalID { object["externalId"] = .string(id) }
    if let type = comment.externalType { object["externalType"] = .string(type) }
    if let group = comment.externalGroup { object["externalGroup"] = .string(group) }
    if let metadata = comment.metadata { object["metadata"] = .string(metadata) }
    object["createdAt"] = .string(comment.createdAt.iso8601())
    return .object(object)
  }
}
