import EmulatorKernel
import HTTPModel
import HTTPTransport
import PayloadCodecs
import Synchronization

/// A place that may be called: its URL taken apart, and the addresses that are then connected to, so that
/// nothing can change between the check and the call.
///
/// Never called, whoever asks: ourselves, the hosts that we stand for, addresses of the link, and those at
/// which clouds keep the secrets of their machines.
struct OutboundTarget: Sendable {
  /// Without brackets.
  let host: String
  let port: UInt16
  /// Over TLS.
  let isSecure: Bool
  /// As the URL has it, for the field `Host`.
  let authority: String
  let target: String
  /// Empty while the host is a name that was not looked up.
  private(set) var addresses: [NumericAddress] = []

  /// - Parameter own: where we listen, and for whom we stand.
  init(_ url: String, own: OwnPlaces) throws(OutboundRefusal) {
    let target = RequestTarget(url)
    isSecure = url.asciiLowercased.hasPrefix("https://")
    guard isSecure || url.asciiLowercased.hasPrefix("http://"), let text = target.authority,
      let authority = Authority(text, defaultPort: isSecure ? 443 : 80)
    else { throw .notHTTP }
    self.authority = text
    (host, port) = (authority.host, authority.port)
    self.target = Self.path(of: target)
    if let address = NumericAddress(host: host) {
      try lead(to: [address], own: own)
    } else {
      guard Self.isName(host) else { throw .noHost(host) }
      guard !own.standFor(host) else { throw .stoodFor(host) }
    }
  }

  /// Says where its host leads. All of it must be allowed: who mixes them means no good.
  mutating func lead(to found: [NumericAddress], own: OwnPlaces) throws(OutboundRefusal) {
    for address in found {
      if let reason = Self.reason(against: address.bytes)
        ?? address.embedded.flatMap({ Self.reason(against: $0) })
      {
        throw .forbidden(address.text, reason)
      }
      guard !own.contain(port) || !address.isOfThisMachine else { throw .ourselves }
    }
    addresses = found
  }

  /// A name that a name server may know, by RFC 1123 §2.1: numbers in shorthand, hexadecimal or octal are
  /// none, since their last part begins with a digit.
  private static func isName(_ host: String) -> Bool {
    let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard host.utf8.count <= 253, let first = labels.last?.first, !(0x30...0x39).contains(first)
    else { return false }
    return labels.allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy {
          switch $0 {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
          case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
          default: false
          }
        }
    }
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
  case notHTTP
  /// Neither an address in numbers nor a name.
  case noHost(String)
  /// We answer in its place.
  case stoodFor(String)
  case forbidden(String, String)
  case ourselves
  /// The name was not found, for this reason.
  case notFound(String)

  /// A sentence for people.
  var text: String {
    switch self {
    case .notHTTP: "only http and https URLs can be reached from here."
    case .noHost(let host): "\(host) is neither an address in numbers nor the name of a host."
    case .stoodFor(let host):
      "Wavetank answers in place of \(host): what comes here never goes on to there."
    case .forbidden(let host, let reason): "\(host) is \(reason): such are never called."
    case .notFound(let reason): reason
    case .ourselves: "that is Wavetank itself, which never calls itself."
    }
  }
}

/// The ports at which this server listens, and the hosts in whose place it answers.
final class OwnPlaces: Sendable {
  private let ports = Mutex<[UInt16]>([])
  private let hosts = Mutex<[HostPattern]>([])

  func insert(_ port: UInt16) { ports.withLock { $0.append(port) } }
  func contain(_ port: UInt16) -> Bool { ports.withLock { $0.contains(port) } }

  func insert(hosts patterns: [String]) {
    hosts.withLock { $0 += patterns.map { HostPattern($0) } }
  }
  func standFor(_ host: String) -> Bool {
    let name = Array(host.asciiLowercased.utf8)[...]
    return hosts.withLock { $0.contains { $0.matches(name) } }
  }
}
