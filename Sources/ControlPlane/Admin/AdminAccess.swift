import EmulatorKernel
import HTTPModel

/// Who may use the control API.
///
/// Without a token: loopback peers whose `Host` is a loopback name too, so that a page which rebinds
/// its own name to 127.0.0.1 gets nothing, and with no proxy in between, whose peers would all be
/// ours. With a token: whoever shows it. Never: pages of other sites, and what comes through our own
/// outbound calls. Source: DESIGN §9.
struct AdminAccess: Sendable {
  let token: ControlToken?

  /// Nil: allowed.
  func refusal(of request: Request, from peer: PeerAddress) -> Problem? {
    let caller = CallerFields(request)
    guard !caller.isOutbound else {
      return Problem(403, "The control API answers no call that a Wavetank makes for somebody.")
    }
    if let name = caller.repeated {
      return Problem(403, "The field \(name) stands more than once; it decides who may come in.")
    }
    if let token {
      guard token.isShown(by: caller.authorization) else {
        return Problem(
          401, "The control API wants its token: Authorization: Bearer …",
          fields: Fields(["WWW-Authenticate": "Bearer realm=\"wavetank\""]))
      }
    } else if let refusal = refusal(ofTokenless: caller, peer) {
      return refusal
    }
    if caller.comesFromOtherSite {
      return Problem(403, "Cross-site browser requests are refused.")
    }
    if caller.comesFromOtherOrigin {
      return Problem(403, "Requests of another origin are refused.")
    }
    return nil
  }

  private func refusal(ofTokenless caller: CallerFields, _ peer: PeerAddress) -> Problem? {
    guard peer.isLoopback else {
      // What has a loopback address and is no loopback peer comes from a network of its own.
      let wanted =
        HostName.isLoopback(Array(peer.host.utf8)[...])
        ? "is not for code that runs in here" : "answers loopback peers only"
      return Problem(
        403, "The control API \(wanted), unless it has a token (--control-token-file).")
    }
    guard caller.hasLoopbackHost else {
      return Problem(
        403,
        "The control API answers a loopback Host only, unless it has a token (--control-token-file)."
      )
    }
    guard !caller.isForwarded else {
      return Problem(
        403,
        "The control API refuses requests that come through a proxy (Forwarded, X-Forwarded-…, Via), unless it has a token (--control-token-file)."
      )
    }
    return nil
  }
}
