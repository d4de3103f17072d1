/// From bytes to characters.
extension YAMLScanner {
  /// Scalar values and one NUL, or what is wrong with the text's characters.
  static func decode(
    _ bytes: [UInt8], _ limits: YAMLLimits
  ) throws(YAMLError) -> [UInt32] {
    let start = SourcePosition(line: 1, column: 1)
    guard bytes.count <= limits.bytesMax else {
      throw YAMLError(.tooLarge(limit: limits.bytesMax), start)
    }
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw YAMLError(.invalidUTF8, start)
    }
    var text: [UInt32] = []
    text.reserveCapacity(bytes.count + 1)
    if bytes.allSatisfy(isPrintableASCII) {
      for byte in bytes { text.append(UInt32(byte)) }
    } else {
      try decode(string, into: &text)
    }
    text.append(0)
    return text
  }

  private static func decode(
    _ string: String, into text: inout [UInt32]
  ) throws(YAMLError) {
    var line = 1
    var lineStart = 0
    for scalar in string.unicodeScalars {
      let value = scalar.value
      guard isPrintable(value) else {
        throw YAMLError(
          .badCharacter, SourcePosition(line: line, column: text.count - lineStart + 1))
      }
      text.append(value)
      if value == 0x0a {
        line += 1
        lineStart = text.count
      }
    }
  }

  private static func isPrintableASCII(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7f || byte == 0x0a || byte == 0x09 || byte == 0x0d
  }

  private static func isPrintable(_ value: UInt32) -> Bool {
    switch value {
    case 0x09, 0x0a, 0x0d, 0x20...0x7e, 0x85, 0xa0...0xfffd, 0x1_0000...0x10_ffff: true
    default: false
    }
  }
}
