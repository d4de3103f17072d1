/// Finds one byte string in many others: Horspool's algorithm, which looks at every n-th byte only.
struct DelimiterSearch: Sendable {
  let pattern: [UInt8]
  /// How far the pattern may move when its last position holds this byte.
  private var shifts: InlineArray<256, UInt8>

  /// - Parameter pattern: 1 to 255 bytes.
  init(_ pattern: [UInt8]) {
    self.pattern = Array(pattern.prefix(255))
    let length = self.pattern.count
    shifts = InlineArray(repeating: UInt8(length))
    for (index, byte) in self.pattern.dropLast().enumerated() {
      shifts[Int(byte)] = UInt8(length - 1 - index)
    }
  }

  /// The start of the first occurrence at or after `start`.
  ///
  /// Linear for delimiters, whose first byte (CR) does not come again in them: a comparison that
  /// fails late cannot overlap the next one that fails late.
  func firstIndex(in bytes: Span<UInt8>, from start: Int) -> Int? {
    let last = pattern.count - 1
    guard last >= 0 else { return nil }
    let tail = pattern[last]
    var end = start + last
    while end < bytes.count {
      let byte = bytes[end]
      if byte == tail, matches(bytes, at: end - last) { return end - last }
      end += Int(shifts[Int(byte)])
    }
    return nil
  }

  private func matches(_ bytes: Span<UInt8>, at start: Int) -> Bool {
    for index in pattern.indices where bytes[start + index] != pattern[index] { return false }
    return true
  }

  /// How many bytes at the end of `bytes` could begin an occurrence that goes on in the next piece.
  func openTail(of bytes: Span<UInt8>, from start: Int) -> Int {
    let first = max(start, bytes.count - pattern.count + 1)
    for index in first..<max(first, bytes.count) where bytes[index] == pattern[0] {
      if (index..<bytes.count).allSatisfy({ bytes[$0] == pattern[$0 - index] }) {
        return bytes.count - index
      }
    }
    return 0
  }
}
