package import HTTPModel
import PayloadCodecs

/// What a request's fields say about who sent it and by which way: everything that access is decided
/// by, found in one pass.
///
/// A field that decides must stand once: where it stands twice, one reader believes the first and
/// another the last, and both are right (RFC 9110 §5.3). Whoever decides refuses such a request.
package struct CallerFields: Sendable {
  /// The authority of the target, else the field `Host` (RFC 9112 §3.2.2).
  package let host: ArraySlice<UInt8>?
  package private(set) var origin: ArraySlice<UInt8>?
  /// `Sec-Fetch-Site`. Source: W3C, "Fetch Metadata Request Headers".
  package private(set) var site: ArraySlice<UInt8>?
  package private(set) var authorization: ArraySlice<UInt8>?
  /// A proxy or a front stands between us and the sender, so that the peer's address tells nothing.
  package private(set) var isForwarded = false
  /// It is a call of ours, or of another Wavetank: see `mark`.
  package private(set) var isOutbound = false
  /// A deciding field that stands more than once.
  package private(set) var repeated: String?
  private let hostField: ArraySlice<UInt8>?

  /// Every call that we make to the outside carries this field, and nothing that carries it gets
  /// anything for being local: the request was made for somebody else.
  package static let mark = "X-Wavetank-Outbound"

  package init(_ request: Request) {
    let fields = request.fields
    var hostField: ArraySlice<UInt8>?
    for line in fields.lines {
      switch line.nameLength {
      case 4 where fields.matches(line, "host"):
        Self.take(&hostField, line, fields, "Host", &repeated)
      case 6 where fields.matches(line, "origin"):
        Self.take(&origin, line, fields, "Origin", &repeated)
      case 13 where fields.matches(line, "authorization"):
        Self.take(&authorization, line, fields, "Authorization", &repeated)
      case 14 where fields.matches(line, "sec-fetch-site"):
        Self.take(&site, line, fields, "Sec-Fetch-Site", &repeated)
      case 19 where fields.matches(line, Self.mark): isOutbound = true
      default: if Self.isForwarding(fields, line) { isForwarded = true }
      }
    }
    self.hostField = hostField
    host = request.target.authorityRange.map { request.target.bytes[$0] } ?? hostField
  }

  private static func take(
    _ place: inout ArraySlice<UInt8>?, _ line: Fields.Line, _ fields: Fields, _ name: String,
    _ repeated: inout String?
  ) {
    if place != nil { repeated = name }
    place = fields.bytes[line.value]
  }

  /// `Forwarded` (RFC 7239), `Via` (RFC 9110 §7.6.3), `X-Forwarded-…`, and what fronts and content
  /// networks call the address of the sender.
  private static func isForwarding(_ fields: Fields, _ line: Fields.Line) -> Bool {
    forwarding.contain(line, of: fields)
      || line.nameLength >= 11 && fields.bytes[line.name].hasPrefixIgnoringCase("x-forwarded")
  }

  private static let forwarding = KeyFields([
    "via", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip",
    "fastly-client-ip", "x-cluster-client-ip", "x-original-forwarded-for",
    "x-envoy-external-address",
  ])

  // MARK: What follows

  package var comesFromOtherSite: Bool {
    guard let site else { return false }
    return !site.elementsEqual("same-origin".utf8) && !site.elementsEqual("none".utf8)
  }

  /// `null` is the origin of sandboxed frames and of files: another one.
  package var comesFromOtherOrigin: Bool {
    guard let origin else { return false }
    guard let host else { return true }
    for scheme in ["http://", "https://"] where origin.starts(with: scheme.utf8) {
      return !origin.dropFirst(scheme.utf8.count).lazy.map(\.asciiLowercased)
        .elementsEqual(host.lazy.map(\.asciiLowercased))
    }
    return true
  }

  /// Whether every name by which it calls us is a loopback one, so that no page can have bound its
  /// own name to our address. Only peers that are no browsers leave the name out.
  package var hasLoopbackHost: Bool { hasHost { _ in false } }

  /// - Parameter accepts: further names that only their owner can bind.
  func hasHost(accepts: (ArraySlice<UInt8>) -> Bool) -> Bool {
    [host, hostField].allSatisfy { host in
      guard let host else { return true }
      return HostName.isLoopback(host) || accepts(host)
    }
  }

  /// Who sent it, as far as one can tell.
  /// - Parameter ownNames: the names of the vendors, which an override or a proxy setting may have
  ///   led here.
  package func origin(from peer: PeerAddress, ownNames: [HostPattern] = []) -> CallerOrigin {
    if isOutbound { return .outbound }
    let isHere =
      peer.isLoopback && !isForwarded && repeated == nil && !comesFromOtherSite
      && !comesFromOtherOrigin
      && hasHost { host in
        let name = HostName.withoutPort(host).map(\.asciiLowercased)
        return ownNames.contains { $0.matches(name[...]) }
      }
    return isHere ? .local : .remote
  }
}

/// Who stands behind a request.
package enum CallerOrigin: String, Sendable, Codable {
  /// A program on this machine, of its own will: no page of another site, nobody behind a proxy.
  case local
  case remote
  /// A Wavetank, in somebody else's name.
  case outbound
}

extension ArraySlice<UInt8> {
  /// - Parameter text: lower case.
  func hasPrefixIgnoringCase(_ text: String) -> Bool {
    guard count >= text.utf8.count else { return false }
    return span.extracting(first: text.utf8.count).equalsIgnoringCase(text.utf8.span)
  }
}
