/// Text that is equal where its code points are, and sorts by them.
///
/// Swift takes strings for equal that Unicode's normalisation makes equal: `é` in one code point or
/// in two, `K` and the Kelvin sign. The services that we stand for compare code points, as JSON
/// (RFC 8259 §8.3) and URLs do. So what a client may have written is compared by the operators of
/// `ExactComparison.swift` in every file that imports this module; it is a key in a `TextMap`, a
/// `TextSet` or as this type. HouseTests look into the compiled files for comparisons that are none
/// of these.
///
/// As a wrapper it makes the text of a hashed structure exact: `@ExactText var name: String`.
@propertyWrapper
@usableFromInline
package struct ExactText: Sendable, Hashable, Comparable {
  @usableFromInline package var wrappedValue: String

  @inlinable package init(wrappedValue: String) { self.wrappedValue = wrappedValue }
  @inlinable package init(_ text: String) { wrappedValue = text }

  @inlinable package var text: String { wrappedValue }

  @inlinable package static func == (left: Self, right: Self) -> Bool {
    left.text.isExactly(right.text)
  }

  @inlinable package static func < (left: Self, right: Self) -> Bool {
    left.text.comesBefore(right.text)
  }

  /// By bytes: else texts that normalisation makes equal, of which there are many, had one hash.
  @usableFromInline package func hash(into hasher: inout Hasher) {
    // SAFETY: the bytes are read during the call alone.
    unsafe text.utf8.span.withUnsafeBytes { bytes in
      unsafe hasher.combine(bytes: bytes)
    }
    hasher.combine(0xFF as UInt8)
  }

  /// As the key of a table, without what a hash of several parts needs.
  @usableFromInline package func _rawHashValue(seed: Int) -> Int {
    // SAFETY: read as bytes, during the call alone.
    unsafe text.utf8.span.bytes.hash(seed: UInt64(UInt(bitPattern: seed)))
  }
}

extension ExactText: ExpressibleByStringLiteral {
  @usableFromInline package init(stringLiteral text: String) { self.init(text) }
}

extension ExactText: Codable {
  @usableFromInline package init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  @usableFromInline package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension String {
  /// Whether both have the same code points.
  @inlinable package func isExactly(_ other: String) -> Bool {
    // Most that differ do so in their lengths, which is seen without a call.
    utf8.count == other.utf8.count && hasBytes(of: other)
  }

  /// - Precondition: both have as many bytes.
  @usableFromInline func hasBytes(of other: String) -> Bool {
    // SAFETY: any bits are whole numbers; a string of the same bits is the same string.
    let (left, right) = unsafe (
      unsafeBitCast(self, to: (UInt64, UInt64).self),
      unsafeBitCast(other, to: (UInt64, UInt64).self)
    )
    if left == right { return true }
    // What is not even equal by normalisation: the library sees it at once in texts that lie in the
    // string itself. Many a `switch` asks that of each of its cases.
    if utf8.count < 16, !Self.libraryTakesForEqual(self, other) { return false }
    // SAFETY: both are read as bytes, during the call alone.
    return unsafe utf8.span.bytes.equals(other.utf8.span.bytes)
  }

  private static func libraryTakesForEqual<Value: Equatable>(_ left: Value, _ right: Value) -> Bool
  {
    left == right
  }

  /// In the order of code points, which is that of their bytes in UTF-8.
  @usableFromInline package func comesBefore(_ other: String) -> Bool {
    // SAFETY: both are read as bytes, during the call alone.
    unsafe utf8.span.bytes.precedes(other.utf8.span.bytes)
  }
}

extension Substring {
  /// Whether both have the same code points.
  @inlinable package func isExactly(_ other: Substring) -> Bool {
    utf8.count == other.utf8.count && hasBytes(of: other)
  }

  @usableFromInline func hasBytes(of other: Substring) -> Bool {
    // SAFETY: both are read as bytes, during the call alone.
    unsafe utf8Span.span.bytes.equals(other.utf8Span.span.bytes)
  }
}

extension RawSpan {
  /// Eight bytes at a time.
  package func equals(_ other: RawSpan) -> Bool {
    guard byteCount == other.byteCount else { return false }
    return commonPrefix(with: other) == byteCount
  }

