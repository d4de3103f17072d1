package import EmulatorKernel

/// The id of an organization, project, fleet, vessel, run, voyage or blueprint: a UUID, kept as its
/// 128 bits because a hundred thousand runs hold three ids each. Read in any case, written in lower.
package struct ResourceID: Sendable, Hashable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A fresh one.
  package init(_ ids: inout IDSource, _ kind: String) {
    (high, low) = ids.uuidWords(kind)
  }

  /// Reads the form 8-4-4-4-12; nil for anything else.
  package init?(_ text: String) {
    let bytes = text.utf8Span.span
    guard bytes.count == 36 else { return nil }
    var words: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for index in 0..<36 {
      let byte = bytes[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let value = Self.hexValue(byte) else { return nil }
      if digits < 16 { words.0 = words.0 << 4 | value } else { words.1 = words.1 << 4 | value }
      digits += 1
    }
    (high, low) = words
  }

  private static let dashes = [UInt8](repeating: UInt8(ascii: "-"), count: 36)

  private static func hexValue(_ byte: UInt8) -> UInt64? {
    switch byte {
    case 0x30...0x39: UInt64(byte - 0x30)
    case 0x41...0x46: UInt64(byte - 0x41 + 10)
    case 0x61...0x66: UInt64(byte - 0x61 + 10)
    default: nil
    }
  }

  package var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(36)
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Writes the 36 characters: the exports do this for every row.
  package func append(to bytes: inout [UInt8]) {
    var position = bytes.count
    bytes.append(contentsOf: Self.dashes)
    var span = bytes.mutableSpan
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { position += 1 }
      let word = index < 16 ? high : low
      let digit = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- (index & 15) &* 4) & 15)
      span[position] = digit < 10 ? 0x30 + digit : 0x57 + digit
      position += 1
    }
  }
}

extension ResourceID: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = ResourceID(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID")
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension ResourceID: CustomStringConvertible {
  package var description: String { text }
}
