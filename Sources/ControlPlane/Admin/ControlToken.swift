import HTTPModel
import HTTPModel
import PayloadCodecs

/// The token of the control API, kept as its digest.
///
/// Digests are compared, all of their bytes: how long that takes tells neither where two tokens
/// differ nor how long ours is.
struct ControlToken: Sendable {
  private let digest: [UInt8]

  init(_ text: String) { digest = SHA256.digest(Array(text.utf8)) }

  /// In an `Authorization: Bearer TOKEN`.
  func isShown(by authorization: ArraySlice<UInt8>?) -> Bool {
    guard let token = authorization.flatMap(BearerToken.read) else { return false }
    let given = SHA256.digest(Array(token))
    var difference: UInt8 = 0
    for index in digest.indices { difference |= digest[index] ^ given[index] }
    return difference == 0
  }
}
