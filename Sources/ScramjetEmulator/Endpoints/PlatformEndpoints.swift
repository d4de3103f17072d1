import EmulatorKernel
import HTTPModel

/// The platform's front, and a multi-manager.
extension Endpoint<ScramjetService> {
  static let platform: [Row] = [
    Row(
      "platform.spaces", .platform, [.get("/spaces")], "The spaces of the account", .seenInClient,
      .json, reachesMuch: true, .json(#"[{id: string = "demo"}]"#), PlatformHandlers.spaces),
    Row(
      "platform.listKeys", .platform, [.get("/space/{space}/apikey")], "The access keys of a space",
      .seenInClient, .json, per: "space",
      .json("{accessKeys: [{created: integer, description: string}]}"), PlatformHandlers.listKeys),
    Row(
      "platform.createKey", .platform, [.post("/space/{space}/apikey")], "Make an access key",
      .assumed, .operation, per: "space",
      .json(
        "{accessKey: string, description: string, created: integer}",
        takes: #"{description?: string = "for the harbor", …}"#), PlatformHandlers.createKey),
    Row(
      "platform.revokeKeys", .platform, [.delete("/space/{space}/apikey")],
      "Revoke one access key, or all", .seenInClient, .operation, per: "space",
      .json(
        "{message: string, keysRevoked?: integer(0..)}", [404],
        query: [
          .init(.header, "X-Revoke", "string", "The key."),
          .init(.header, "X-Revoke-All", "'true'|'false'", "All keys."),
        ]), PlatformHandlers.revokeKeys),
    Row(
      "platform.list", .manager, [.get("/list")], "The spaces of a multi-manager", .seenInClient,
      .json,
      reachesMuch: true, .json(#"[{id: string = "demo"}]"#), PlatformHandlers.list),
    Row(
      "platform.info", .manager, [.get("/info")],
      "A multi-manager, or a hub where the path names one",
      .seenInClient, .json,
      .json(
        "{apiBase: string, apiPort: integer, id: Id, managersCount: integer(0..)} | HubInfo"),
      PlatformHandlers.info),
    Row(
      "platform.load", .manager, [.get("/load")], "Load of the machine", .seenInClient, .json,
      .json("Load"), HubHandlers.load),
    Row(
      "platform.health", .manager, [.get("/health")], "Whether the server is well", .seenInClient,
      .json, .json("Health"), SpaceHandlers.health),
    Row(
      "platform.startSpace", .platform, [.post("/start")], "Add a space to a multi-manager",
      .seenInClient, .operation,
      .json(
        "{id: string}", [409], status: 202, takes: #"{id?: string(1..256) = "harbor", …}"#),
      PlatformHandlers.startSpace),
    Row(
      "platform.stopSpace", .platform, [.post("/cpm/{space}/stop")],
      "Remove a space from a multi-manager", .seenInClient, .operation, per: "space",
      reachesMuch: true, needsRoom: false, .json("{id: string}"), PlatformHandlers.stopSpace),
    Row(
      "preflight", .platform, browserQuestions, "What a browser asks before it sends anything",
      .recorded("hub-options"), .free,
      OperationDocumentation(
        answers: [
          DocumentedAnswer(
            200, "What a browser may send.",
            fields: [
              ("Access-Control-Allow-Origin", "`*`"), ("Access-Control-Allow-Headers", "`*`"),
              ("Access-Control-Allow-Methods", "The methods."),
            ])
        ], shownRoutes: 1), PlatformHandlers.preflight),
  ]

  private static let browserQuestions = [
    "/spaces", "/space/{rest…}", "/cpm/{rest…}", "/version", "/config", "/load-check", "/log",
    "/audit", "/status", "/entities", "/topics", "/topics/{rest…}", "/topic/{rest…}", "/sequences",
    "/sequence", "/sequence/{rest…}", "/instances", "/instance/{rest…}", "/list", "/info", "/load",
    "/health", "/start",
  ].map { Operation.Route(.options, $0) }
}
