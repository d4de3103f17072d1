package import EmulatorKernel

/// What the vendor's clients tell and are told.
extension ShipyardService {
  package var keyFields: [String] { ["x-shipyard-api-key"] }

  /// The vendor's scripts read the token; its client takes `base_url`.
  package func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)] {
    [("SHIPYARD_API_BASE", baseURL), ("SHIPYARD_API_TOKEN", key)]
  }

  package var clientPackages: [(name: String, version: String)] { [("shipyard-api", "0.3.0")] }

  package var consoleView: ConsoleView? {
    ConsoleView("Shipyard", files: "console/shipyard.mjs")
  }
}
