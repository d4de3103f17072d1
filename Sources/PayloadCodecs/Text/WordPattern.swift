/// A word laid out for comparing it with many others: where each byte stands in it.
///
/// The distance counts insertions, removals, replacements and swaps of neighbours (optimal string
/// alignment), in a dozen operations for each byte of the other word, without the heap.
/// Source: H. Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances",
/// Nordic Journal of Computing 10 (2003), figure 5.
///
/// Inlined into the modules that use it: what gives the bytes is called for each of them.
@usableFromInline package struct WordPattern {
  /// Longer words have no pattern: one bit for each byte.
  package static let bytesMax = 64

  @usableFromInline var places = InlineArray<256, UInt64>(repeating: 0)
  /// 0: no word is laid out.
  @usableFromInline package var count = 0

  @inlinable package init() {}

  /// - Parameter count: 1 to `bytesMax`.
  @inlinable @inline(__always) package init(count: Int, byte: (Int) -> UInt8) {
    layOut(count: count, byte: byte)
  }

  /// - Precondition: no word is laid out.
  @inlinable @inline(__always) package mutating func layOut(count: Int, byte: (Int) -> UInt8) {
    self.count = count
    for position in 0..<count { places[Int(byte(position))] |= 1 << UInt64(position) }
  }

  /// Takes the word away again; cheaper than a new pattern.
  @inlinable @inline(__always) package mutating func clear(byte: (Int) -> UInt8) {
    for position in 0..<count { places[Int(byte(position))] = 0 }
    count = 0
  }

  /// Changes nothing: so it looks into the pattern in its place, which is copied at each look otherwise.
  @inlinable @inline(__always) package mutating func distance(
    to count: Int, byte: (Int) -> UInt8
  ) -> Int {
    let last: UInt64 = 1 << UInt64(self.count - 1)
    var (more, less, zero): (UInt64, UInt64, UInt64) = (.max, 0, 0)
    var (distance, before): (Int, UInt64) = (self.count, 0)
    for position in 0..<count {
      let match = places[Int(byte(position))]
      let swapped = ((~zero & match) << 1) & before
      zero = (((match & more) &+ more) ^ more) | match | less | swapped
      var up = less | ~(zero | more)
      var down = zero & more
      if up & last != 0 { distance += 1 }
      if down & last != 0 { distance -= 1 }
      up = up << 1 | 1
      down <<= 1
      more = down | ~(zero | up)
      less = up & zero
      before = match
    }
    return distance
  }
}
