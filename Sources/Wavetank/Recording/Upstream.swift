import HTTPTransport
import PayloadCodecs

/// Where a host's real service is, if it is not where its name leads: for a service of one's own, and
/// for tests.
package struct Upstream: Sendable {
  /// In lower case.
  package let host: String
  let place: Authority
  /// Nil: as the client speaks.
  let isSecure: Bool?

  /// Reads `HOST=ADDRESS`, `HOST=ADDRESS:PORT`, either with `http://` or `https://` in front of the address. Nil
  /// for anything else.
  package init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty,
      parts[0].utf8.allSatisfy({ $0.isHostNameByte })
    else { return nil }
    host = String(parts[0]).asciiLowercased
    var rest = String(parts[1])
    var isSecure: Bool?
    for (scheme, secure) in [("http://", false), ("https://", true)]
    where rest.asciiLowercased.hasPrefix(scheme) {
      rest = String(rest.dropFirst(scheme.utf8.count))
      isSecure = secure
    }
    if rest.hasSuffix("/") { rest.removeLast() }
    guard let place = Authority(rest, defaultPort: isSecure == false ? 80 : 443),
      NumericAddress(host: place.host) != nil
    else { return nil }
    (self.place, self.isSecure) = (place, isSecure)
  }
}
