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
      components: SteamshipDocumentation.components,
      parameters: SteamshipDocumentation.pathParameters,
      operations: TextMap(
        SteamshipRoutes.all.compactMap { route in
          SteamshipDocumentation.operation(route).map { (route.operation.name, $0) }
        }, uniquingKeysWith: { first, _ in first }))
  }
}

/// What an endpoint takes and answers, in shapes.
struct SteamshipNote: Sendable {
  /// The JSON object that is sent; nil: no content.
  var content: String?
  /// What stands under `data`.
  var data: String
  /// Statuses besides those that every endpoint has.
  var errors: [Int]

  init(_ content: String?, _ data: String, _ errors: [Int] = []) {
    self.content = content
    self.data = data
    self.errors = errors
  }
}

/// Makes the documentation of a route of what the table of routes knows and what the notes say.
enum SteamshipDocumentation {
  static let json = "application/json"

  static func operation(_ route: SteamshipRoute) -> OperationDocumentation? {
    let name = String(route.operation.name.dropFirst("steamship.".count))
    if case .special(let special) = route.handling { return self.special(special, name, route) }
    guard let note = notes[name] else { return nil }
    let envelope =
      if case .task = route.handling {
        "{status: Task, task: TaskPage, data?: \(note.data)}"
      } else {
        "{data: \(note.data)} | TaskAnswer"
      }
    return OperationDocumentation(
      parameters: (route.needsKey ? workspaceFields : []) + taskFields,
      content: content(note, route), isContentRequired: false,
      answers: [DocumentedAnswer(200, "Done, or a task.", [.init(json, envelope)])]
        + failures(of: route, note.errors),
      needsKey: route.needsKey)
  }

  private static func content(
    _ note: SteamshipNote, _ route: SteamshipRoute
  ) -> [DocumentedContent] {
    guard let shape = note.content else { return [] }
    var contents = [DocumentedContent(json, shape, isTolerant: true)]
    if route.isUpload {
      let form =
        "{file?: bytes, " + shape[(shape.firstIndex(of: "{") ?? shape.startIndex)...].dropFirst()
      contents.append(DocumentedContent("multipart/form-data", form))
    }
    return contents
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

  private static let taskFields = [
    DocumentedParameter(
      .header, "X-Task-Background", "'true'|'false'", "Whether a task is wanted as the answer."),
    DocumentedParameter(
      .header, "X-Task-Dependency", "string", "Ids of tasks to wait for, with commas."),
    DocumentedParameter(.header, "X-Task-Run-After", "time", "When to start at the earliest."),
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

  // MARK: Answers

  private static let meanings: [Int: String] = [
    400: "The content or a field is not what it must be.",
    401: "No API key, or one that is unknown.",
    403: "The key may not do that.",
    404: "Something that the request names does not exist.",
    409: "It exists already, or does not fit what exists.",
    413: "The content is larger than is accepted.",
    500: "It failed, as it is meant to.",
    501: "There is no such method, or this server makes no calls to servers outside.",
    502: "The local server that the instance stands for does not answer.",
    503: "The call was given up.",
    507: "There is no room left for stored content.",
  ]

  static func failure(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(status, meanings[status] ?? "It failed.", [.init(json, "Failure")])
  }

  static func failures(of route: SteamshipRoute, _ more: [Int]) -> [DocumentedAnswer] {
    // A workspace or a task to wait for, at least, may be unknown.
    var statuses: Set<Int> = [400, 404]
    if route.needsKey { statuses.formUnion([401, 403]) }
    if route.operation.content != .ignored { statuses.insert(413) }
    if route.isUpload { statuses.insert(507) }
    return statuses.union(more).sorted().map { failure($0) }
  }
}
