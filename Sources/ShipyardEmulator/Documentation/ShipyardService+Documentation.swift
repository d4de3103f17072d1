package import EmulatorKernel
import HTTPModel
import PayloadCodecs

extension ShipyardService {
  package var documentation: ServiceDocumentation {
    ServiceDocumentation(
      title: "Shipyard API",
      description: """
        The HTTP API of Shipyard, as Wavetank emulates it.

        Failures have one form, `{"request": {"id": …}, "data": null}`; the reason stands in the \
        field `X-Wavetank-Remark`. Paths are matched without regard to case.

        A scenario can make any operation answer any status; those are not listed here.
        """,
      security: .init(
        "key", ["type": "apiKey", "in": "header", "name": "X-Shipyard-API-Key"]),
      components: ShipyardDocumentation.components,
      parameters: ShipyardDocumentation.pathParameters,
      operations: TextMap(
        uniqueKeysWithValues: ShipyardOperation.allCases.map {
          ($0.operation.name, ShipyardDocumentation.operation($0))
        }))
  }
}

enum ShipyardDocumentation {
  static func operation(_ operation: ShipyardOperation) -> OperationDocumentation {
    switch operation {
    case .fleetRunCreate:
      make(
        [json("Trigger")], answer(201, "The run is scheduled.", "Triggered"),
        [503])
    case .fleetRunList: make([], runsCSV, query: [days])
    case .fleetRunExport:
      make(
        [],
        DocumentedAnswer(
          200, "The runs.",
          runsCSV.content + [DocumentedContent("application/json", "FleetRuns")]),
        query: [
          days,
          .init(.query, "format", "'csv'|'json'", "Else CSV, unless a scenario says otherwise."),
        ])
    case .voyageList:
      make(
        [],
        DocumentedAnswer(
          200, "The voyages, one a line.", [csv(RunExport.voyageColumns, voyageExample)]),
        query: [days])
    case .fleetUpsert: make([DocumentedContent(yaml, "Fleet")], fleet, [503])
    case .fleetGet: make([], fleet)
    case .organizationList: make([], answer(200, "They are listed.", "Organizations"))
    case .fleetList: make([], answer(200, "They are listed.", "Fleets"))
    case .externalFileCreate:
      make(
        [DocumentedContent("multipart/form-data", "{file: bytes}")],
        answer(201, "It is kept.", "ExternalFile"), [503])
    case .blueprintCreate:
      make(
        [json("NewBlueprint")], answer(201, "It is made.", "BlueprintAnswer"),
        [503])
    case .blueprintUpdate:
      make(
        [json("BlueprintChange")], answer(200, "It is changed.", "BlueprintAnswer"))
    case .webhookReceive:
      make(
        [DocumentedContent("*/*", "any", example: ["ship": "Aurora"])],
        answer(201, "The run is scheduled.", "TriggeredByWebhook"), [404, 405, 503],
        needsKey: false)
    case .fleetRunPage:
      make(
        [],
        DocumentedAnswer(
          200, "A page for people.",
          [DocumentedContent("text/html", "string", example: "<!doctype html>…")]),
        needsKey: false)
    }
  }

  // MARK: Parts

  private static let yaml = "application/yaml"
  private static let days = DocumentedParameter(
    .query, "days", "integer(0..)", "Runs of so many days; 0 as if it were absent.")

  private static func json(_ shape: String) -> DocumentedContent {
    DocumentedContent("application/json", shape)
  }

  private static func answer(_ status: Int, _ meaning: String, _ shape: String) -> DocumentedAnswer
  {
    DocumentedAnswer(status, meaning, [DocumentedContent("application/json", shape)])
  }

  private static func csv(_ columns: [String], _ example: String) -> DocumentedContent {
    DocumentedContent(
      "text/csv", "string", example: .string(columns.joined(separator: ",") + "\n" + example))
  }

  private static let runsCSV = DocumentedAnswer(
    200, "The runs, one a line.", [csv(RunExport.runColumns, runExample)])
  private static let runExample =
    "5f1d0b7e-0d3c-4d7c-9f0e-3f1f6b7f0a11,Harbor,1,9f2f3c52-8a5e-4a0f-8d1c-2f0f6f6f1b22,Success,"
    + "2023-06-28T03:57:41Z,2023-06-28T03:57:45Z,4,4,1,API\n"
  private static let voyageExample =
    "5f1d0b7e-0d3c-4d7c-9f0e-3f1f6b7f0a11,Harbor,1,9f2f3c52-8a5e-4a0f-8d1c-2f0f6f6f1b22,API,"
    + "Success,0d9a4d1c-6a0b-4b8e-9a3a-7d5f2c1e0f33,Success,Load,API,0,0,2023-06-28T03:57:41Z,"
    + "2023-06-28T03:57:45Z,4,4\n"
  private static let fleet = DocumentedAnswer(
    200, "The fleet as it is stored.", [DocumentedContent(yaml, "FleetAsCode")])

  private static func make(
    _ content: [DocumentedContent], _ answer: DocumentedAnswer, _ errors: [Int] = [],
    query: [DocumentedParameter] = [], needsKey: Bool = true
  ) -> OperationDocumentation {
    var statuses: Set<Int> = [400]
    if needsKey { statuses.formUnion([401, 403]) }
    if !content.isEmpty { statuses.formUnion([403, 413]) }
    return OperationDocumentation(
      parameters: query, content: content,
      answers: [answer] + statuses.union(errors).sorted().map(failure), needsKey: needsKey)
  }

  private static let meanings = [
    400: "Something in the path, the query or the content is not what it must be.",
    401: "No key, or one that is unknown.", 403: "The key is good, but not for this.",
    404: "A path that resembles no webhook's is nobody's.", 405: "A webhook takes POST only.",
    413: "The content is larger than 10 MB.",
    503: "Nothing more can be stored.",
  ]

  private static func failure(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(
      status, meanings[status] ?? "",
      // What is nobody's is not answered in Shipyard's form.
      status == 404 ? [] : [DocumentedContent("application/json", "Failure")],
      fields: [("X-Wavetank-Remark", "The reason.")])
  }

  static let pathParameters: TextMap<DocumentedParameter> = [
    "org": .init(
      .path, "org", #"string = "11111111-1111-4111-8111-111111111111""#,
      "The organization's id; its name in the page of a run."),
    "project": .init(
      .path, "project", #"string = "22222222-2222-4222-8222-222222222222""#, "The project's id."),
    "fleet": .init(
      .path, "fleet", #"string = "33333333-3333-4333-8333-333333333333""#, "The fleet's id."),
    "blueprint": .init(.path, "blueprint", "Id", "The blueprint's id."),
    "run": .init(.path, "run", "Id", "The run's id."),
    "webhook": .init(
      .path, "webhook", #"string = "44444444-4444-4444-8444-444444444444""#, "The webhook's id."),
    "token": .init(
      .path, "token", #"string = "demo-webhook-token""#, "The webhook's token."),
  ]
}
