package import EmulatorKernel

/// What the vendor's clients tell and are told.
extension ScramjetService {
  /// A key that is to be revoked.
  package var secretFields: [String] { ["x-revoke"] }

  /// The clients take a base URL; the names are ours.
  package func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)] {
    [
      ("SCRAMJET_SPACE_URL", "\(baseURL)/api/v1/space/demo/api/v1"),
      ("SCRAMJET_HUB_URL", "\(baseURL)/api/v1"), ("SCRAMJET_TOKEN", key),
    ]
  }

  package var clientPackages: [(name: String, version: String)] {
    [("scramjet-api-client", "1.1.1")]
  }

  package var consoleView: ConsoleView? {
    ConsoleView("Scramjet", files: "console/scramjet.mjs")
  }
}
