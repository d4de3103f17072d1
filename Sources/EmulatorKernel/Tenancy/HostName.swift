import HTTPModel
import PayloadCodecs

/// Host names as bytes, with or without a port.
package enum HostName {
  /// `localhost`, names below it, 127.0.0.0/8, `[::1]`; any port.
  package static func isLoopback(_ host: ArraySlice<UInt8>) -> Bool {
    if hasCommonName(host) { return true }
    let name = withoutPort(host)
    let port = host[name.endIndex...]
    guard port.isEmpty || port.dropFirst().allSatisfy({ $0 &- 0x30 < 10 }) else { return false }
    if name.elementsEqual("[::1]".utf8) { return true }
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

  /// Up to the colon in front of a port; brackets stay.
  static func withoutPort(_ host: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let end =
      host.first == UInt8(ascii: "[")
      ? (host.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? host.endIndex)
      : (host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex)
    return host[host.startIndex..<end]
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
}

/// A host name, or `*.` and the end of one.
package struct HostPattern: Sendable {
  private let suffix: [UInt8]
  private let isWildcard: Bool
  var length: Int { suffix.count }

  package init(_ text: String) {
    isWildcard = text.hasPrefix("*.")
    suffix = Array((isWildcard ? String(text.dropFirst()) : text).asciiLowercased.utf8)
  }

  /// - Parameter host: lower case, without port. A dot at its end says that it is whole, as it is without.
  package func matches(_ host: ArraySlice<UInt8>) -> Bool {
    let host = host.last == UInt8(ascii: ".") ? host.dropLast() : host
    guard isWildcard ? host.count > suffix.count : host.count == suffix.count else { return false }
    return host.suffix(suffix.count).elementsEqual(suffix)
  }
}
