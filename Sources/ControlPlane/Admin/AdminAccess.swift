import HTTPModel

/// Who may use the control API.
///
/// Without a token: loopback peers whose `Host` is a loopback name too, so that a page which rebinds
/// its own name to 127.0.0.1 gets nothing. With a token: whoever shows it. Browsers are refused
/// unless the request comes from our own pages. Source: DESIGN §9.
struct AdminAccess: Sendable {
  let token: String?

  /// The fields that matter, found in one pass.
  private struct Found {
    var host: Range<Int>?
    var origin: Range<Int>?
    var authorization: Range<Int>?
    var site: Range<Int>?

    init(_ fields: Fields) {
      for line in fields.lines {
        switch line.nameLength {
        case 4 where fields.matches(line, "host"): host = line.value
        case 6 where fields.matches(line, "origin"): origin = line.value
        case 13 where fields.matches(line, "authorization"): authorization = line.value
        case 14 where fields.matches(line, "sec-fetch-site"): site = line.value
        default: break
        }
      }
    }
  }

  /// Nil: allowed.
  /// - Parameter isProbe: liveness and readiness, which need no token.
  /// - Parameter isPage: a static page, which a link of another site may lead to.
  func refusal(
    of request: Request, from peer: PeerAddress, isProbe: Bool = false, isPage: Bool = false
  ) -> Problem? {
    let fields = request.fields
    let found = Found(fields)
    let host =
      request.target.authorityRange.map { request.target.bytes[$0] }
      ?? found.host.map { fields.bytes[$0] }
    if let token {
      if !isProbe, !hasToken(token, found.authorization.map { fields.bytes[$0] }) {
        return Problem(
          401, "The control API wants its token: Authorization: Bearer …",
          fields: Fields(["WWW-Authenticate": "Bearer realm=\"wavetank\""]))
      }
    } else {
      guard peer.isLoopback else {
        return Problem(
          403, "The control API answers loopback peers only, unless --control-token is set.")
      }
      if let host, !Self.isLoopback(host) {
        return Problem(
          403, "The control API answers a loopback Host only, unless --control-token is set.")
      }
    }
    if let site = found.site.map({ fields.bytes[$0] }), !Self.isOwn(site),
      !(isPage && fields["sec-fetch-mode"] == "navigate" && fields["sec-fetch-dest"] == "document")
    {
      return Problem(403, "Cross-site browser requests are refused.")
    }
    if let origin = found.origin.map({ fields.bytes[$0] }), !Self.isSame(origin, host) {
      return Problem(403, "Requests of another origin are refused.")
    }
    return nil
  }

  private static func isOwn(_ site: ArraySlice<UInt8>) -> Bool {
    site.elementsEqual("same-origin".utf8) || site.elementsEqual("none".utf8)
  }

  /// `localhost`, names below it, 127.0.0.0/8, `[::1]`; any port.
  static func isLoopback(_ host: ArraySlice<UInt8>) -> Bool {
    if hasCommonName(host) { return true }
    let end =
      host.first == UInt8(ascii: "[")
      ? (host.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? host.endIndex)
      : (host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex)
    let port = host[end...]
    guard port.isEmpty || port.dropFirst().allSatisfy({ $0 &- 0x30 < 10 }) else { return false }
    let name = host[host.startIndex..<end]
    if name.elementsEqual("127.0.0.1".utf8) || name.elementsEqual("localhost".utf8)
      || name.elementsEqual("[::1]".utf8)
    {
      return true
    }
    let lower = name.map(\.asciiLowercased)
    if lower.elementsEqual("localhost".utf8) { return true }
    if lower.count > 10, lower.suffix(10).elementsEqual(".localhost".utf8) { return true }
    let parts = lower.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0].elementsEqual("127".utf8)
      && parts.allSatisfy { part in
        (1...3).contains(part.count) && part.allSatisfy { $0 &- 0x30 < 10 }
          && part.reduce(0) { $0 * 10 + Int($1 &- 0x30) } <= 255
      }
  }

  private static let numericName = Array("127.0.0.1".utf8)
  private static let localName = Array("localhost".utf8)

  /// What nearly every client says, at a tenth of the price: one of two names of nine letters, and
  /// at most a port.
  private static func hasCommonName(_ host: ArraySlice<UInt8>) -> Bool {
    guard host.count >= 9 else { return false }
    var index = host.startIndex
    let name = host[index] == localName[0] ? localName : numericName
    for byte in name {
      guard host[index] == byte else { return false }
      index += 1
    }
    guard index < host.endIndex else { return true }
    guard host[index] == UInt8(ascii: ":") else { return false }
    while index + 1 < host.endIndex {
      index += 1
      guard host[index] &- 0x30 < 10 else { return false }
    }
    return true
  }

  /// `null` is the origin of sandboxed frames and files: refused.
  private static func isSame(_ origin: ArraySlice<UInt8>, _ host: ArraySlice<UInt8>?) -> Bool {
    guard let host else { return false }
    for scheme in ["http://", "https://"] where origin.starts(with: scheme.utf8) {
      return origin.dropFirst(scheme.utf8.count).lazy.map(\.asciiLowercased)
        .elementsEqual(host.lazy.map(\.asciiLowercased))
    }
    return false
  }

  /// Compared in a time that does not depend on where they differ.
  private func hasToken(_ token: String, _ authorization: ArraySlice<UInt8>?) -> Bool {
    guard let value = authorization, value.count > 7,
      value.prefix(7).map(\.asciiLowercased).elementsEqual("bearer ".utf8)
    else { return false }
    let given = Array(value.dropFirst(7).drop { $0 == 0x20 })
    let wanted = Array(token.utf8)
    var difference = given.count ^ wanted.count
    for (index, byte) in wanted.enumerated() {
      difference |= Int(byte ^ (index < given.count ? given[index] : 0))
    }
    return difference == 0
  }
}
