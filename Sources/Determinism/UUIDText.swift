import HTTPModel
package import PayloadCodecs

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
    return text(high, low, letterCase)
  }

  /// Of bits that have version and variant already.
  package static func text(
    _ high: UInt64, _ low: UInt64, _ letterCase: LetterCase = .lower
  ) -> String {
    let characters = characters(high, low, letterCase)
    // SAFETY: hexadecimal digits and hyphens are ASCII.
    return String(copying: unsafe UTF8Span(unchecked: characters.span, isKnownASCII: true))
  }

  /// Writes the 36 characters: exports do this for every row.
  package static func append(
    _ high: UInt64, _ low: UInt64, _ letterCase: LetterCase = .lower, to bytes: inout [UInt8]
  ) {
    let characters = characters(high, low, letterCase)
    bytes.append(contentsOf: characters.span)
  }

  /// 8-4-4-4-12 digits.
  fileprivate static func characters(
    _ high: UInt64, _ low: UInt64, _ letterCase: LetterCase
  ) -> InlineArray<36, UInt8> {
    var text = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
    func put(_ digits: UInt64, _ count: Int, at place: Int) {
      var rest = digits
      for index in place..<place + count {
        text[index] = UInt8(truncatingIfNeeded: rest)
        rest >>= 8
      }
    }
    put(digits(high &>> 32, letterCase), 8, at: 0)
    let middle = digits(high, letterCase)
    put(middle, 4, at: 9)
    put(middle &>> 32, 4, at: 14)
    let last = digits(low &>> 32, letterCase)
    put(last, 4, at: 19)
    put(last &>> 32, 4, at: 24)
    put(digits(low, letterCase), 8, at: 28)
    return text
  }

  /// The eight digits of the lower half, the first of them in the lowest byte.
  private static func digits(_ word: UInt64, _ letterCase: LetterCase) -> UInt64 {
    // Each four bits get a byte of their own, by halves of halves.
    var spread = word & 0xFFFF_FFFF
    spread = (spread | spread &<< 16) & 0x0000_FFFF_0000_FFFF
    spread = (spread | spread &<< 8) & 0x00FF_00FF_00FF_00FF
    spread = (spread | spread &<< 4) & 0x0F0F_0F0F_0F0F_0F0F
    // One where the digit is a letter.
    let letters = (spread &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
    let toLetter: UInt64 = letterCase == .lower ? 0x27 : 0x07
    return (spread &+ 0x3030_3030_3030_3030 &+ letters &* toLetter).byteSwapped
  }

  /// The bits of a text of the form 8-4-4-4-12 of hexadecimal digits, in any case.
  package static func read(_ text: Span<UInt8>) -> (high: UInt64, low: UInt64)? {
    let hyphen = UInt8(ascii: "-")
    guard text.count == 36,
      text[8] == hyphen, text[13] == hyphen, text[18] == hyphen, text[23] == hyphen,
      let first = word(four(text, at: 0), four(text, at: 4)),
      let second = word(four(text, at: 9), four(text, at: 14)),
      let third = word(four(text, at: 19), four(text, at: 24)),
      let fourth = word(four(text, at: 28), four(text, at: 32))
    else { return nil }
    return (first << 32 | second, third << 32 | fourth)
  }

  /// Four characters, the first in the lowest byte.
  private static func four(_ text: Span<UInt8>, at index: Int) -> UInt64 {
    var four: UInt64 = 0
    for offset in 0..<4 { four |= UInt64(text[index + offset]) &<< UInt64(8 * offset) }
    return four
  }

  /// What eight digits say, all of them at once: the counterpart of `digits`.
  private static func word(_ first: UInt64, _ last: UInt64) -> UInt64? {
    let high: UInt64 = 0x8080_8080_8080_8080
    let characters = first | last &<< 32
    let letters = characters | 0x2020_2020_2020_2020
    guard characters & high == 0 else { return nil }
    // The highest bit of each byte: it is not below the first, and is below what follows the last.
    let isDigit =
      (characters &+ 0x5050_5050_5050_5050) & ~(characters &+ 0x4646_4646_4646_4646) & high
    let isLetter = (letters &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(letters &+ 0x1919_1919_1919_1919) & high
    guard isDigit | isLetter == high else { return nil }
    var word = (characters & 0x0F0F_0F0F_0F0F_0F0F &+ (isLetter &>> 7) &* 9).byteSwapped
    word = (word | word &>> 4) & 0x00FF_00FF_00FF_00FF
    word = (word | word &>> 8) & 0x0000_FFFF_0000_FFFF
    return (word | word &>> 16) & 0xFFFF_FFFF
  }

  package static func isUUID(_ text: String) -> Bool { read(text.utf8Span.span) != nil }
}

extension JSONWriter {
  /// A UUID in lower case.
  package mutating func member(_ name: StaticString, uuid high: UInt64, _ low: UInt64) {
    let characters = UUIDText.characters(high, low, .lower)
    member(plain: name, characters.span)
  }

  /// The same as an element.
  package mutating func value(uuid high: UInt64, _ low: UInt64) {
    let characters = UUIDText.characters(high, low, .lower)
    value(characters.span)
  }
}
