import HTTPModel

/// The text form of UUIDs.
package enum UUIDText {
  package enum LetterCase: Sendable { case lower, upper }

  /// With version and variant in their places (RFC 9562 §4).
  package static func words(
    _ high: UInt64, _ low: UInt64, version: UInt64
  ) -> (high: UInt64, low: UInt64) {
    (
      high & 0xFFFF_FFFF_FFFF_0FFF | version << 12,
      low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    )
  }

  package static func format(
    _ high: UInt64, _ low: UInt64, version: UInt64, _ letterCase: LetterCase
  ) -> String {
    let (high, low) = words(high, low, version: version)
    var bytes: [UInt8] = []
    append(high, low, letterCase, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let dashes = [UInt8](repeating: UInt8(ascii: "-"), count: 36)

  /// Writes the 36 characters: exports do this for every row.
  package static func append(
    _ high: UInt64, _ low: UInt64, _ letterCase: LetterCase = .lower, to bytes: inout [UInt8]
  ) {
    let letterA: UInt8 = letterCase == .lower ? 0x61 : 0x41
    var position = bytes.count
    bytes.append(contentsOf: dashes)
    var span = bytes.mutableSpan
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { position += 1 }
      let word = index < 16 ? high : low
      let digit = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- (index & 15) &* 4) & 15)
      span[position] = digit < 10 ? 0x30 + digit : letterA + digit - 10
      position += 1
    }
  }

  /// The bits of a text of the form 8-4-4-4-12 of hexadecimal digits, in any case.
  package static func read(_ text: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
    guard text.count == 36 else { return nil }
    var words: (high: UInt64, low: UInt64) = (0, 0)
    for index in 0..<36 {
      let byte = text[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = byte.hexDigitValue else { return nil }
      if index < 18 {
        words.high = words.high << 4 | UInt64(digit)
      } else {
        words.low = words.low << 4 | UInt64(digit)
      }
    }
    return words
  }

  package static func isUUID(_ text: String) -> Bool { read(text.utf8Span.span) != nil }
}
