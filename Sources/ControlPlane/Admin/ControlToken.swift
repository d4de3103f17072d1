import HTTPModel
import PayloadCodecs

/// The token of the control API, kept as its digest.
///
/// Digests are compared, all of their bytes: how long that takes tells neither where two tokens
/// differ nor how long ours is.
struct ControlToken: Sendable {
  private let digest: [UInt8]

  init(_ text: String) { digest = SHA256.digest(Array(text.utf8)) }

  /// `Bearer TOKEN`, the scheme in any case. Source: RFC 6750 §2.1, RFC 9110 §11.1.
  func isShown(by authorization: ArraySlice<UInt8>?) -> Bool {
    guard let value = authorization, value.count > 7,
      value.prefix(7).map(\.asciiLowercased).elementsEqual("bearer ".utf8)
    else { return false }
    let given = SHA256.digest(Array(value.dropFirst(7).drop { $0 == 0x20 }))
    var difference: UInt8 = 0
    for index in digest.indices { difference |= digest[index] ^ given[index] }
    return difference == 0
  }
}
