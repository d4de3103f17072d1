/// Byte values and classes of RFC 9110 §5.6.
enum Byte {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let comma: UInt8 = 0x2C
  static let slash: UInt8 = 0x2F
  static let zero: UInt8 = 0x30
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let equals: UInt8 = 0x3D
  static let quote: UInt8 = 0x22
  static let backslash: UInt8 = 0x5C
  static let delete: UInt8 = 0x7F
  static let questionMark: UInt8 = 0x3F
  static let percent: UInt8 = 0x25
  static let period: UInt8 = 0x2E
  static let openingBracket: UInt8 = 0x5B
  static let closingBracket: UInt8 = 0x5D
}

extension UInt8 {
  /// `tchar`, as two bit sets over ASCII: a table without a memory access.
  @inline(__always) var isTokenCharacter: Bool {
    // ! # $ % & ' * + - . 0–9 | A–Z ^ _ ` a–z | ~
    let low: UInt64 = 0x03FF_6CFA_0000_0000
    let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    if self < 64 { return low >> UInt64(self) & 1 != 0 }
    return self < 128 && high >> UInt64(self & 63) & 1 != 0
  }

  /// What may stand in the name of a host besides escapes (RFC 3986 §3.2.2): unreserved characters
  /// and sub-delimiters, without the comma.
  @inline(__always) var isRegisteredNameCharacter: Bool {
    // ! $ & ' ( ) * + - . 0–9 ; = | A–Z _ a–z ~
    let low: UInt64 = 0x2BFF_6FD2_0000_0000
    let high: UInt64 = 0x47FF_FFFE_87FF_FFFE
    if self < 64 { return low >> UInt64(self) & 1 != 0 }
    return self < 128 && high >> UInt64(self & 63) & 1 != 0
  }

  /// What may stand in a line: HTAB, SP, visible ASCII and obs-text (RFC 9110 §5.5).
  @inline(__always) var isLineCharacter: Bool {
    (self >= Byte.space && self != Byte.delete) || self == Byte.tab
  }

  @inline(__always) var isDigit: Bool { self &- Byte.zero < 10 }
}

/// Bytes that were passed over in blocks: there is no space and no control character among them.
struct PlainStretch: Sendable {
  var range = 0..<0
  var hasQuestionMark = false
}

extension Span<UInt8> {
  /// The first index at or after `start` and below `end` that cannot stand in a line; else `end`.
  ///
  /// Eight bytes at a time: a byte's high bit is set in `marks` if the byte is below 0x20 or 0x7F.
  /// Borrows can only mark bytes above a true one, so the lowest mark is always right.
  /// - Parameter plain: where blocks were passed over, all of them.
  @inline(__always) func endOfLineCharacters(
    from start: Int, to end: Int, plain: inout PlainStretch
  ) -> Int {
    precondition(start >= 0 && end <= count)
    var index = start
    // SAFETY: a span of bytes is a span of its bytes.
    let bytes = unsafe self.bytes
    while index + 8 <= end {
      // SAFETY: `index + 8 <= end <= count`, and a UInt64 may have any bits.
      let raw = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      let word = UInt64(littleEndian: raw)
      let below = (word &- 0x2020_2020_2020_2020) & ~word
      let deleted = word ^ 0x7F7F_7F7F_7F7F_7F7F
      let isDelete = (deleted &- 0x0101_0101_0101_0101) & ~deleted
      let marks = (below | isDelete) & 0x8080_8080_8080_8080
      if marks == 0 {
        index += 8
        if index - start == Self.blockBytes {
          plain = plainBlocks(from: index, to: end)
          index = plain.range.upperBound
        }
        continue
      }
      index += marks.trailingZeroBitCount >> 3
      guard self[index] == Byte.tab else { return index }
      index += 1
    }
    while index < end, self[index].isLineCharacter { index += 1 }
    return index
  }

  private static var blockBytes: Int { 128 }

  /// Passes over whole blocks without a space or a control character: for what has proved to be long.
  /// Without a way out of a block's midst, so that the compiler makes it a loop over vectors.
  private func plainBlocks(from start: Int, to end: Int) -> PlainStretch {
    var index = start
    var questions: UInt8 = 0
    while index + Self.blockBytes <= end {
      let block = extracting(index..<index + Self.blockBytes)
      var (found, asked): (UInt8, UInt8) = (0, 0)
      for offset in 0..<Self.blockBytes {
        // SAFETY: the block has so many bytes.
        let byte = unsafe block[unchecked: offset]
        found |= (byte <= Byte.space ? 1 : 0) | (byte == Byte.delete ? 1 : 0)
        asked |= byte == Byte.questionMark ? 1 : 0
      }
      if found != 0 { break }
      questions |= asked
      index += Self.blockBytes
    }
    return PlainStretch(range: start..<index, hasQuestionMark: questions != 0)
  }

