import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// What links a request to the calls that code makes for it: the request's id. The SDK sends it with each
/// call; where somebody has not, the answer names it, and so does the journal.
extension SteamshipService {
  /// The request whose part a call of code is, where the call does not say so itself: of those that its
  /// instance is at work on the latest. Nil for all others.
  func requestOfCode(_ call: Call, in world: World<State>) -> String? {
    guard code != nil, let credential = call.credential, CodeKey.instanceID(of: credential) != nil,
      call.request.fields["x-request-id"]?.isEmpty ?? true
    else { return nil }
    return world.tenant.codeCalls.requestID(ofCredential: credential)
  }
}

extension Response {
  /// The same, with the request's id.
  func naming(_ requestID: String) -> Response {
    // One of a snapshot may hold anything.
    guard requestID.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return self }
    var response = self
    response.fields.set("X-Request-Id", requestID)
    return response
  }
}

extension ServiceAnswer {
  func naming(_ requestID: String) -> ServiceAnswer { map { $0.naming(requestID) } }
}
