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
  mutating func createTaskComment(_ job: Job, _ step: inout Step) throws(SteamshipError) -> JSON {
    let task = try ownTask(id: job.arguments.requiredString("taskId"), job.caller)
    let comment = TaskComment(
      id: step.ids.uuid("steamship.taskComment", .upper), user: job.caller.user, task: task,
      externalID: try job.arguments.string("externalId"),
      externalType: try job.arguments.string("externalType"),
      externalGroup: try job.arguments.string("externalGroup"),
      metadata: try job.arguments.verbatimText("metadata"), createdAt: step.now)
    let key = comments.insert(comment)
    tasks[task]?.comments.insert(key)
    return ["taskComment": taskCommentJSON(key)]
  }

  /// `POST task/comment/list`: every filter that is given must match.
  func listTaskComments(_ job: Job) throws(SteamshipError) -> JSON {
    let task: Key<EngineTask>? =
      if let id = try job.arguments.name("taskId") { try ownTask(id: id, job.caller) } else { nil }
    let id = try job.arguments.string("externalId")
    let type = try job.arguments.string("externalType")
    let group = try job.arguments.string("externalGroup")
    let keys = task.flatMap { tasks[$0]?.comments.keys } ?? comments.keys
    let page = try Page(of: keys, job.arguments) { key in
      guard let comment = comments[key], comment.user == job.caller.user else { return false }
      return (id == nil || comment.externalID == id)
        && (type == nil || comment.externalType == type)
        && (group == nil || comment.externalGroup == group)
    }
    return page.reply("comments") { taskCommentJSON($0) }
  }

  mutating func deleteTaskComment(_ job: Job) throws(SteamshipError) -> JSON {
    let id = try job.arguments.requiredString("id")
    guard let key = comments.key(id: id), let comment = comments[key],
      comment.user == job.caller.user
    else { throw .unknown("task comment", id) }
    let reply = taskCommentJSON(key)
    comments.remove(key)
    tasks[comment.task]?.comments.noteRemoval(from: comments)
    return ["taskComment": reply]
  }

  private func taskCommentJSON(_ key: Key<TaskComment>) -> JSON {
    guard let comment = comments[key] else { return .null }
    return JSON(withoutNulls: [
      "id": .string(comment.id), "userId": JSON(users[comment.user]?.id ?? ""),
      "taskId": JSON(tasks[comment.task]?.id ?? ""), "externalId": JSON(comment.externalID),
      "externalType": JSON(comment.externalType), "externalGroup": JSON(comment.externalGroup),
      "metadata": JSON(comment.metadata), "createdAt": .string(comment.createdAt.iso8601()),
    ])
  }
}
