import EmulatorKernel
import HTTPModel

/// What the head of a call to the control API says, the same for all calls that have the very same one:
/// who looks again and again, as a test does that waits for something, is let in as before.
final class KnownControlCall: Sendable {
  /// Whose routes and whose token these are.
  let responder: AdminResponder
  let route: AdminRoute
  let parameters: PathParameters
  let tenantChoice: Addressee.TenantChoice
  /// Who may come in depends on that, too.
  private let isFromLoopback: Bool

  /// Of a call that was let in, and that has no tenant's prefix.
  init(
    _ responder: AdminResponder, _ route: AdminRoute, _ parameters: PathParameters,
    _ tenantChoice: Addressee.TenantChoice, from peer: PeerAddress
  ) {
    self.responder = responder
    self.route = route
    self.parameters = parameters
    self.tenantChoice = tenantChoice
    isFromLoopback = peer.isLoopback
  }

  /// Nil: nothing is known of the head, or it came from elsewhere.
  static func of(
    _ request: borrowing Request, to responder: AdminResponder, from peer: PeerAddress
  ) -> KnownControlCall? {
    guard let known = request.findings as? KnownControlCall, known.responder === responder,
      known.isFromLoopback == peer.isLoopback
    else { return nil }
    return known
  }
}