  /// The first index of `range` that is a space or a control character; else its end.
  ///
  /// Eight bytes at a time: a byte's high bit is set in `marks` if the byte is below 0x21.
  @inline(__always) func endOfVisible(in range: Range<Int>) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    var index = range.lowerBound
    // SAFETY: a span of bytes is a span of its bytes.
    let bytes = unsafe self.bytes
    while index + 8 <= range.upperBound {
      // SAFETY: `index + 8 <= range.upperBound <= count`, and a UInt64 may have any bits.
      let raw = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      let word = UInt64(littleEndian: raw)
      let marks = (word &- 0x2121_2121_2121_2121) & ~word & 0x8080_8080_8080_8080
      if marks != 0 { return index + marks.trailingZeroBitCount >> 3 }
      index += 8
      if index - range.lowerBound == Self.blockBytes {
        index = plainBlocks(from: index, to: range.upperBound).range.upperBound
      }
    }
    while index < range.upperBound, self[index] > Byte.space { index += 1 }
    return index
  }

  /// The first index at or after `range`'s start that is no token character; else its end.
  ///
  /// Nearly all names of fields are of letters and hyphens: those are passed over eight at a time.
  @inline(__always) func endOfToken(in range: Range<Int>) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    var index = range.lowerBound
    while index + 8 <= range.upperBound {
      let marks = Self.othersThanLettersAndHyphens(word(at: index))
      index += marks == 0 ? 8 : marks.trailingZeroBitCount >> 3
      if marks != 0 { break }
    }
    // SAFETY: the range lies within the span, checked above.
    while index < range.upperBound, unsafe self[unchecked: index].isTokenCharacter { index += 1 }
    return index
  }

  /// The high bits of the bytes that are neither. No sum of seven bits and less than 0x80 goes beyond its byte.
  @inline(__always) private static func othersThanLettersAndHyphens(_ word: UInt64) -> UInt64 {
    let low = word & 0x7F7F_7F7F_7F7F_7F7F
    let letters = low | 0x2020_2020_2020_2020
    // From `a` on, and beyond `z`.
    let isLetter =
      (letters &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(letters &+ 0x0505_0505_0505_0505)
    let isOther = (low ^ 0x2D2D_2D2D_2D2D_2D2D) &+ 0x7F7F_7F7F_7F7F_7F7F
    return (~(isLetter | ~isOther) | word) & 0x8080_8080_8080_8080
  }

  /// Whether the bytes at `range` are `text`, which is in lower case, without regard to case.
  @inline(__always) func equalsIgnoringCase(_ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    for offset in 0..<range.count {
      // SAFETY: `offset` is below the text's length and the range within the span, checked above.
      let expected = unsafe text.utf8Start[offset]
      let byte = unsafe self[unchecked: range.lowerBound + offset]
      guard (byte &- 0x41 < 26 ? byte | 0x20 : byte) == expected else { return false }
    }
    return true
  }

  /// Whether the bytes at `range` are those of `other`.
  @inline(__always) func equals(_ range: Range<Int>, _ other: Span<UInt8>) -> Bool {
    guard range.count == other.count else { return false }
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    // SAFETY: spans of bytes are spans of their bytes.
    let (own, others) = unsafe (bytes, other.bytes)
    var index = 0
    while index + 8 <= other.count {
      let place = range.lowerBound + index
      // SAFETY: the eight bytes lie within both, checked above; a UInt64 may have any bits.
      guard
        unsafe own.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: UInt64.self)
          == others.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      else { return false }
      index += 8
    }
    while index < other.count, self[range.lowerBound + index] == other[index] { index += 1 }
    return index == other.count
  }

  /// Eight bytes from `index` on, the first in the lowest place.
  @inline(__always) func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index + 8 <= count)
    // SAFETY: the eight bytes lie within the span, checked above; a UInt64 may have any bits.
    return unsafe UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
  }

  /// Whether the bytes at `range` are exactly `text`.
  @inline(__always) func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count {
      // SAFETY: `offset` is below the text's length, checked above; the text is static.
      guard unsafe text.utf8Start[offset] == self[range.lowerBound + offset] else { return false }
    }
    return true
  }
}
