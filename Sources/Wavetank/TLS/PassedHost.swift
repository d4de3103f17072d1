import EmulatorKernel
import PayloadCodecs

/// Hosts that tunnels may go through to.
package struct PassedHost: Sendable {
  private let pattern: HostPattern
  /// Nil: whichever.
  package let port: UInt16?

  /// Reads `HOST`, `*.HOST`, `[ADDRESS]`, each with `:PORT` or without. Nil for anything else.
  init?(_ text: String) {
    let tail = text.lastIndex(of: "]").map { text[$0...] } ?? text[...]
    var host = text.asciiLowercased
    if let colon = tail.lastIndex(of: ":") {
      let digits = text[text.index(after: colon)...]
      guard digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }),
        let number = Int(digits).flatMap(UInt16.init(exactly:)), number > 0
      else { return nil }
      port = number
      host = String(text[..<colon]).asciiLowercased
    } else {
      port = nil
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
      guard host.utf8.allSatisfy({ $0.isHexDigit || $0 == 0x3A || $0 == 0x2E }) else { return nil }
    } else {
      let name = host.hasPrefix("*.") ? host.dropFirst(2) : host[...]
      guard !name.isEmpty, name.utf8.count <= 253, name.utf8.allSatisfy(\.isHostNameByte) else {
        return nil
      }
    }
    pattern = HostPattern(host)
  }

  /// - Parameter host: in lower case, without brackets.
  package func matches(_ host: String) -> Bool { pattern.matches(Array(host.utf8)[...]) }

  func matches(_ host: String, port: UInt16) -> Bool {
    matches(host) && (self.port ?? port) == port
  }
}

extension UInt8 {
  fileprivate var isHexDigit: Bool { self &- 0x30 < 10 || self &- 0x61 < 6 }
}
