import HTTPModel
import HTTPTransport
import PayloadCodecs
import Synchronization

/// A place that may be called: its URL taken apart, its host turned into the address that is then
/// connected to, so that nothing can change between the check and the call.
///
/// Never called, whoever asks: ourselves, addresses of the link, and those at which clouds keep the
/// secrets of their machines.
struct OutboundTarget: Sendable {
  let address: NumericAddress
  let port: UInt16
  /// As the URL has it, for the field `Host`.
  let authority: String
  let target: String

  /// - Parameter own: where we listen.
  init(_ url: String, own: OwnPorts) throws(OutboundRefusal) {
    let target = RequestTarget(url)
    guard url.asciiLowercased.hasPrefix("http://"), let text = target.authority,
      let authority = Authority(text)
    else { throw .notPlain }
    guard let address = NumericAddress(host: authority.host) else {
      throw .unknownHost(authority.host)
    }
    if let reason = Self.reason(against: address.bytes)
      ?? address.embedded.flatMap({ Self.reason(against: $0) })
    {
      throw .forbidden(address.text, reason)
    }
    guard !own.contain(authority.port) || !address.isOfThisMachine else { throw .ourselves }
    self.address = address
    self.authority = text
    port = authority.port
    self.target = Self.path(of: target)
  }

  /// Bytes that no target may have are written as escapes: a space or a line break in a URL would
  /// otherwise end the request-line (RFC 9112 §3).
  private static func path(of target: RequestTarget) -> String {
    let text = target.path + (target.query.map { "?" + $0 } ?? "")
    let path = text.hasPrefix("/") ? text : "/" + text
    let fragment = path.firstIndex(of: "#") ?? path.endIndex
    let allowed = "%!$&'()*+,;=:@/?[]"
    return PercentCoding.encode(String(path[..<fragment]), allowed: allowed)
  }

  // MARK: What is never called

  private static func reason(against bytes: [UInt8]) -> String? {
    for (prefix, reason) in bytes.count == 4 ? forbidden4 : forbidden6
    where bytes.starts(with: prefix) {
      return reason
    }
    // fe80::/10 and fec0::/10, the old addresses of a site.
    if bytes.count == 16, bytes[0] == 0xFE, bytes[1] >= 0x80 { return link }
    return bytes.count == 4 && bytes[0] >= 224 ? group : nil
  }

  private static let link = "an address of the link"
  private static let metadata = "where a cloud keeps its machines' secrets"
  private static let group = "the address of a group"

  /// Source: RFC 3927 (169.254/16, with nearly every cloud's metadata in it); the metadata addresses
  /// of Alibaba, Azure and Oracle in their documentation.
  private static let forbidden4: [([UInt8], String)] = [
    ([169, 254], link), ([100, 100, 100, 200], metadata), ([168, 63, 129, 16], metadata),
    ([192, 0, 0, 192], metadata),
  ]
  /// Source: RFC 4291 §2.7; the metadata addresses of AWS (fd00:ec2::254 and its neighbours) and of
  /// Google (fd20:ce::254) in their documentation.
  private static let forbidden6: [([UInt8], String)] = [
    ([0xFF], group), ([0xFD, 0x00, 0x0E, 0xC2], metadata),
    ([0xFD, 0x20, 0x00, 0xCE], metadata),
  ]
}

/// Why a place is not called.
enum OutboundRefusal: Error, Equatable {
  case notPlain
  case unknownHost(String)
  case forbidden(String, String)
  case ourselves

  /// A sentence for people.
  var text: String {
    switch self {
    case .notPlain: "only plain http URLs can be reached from here."
    case .unknownHost(let host): "\(host) is neither a numeric address nor localhost."
    case .forbidden(let host, let reason): "\(host) is \(reason): such are never called."
    case .ourselves: "that is Wavetank itself, which never calls itself."
    }
  }
}

/// The ports at which this server listens.
final class OwnPorts: Sendable {
  private let ports = Mutex<Set<UInt16>>([])

  func insert(_ port: UInt16) { _ = ports.withLock { $0.insert(port) } }
  func contain(_ port: UInt16) -> Bool { ports.withLock { $0.contains(port) } }
}
