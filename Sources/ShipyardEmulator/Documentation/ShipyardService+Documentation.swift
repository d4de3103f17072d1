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
      parameters: ShipyardDocumentation.pathParameters)
  }

  package func documentation(of endpoint: Endpoint<ShipyardService>) -> OperationDocumentation {
    var about = endpoint.description()
    var statuses: Set<Int> = [400]
    if endpoint.right != nil { statuses.formUnion([401, 403]) }
    if endpoint.operation.content != .ignored { statuses.insert(413) }
    about.answers += statuses.union(about.refusals).sorted().map(ShipyardDocumentation.failure)
    return about
  }
}

enum ShipyardDocumentation {
  private static let meanings = [
    400: "Something in the path, the query or the content is not what it must be.",
    401: "No key, or one that is unknown.", 403: "The key is good, but not for this.",
    405: "A webhook takes POST only.", 413: "The content is larger than 10 MB.",
    503: "Nothing more can be stored.",
  ]

  fileprivate static func failure(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(
      status, meanings[status] ?? "", [.json("Failure")],
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
