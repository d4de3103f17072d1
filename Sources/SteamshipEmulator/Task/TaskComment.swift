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
  mutating func createTaskComment(_ job: Job, _ step: inout Step) throws(SteamshipError)
    -> RuleResult
  {
    let task = try ownTask(id: job.arguments.requiredString("taskId"), job.caller)
    let comment = TaskComment(
      id: step.ids.uuid("steamship.taskComment", .upper), user: job.caller.user, task: task,
      externalID: try job.arguments.string("externalId"),
      externalType: try job.arguments.string("externalType"),
      externalGroup: try job.arguments.string("externalGroup"),
      metadata: try job.arguments.verbatimText("metadata"), createdAt: step.now)
    let key = comments.insert(comment)
    tasks.update(task) { $0.comments.insert(key) }
    return taskCommentReply(key)
  }

  /// `POST task/comment/list`: every filter that is given must match.
  borrowing func listTaskComments(_ job: Job) throws(SteamshipError) -> RuleResult {
    let task: Key<EngineTask>? =
      if let id = try job.arguments.name("taskId") { try ownTask(id: id, job.caller) } else { nil }
    let id = try job.arguments.string("externalId")
    let type = try job.arguments.string("externalType")
    let group = try job.arguments.string("externalGroup")
    let keys = task.flatMap { tasks.read($0, { $0.comments.keys }) } ?? comments.keys
    // See `listVersions`.
    let (comments, user) = (comments, job.caller.user)
    let page = try Page(of: keys, job.arguments) { key in
      comments.glance(key) { comment in
        comment.user == user && (id == nil || comment.externalID == id)
          && (type == nil || comment.externalType == type)
          && (group == nil || comment.externalGroup == group)
      } ?? false
    }
    return reply(page)
  }

  mutating func deleteTaskComment(_ job: Job) throws(SteamshipError) -> RuleResult {
    let id = try job.arguments.requiredString("id")
    guard let key = comments.key(id: id), let comment = comments[key],
      comment.user == job.caller.user
    else { throw .unknown("task comment", id) }
    let reply = taskCommentReply(key)
    comments.remove(key)
    let comments = comments
    tasks.update(comment.task) { $0.comments.noteRemoval(from: comments) }
    return reply
  }

  private borrowing func write(_ key: Key<TaskComment>, into json: inout JSONWriter) {
    let isThere: Void? = comments.glance(key) { comment in
      let user = users.read(comment.user) { $0.id } ?? ""
      let task = tasks.read(comment.task) { $0.id } ?? ""
      json.object { json in
        json.member("id", comment.id)
        json.member("userId", user)
        json.member("taskId", task)
        json.member(ifPresent: "externalId", comment.externalID)
        json.member(ifPresent: "externalType", comment.externalType)
        json.member(ifPresent: "externalGroup", comment.externalGroup)
        json.member(ifPresent: "metadata", comment.metadata)
        json.member("createdAt", comment.createdAt)
      }
    }
    if isThere == nil { json.null() }
  }

  private borrowing func reply(_ page: Page<TaskComment>) -> RuleResult {
    page.reply("comments") { write($0, into: &$1) }
  }

  private borrowing func taskCommentReply(_ key: Key<TaskComment>) -> RuleResult {
    RuleResult("taskComment") { write(key, into: &$0) }
  }
}
