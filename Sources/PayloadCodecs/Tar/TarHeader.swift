/// The 512 bytes of a header block and the fields in them.
///
/// Source: POSIX.1-2017 pax, "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".
struct TarHeader {
  static let blockBytes = 512

  private let bytes: [UInt8]

  /// - Parameter bytes: exactly one block.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isZero: Bool { bytes.allSatisfy { $0 == 0 } }

  var typeFlag: UInt8 { bytes[156] }

  /// POSIX sums unsigned bytes; some old programs summed signed ones. Both are accepted.
  var hasGoodChecksum: Bool {
    guard let expected = octal(148..<156) else { return false }
    // Its own field counts as spaces.
    var unsigned = 8 * 0x20
    var negative = 0
    for range in [0..<148, 156..<Self.blockBytes] {
      let part = bytes.span.extracting(range)
      for index in part.indices {
        unsigned += Int(part[index])
        negative += Int(part[index] >> 7)
      }
    }
    return expected == unsigned || expected == unsigned - 256 * negative
  }

  /// The name, in ustar archives with its prefix.
  var path: String {
    let name = text(0..<100)
    let isUstar = bytes[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0])
    let prefix = isUstar ? text(345..<500) : ""
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  var mode: Int { octal(100..<108) ?? 0 }
  var size: Int? { number(124..<136) }
  var linkTarget: String { text(157..<257) }

  /// Whether GNU's old sparse map goes on in the next block: told here by the header itself.
  var sparseMapGoesOn: Bool { bytes[482] != 0 }
  /// The same, told by a block of that map.
  var sparseBlockGoesOn: Bool { bytes[504] != 0 }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, or GNU's base 256 when the first bit is set. nil for anything else, for negative
  /// numbers and for numbers beyond `Int`.
  private func number(_ range: Range<Int>) -> Int? {
    let first = bytes[range.lowerBound]
    guard first & 0x80 != 0 else { return octal(range) }
    guard first == 0x80 else { return nil }
    var value = 0
    for byte in bytes[range].dropFirst() {
      guard value <= Int.max >> 8 else { return nil }
      value = value << 8 | Int(byte)
    }
    return value
  }

  /// Leading spaces, digits, then spaces or NULs; nothing at all is 0.
  private func octal(_ range: Range<Int>) -> Int? {
    var value = 0
    var hasDigits = false
    var isDone = false
    for byte in bytes[range] {
      switch byte {
      case 0x30...0x37 where !isDone:
        value = value << 3 | Int(byte - 0x30)
        hasDigits = true
      case 0, 0x20: isDone = isDone || hasDigits || byte == 0
      default: return nil
      }
    }
    return value
  }
}
