/// Text that stands in JSON as it is (RFC 8259 §7).
extension Span<UInt8> {
  /// Copies it unless something in it needs an escape. What stands at the place then is of no meaning.
  /// - Parameter place: Has room for all of it.
  @inline(__always)
  func copyIfPlain(to place: UnsafeMutableRawPointer) -> Bool {
    // SAFETY: read as bytes, during the call alone; all loads lie within the span, and all stores as far into
    // the place, the last ones over some that were made before. An integer may have any bits.
    let raw = unsafe bytes
    var found: (UInt64, UInt64)
    if count >= 16 {
      // Two words at a time, which are one of the processor's vectors.
      found = unsafe raw.copyTwo(at: count &- 16, to: place)
      var index = 0
      while index < count &- 16 {
        let more = unsafe raw.copyTwo(at: index, to: place)
        found = (found.0 | more.0, found.1 | more.1)
        index &+= 16
      }
    } else if count >= 8 {
      found.0 = Self.escaped(unsafe raw.copy(UInt64.self, at: 0, to: place))
      found.1 = Self.escaped(unsafe raw.copy(UInt64.self, at: count &- 8, to: place))
    } else if count >= 4 {
      let first = UInt64(unsafe raw.copy(UInt32.self, at: 0, to: place))
      let last = UInt64(unsafe raw.copy(UInt32.self, at: count &- 4, to: place))
      found = (Self.escaped(first | last << 32), 0)
    } else {
      // What is not there is filled up with letters.
      var word: UInt64 = 0x6161_6161_6161_6161
      for index in indices {
        word = word << 8 | UInt64(unsafe raw.copy(UInt8.self, at: index, to: place))
      }
      found = (Self.escaped(word), 0)
    }
    return (found.0 | found.1) & 0x8080_8080_8080_8080 == 0
  }

  /// Has a high bit set if one of the eight bytes needs an escape: of `x - 0x01… & ~x` that of a byte
  /// which is zero, and perhaps of some behind it.
  @inline(__always)
  fileprivate static func escaped(_ word: UInt64) -> UInt64 {
    let quotes = word ^ 0x2222_2222_2222_2222
    let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
    // In all three of them the high bits that were there before are those of the word.
    let borrowed =
      (word &- 0x2020_2020_2020_2020) | (quotes &- 0x0101_0101_0101_0101)
      | (backslashes &- 0x0101_0101_0101_0101)
    return borrowed & ~word
  }

  /// How many bytes stand before the first that JSON escapes: a control character, a quote, a backslash.
  var plainCount: Int {
    // SAFETY: as in `copyIfPlain`, without the stores.
    let raw = unsafe bytes
    var index = 0
    while index &+ 8 <= count {
      let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
      // The lowest bit that is set is that of the first such byte; what stands behind it may be wrong.
      let found = Self.escaped(UInt64(littleEndian: word)) & 0x8080_8080_8080_8080
      if found != 0 { return index &+ found.trailingZeroBitCount / 8 }
      index &+= 8
    }
    while index < count, !self[index].isEscapedInJSON { index &+= 1 }
    return index
  }

  /// The least room that `escape` makes use of.
  static var escapingRoomMin: Int { 16 }

  /// Copies it with what JSON escapes (a control character, a quote, a backslash) as far as there is room,
  /// at least a byte of it.
  /// - Parameter place: Has that much room.
  func escape(to place: UnsafeMutableRawPointer, room: Int) -> (read: Int, written: Int) {
    // SAFETY: as in `copyIfPlain`. At each step there are sixteen bytes of room: a word takes eight, of which
    // as many count as stand before an escape, and that takes six.
    let raw = unsafe bytes
    var (read, written) = (0, 0)
    while read < count, written &+ Self.escapingRoomMin <= room {
      if read &+ 8 <= count {
        let word = unsafe raw.unsafeLoadUnaligned(fromUncheckedByteOffset: read, as: UInt64.self)
        unsafe place.storeBytes(of: word, toByteOffset: written, as: UInt64.self)
        // The lowest bit that is set is that of the first such byte; what stands behind it may be wrong.
        let found = Self.escaped(UInt64(littleEndian: word)) & 0x8080_8080_8080_8080
        let plain = found.trailingZeroBitCount / 8
        read &+= plain
        written &+= plain
        if plain == 8 { continue }
      }
      let byte = self[read]
      read &+= 1
      if byte.isEscapedInJSON {
        written &+= unsafe Self.escape(byte, to: place + written)
      } else {
        unsafe place.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
        written &+= 1
      }
    }
    return (read, written)
  }

