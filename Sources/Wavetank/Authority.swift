import PayloadCodecs

/// Host and port of a URL (RFC 3986 §3.2).
public struct Authority: Sendable, Equatable {
  /// Without brackets.
  public let host: String
  public let port: UInt16

  /// Reads `127.0.0.1:7070`, `localhost`, `[::1]:80`. Nil for anything else, user names included.
  /// - Parameter defaultPort: where there is none; http's own is 80.
  public init?(_ text: String, defaultPort: UInt16 = 80) {
    guard !text.contains("@") else { return nil }
    let tail = text.lastIndex(of: "]").map { text[$0...] } ?? text[...]
    var host = text
    var port = defaultPort
    if let colon = tail.lastIndex(of: ":") {
      let digits = text[text.index(after: colon)...]
      guard digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let number = UInt16(digits), number > 0
      else { return nil }
      port = number
      host = String(text[..<colon])
    }
    guard host.hasPrefix("[") == host.hasSuffix("]") else { return nil }
    if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty, !host.contains("/") else { return nil }
    self.host = host
    self.port = port
  }
}
