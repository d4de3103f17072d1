import PayloadCodecs

/// A pattern in which `*` stands for any run of characters, also none and also `/` and `.`, and `?`
/// for one character. `\` takes the character behind it as it stands. The whole text must match;
/// letter case counts.
package struct Glob: Sendable, Equatable {
  private enum Token: Sendable, Equatable {
    case byte(UInt8)
    case one
    case run
  }

  package let text: String
  private let tokens: [Token]
  /// The pattern as plain text when it has no wildcard.
  package let literal: String?

  package init(_ text: String) {
    self.text = text
    var tokens: [Token] = []
    var isEscaped = false
    for byte in text.utf8 {
      switch byte {
      case _ where isEscaped:
        tokens.append(.byte(byte))
        isEscaped = false
      case UInt8(ascii: "\\"): isEscaped = true
      case UInt8(ascii: "*"): if tokens.last != .run { tokens.append(.run) }
      case UInt8(ascii: "?"): tokens.append(.one)
      default: tokens.append(.byte(byte))
      }
    }
    if isEscaped { tokens.append(.byte(UInt8(ascii: "\\"))) }
    self.tokens = tokens
    let bytes = tokens.compactMap { token -> UInt8? in
      if case .byte(let byte) = token { byte } else { nil }
    }
    literal = bytes.count == tokens.count ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// The bytes that stand in it one after the other, without a wildcard in between.
  var runs: [[UInt8]] {
    tokens.split { $0 == .run || $0 == .one }.map { run in
      run.compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
    }
  }

  package func matches(_ text: String) -> Bool {
    if let literal { return literal.isExactly(text) }
    var text = text
    return text.withUTF8 { unsafe matches($0.span) }
  }

  func matchesOne(of texts: [String]) -> Bool {
    if let literal { return texts.contains(literal) }
    return texts.contains(where: matches)
  }

  /// Goes back to the last `*` only: time is at most pattern × text.
  package func matches(_ text: borrowing Span<UInt8>) -> Bool {
    var token = 0
    var index = 0
    var retry: (token: Int, index: Int)?
    while index < text.count {
      if token < tokens.count {
        switch tokens[token] {
        case .run:
          if token + 1 == tokens.count { return true }
          retry = (token, index)
          token += 1
          continue
        case .one:
          index += Self.scalarLength(text, index)
          token += 1
          continue
        case .byte(let byte) where byte == text[index]:
          index += 1
          token += 1
          continue
        case .byte: break
        }
      }
      guard let last = retry else { return false }
      retry = (last.token, last.index + 1)
      (token, index) = (last.token + 1, last.index + 1)
    }
    while token < tokens.count, tokens[token] == .run { token += 1 }
    return token == tokens.count
  }

  /// How many bytes the character at `index` has.
  private static func scalarLength(_ text: borrowing Span<UInt8>, _ index: Int) -> Int {
    var length = 1
    while index + length < text.count, text[index + length] & 0xC0 == 0x80 { length += 1 }
    return length
  }
}

extension Glob: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension Glob: ExpressibleByStringLiteral, CustomStringConvertible {
  package init(stringLiteral value: String) { self.init(value) }
  package var description: String { text }
}
