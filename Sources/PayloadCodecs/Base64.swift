/// Base64 (RFC 4648 §4).
package enum Base64 {
  package enum Strictness: Sendable {
    /// The standard alphabet with all of its padding.
    case exact
    /// Also the alphabet for URLs and file names (§5), and any padding at the end or none: what
    /// clients send.
    case lenient
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// With padding.
  package static func encode(_ bytes: [UInt8]) -> String {
    let alphabet = alphabet.span
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let rest = bytes.count - index
      let group =
        Int(bytes[index]) << 16 | (rest > 1 ? Int(bytes[index + 1]) << 8 : 0)
        | (rest > 2 ? Int(bytes[index + 2]) : 0)
      out.append(alphabet[group >> 18])
      out.append(alphabet[group >> 12 & 63])
      out.append(rest > 1 ? alphabet[group >> 6 & 63] : UInt8(ascii: "="))
      out.append(rest > 2 ? alphabet[group & 63] : UInt8(ascii: "="))
      index += 3
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Nil for what is malformed. White space is passed over, bits that make no byte are dropped.
  package static func decode(_ text: String, _ strictness: Strictness) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count / 4 * 3)
    var group: UInt32 = 0
    var digits = 0
    var padding = 0
    for byte in text.utf8 {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: "="):
        padding += 1
        continue
      default: break
      }
      guard padding == 0, let value = value(byte, strictness) else { return nil }
      group = group << 6 | value
      digits += 1
      if digits % 4 == 0 { append(3, of: group, to: &out) }
    }
    let rest = digits % 4
    guard rest != 1, strictness == .lenient || padding == (4 - rest) % 4 else { return nil }
    if rest > 0 { append(rest - 1, of: group << UInt32(6 * (4 - rest)), to: &out) }
    return out
  }

  /// The first bytes of a group of 24 bits.
  private static func append(_ count: Int, of group: UInt32, to out: inout [UInt8]) {
    for index in 0..<count {
      out.append(UInt8(truncatingIfNeeded: group >> UInt32(16 - 8 * index)))
    }
  }

  private static func value(_ byte: UInt8, _ strictness: Strictness) -> UInt32? {
    switch byte {
    case 0x41...0x5A: UInt32(byte) - 0x41
    case 0x61...0x7A: UInt32(byte) - 0x61 + 26
    case 0x30...0x39: UInt32(byte) - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    case UInt8(ascii: "-") where strictness == .lenient: 62
    case UInt8(ascii: "_") where strictness == .lenient: 63
    default: nil
    }
  }
}
