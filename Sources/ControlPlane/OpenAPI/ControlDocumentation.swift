import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What the control API says about itself, beside its table of routes.
enum ControlDocumentation {
  static let name = "wavetank"

  /// What one route takes and answers.
  private struct Note {
    var name: String
    var answer: DocumentedAnswer
    var content: [DocumentedContent] = []
    var query: [DocumentedParameter] = []
    var errors: [Int] = []
    /// Whether a tenant is meant.
    var hasTenant = true
    /// Waits, or never ends.
    var isStreaming = false

    init(
      _ name: String, _ answer: DocumentedAnswer, takes content: [DocumentedContent] = [],
      query: [DocumentedParameter] = [], _ errors: [Int] = [], hasTenant: Bool = true,
      isStreaming: Bool = false
    ) {
      self.name = name
      self.answer = answer
      self.content = content
      self.query = query
      self.errors = errors
      self.hasTenant = hasTenant
      self.isStreaming = isStreaming
    }
  }

  // MARK: As a service's

  static var operations: [DocumentedOperation] {
    AdminRoute.all.compactMap { route in
      notes[key(route)].map { note in
        var operation = EmulatorKernel.Operation(
          "wavetank.\(note.name)", [.init(route.method, "/_wavetank\(route.path)")],
          content: .ignored, fidelity: .documented, summary: route.summary)
        operation.right = route.isPublic ? nil : ""
        return DocumentedOperation(operation, documented(note, route))
      }
    }
  }

