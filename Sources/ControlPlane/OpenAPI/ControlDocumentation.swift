import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What the control API says about itself, beside its table of routes.
enum ControlDocumentation {
  static let name = "wavetank"

  /// - Parameter service: the name of some service, for examples.
  static func documentation(_ service: String) -> ServiceDocumentation {
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
        "service": .init(.path, "service", #"string = "\#(service)""#, "A service."),
        "document": .init(.path, "document", #"string = "\#(service).json""#, "SERVICE.json."),
        "number": .init(.path, "number", "integer(1..) = 1", "The exchange's number."),
      ])
  }

  private static let meanings = [
    400: "The tenant's name, the query or the content cannot be read.",
    401: "Another control token is wanted.", 403: "Only callers of this machine are let in.",
    404: "It does not exist.", 409: "It cannot be done now.",
    413: "The content is larger than is accepted.", 422: "The content does not say what it must.",
    500: "The scenario does not start in a new tenant, or the like.",
    503: "The server is starting or stopping.", 507: "There is no room for it.",
  ]

  static func problem(_ status: Int) -> DocumentedAnswer {
    DocumentedAnswer(
      status, meanings[status] ?? "Refused.", [.init("application/problem+json", "Problem")])
  }
}
