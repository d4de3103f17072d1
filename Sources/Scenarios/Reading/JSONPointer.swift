package import PayloadCodecs

/// A JSON Pointer (RFC 6901): `` the whole value, `/a/0/b~1c` a place in it.
package struct JSONPointer: Sendable, Hashable {
  package let tokens: [String]

  /// The whole value.
  package init() { tokens = [] }

  /// Nil when the text is not empty and does not begin with `/`, or holds `~` without 0 or 1.
  package init?(_ text: String) {
    guard !text.isEmpty else {
      tokens = []
      return
    }
    guard text.hasPrefix("/") else { return nil }
    var tokens: [String] = []
    for part in text.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      guard let token = Self.unescape(part) else { return nil }
      tokens.append(token)
    }
    self.tokens = tokens
  }

  private static func unescape(_ part: Substring.UTF8View) -> String? {
    guard part.contains(UInt8(ascii: "~")) else { return String(Substring(part)) }
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in part {
      switch (isEscaped, byte) {
      case (true, UInt8(ascii: "0")): bytes.append(UInt8(ascii: "~"))
      case (true, UInt8(ascii: "1")): bytes.append(UInt8(ascii: "/"))
      case (true, _): return nil
      case (false, UInt8(ascii: "~")):
        isEscaped = true
        continue
      case (false, _): bytes.append(byte)
      }
      isEscaped = false
    }
    return isEscaped ? nil : String(decoding: bytes, as: UTF8.self)
  }

  package var text: String { tokens.map { "/" + $0.asPointerToken }.joined() }

  /// The value at this place; nil when there is none.
  package func value(in root: JSON) -> JSON? {
    var value = root
    for token in tokens {
      switch value {
      case .object(let object):
        guard let member = object[token] else { return nil }
        value = member
      case .array(let elements):
        guard let index = Self.index(token), elements.indices.contains(index) else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }

  /// An array index without leading zeros (RFC 6901 §4).
  private static func index(_ token: String) -> Int? {
    guard let first = token.utf8.first, first &- 0x30 < 10, first != 0x30 || token == "0" else {
      return nil
    }
    return Int(token)
  }
}

extension JSONPointer {
  package func hash(into hasher: inout Hasher) {
    for token in tokens { hasher.combine(ExactText(token)) }
  }
}
