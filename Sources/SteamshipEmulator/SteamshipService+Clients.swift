package import EmulatorKernel

/// What the vendor's clients are told.
extension SteamshipService {
  /// The names are the SDK's: it reads them itself.
  package func clientVariables(baseURL: String, key: String) -> [(name: String, value: String)] {
    let isLocal = Self.localHosts.contains { baseURL.utf8.firstRange(of: $0.utf8) != nil }
    let appBase = baseURL + (isLocal ? "/apps/" : "\(Self.localMark)/")
    return [
      ("STEAMSHIP_API_BASE", "\(baseURL)/api/v1/"), ("STEAMSHIP_APP_BASE", appBase),
      ("STEAMSHIP_WEB_BASE", "\(baseURL)/"), ("STEAMSHIP_API_KEY", key),
    ]
  }

  /// What the SDK looks for in an app base (contract §1.1): of one without any of it the owner's handle would be
  /// put in front of the host, and `dev.wavetank` is nobody's name.
  private static let localHosts = [
    "localhost", "127.0.0.1", "0:0:0:0", "host.docker.internal", "/test:",
  ]

  /// Stands in an app base in place of `/apps` where the host is none of those (a container's name, an address of
  /// the network), so that the SDK takes it for a local one.
  static let localMark = "/test:"

  package var clientPackages: [(name: String, version: String)] { [("steamship", "2.17.34")] }

  package var consoleView: ConsoleView? {
    ConsoleView("Steamship", files: "console/steamship.mjs")
  }
}
