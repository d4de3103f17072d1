package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ScramjetService {
  package var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Scramjet Cloud Platform",
      description: """
        The HTTP API of the Scramjet Cloud Platform and of Transform Hub 1.0.1, as Wavetank emulates \
        it: platform, spaces, hubs with their sequences and instances, topics.

        What is shown below `/api/v1/…` for the hub and its instances is there for every hub of a \
        space too: `x-wavetank-aliases` lists these paths. What the real hub would have refused is \
        accepted with the field `X-Wavetank-Remark`, unless the scenario is strict.

        A hub answers 404 without content to what it does not know, and refusals about a missing \
        instance have content without `Content-Type`; such answers are shown without content. A \
        scenario can make any operation answer any status; those are not listed here.
        """,
      security: .init("token", ["type": "http", "scheme": "bearer"], isOptional: true),
      components: ScramjetDocumentation.components,
      parameters: ScramjetDocumentation.pathParameters,
      operations: TextMap(
        Endpoint.all.compactMap { endpoint in
          ScramjetDocumentation.operation(endpoint).map { (endpoint.operation.name, $0) }
        }, uniquingKeysWith: { first, _ in first }))
  }
}

/// What an endpoint takes and answers.
struct ScramjetNote: Sendable {
  var parameters: [DocumentedParameter] = []
  var content: [DocumentedContent] = []
  var answers: [DocumentedAnswer]
  /// Refusals with `{"error": …}`.
  var errors: [Int] = []
  /// Waits, or never ends.
  var isStreaming = false

  /// JSON, or nothing at all.
  static func json(
    _ shape: String, _ errors: [Int] = [], status: Int = 200, takes content: String? = nil,
    query: [DocumentedParameter] = [], waits: Bool = false
  ) -> ScramjetNote {
    ScramjetNote(
      parameters: query,
      content: content.map { [DocumentedContent(ScramjetDocumentation.json, $0)] } ?? [],
      answers: [
        DocumentedAnswer(
          status, status == 202 ? "It is accepted." : "Done.",
          [.init(ScramjetDocumentation.json, shape)])
      ], errors: errors, isStreaming: waits)
  }

  /// Bytes as they come, until one side ends it.
  static func stream(_ meaning: String, _ errors: [Int] = []) -> ScramjetNote {
    ScramjetNote(
      answers: [DocumentedAnswer(200, meaning, [.init(ScramjetDocumentation.bytes, "bytes")])],
      errors: errors, isStreaming: true)
  }
}

/// Makes the documentation of an endpoint of what the table knows and what the notes say.
enum ScramjetDocumentation {
  static let json = "application/json"
  static let bytes = "application/octet-stream"

  static func operation(_ endpoint: Endpoint) -> OperationDocumentation? {
    let name = String(endpoint.operation.name.dropFirst("scramjet.".count))
    guard let note = notes[name] else { return nil }
    let route = endpoint.operation.routes.first
    let names = route?.template.parameterNames ?? []
    let documented = Set(note.answers.map(\.status))
    var refusals: [Int: DocumentedAnswer] = [:]
    for status in note.errors + checks(of: endpoint) { refusals[status] = refusal(status) }
    if endpoint.level == .instance || names.contains("space") {
      refusals[404] = DocumentedAnswer(
        404, "There is no such space, hub, instance or thing: without content or content type.")
    }
    if names.contains("space"), endpoint.level != .hub {
      for status in [401, 403] {
        refusals[status] = DocumentedAnswer(
          status, "The platform wants another token.", [.init(json, "Forbidden")])
      }
    }
    if endpoint.level == .hub || endpoint.level == .instance {
      if refusals[404] == nil {
        refusals[404] = DocumentedAnswer(404, "There is no hub: without content.")
      }
      refusals[503] = DocumentedAnswer(503, "The hub is away.")
    }
    let errors = refusals.filter { !documented.contains($0.key) }
      .sorted { $0.key < $1.key }.map(\.value)
    return OperationDocumentation(
      parameters: note.parameters, content: note.content, answers: note.answers + errors,
      needsKey: names.contains("space") || endpoint.level == .platform,
      isStreaming: note.isStreaming, shownRoutes: shownRoutes(of: endpoint))
  }

  /// The routes of the first base; of some operations only one, for the others are all alike.
  private static func shownRoutes(of endpoint: Endpoint) -> Int {
    if ["scramjet.preflight", "scramjet.instance.unknownPath"].contains(endpoint.operation.name) {
      return 1
    }
    return endpoint.operation.routes.count / endpoint.baseCount
  }

  /// What `RequestChecks` refuses.
  private static func checks(of endpoint: Endpoint) -> [Int] {
    switch endpoint.check {
    case .json, .streamOut, .streamIn: [415]
    case .operation: [400, 413]
    case .free: []
    }
  }

