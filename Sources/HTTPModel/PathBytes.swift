/// Passing over a path many bytes at a time: every table that a request is looked up in passes over its
/// segments, and a path may be as long as a request line.
extension Span<UInt8> {
  private static var slash: UInt8 { UInt8(ascii: "/") }
  /// What is looked at as a whole once something has proved to be long.
  private static var blockBytes: Int { 128 }

  /// The next segment from `start` on that is not empty; nil: none begins before `end`.
  package func segment(from start: Int, to end: Int) -> Range<Int>? {
    let first = endOfSlashes(from: start, to: end)
    return first < end ? first..<firstIndex(of: Self.slash, from: first, to: end) : nil
  }

  /// Where the byte first stands from `start` on, or `end`.
  package func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var index = start
    while index + 8 <= end {
      let marks = Self.marks(word(at: index) ^ pattern)
      if marks != 0 { return index + marks.trailingZeroBitCount >> 3 }
      index += 8
      guard index - start == Self.blockBytes else { continue }
      while index + Self.blockBytes <= end, !blockHolds(byte, at: index) {
        index += Self.blockBytes
      }
    }
    if index < end, end - start >= 8 {
      // The last eight, some of them once more.
      let marks = Self.marks(word(at: end - 8) ^ pattern)
      return marks == 0 ? end : end - 8 + marks.trailingZeroBitCount >> 3
    }
    while index < end, self[index] != byte { index += 1 }
    return index
  }

  /// A byte's high bit is set in what this gives if it is zero; the lowest one that is set is always right.
  private static func marks(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  /// Where the first byte stands that is no slash, or `end`.
  package func endOfSlashes(from start: Int, to end: Int) -> Int {
    let slashes: UInt64 = 0x2F2F_2F2F_2F2F_2F2F
    var index = start
    while index + 8 <= end {
      let differing = word(at: index) ^ slashes
      if differing != 0 { return index + differing.trailingZeroBitCount >> 3 }
      index += 8
      guard index - start == Self.blockBytes else { continue }
      while index + Self.blockBytes <= end, blockIsSlashes(at: index) { index += Self.blockBytes }
    }
    while index < end, self[index] == Self.slash { index += 1 }
    return index
  }

  /// Whether two slashes stand in a row.
  func holdsDoubledSlash(in range: Range<Int>) -> Bool {
    var index = range.lowerBound
    while index + Self.blockBytes < range.upperBound {
      if blockHoldsDoubledSlash(at: index) { return true }
      index += Self.blockBytes
    }
    // Two in a row stand at the same place of two words, the second of which begins a byte later.
    while index + 9 <= range.upperBound {
      let marks = Self.slashMarks(word(at: index)) & Self.slashMarks(word(at: index + 1))
      if marks != 0 { return true }
      index += 8
    }
    while index + 1 < range.upperBound {
      if self[index] == Self.slash, self[index + 1] == Self.slash { return true }
      index += 1
    }
    return false
  }

  /// The high bit of each byte that is a slash, and of no other: without the borrow from byte to byte that
  /// would make a mark of what stands behind one.
  @inline(__always) private static func slashMarks(_ word: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let difference = word ^ 0x2F2F_2F2F_2F2F_2F2F
    return ~((difference & low) &+ low | difference | low)
  }

  // All without a way out in their midst, so that the compiler makes each one loop over vectors.

  private func blockIsSlashes(at start: Int) -> Bool {
    let block = extracting(start..<start + Self.blockBytes)
    var found: UInt8 = 0
    // SAFETY: the block has so many bytes.
    for offset in 0..<Self.blockBytes { found |= unsafe block[unchecked: offset] ^ Self.slash }
    return found == 0
  }

  private func blockHolds(_ byte: UInt8, at start: Int) -> Bool {
    let block = extracting(start..<start + Self.blockBytes)
    var least = UInt8.max
    // SAFETY: the block has so many bytes.
    for offset in 0..<Self.blockBytes { least = unsafe min(least, block[unchecked: offset] ^ byte) }
    return least == 0
  }

  private func blockHoldsDoubledSlash(at start: Int) -> Bool {
    let block = extracting(start..<start + Self.blockBytes)
    let next = extracting(start + 1..<start + 1 + Self.blockBytes)
    var found: UInt8 = 0
    for offset in 0..<Self.blockBytes {
      // SAFETY: both blocks have so many bytes.
      let isSlash: UInt8 = unsafe block[unchecked: offset] == Self.slash ? 1 : 0
      // SAFETY: the same.
      found |= isSlash & (unsafe next[unchecked: offset] == Self.slash ? 1 : 0)
    }
    return found != 0
  }

  /// Eight bytes from `index` on, the first in the lowest place.
  @inline(__always) func word(at index: Int) -> UInt64 {
    precondition(index >= 0 && index + 8 <= count)
    // SAFETY: the eight bytes lie within the span, checked above; a UInt64 may have any bits.
    return unsafe UInt64(
      littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self))
  }
}
