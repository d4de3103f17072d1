/// Text that stands in JSON as it is (RFC 8259 §7).
extension Span<UInt8> {
  /// Copies it unless something in it needs an escape. What stands at the place then is of no meaning.
  /// - Parameter place: Has room for all of it.
  @inline(__always)
  func copyIfPlain(to place: UnsafeMutableRawPointer) -> Bool {
    // SAFETY: read as bytes, during the call alone; all loads lie within the span, and all stores as far into
    // the place, the last ones over some that were made before. An integer may have any bits.
    let raw = unsafe bytes
    var found: UInt64 = 0
    if count >= 8 {
      var index = 0
      while index < count &- 8 {
        unsafe raw.copy(UInt64.self, at: index, to: place, &found)
        index &+= 8
      }
      unsafe raw.copy(UInt64.self, at: count &- 8, to: place, &found)
    } else if count >= 4 {
      unsafe raw.copy(UInt32.self, at: 0, to: place, &found)
      unsafe raw.copy(UInt32.self, at: count &- 4, to: place, &found)
    } else {
      for index in indices { unsafe raw.copy(UInt8.self, at: index, to: place, &found) }
    }
    return found & 0x8080_8080_8080_8080 == 0
  }

  /// Has a high bit set if one of the eight bytes needs an escape: of `x - 0x01… & ~x` that of a byte
  /// which is zero, and perhaps of some behind it.
  @inline(__always)
  fileprivate static func escaped(_ word: UInt64) -> UInt64 {
    let quotes = word ^ 0x2222_2222_2222_2222
    let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
    return (word &- 0x2020_2020_2020_2020) & ~word
      | (quotes &- 0x0101_0101_0101_0101) & ~quotes
      | (backslashes &- 0x0101_0101_0101_0101) & ~backslashes
  }

  /// How many bytes stand before the first that JSON escapes: a control character, a quote, a backslash.
  var plainCount: Int {
    // SAFETY: as in `copyIfPlain`, without the stores.
    let raw = unsafe bytes
    var index = 0
    while index + 8 <= count {
      let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      if Self.escaped(word) & 0x8080_8080_8080_8080 != 0 { break }
      index += 8
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      index += 1
    }
    return index
  }
}

extension RawSpan {
  /// One integer of it, and whether one of its bytes needs an escape, in the high bits of `found`.
  @inline(__always)
  fileprivate func copy<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Word.Type, at index: Int, to place: UnsafeMutableRawPointer, _ found: inout UInt64
  ) {
    // SAFETY: who calls sees to it that the integer lies within the span, and as far into the place.
    let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: type)
    unsafe place.storeBytes(of: word, toByteOffset: index, as: type)
    // What a shorter one lacks is filled up with letters.
    let filling: UInt64 = 0x6161_6161_6161_6161
    found |= Span<UInt8>.escaped(
      UInt64(truncatingIfNeeded: word) | (Word.bitWidth < 64 ? filling << Word.bitWidth : 0))
  }
}