  fileprivate func precedes(_ other: RawSpan) -> Bool {
    let common = commonPrefix(with: other)
    guard common < other.byteCount else { return false }
    guard common < byteCount else { return true }
    return byte(at: common) < other.byte(at: common)
  }

  /// How many bytes both begin with.
  package func commonPrefix(with other: RawSpan) -> Int {
    let count = Swift.min(byteCount, other.byteCount)
    var index = 0
    // Most that are long are the same far on.
    while index <= count - 32, holdsSame(as: other, at: index) { index += 32 }
    while index + 8 <= count, word(at: index) == other.word(at: index) { index += 8 }
    while index < count, byte(at: index) == other.byte(at: index) { index += 1 }
    return index
  }

  /// In the four words from there on.
  @inline(__always)
  private func holdsSame(as other: RawSpan, at index: Int) -> Bool {
    precondition(index >= 0 && index <= byteCount &- 32 && index <= other.byteCount &- 32)
    func difference(_ offset: Int) -> UInt64 {
      // SAFETY: the 32 bytes lie within both spans, checked above; a UInt64 may have any bits.
      unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ offset, as: UInt64.self)
        ^ other.unsafeLoadUnaligned(fromUncheckedByteOffset: index &+ offset, as: UInt64.self)
    }
    return difference(0) | difference(8) | difference(16) | difference(24) == 0
  }

  @inline(__always) func byte(at index: Int) -> UInt8 {
    precondition(index >= 0 && index < byteCount)
    // SAFETY: the byte lies within the span, checked above.
    return unsafe unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self)
  }

  @inline(__always) func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index + 8 <= byteCount)
    // SAFETY: the eight bytes lie within the span, checked above; a UInt64 may have any bits.
    return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
  }
}

// Each for its type: what is generic would be called as such from other modules, at many times the cost.

extension String {
  /// Letters of ASCII in upper case, and no others: `uppercased()` makes `S` of `ſ` and `I` of `ı`.
  package var asciiUppercased: String {
    utf8Span.span.holdsLetter(from: 0x61) ? utf8Span.span.turned(from: 0x61) : self
  }

  /// Letters of ASCII in lower case, and no others: `lowercased()` makes `k` of the Kelvin sign.
  package var asciiLowercased: String {
    utf8Span.span.holdsLetter(from: 0x41) ? utf8Span.span.turned(from: 0x41) : self
  }
}

extension Substring {
  package var asciiUppercased: String { utf8Span.span.turned(from: 0x61) }
  package var asciiLowercased: String { utf8Span.span.turned(from: 0x41) }
}

extension Span<UInt8> {
  /// Whether one of the 26 letters from `first` on is in it, asked of eight bytes at a time: ids are looked up in
  /// this form.
  fileprivate func holdsLetter(from first: UInt8) -> Bool {
    // SAFETY: they are read as bytes, during the call alone.
    let words = unsafe bytes
    let high: UInt64 = 0x8080_8080_8080_8080
    let (below, above) = (UInt64(0x80 - first), UInt64(0x80 - first - 26))
    var index = 0
    while index + 8 <= count {
      // The highest bit of each byte: it is none of the letters before, or of what comes behind them.
      let word = words.word(at: index)
      let low = word & ~high
      let isFrom = low &+ below &* 0x0101_0101_0101_0101
      let isBehind = low &+ above &* 0x0101_0101_0101_0101
      if isFrom & ~isBehind & ~word & high != 0 { return true }
      index += 8
    }
    while index < count {
      if self[index] &- first < 26 { return true }
      index += 1
    }
    return false
  }

  /// The 26 letters from `first` on in the other case.
  fileprivate func turned(from first: UInt8) -> String {
    unsafe String(unsafeUninitializedCapacity: count) { bytes in
      for index in 0..<count {
        let byte = self[index]
        // SAFETY: the buffer has room for `count` bytes.
        unsafe bytes[index] = byte &- first < 26 ? byte ^ 0x20 : byte
      }
      return count
    }
  }
}