  static var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Wavetank control API",
      description: """
        What drives a running Wavetank: tenants, scenarios, time, journal, snapshots. Refusals are \
        problem details (RFC 9457). The tenant is named by the path prefix `/_t/NAME`, the field \
        `X-Wavetank-Tenant` or `?tenant=`; else it is `default`.
        """,
      security: .init("control", ["type": "http", "scheme": "bearer"], isOptional: true),
      components: components,
      parameters: [
        "name": .init(.path, "name", #"string = "blue""#, "The tenant's or the rule's name."),
        "service": .init(.path, "service", #"string = "scramjet""#, "A service."),
        "document": .init(.path, "document", #"string = "scramjet.json""#, "SERVICE.json."),
        "number": .init(.path, "number", "integer(1..) = 1", "The exchange's number."),
      ])
  }

  private static func key(_ route: AdminRoute) -> String { "\(route.method.name) \(route.path)" }

  private static func documented(_ note: Note, _ route: AdminRoute) -> OperationDocumentation {
    var statuses = Set(note.errors)
    var parameters = note.query
    if !route.isPublic { statuses.formUnion([401, 403]) }
    if note.hasTenant {
      statuses.formUnion([400, 500])
      parameters.append(.init(.query, "tenant", "string = \"blue\"", "The tenant that is meant."))
    }
    if route.contentLimit != nil { statuses.insert(413) }
    return OperationDocumentation(
      parameters: parameters, content: note.content,
      answers: [note.answer] + statuses.sorted().map(problem), isStreaming: note.isStreaming)
  }

  private static let meanings = [
    400: "The tenant's name, the query or the content cannot be read.",
    401: "Another control token is wanted.", 403: "Only callers of this machine are let in.",
    404: "It does not exist.", 409: "It cannot be done now.",
    413: "The content is larger than is accepted.", 422: "The content does not say what it must.",
    500: "The scenario does not start in a new tenant, or the like.",
    503: "The server is starting or stopping.", 507: "There is no room for it.",
  ]

  private static func problem(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(
      status, meanings[status] ?? "Refused.", [.init("application/problem+json", "Problem")])
  }

  // MARK: The routes

  private static func json(_ shape: String, _ status: Int = 200) -> DocumentedAnswer {
    DocumentedAnswer(status, "As asked.", [.init("application/json", shape)])
  }
  private static func text(_ type: String, _ example: String) -> DocumentedAnswer {
    DocumentedAnswer(200, "As asked.", [.init(type, "string", example: .string(example))])
  }
  private static func takes(_ shape: String) -> [DocumentedContent] {
    [.init("application/json", shape)]
  }
  private static let nothing = DocumentedAnswer(204, "Done.")

  private static let filter: [DocumentedParameter] = [
    .init(.query, "service", "string", "Of these services: globs."),
    .init(.query, "operation", "string", "Of these operations: globs."),
    .init(.query, "status", "string", "With this status, such as 404 or 5xx."),
    .init(.query, "rule", "string", "Struck by these rules: globs."),
    .init(.query, "since", "string", "After this exchange or instant."),
    .init(.query, "limit", "integer(0..)", "At most so many, the last ones."),
  ]

  private static let scenarioContent: [DocumentedContent] = [
    .init("application/json", "Scenario"),
    .init("application/yaml", "Scenario"),
  ]

  private static let notes: TextMap<Note> = [
    "GET ": Note(
      "index.get",
      json(
        "{name: 'wavetank', version: string, services: [string], "
          + "control: [{method: string, path: string, summary: string}]}"),
      hasTenant: false),
    "GET /console": Note(
      "console.get", text("text/html", "<!doctype html>…"), hasTenant: false),
    "GET /health": Note("health.get", json("{status: 'ok'}"), hasTenant: false),
    "GET /ready": Note("ready.get", json("{status: 'ready'}"), [503], hasTenant: false),
    "GET /version": Note(
      "version.get", json("{name: 'wavetank', version: string}"), hasTenant: false),
    "GET /metrics": Note(
      "metrics.get", text("text/plain", "wavetank_connections 1\n"), hasTenant: false),
    "GET /operations": Note(
      "operations.list", json("{operations: [Operation]}"),
      query: [.init(.query, "service", "string", "Of this service only.")], [404],
      hasTenant: false),
    "GET /openapi": Note(
      "openapi.list", json("{documents: [{service: string, url: string}]}")),
    "GET /openapi/{document}": Note(
      "openapi.get", json(#"{openapi: string = "3.1.0", …}"#), [404]),

    "GET /tenants": Note(
      "tenants.list", json("{tenants: [Tenant], evicted: integer(0..)}"), hasTenant: false),
    "DELETE /tenants/{name}": Note("tenants.delete", nothing, [400, 404], hasTenant: false),
    "POST /reset": Note(
      "reset.post", json("Tenant"),
      query: [.init(.query, "keep", "'journal'", "What stays.")]),
    "GET /state": Note("state.list", json("{*: object}")),
    "GET /state/{service}": Note("state.get", json("object"), [404]),
    "POST /emit": Note(
      "emit.post", json("{emitted: boolean}"),
      takes: takes(#"object = {"crashHub": "sth-1"}"#), [404, 422]),

    "GET /scenarios": Note(
      "scenarios.list", json("{scenarios: [string]}"), hasTenant: false),
    "GET /scenario": Note("scenario.get", json("Scenario")),
    "PUT /scenario": Note(
      "scenario.put", json("{wavetank: integer, rules: [any], …}"), takes: scenarioContent,
      query: [
        .init(.query, "keep", "'world'", "What stays."),
        .init(.query, "name", "string", "A shipped scenario, instead of content."),
      ], [404, 422]),
    "GET /scenario/rules": Note(
      "rules.list", json("{rules: [{name: string, …}], variables: object}")),
    "POST /scenario/rules": Note(
      "rules.add", json("{added: [string]}", 201),
      takes: takes(#"object|[object] = {"name": "slow", "times": 1, "error": 503}"#),
      query: [.init(.query, "position", "'first'|'last'", "Before or behind the others.")],
      [409, 422]),
    "PATCH /scenario/rules/{name}": Note(
      "rules.switch", nothing, takes: takes("{enabled: boolean = false}"), [404, 409, 422]),
    "DELETE /scenario/rules/{name}": Note("rules.remove", nothing, [404, 409]),
    "GET /scenario.schema.json": Note(
      "schema.get",
      DocumentedAnswer(
        200, "JSON Schema.",
        [.init("application/schema+json", #"{"$defs": object, …}"#)]), hasTenant: false),
    "POST /verify": Note(
      "verify.post", json("Verdict"),
      takes: takes(#"object = {"match": {"operation": "scramjet.*"}, "atLeast": 0}"#), [422]),

    "GET /snapshot": Note(
      "snapshot.get",
      DocumentedAnswer(
        200, "The tenant.", [.init("application/gzip", "bytes")],
        fields: [("Content-Disposition", "A name for the file.")])),
    "PUT /snapshot": Note(
      "snapshot.put", nothing, takes: [.init("application/gzip", "bytes")], [413, 422, 507]),

    "GET /clock": Note("clock.get", json("Clock")),
    "PUT /clock": Note(
      "clock.put", json("Clock"),
      takes: takes(
        #"{mode?: 'real'|'scaled'|'manual'|'skip' = "manual", now?: string, start?: string, "#
          + "factor?: number}"), [422]),
    "POST /clock/advance": Note(
      "clock.advance", json(#"{advanced: string = "5s", …}"#),
      takes: takes(#"{by?: string = "1s", to?: string, toNext?: boolean}"#), [409, 422],
      isStreaming: true),

    "GET /journal": Note("journal.list", json("Journal"), query: filter),
    "DELETE /journal": Note("journal.clear", nothing),
    "GET /journal/stream": Note(
      "journal.stream", text("text/event-stream", "id: 1\ndata: {\"number\":1}\n\n"),
      query: filter, isStreaming: true),
    "GET /journal.har": Note(
      "journal.har", json("{log: {version: '1.2', creator: object, pages: [any], entries: [any]}}"),
      query: filter),
    "GET /journal/{number}": Note("journal.get", json("Exchange"), [404]),
  ]
}