  private static let meanings = [
    400: "The content, its type or a field is not what it must be.",
    404: "It does not exist.", 405: "It cannot be done here.", 406: "A content type is missing.",
    409: "What exists stands in the way.", 413: "The content is larger than is accepted.",
    415: "The content type, or the one that is accepted, is not the one here.",
    419: "The machine has no room for it.", 422: "The content cannot be worked with.",
    500: "The message cannot be passed on.", 507: "There is no room for it.",
  ]

  private static func refusal(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(
      status, meanings[status] ?? "Refused.",
      [.init(json, [422, 507].contains(status) ? "Refusal | {}" : "Refusal")])
  }

  static let pathParameters: TextMap<DocumentedParameter> = [
    "space": .init(.path, "space", #"string = "demo""#, "The space's id."),
    "hub": .init(.path, "hub", #"string = "sth-0""#, "The hub's id."),
    "file": .init(.path, "file", #"string = "echo.tar.gz""#, "The item's file name or id."),
    "folder": .init(.path, "folder", #"string = "packages""#, "A folder: not looked at."),
    "name": .init(.path, "name", #"string = "cargo""#, "The topic's or the event's name."),
    "id": .init(.path, "id", "Id", "The id of the instance; of a sequence also its name."),
    "rest": .init(.path, "rest", #"string = "anything""#, "All that follows."),
  ]

  static let components = #"""
    Id = string = "0b9e5b1c-6e53-4c5b-9c0b-5d2b0d3b7a10"
    -- `error` is a sentence, or what a check of the hub says.
    Refusal = {error: any = "Invalid content-type", …}
    Forbidden = {message: 'Forbidden'}
    Topic = {contentType: string = "application/x-ndjson", localProvider: '', topic: string,
      topicName: string}
    TopicType = 'text/x-ndjson'|'application/x-ndjson'|'text/plain'|'application/octet-stream'
    -- Who reads or writes a topic now.
    Actor = {role: 'provider'|'consumer', type: 'api'|'host', stream: boolean, hostId?: string,
      retired: boolean}
    SpaceTopic = {name: string, contentType: string, actors: [Actor]}
    SequenceConfig = {
      type: string = "process", engines: object, entrypointPath: string = "index.js",
      version: string = "1.0.0", name: string = "echo", id: Id, sequenceDir: string = "/package",
      language: string = "js", packageSize: integer(0..), …
    }
    Sequence = {
      id: Id, name?: string, config: SequenceConfig, location: string = "sth-0", instances: [Id]
    }
    StoreItem = {
      type: string = "process", engines: object, entrypointPath: string, version: string,
      name: string, id: Id, sequenceDir: string = "", language: string, packageSize: integer(0..),
      _filename: string = "echo.tar.gz", _fileId: Id, …
    }
    StoredItem = {
      etag: string, versionId: string, engines: object, entrypointPath: string, version: string,
      name: string, id: Id, language: string, packageSize: integer(0..), …
    }
    InstanceStatus = 'initializing'|'starting'|'running'|'stopping'|'killing'|'completed'|'errored'
    Instance = {
      id: Id, appConfig?: any, args?: any, provides: string, requires: string,
      -- The sequence, with its id and configuration.
      sequence: any,
      ports?: any, created: time, started: time, ended?: time,
      status: InstanceStatus = "running",
      terminated?: {exitcode: integer, reason: string}
    }
    -- An instance in the list of its space.
    SpaceInstance = {
      id: Id, appConfig?: any, args?: any, provides: string, requires: string, sequence: any,
      ports?: any, created: time, started: time, ended?: time, status: InstanceStatus = "running",
      terminated?: {exitcode: integer, reason: string}, hubId: string, location: string,
      sequenceId: Id
    }
    HubInfo = {
      id: string = "sth-0",
      info: {created: time, lastConnected: time, lastDisconnected?: time},
      healthy: boolean, selfHosted: boolean, isConnectionActive: boolean, description?: string,
      tags: [string], disconnectReason?: string
    }
    ListedHub = {
      id: string = "sth-0",
      info: {created: time, lastConnected: time, lastDisconnected?: time},
      healthy: boolean, selfHosted: boolean, isConnectionActive: boolean, description?: string,
      tags: [string], disconnectReason?: string, topics: [string], sequences: [Id],
      instances: [Id]
    }
    -- The load of a machine; a scenario may give its own.
    Load = {avgLoad?: number, currentLoad?: number, memFree?: integer, memUsed?: integer,
      fsSize?: [{fs: string, available: integer, size: integer, used: integer, use: number, …}], …}
    Health = {uptime: number, timestamp: integer, modules: object}
    Version = {service: string = "@scramjet/host", apiVersion: 'v1', version: string = "1.0.1",
      build: string}
    Event = {eventName: string = "docked", message?: any, …}
    """#
}