  /// - Returns: how many bytes that took, six at most.
  private static func escape(_ byte: UInt8, to place: UnsafeMutableRawPointer) -> Int {
    // SAFETY: who calls has room for six bytes.
    unsafe place.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
    let letter: Unicode.Scalar? =
      switch byte {
      case 0x08: "b"
      case 0x09: "t"
      case 0x0A: "n"
      case 0x0C: "f"
      case 0x0D: "r"
      case ..<0x20: nil
      default: Unicode.Scalar(byte)
      }
    if let letter {
      unsafe place.storeBytes(of: UInt8(ascii: letter), toByteOffset: 1, as: UInt8.self)
      return 2
    }
    let digit = byte & 15
    let number: InlineArray<4, UInt8> = [
      0x30, 0x30, 0x30 + (byte >> 4), digit < 10 ? 0x30 + digit : 0x57 + digit,
    ]
    unsafe place.storeBytes(of: UInt8(ascii: "u"), toByteOffset: 1, as: UInt8.self)
    for index in 0..<4 {
      unsafe place.storeBytes(of: number[index], toByteOffset: 2 + index, as: UInt8.self)
    }
    return 6
  }
}

extension UInt8 {
  /// A control character, a quote, a backslash.
  @inline(__always)
  fileprivate var isEscapedInJSON: Bool {
    self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\")
  }
}

extension RawSpan {
  /// One integer of it.
  @inline(__always)
  fileprivate func copy<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Word.Type, at index: Int, to place: UnsafeMutableRawPointer
  ) -> Word {
    // SAFETY: who calls sees to it that the integer lies within the span, and as far into the place.
    let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: type)
    unsafe place.storeBytes(of: word, toByteOffset: index, as: type)
    return word
  }

  /// Sixteen bytes of it.
  @inline(__always)
  fileprivate func copyTwo(at index: Int, to place: UnsafeMutableRawPointer) -> (UInt64, UInt64) {
    // SAFETY: as above.
    let first = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
    let second = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ 8, as: UInt64.self)
    unsafe place.storeBytes(of: first, toByteOffset: index, as: UInt64.self)
    unsafe place.storeBytes(of: second, toByteOffset: index &+ 8, as: UInt64.self)
    return (Span<UInt8>.escaped(first), Span<UInt8>.escaped(second))
  }
}

extension UnsafeMutableRawPointer {
  /// Copies a text that is a part of the program.
  @inline(__always)
  func copyShort(_ text: StaticString) {
    unsafe copyShort(UnsafeRawPointer(text.utf8Start), count: text.utf8CodeUnitCount)
  }

  /// Copies a name or the like, for which a call of the library's function takes three times as long.
  @inline(__always)
  func copyShort(_ source: UnsafeRawPointer, count: Int) {
    // SAFETY: all loads lie within the `count` bytes at the source, and all stores as far into the place,
    // the last ones over some that were made before. An integer may have any bits.
    if count >= 8 {
      var index = 0
      while index < count &- 8 {
        unsafe copyWord(UInt64.self, source, at: index)
        index &+= 8
      }
      unsafe copyWord(UInt64.self, source, at: count &- 8)
    } else if count >= 4 {
      unsafe copyWord(UInt32.self, source, at: 0)
      unsafe copyWord(UInt32.self, source, at: count &- 4)
    } else {
      for index in 0..<count { unsafe copyWord(UInt8.self, source, at: index) }
    }
  }

  @inline(__always)
  private func copyWord<Word: FixedWidthInteger & BitwiseCopyable>(
    _ type: Word.Type, _ source: UnsafeRawPointer, at index: Int
  ) {
    // SAFETY: as who calls says.
    let word = unsafe source.loadUnaligned(fromByteOffset: index, as: type)
    unsafe storeBytes(of: word, toByteOffset: index, as: type)
  }
}
