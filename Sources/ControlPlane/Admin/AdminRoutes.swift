package import HTTPModel
import PayloadCodecs

/// One row of the control API.
package struct AdminRoute: Sendable {
  package typealias Handler = @Sendable (AdminCall) throws(Problem) -> Answer

  enum Content: Sendable {
    case none
    /// JSON of ordinary size.
    case small
    /// A scenario.
    case large
  }

  let method: Method
  /// Below `/_wavetank`.
  let path: String
  let summary: String
  let content: Content
  let handle: Handler

  init(
    _ method: Method, _ path: String, _ summary: String, content: Content = .none,
    _ handle: @escaping Handler
  ) {
    self.method = method
    self.path = path
    self.summary = summary
    self.content = content
    self.handle = handle
  }

  /// Contents up to this many bytes are dealt with on the loop.
  static let lightBytesMax = 16 << 10

  /// Takes no longer the more a tenant holds, the more tenants there are or the larger a document
  /// is, and never waits for the disk. All others are dealt with off the loop.
  var isLight: Bool { Self.lightPaths.contains(path) }
  private static let lightPaths: TextSet = [
    "", "/console", "/health", "/ready", "/version", "/openapi", "/clock", "/journal/stream",
  ]

  /// Answers anybody: probes of load balancers and containers, bare, and the console's page, which
  /// holds no data. Source: DESIGN §9.
  var isPublic: Bool { path == "/health" || path == "/ready" || path == "/console" }

  /// Nil: content is not collected; thrown away, or read by the handler's `later`.
  var contentLimit: Int? {
    switch content {
    case .none: nil
    case .small: 1 << 20
    case .large: 64 << 20
    }
  }

  /// The whole control API. Source: DESIGN §9.
  static let all: [AdminRoute] = [
    AdminRoute(.get, "", "This list.", AdminIndex.answer),
    AdminRoute(.get, "/console", "The console, for a browser.", ConsolePage.answer),
    AdminRoute(.get, "/health", "Whether the process answers.", ServerRoutes.health),
    AdminRoute(.get, "/ready", "Whether requests are taken.", ServerRoutes.ready),
    AdminRoute(.get, "/version", "Which version answers.", ServerRoutes.version),
    AdminRoute(.get, "/metrics", "Counters as Prometheus text.", MetricsRoutes.metrics),
    AdminRoute(.get, "/operations", "What is emulated; ?service=.", ServerRoutes.operations),
    AdminRoute(.get, "/openapi", "Which OpenAPI documents there are.", OpenAPIRoutes.list),
    AdminRoute(
      .get, "/openapi/{document}", "OpenAPI 3.1 of a service: scramjet.json, ….",
      OpenAPIRoutes.document),

    AdminRoute(.get, "/tenants", "The tenants that there are.", TenantRoutes.list),
    AdminRoute(.delete, "/tenants/{name}", "Drops a tenant.", TenantRoutes.delete),
    AdminRoute(
      .post, "/reset", "The tenant as at its start; ?keep=journal.", content: .small,
      TenantRoutes.reset),
    AdminRoute(.get, "/state", "A readable view of every service's world.", TenantRoutes.states),
    AdminRoute(
      .get, "/state/{service}", "A readable view of one service's world.", TenantRoutes.state),
    AdminRoute(
      .post, "/emit", "Makes something happen now.", content: .small, TenantRoutes.emit),

    AdminRoute(.get, "/scenarios", "The shipped scenarios.", ScenarioRoutes.shipped),
    AdminRoute(.get, "/scenario", "The scenario in force.", ScenarioRoutes.show),
    AdminRoute(
      .put, "/scenario", "Replaces it (JSON5, YAML or ?name=) and starts anew; ?keep=world.",
      content: .large, ScenarioRoutes.replace),
    AdminRoute(
      .get, "/scenario/rules", "The rules, their counts, the variables.", ScenarioRoutes.rules),
    AdminRoute(
      .post, "/scenario/rules", "Adds rules; ?position=first.", content: .large,
      ScenarioRoutes.add),
    AdminRoute(
      .patch, "/scenario/rules/{name}", #"Switches one: {"enabled": false}."#, content: .small,
      ScenarioRoutes.switchRule),
    AdminRoute(.delete, "/scenario/rules/{name}", "Removes one.", ScenarioRoutes.remove),
    AdminRoute(
      .get, "/scenario.schema.json", "JSON Schema of scenario files.", ScenarioRoutes.schema),
    AdminRoute(
      .post, "/verify", #"Whether it came so: {"match": …, "exactly": 2}; nothing: expect."#,
      content: .small, ScenarioRoutes.verify),

    AdminRoute(
      .get, "/snapshot", "The whole tenant as one tar.gz.", SnapshotRoutes.take),
    AdminRoute(.put, "/snapshot", "Puts a snapshot back.", SnapshotRoutes.put),

    AdminRoute(.get, "/clock", "The tenant's time.", ClockRoutes.show),
    AdminRoute(
      .put, "/clock", #"Sets it: {"mode": "manual", "now": "…", "factor": 60}."#,
      content: .small, ClockRoutes.set),
    AdminRoute(
      .post, "/clock/advance", #"Moves it: {"by": "5s"}, {"to": "…"} or {"toNext": true}."#,
      content: .small, ClockRoutes.advance),

    AdminRoute(
      .get, "/journal",
      "What happened; ?service= &operation= &status= &rule= &since= &limit=.", JournalRoutes.list),
    AdminRoute(.delete, "/journal", "Forgets it.", JournalRoutes.clear),
    AdminRoute(
      .get, "/journal/stream", "What happens, as server-sent events.", JournalRoutes.stream),
    AdminRoute(.get, "/journal.har", "What happened, as HAR 1.2.", JournalRoutes.har),
    AdminRoute(
      .get, "/journal/{number}", "One exchange, and why it came out so.", JournalRoutes.one),
  ]
}
