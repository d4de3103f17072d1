extension UInt8 {
  /// The byte with A–Z turned to a–z.
  package var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }

  /// What the byte means as a hexadecimal digit, in either case.
  @inlinable @inline(__always) package var hexDigitValue: UInt8? {
    let digit = self &- 0x30
    if digit < 10 { return digit }
    let letter = (self | 0x20) &- 0x61
    return letter < 6 ? letter + 10 : nil
  }
}

extension Span<UInt8> {
  /// Whether both are the same but for the case of ASCII letters; of the same length. Eight at a time: all
  /// names of all fields that anybody looks for are compared so.
  package func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    if count >= 8 {
      var index = 0
      while index + 8 < count {
        guard Self.isSame(word(at: index), other.word(at: index)) else { return false }
        index += 8
      }
      // The last eight, some of them once more.
      return Self.isSame(word(at: count - 8), other.word(at: count - 8))
    }
    for index in indices where self[index] != other[index] {
      guard self[index].asciiLowercased == other[index].asciiLowercased else { return false }
    }
    return true
  }

  private static func isSame(_ left: UInt64, _ right: UInt64) -> Bool {
    var difference = left ^ right
    if difference == 0 { return true }
    guard difference & ~0x2020_2020_2020_2020 == 0 else { return false }
    // Where only the bit of the case differs, it must be a letter's.
    while difference != 0 {
      let shift = UInt64(difference.trailingZeroBitCount) & ~7
      let letter = UInt8(truncatingIfNeeded: left >> shift) | 0x20
      guard letter &- 0x61 < 26 else { return false }
      difference &= ~(0x20 << shift)
    }
    return true
  }
}

extension [UInt8] {
  /// As `append(contentsOf:)` of an array, which takes its argument over: whoever keeps it counts it up, and
  /// that counts it down.
  package mutating func append(copyOf bytes: borrowing [UInt8]) {
    // SAFETY: copied within the closure.
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Appends a copy of the bytes.
  @inlinable @inline(__always) package mutating func append(copying bytes: Span<UInt8>) {
    // SAFETY: copied within the closure.
    unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}

extension Span<UInt8> {
  /// A range of it without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  package func trimmingOptionalWhitespace(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
    while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
    return start..<end
  }
}

extension ArraySlice<UInt8> {
  /// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  package var trimmingOptionalWhitespace: ArraySlice<UInt8> {
    let range = span.trimmingOptionalWhitespace(0..<count)
    return range.count == count
      ? self : self[startIndex + range.lowerBound..<startIndex + range.upperBound]
  }
}

extension String {
  /// Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3).
  package func trimmingOptionalWhitespace() -> String {
    var view = Substring(self).utf8
    while let first = view.first, first == 0x20 || first == 0x09 { view.removeFirst() }
    while let last = view.last, last == 0x20 || last == 0x09 { view.removeLast() }
    return String(Substring(view))
  }
}
