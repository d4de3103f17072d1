package import HTTPModel

/// A CONNECT: the peer wants to speak with another host through us.
/// Source: RFC 9110 §9.3.6.
package struct TunnelRequest: Sendable {
  /// In lower case, without brackets.
  package let host: String
  package let port: UInt16
  package let fields: Fields

  /// - Errors: `.invalidTarget` for what is no host with a port; `.contentOfConnect`, since nobody knows
  ///   whether content would be the request's or the tunnel's.
  init(
    _ head: Span<UInt8>, _ line: HeadParser.StartLine, _ framing: MessageFraming, _ fields: Fields
  ) throws(HTTPParseError) {
    guard let target = HostAndPort(head, line.target), target.isTunnelTarget,
      let port = UInt16(exactly: target.portNumber)
    else { throw HTTPParseError(.invalidTarget, at: line.target.lowerBound) }
    guard !framing.isChunked, framing.contentLength ?? 0 == 0 else {
      throw HTTPParseError(.contentOfConnect, at: line.method.lowerBound)
    }
    var name: [UInt8] = []
    name.append(copying: head.extracting(target.host))
    if name.first == Byte.openingBracket { name = Array(name.dropFirst().dropLast()) }
    host = String(decoding: name.map(\.asciiLowercased), as: UTF8.self)
    self.port = port
    self.fields = fields
  }

  /// The user name that the peer shows to a proxy, unasked (RFC 7617 §2, RFC 9110 §11.7.2).
  package var user: String? { fields["proxy-authorization"].flatMap(BasicCredentials.user) }
}
