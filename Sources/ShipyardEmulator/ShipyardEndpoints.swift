package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardService {
  /// The table of the API: an endpoint is added by its row here and its handler.
  package var endpoints: [Endpoint<ShipyardService>] { Self.table }

  private static let table = runs + fleets + blueprints

  private static let contentTypeYAML = "application/yaml"
  private static let collected = ContentPolicy.collected(limit: contentLimit)
  /// Source: shipyard contract §5, "size limits": 10 MB.
  static let contentLimit = 10_000_000

  private static let runs: [Endpoint<ShipyardService>] = [
    Endpoint(
      "shipyard.fleetRun.create",
      [.post("/orgs/{org}/projects/{project}/fleets/{fleet}/fleetruns")],
      "Triggers a run of a fleet, with overrides for its vessels.", .documented, needs: .run,
      content: collected, per: "fleet", path: .lenient,
      description: .init(
        content: [.json("Trigger")], answers: [.json(201, "The run is scheduled.", "Triggered")],
        refusals: [503]),
      handler: .init(within: .fleet, length: .longWithManyVessels, ShipyardCall.triggerFleet)),
    Endpoint(
      "shipyard.fleetRun.list",
      [.get("/orgs/{org}/projects/{project}/fleets/{fleet}/fleetruns")],
      "The runs of a fleet as CSV, as clients poll them for a status.", .seenInClient, needs: .read,
      per: "fleet", path: .lenient,
      description: .init(
        parameters: [days], answers: [.init(200, "The runs, one a line.", [runsCSV])]),
      handler: .init(within: .fleet, ShipyardCall.listRuns)),
    Endpoint(
      "shipyard.fleetRun.export", [.get("/orgs/{org}/projects/{project}/fleets/{fleet}/runs")],
      "The runs of a fleet as CSV; as JSON with `?format=json`.", .documented, needs: .read,
      per: "fleet", path: .lenient,
      description: .init(
        parameters: [
          days,
          .init(
            .query, "format", "'csv'|'json'", "Else CSV, unless a scenario says otherwise."),
        ],
        answers: [.init(200, "The runs.", [runsCSV, .json("FleetRuns")])]),
      handler: .init(within: .fleet, ShipyardCall.exportRuns)),
    Endpoint(
      "shipyard.voyage.list", [.get("/orgs/{org}/voyages")],
      "The voyages of all fleets of an organization as CSV.", .documented, needs: .read,
      per: "org", path: .lenient,
      description: .init(
        parameters: [days], answers: [.init(200, "The voyages, one a line.", [voyagesCSV])]),
      handler: .init(within: .organization, ShipyardCall.exportVoyages)),
  ]

  private static let fleets: [Endpoint<ShipyardService>] = [
    Endpoint(
      "shipyard.fleet.upsert",
      [
        .put("/orgs/{org}/projects/{project}/fleets"),
        .put("/orgs/{org}/projects/{project}/fleets/{fleet}"),
      ],
      "Creates or updates a fleet from YAML.", .documented, needs: .write, content: collected,
      per: "project", path: .lenient,
      description: .init(
        content: [.init(contentTypeYAML, "Fleet")], answers: [fleetAsCode], refusals: [503]),
      handler: .init(within: .project, ShipyardCall.upsertFleet)),
    Endpoint(
      "shipyard.fleet.get", [.get("/orgs/{org}/projects/{project}/fleets/{fleet}")],
      "A fleet as YAML.", .documented, needs: .read, per: "fleet", path: .lenient,
      description: .init(answers: [fleetAsCode]),
      handler: .init(within: .fleet, length: .longWithManyVessels, ShipyardCall.fleetAsCode)),
    Endpoint(
      "shipyard.organization.list", [.get("/orgs")],
      "The organizations that the key can see.", .documented, needs: .read, path: .lenient,
      description: .init(answers: [.json(200, "They are listed.", "Organizations")]),
      handler: .init(length: .longWithManyFleets, ShipyardCall.listOrganizations)),
    Endpoint(
      "shipyard.fleet.list", [.get("/orgs/{org}/fleets")], "The fleets of an organization.",
      .documented, needs: .read, per: "org", path: .lenient,
      description: .init(answers: [.json(200, "They are listed.", "Fleets")]),
      handler: .init(within: .organization, length: .longWithManyFleets, ShipyardCall.listFleets)),
  ]

  private static let blueprints: [Endpoint<ShipyardService>] = [
    Endpoint(
      "shipyard.externalFile.create", [.post("/orgs/{org}/temporary_external_files")],
      "Uploads a file that a blueprint will use.", .documented, needs: .write,
      content: collected, per: "org", path: .lenient,
      description: .init(
        content: [.init("multipart/form-data", "{file: bytes}")],
        answers: [.json(201, "It is kept.", "ExternalFile")], refusals: [503]),
      handler: .init(within: .organization, ShipyardCall.storeExternalFile)),
    Endpoint(
      "shipyard.blueprint.create", [.post("/orgs/{org}/blueprints")], "Creates a blueprint.",
      .documented, needs: .write, content: collected, per: "org", path: .lenient,
      description: .init(
        content: [.json("NewBlueprint")], answers: [.json(201, "It is made.", "BlueprintAnswer")],
        refusals: [503]),
      handler: .init(within: .organization, ShipyardCall.createBlueprint)),
    Endpoint(
      "shipyard.blueprint.update", [.post("/orgs/{org}/blueprints/{blueprint}")],
      "Changes the given members of a blueprint.", .documented, needs: .write,
      content: collected, per: "blueprint", path: .lenient,
      description: .init(
        content: [.json("BlueprintChange")],
        answers: [.json(200, "It is changed.", "BlueprintAnswer")]),
      handler: .init(within: .organization, ShipyardCall.updateBlueprint)),
    webhook,
    Endpoint(
      "shipyard.fleetRun.page", [.get("/{org}/projects/{project}/fleets/{fleet}/logs/{run}")],
      "The page that a trigger's `log` points to.", .assumed, needs: nil, per: "run",
      path: .lenient,
      description: .init(
        answers: [
          .init(
            200, "A page for people.",
            [.init("text/html", "string", example: "<!doctype html>…")])
        ]),
      handler: .init(length: .longWithManyVessels, ShipyardCall.showRunPage)),
  ]

  /// Its path would match anything of two segments, so the world decides whether it is meant.
  static let webhook = Endpoint<ShipyardService>(
    "shipyard.webhook.receive", [.post("/{webhook}/{token}")],
    "Triggers the fleet that owns the webhook.", .documented, needs: nil, content: collected,
    per: "webhook", isClaimed: true, firstSecretSegment: 1,
    description: .init(
      content: [.init("*/*", "any", example: ["ship": "Aurora"])],
      answers: [
        .json(201, "The run is scheduled.", "TriggeredByWebhook"),
        // It is not known to be Shipyard's, so it is not answered in Shipyard's form.
        .init(
          404, "A path that resembles no webhook's belongs to no API.",
          fields: [("X-Wavetank-Remark", "The reason.")]),
      ],
      refusals: [403, 405, 503]),
    handler: .init(within: .webhook, length: .longWithManyVessels, ShipyardCall.receiveWebhook))

  // MARK: Shared descriptions

  private static let days = DocumentedParameter(
    .query, "days", "integer(0..)", "Runs of so many days; 0 as if it were absent.")

  private static var fleetAsCode: DocumentedAnswer {
    DocumentedAnswer(200, "The fleet as it is stored.", [.init(contentTypeYAML, "FleetAsCode")])
  }

  private static var runsCSV: DocumentedContent {
    csv(
      RunExport.runColumns,
      "5f1d0b7e-0d3c-4d7c-9f0e-3f1f6b7f0a11,Harbor,1,9f2f3c52-8a5e-4a0f-8d1c-2f0f6f6f1b22,Success,"
        + "2023-06-28T03:57:41Z,2023-06-28T03:57:45Z,4,4,1,API\n")
  }

  private static var voyagesCSV: DocumentedContent {
    csv(
      RunExport.voyageColumns,
      "5f1d0b7e-0d3c-4d7c-9f0e-3f1f6b7f0a11,Harbor,1,9f2f3c52-8a5e-4a0f-8d1c-2f0f6f6f1b22,API,"
        + "Success,0d9a4d1c-6a0b-4b8e-9a3a-7d5f2c1e0f33,Success,Load,API,0,0,2023-06-28T03:57:41Z,"
        + "2023-06-28T03:57:45Z,4,4\n")
  }

  private static func csv(_ columns: [String], _ example: String) -> DocumentedContent {
    DocumentedContent(
      "text/csv", "string", example: .string(columns.joined(separator: ",") + "\n" + example))
  }
}
