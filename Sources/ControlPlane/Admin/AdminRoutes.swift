import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension AdminRoute {
  /// The whole control API. Source: DESIGN §9.
  static let all = server + tenants + scenarios + snapshotsAndClock + demo + journal

  private static let server: [AdminRoute] = [
    AdminRoute(
      "index.get", .get, "", "This list.", isLight: true, hasTenant: false,
      description: .answering(
        "{name: 'wavetank', version: string, services: [string], "
          + "control: [{method: string, path: string, summary: string}]}"), AdminIndex.answer),
    AdminRoute(
      "console.get", .get, "/console", "The console, for a browser.", isLight: true,
      isPublic: true, hasTenant: false,
      description: .answering("text/html", "<!doctype html>…"), ConsolePage.answer),
    AdminRoute(
      "health.get", .get, "/health", "Whether the process answers.", isLight: true, isPublic: true,
      hasTenant: false, description: .answering("{status: 'ok'}"), ServerRoutes.health),
    AdminRoute(
      "ready.get", .get, "/ready", "Whether requests are taken.", isLight: true, isPublic: true,
      hasTenant: false, description: .answering("{status: 'ready'}", refusals: [503]),
      ServerRoutes.ready),
    AdminRoute(
      "ca.get", .get, "/ca.pem", "The certificate of the CA behind https, for who shall trust it.",
      isSmall: SmallWork.isCertificate, isPublic: true, hasTenant: false,
      description: .answering(
        "application/x-pem-file", "-----BEGIN CERTIFICATE-----\n", refusals: [503]),
      ServerRoutes.authority),
    AdminRoute(
      "version.get", .get, "/version", "Which version answers.", isLight: true, hasTenant: false,
      description: .answering("{name: 'wavetank', version: string}"), ServerRoutes.version),
    AdminRoute(
      "listeners.list", .get, "/listeners", "Services with a port of their own, and how it is.",
      isLight: true, hasTenant: false,
      description: .answering(
        "{listeners: [{service: string, port: integer(0..65535), "
          + "state: 'open'|'neverAccept'|'fullBacklog'|'refuse', "
          + "wanted: [{tenant: string, state: string}]}]}"), ServerRoutes.listeners),
    AdminRoute(
      "metrics.get", .get, "/metrics", "Counters as Prometheus text.", hasTenant: false,
      description: .answering("text/plain", "wavetank_connections 1\n"), MetricsRoutes.metrics),
    AdminRoute(
      "operations.list", .get, "/operations", "What is emulated; ?service=.", hasTenant: false,
      description: .answering(
        "{operations: [Operation]}",
        query: [.init(.query, "service", "string", "Of this service only.")], refusals: [404]),
      ServerRoutes.operations),
    AdminRoute(
      "openapi.list", .get, "/openapi", "Which OpenAPI documents there are.", isLight: true,
      description: .answering("{documents: [{service: string, url: string}]}"),
      OpenAPIRoutes.list),
    AdminRoute(
      "openapi.get", .get, "/openapi/{document}", "OpenAPI 3.1 of a service: SERVICE.json.",
      description: .answering(#"{openapi: string = "3.1.0", …}"#, refusals: [404]),
      OpenAPIRoutes.document),
  ]

  private static let tenants: [AdminRoute] = [
    AdminRoute(
      "tenants.list", .get, "/tenants", "The tenants that there are.",
      isSmall: SmallWork.isOfTenants, hasTenant: false,
      description: .answering(
        "{tenants: [Tenant], evicted: integer(0..), silentPeers?: [{server: string, reason: string}]}",
        query: [
          .init(
            .query, "of", "'all'|'server'", "Of this server alone, or of its peers (--peer), too.")
        ], refusals: [400]), TenantRoutes.list),
    AdminRoute(
      "tenants.delete", .delete, "/tenants/{name}", "Drops a tenant.", hasTenant: false,
      description: .done(refusals: [400, 404]), TenantRoutes.delete),
    AdminRoute(
      "reset.post", .post, "/reset", "The tenant as at its start; ?keep=journal.", content: .small,
      isSmall: SmallWork.isOfSmallTenant,
      description: .answering(
        "Tenant", query: [.init(.query, "keep", "'journal'", "What stays.")]), TenantRoutes.reset),
    AdminRoute(
      "state.list", .get, "/state", "A readable view of every service's world.",
      isSmall: SmallWork.isOfWorld,
      description: .answering("{*: object}"), TenantRoutes.states),
    AdminRoute(
      "state.get", .get, "/state/{service}", "A readable view of one service's world.",
      isSmall: SmallWork.isOfWorld,
      description: .answering("object", refusals: [404]), TenantRoutes.state),
    AdminRoute(
      "tap.get", .get, "/tap/{service}",
      "A stream as it passes; takes nothing from it. ?topic= or ?instance= &stream=.",
      description: .answering(
        "application/octet-stream", "{}\n",
        query: [
          .init(.query, "topic", "string", "A topic's name."),
          .init(.query, "space", "string", "Where that topic is."),
          .init(.query, "instance", "string", "An instance's id."),
          .init(.query, "stream", "'output'|'stdout'|'stderr'|'log'", "Which of its streams."),
        ], isStreaming: true, refusals: [404]), TenantRoutes.tap),
    AdminRoute(
      "inventory.get", .get, "/inventory", "All that is in the world, thing by thing, to compare.",
      isSmall: SmallWork.isOfWorld,
      description: .answering(
        "{things: [{service: string, kind: string, place: [string], content: object}]}"),
      TenantRoutes.inventory),
    AdminRoute(
      "emit.post", .post, "/emit", "Makes something happen now.", content: .small,
      isSmall: SmallWork.isEvent,
      description: .answering(
        "{emitted: boolean}", takes: #"object|[object] = {"crashHub": "sth-1"}"#,
        refusals: [404, 422]),
      TenantRoutes.emit),
  ]

  private static let scenarios: [AdminRoute] = [
    AdminRoute(
      "scenarios.list", .get, "/scenarios", "The shipped scenarios.", hasTenant: false,
      description: .answering(
        "{scenarios: [string], about: [{name: string, description: string, rules: integer(0..), "
          + "text: string}]}"), ScenarioRoutes.shipped),
    AdminRoute(
      "scenario.check", .post, "/scenario/check",
      "What is wrong with a scenario or with rules, with line and column; changes nothing.",
      content: .large, isSmall: SmallWork.isDocument,
      description: .init(
        parameters: [.init(.query, "as", "'scenario'|'rules'", "What the content is.")],
        content: [.json("Scenario"), .init("application/yaml", "Scenario")],
        answers: [.json(200, "As asked.", "{problems: [object]}")], refusals: []),
      ScenarioRoutes.check),
    AdminRoute(
      "scenario.get", .get, "/scenario", "The scenario in force.",
      isSmall: SmallWork.isOfRules,
      description: .answering("Scenario"), ScenarioRoutes.show),
    AdminRoute(
      "scenario.put", .put, "/scenario",
      "Replaces it (JSON5, YAML or ?name=) and starts anew; ?keep=world.", content: .large,
      isSmall: SmallWork.isKnownScenario,
      description: .init(
        parameters: [
          .init(.query, "keep", "'world'", "What stays."),
          .init(.query, "name", "string", "A shipped scenario, instead of content."),
        ],
        content: [.json("Scenario"), .init("application/yaml", "Scenario")],
        answers: [.json(200, "As asked.", "{wavetank: integer, rules: [any], …}")],
        refusals: [404, 422]), ScenarioRoutes.replace),
    AdminRoute(
      "rules.list", .get, "/scenario/rules", "The rules, their counts, the variables.",
      isSmall: SmallWork.isListOfRules,
      description: .answering("{rules: [{name: string, …}], variables: object}"),
      ScenarioRoutes.rules),
    AdminRoute(
      "rules.add", .post, "/scenario/rules", "Adds rules; ?position=first.", content: .large,
      isSmall: SmallWork.isRule,
      description: .init(
        parameters: [.init(.query, "position", "'first'|'last'", "Before or behind the others.")],
        content: [.json(#"object|[object] = {"name": "slow", "times": 1, "error": 503}"#)],
        answers: [.json(201, "As asked.", "{added: [string]}")], refusals: [409, 422]),
      ScenarioRoutes.add),
    AdminRoute(
      "rules.switch", .patch, "/scenario/rules/{name}",
      #"Switches one: {"enabled": false}; moves it: {"position": 1}."#,
      content: .small, isSmall: SmallWork.isOfRules,
      description: .done(
        takes: .json("{enabled?: boolean = false, position?: integer(1..)}"),
        refusals: [404, 409, 422]),
      ScenarioRoutes.switchRule),
    AdminRoute(
      "rules.remove", .delete, "/scenario/rules/{name}", "Removes one.",
      isSmall: SmallWork.isOfRules,
      description: .done(refusals: [404, 409]), ScenarioRoutes.remove),
    AdminRoute(
      "schema.get", .get, "/scenario.schema.json", "JSON Schema of scenario files.",
      hasTenant: false,
      description: .init(answers: [
        .init(200, "JSON Schema.", [.init("application/schema+json", #"{"$defs": object, …}"#)])
      ]), ScenarioRoutes.schema),
    AdminRoute(
      "verify.post", .post, "/verify",
      #"Whether it came so: {"match": …, "exactly": 2}; nothing: expect."#, content: .small,
      isSmall: SmallWork.isQuestion,
      description: .answering(
        "Verdict", takes: #"object = {"match": {"operation": "*"}, "atLeast": 0}"#,
        refusals: [422]), ScenarioRoutes.verify),
  ]

  private static let snapshotsAndClock: [AdminRoute] = [
    AdminRoute(
      "snapshot.get", .get, "/snapshot", "The whole tenant as one tar.gz.",
      isLight: true,
      description: .init(answers: [
        .init(
          200, "The tenant.", [.init("application/gzip", "bytes")],
          fields: [("Content-Disposition", "A name for the file.")])
      ]), SnapshotRoutes.take),
    AdminRoute(
      "snapshot.put", .put, "/snapshot", "Puts a snapshot back.",
      isLight: true,
      description: .done(takes: .init("application/gzip", "bytes"), refusals: [413, 422, 507]),
      SnapshotRoutes.put),
    AdminRoute(
      "clock.get", .get, "/clock", "The tenant's time.", isLight: true,
      description: .answering("Clock"), ClockRoutes.show),
    AdminRoute(
      "clock.put", .put, "/clock", #"Sets it: {"mode": "manual", "now": "…", "factor": 60}."#,
      content: .small, isLight: true,
      description: .answering(
        "Clock",
        takes: #"{mode?: 'real'|'scaled'|'manual'|'skip' = "manual", now?: string, "#
          + "start?: string, factor?: number}", refusals: [422]), ClockRoutes.set),
    AdminRoute(
      "clock.advance", .post, "/clock/advance",
      #"Moves it: {"by": "5s"}, {"to": "…"} or {"toNext": true}."#, content: .small,
      description: .answering(
        #"{advanced: string = "5s", …}"#,
        takes: #"{by?: string = "1s", to?: string, toNext?: boolean}"#, refusals: [409, 422],
        isStreaming: true), ClockRoutes.advance),
  ]

  private static let demo: [AdminRoute] = [
    AdminRoute(
      "demo.get", .get, "/demo", "How far the tenant's demo is, and its chapters.", isLight: true,
      description: .answering("Demo"), DemoRoutes.show),
    AdminRoute(
      "demo.begin", .post, "/demo",
      "A world that lives: the tenant begins anew, clients of all services play ten minutes of it.",
      content: .small, isSmall: SmallWork.isKnownDemo,
      description: .answering("Demo", takes: "{seed?: integer(0..)}", refusals: [404, 409, 422]),
      DemoRoutes.begin),
    AdminRoute(
      "demo.end", .delete, "/demo", "Its clients stop; the world stays as it is.", isLight: true,
      description: .done(refusals: [404]), DemoRoutes.end),
  ]

  private static let journal: [AdminRoute] = [
    AdminRoute(
      "journal.list", .get, "/journal",
      "What happened; ?service= &operation= &status= &rule= &since= &limit=.",
      isSmall: SmallWork.isOfJournal,
      description: .answering(
        "Journal", query: filter + [.init(.query, "detail", "'whole'", "Fields and contents too.")]),
      JournalRoutes.list),
    AdminRoute(
      "journal.clear", .delete, "/journal", "Forgets it.", isSmall: SmallWork.isOfJournal,
      description: .done(), JournalRoutes.clear),
    AdminRoute(
      "journal.stream", .get, "/journal/stream", "What happens, as server-sent events.",
      isLight: true,
      description: .answering(
        "text/event-stream", "id: 1\ndata: {\"number\":1}\n\n", query: filter + lines,
        isStreaming: true),
      JournalRoutes.stream),
    AdminRoute(
      "journal.har", .get, "/journal.har", "What happened, as HAR 1.2.",
      isSmall: SmallWork.isOfJournal,
      description: .answering(
        "{log: {version: '1.2', creator: object, pages: [any], entries: [any]}}", query: filter),
      JournalRoutes.har),
    AdminRoute(
      "journal.get", .get, "/journal/{number}", "One exchange, and why it came out so.",
      isSmall: SmallWork.isExchange,
      description: .answering("Exchange", refusals: [404]), JournalRoutes.one),
  ]

  /// In place of JSON as the list has it.
  private static let lines: [DocumentedParameter] = [
    .init(.query, "log", "'text'|'json'", "As lines of the server's log."),
    .init(.query, "colour", "'yes'|'no'", "With log=text: for a terminal."),
  ]

  private static let filter: [DocumentedParameter] = [
    .init(.query, "service", "string", "Of this service."),
    .init(.query, "operation", "string", "Of this operation, or of those that a glob matches."),
    .init(.query, "status", "string", "With this status, such as 404 or 5xx; several with commas."),
    .init(.query, "rule", "string", "Struck by this rule, or by those that a glob matches."),
    .init(
      .query, "request", "string", "With this X-Request-Id: a call, and what its code asks for."),
    .init(.query, "parent", "integer(1..)", "Made by the code that worked for this exchange."),
    .init(.query, "body", "string", "With this text in what was sent or answered."),
    .init(.query, "since", "string", "After this exchange or instant."),
    .init(.query, "limit", "integer(1..)", "At most so many, the last ones."),
  ]
}

extension OperationDocumentation {
  /// 200 with JSON.
  fileprivate static func answering(
    _ shape: String, takes content: String? = nil, query: [DocumentedParameter] = [],
    refusals: [Int] = [], isStreaming: Bool = false
  ) -> OperationDocumentation {
    OperationDocumentation(
      parameters: query, content: content.map { [.json($0)] } ?? [],
      answers: [.json(200, "As asked.", shape)], refusals: refusals, isStreaming: isStreaming)
  }

  /// 200 with a text of that type.
  fileprivate static func answering(
    _ type: String, _ example: String, query: [DocumentedParameter] = [],
    isStreaming: Bool = false, refusals: [Int] = []
  ) -> OperationDocumentation {
    OperationDocumentation(
      parameters: query,
      answers: [.init(200, "As asked.", [.init(type, "string", example: .string(example))])],
      refusals: refusals, isStreaming: isStreaming)
  }

  /// 204.
  fileprivate static func done(
    takes content: DocumentedContent? = nil, refusals: [Int] = []
  ) -> OperationDocumentation {
    OperationDocumentation(
      content: content.map { [$0] } ?? [], answers: [.init(204, "Done.")], refusals: refusals)
  }
}
