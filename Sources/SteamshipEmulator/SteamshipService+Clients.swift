package import EmulatorKernel

/// What the vendor's clients are told.
extension SteamshipService {
  /// The names are the SDK's: it reads them itself.
  package func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)] {
    [
      ("STEAMSHIP_API_BASE", "\(baseURL)/api/v1/"), ("STEAMSHIP_APP_BASE", "\(baseURL)/apps/"),
      ("STEAMSHIP_WEB_BASE", "\(baseURL)/"), ("STEAMSHIP_API_KEY", key),
    ]
  }

  package var clientPackages: [(name: String, version: String)] { [("steamship", "2.17.34")] }

  package var consoleView: ConsoleView? {
    ConsoleView("Steamship", files: "console/steamship.mjs")
  }
}
