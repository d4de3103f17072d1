package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension SteamshipService {
  package var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Steamship Engine",
      description: """
        The HTTP API of the Steamship Engine, as Wavetank emulates it.

        Nearly every operation is a POST of a JSON object and answers `{"data": …}`. With the field \
        `X-Task-Background: true` it answers with a task instead; operations that always work as \
        tasks answer `{"status": …}`. Null is the same as absent, unknown members are ignored. \
        Failures have a `status` whose `state` is `failed`.

        A scenario can make any operation answer any status; those are not listed here.
        """,
      security: .init("key", ["type": "http", "scheme": "bearer"]),
      components: SteamshipEndpoints.components,
      parameters: SteamshipEndpoints.pathParameters)
  }

  /// The row's own words, and the failures of the Engine unless the row lists failures of its own.
  package func documentation(of endpoint: Endpoint<SteamshipService>) -> OperationDocumentation {
    var about = endpoint.description()
    if endpoint.handler.rule != nil {
      about.parameters =
        (endpoint.right == nil ? [] : SteamshipEndpoints.workspaceFields)
        + SteamshipEndpoints.taskFields
    }
    guard !about.answers.contains(where: { $0.status >= 400 }) else { return about }
    // A workspace or a task to wait for, at least, may be unknown.
    var statuses = Set(about.refusals).union([400, 404])
    if endpoint.right != nil { statuses.formUnion([401, 403]) }
    if endpoint.operation.content != .ignored { statuses.insert(413) }
    if endpoint.handler.traits.contains(.takesUpload) { statuses.insert(507) }
    about.answers += statuses.sorted().map { SteamshipEndpoints.failure($0) }
    return about
  }
}

/// What rows of the table share when they say what they take and answer.
extension SteamshipEndpoints {
  static let json = "application/json"

  static let page =
    #"pageSize?: integer(1..) = 20, pageToken?: string, sortOrder?: 'ASC'|'DESC'"#
  static let byID = "{id: Id}"
  static let byEither = #"{id?: Id, handle?: string = "default"}"#

  static func list(_ name: String, _ shape: String) -> String {
    "{\(name): [\(shape)], nextPageToken?: string}"
  }

  /// Of an endpoint with a rule.
  static func documentation(
    _ content: String?, _ data: String, _ form: Form, takesUpload: Bool, _ refusals: [Int]
  ) -> OperationDocumentation {
    let envelope =
      if case .task = form {
        "{status: Task, task: TaskPage, data?: \(data)}"
      } else {
        "{data: \(data)} | TaskAnswer"
      }
    var contents: [DocumentedContent] = []
    if let content {
      contents.append(DocumentedContent(json, content, isTolerant: true))
      if takesUpload {
        contents.append(
          DocumentedContent("multipart/form-data", "{file?: bytes, " + content.dropFirst()))
      }
    }
    return OperationDocumentation(
      content: contents, answers: [.json(200, "Done, or a task.", envelope)], refusals: refusals)
  }

  /// Of an endpoint that answers in its own way, within a workspace.
  static func about(
    _ answer: DocumentedAnswer, takes content: DocumentedContent? = nil,
    refuses refusals: [Int] = []
  ) -> OperationDocumentation {
    OperationDocumentation(
      parameters: workspaceFields, content: content.map { [$0] } ?? [],
      isContentRequired: content != nil, answers: [answer], refusals: refusals)
  }

  // MARK: Fields

  static let workspaceFields = [
    DocumentedParameter(.header, "X-Workspace-Id", "string", "The workspace of the call, by id."),
    DocumentedParameter(
      .header, "X-Workspace-Handle", "string",
      "The same by handle; without either the caller's workspace `default`."),
    DocumentedParameter(
      .header, "X-Request-Id", "string", "Kept with the tasks and blocks that the call makes."),
  ]

  static let taskFields = [
    DocumentedParameter(
      .header, "X-Task-Background", "'true'|'false'", "Whether a task is wanted as the answer."),
    DocumentedParameter(
      .header, "X-Task-Dependency", "string", "Ids of tasks to wait for, with commas."),
    DocumentedParameter(
      .header, "X-Task-Run-After", #"timeText = "2030-01-31T10:20:30+00:00""#,
      "When to start at the earliest; any time of RFC 3339 is taken."),
  ]

  static let pathParameters: TextMap<DocumentedParameter> = [
    "id": .init(.path, "id", "Id", "The id of the file or block."),
    "workspace": .init(
      .path, "workspace", #"string = "default""#, "Handle (of a signed URL: id) of the workspace."),
    "instance": .init(.path, "instance", #"string = "demo""#, "Handle of the package instance."),
    "bucket": .init(
      .path, "bucket", "'exports'|'imports'|'userData'|'pluginData'|'appData'", "The bucket."),
    "path": .init(
      .path, "path", #"string = "greet""#,
      "What is called, or the object's path: all that follows, slashes too."),
  ]

  // MARK: Failures

  private static let meanings: [Int: String] = [
    400: "The content or a field is not what it must be.",
    401: "No API key, or one that is unknown.",
    403: "The key may not do that.",
    404: "Something that the request names does not exist.",
    409: "It exists already, or does not fit what exists.",
    413: "The content is larger than is accepted.",
    500: "It failed, as it is meant to, or because the code that it calls did.",
    501: "There is no such method, or this server makes no calls to servers outside.",
    502: "The local server that the instance stands for does not answer.",
    503: "The call was given up.",
    507: "There is no room left for stored content.",
  ]

  static func failure(_ status: Int) -> DocumentedAnswer {
    .json(status, meanings[status] ?? "It failed.", "Failure")
  }
}
