import EmulatorKernel

extension SteamshipError {
  /// Why a place outside is not called.
  init(_ denial: OutboundPermit.Denial) {
    switch denial {
    case .notAllowed:
      self.init(
        403, "OutboundNotAllowed",
        "This server does not call the URL: it was named by a client elsewhere, behind a proxy or on a "
          + "web page, not by a program on the server's own machine.",
        suggestion: "Start it with --outbound any, or say \"outbound\": \"any\" in the scenario.")
    case .loop:
      self.init(
        508, "LoopDetected", "The call comes from a Wavetank: it is not handed on once more.")
    }
  }
}
