/// `application/x-www-form-urlencoded`, also the form of query strings.
///
/// Source: the URL standard, "application/x-www-form-urlencoded".
package enum FormURLEncoded {
  package enum ReadError: Error, Sendable, Equatable {
    case tooManyPairs(limit: Int)
  }

  /// Pairs in order. As the standard says nothing is malformed: a `%` without two digits stands for
  /// itself, a piece without `=` is a name with an empty value, bytes that are no UTF-8 are
  /// replaced.
  package static func read(
    _ bytes: [UInt8], pairsMax: Int = 1000
  ) throws(ReadError) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for piece in bytes.split(separator: UInt8(ascii: "&")) {
      guard pairs.count < pairsMax else { throw .tooManyPairs(limit: pairsMax) }
      let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
      pairs.append((lenient(piece[..<equals]), lenient(piece[equals...].dropFirst())))
    }
    return pairs
  }

  package static func read(
    _ text: String, pairsMax: Int = 1000
  ) throws(ReadError) -> [(name: String, value: String)] {
    try read(Array(text.utf8), pairsMax: pairsMax)
  }

  package static func write(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
  }

  private static func lenient(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: decodeKeepingMalformed(bytes, plusIsSpace: true).bytes, as: UTF8.self)
  }

  /// Percent-decodes; nil when a `%` is not followed by two hexadecimal digits.
  package static func decode(
    _ text: some Collection<UInt8>, plusIsSpace: Bool
  ) -> [UInt8]? {
    let (bytes, isGood) = decodeKeepingMalformed(text, plusIsSpace: plusIsSpace)
    return isGood ? bytes : nil
  }

  private static func decodeKeepingMalformed(
    _ text: some Collection<UInt8>, plusIsSpace: Bool
  ) -> (bytes: [UInt8], isGood: Bool) {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    var isGood = true
    var rest = text[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte == UInt8(ascii: "+") && plusIsSpace ? 0x20 : byte)
        continue
      }
      let digits = rest.prefix(2).compactMap(hexadecimalValue)
      if digits.count == 2 {
        result.append(digits[0] << 4 | digits[1])
        rest = rest.dropFirst(2)
      } else {
        isGood = false
        result.append(byte)
      }
    }
    return (result, isGood)
  }

  private static func hexadecimalValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  private static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "*"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "_"):
        result.append(byte)
      case 0x20: result.append(UInt8(ascii: "+"))
      default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
