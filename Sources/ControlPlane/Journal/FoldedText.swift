/// A text to be looked for in contents, ASCII letters alike in both cases: in one pass over each, whatever
/// the text is (the search of Knuth, Morris and Pratt).
struct FoldedText: Sendable {
  private let bytes: [UInt8]
  /// How many bytes of the beginning stand at the end of as many bytes of it as the index says: where
  /// to go on when the next one differs.
  private let borders: [Int]

  init(_ text: String) {
    bytes = text.utf8.map(Self.folded)
    var borders = [0]
    var length = 0
    for byte in bytes.dropFirst() {
      while length > 0, bytes[length] != byte { length = borders[length - 1] }
      if bytes[length] == byte { length += 1 }
      borders.append(length)
    }
    self.borders = borders
  }

  func stands(in content: [UInt8]) -> Bool {
    guard content.count >= bytes.count else { return false }
    var length = 0
    for byte in content {
      let byte = Self.folded(byte)
      while length > 0, bytes[length] != byte { length = borders[length - 1] }
      if bytes[length] == byte { length += 1 }
      if length == bytes.count { return true }
    }
    return false
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }
}
