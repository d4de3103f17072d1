package import EmulatorKernel
package import HTTPModel

/// The emulated Shipyard API.
package struct ShipyardService: EmulatedService {
  package typealias State = ShipyardState
  package typealias Handler = ShipyardHandler
  package typealias Right = AccessKey.Right

  package var name: String { "shipyard" }
  package var hostNames: [String] {
    [
      "api.app.shipyardapp.com", "webhooks.app.shipyardapp.com", "app.shipyardapp.com",
      "api.shipyardapp.com",
    ]
  }
  package var sources: KeyValuePairs<Fidelity, String> {
    [
      .documented: "the vendor's documentation, the API reference of 2022 with it",
      .seenInClient: "the Python package shipyard-api 0.3.0", .assumed: "no source",
    ]
  }

  package init() {}

  /// Header names are compared without regard to case; `Authorization` is ignored, since `requests`
  /// adds one by itself where the user has a netrc entry.
  package func credential(of request: Request) -> String? {
    request.fields["X-Shipyard-API-Key"]
  }

  package func failure(
    _ failure: ServiceFailure, operation: Operation?, request: Request
  ) -> Response {
    let requestID =
      failure.tenant.map { RequestID.make(tenant: $0, number: failure.number) }
      ?? "00000000-0000-4000-8000-000000000000"
    return ShipyardFailure.response(failure, requestID: requestID).identified(requestID)
  }
}

extension Response {
  consuming func identified(_ requestID: String) -> Response {
    fields.append("X-Request-Id", requestID)
    return self
  }
}
