/// The text form of UUIDs.
package enum UUIDText {
  package enum LetterCase: Sendable { case lower, upper }

  /// With version and variant in their places (RFC 9562 §4).
  package static func words(
    _ high: UInt64, _ low: UInt64, version: UInt64
  ) -> (high: UInt64, low: UInt64) {
    (
      high & 0xFFFF_FFFF_FFFF_0FFF | version << 12,
      low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    )
  }

  package static func format(
    _ high: UInt64, _ low: UInt64, version: UInt64, _ letterCase: LetterCase
  ) -> String {
    let (high, low) = words(high, low, version: version)
    let digits = Array((letterCase == .lower ? "0123456789abcdef" : "0123456789ABCDEF").utf8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(36)
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { bytes.append(0x2D) }
      let word = index < 16 ? high : low
      bytes.append(digits[Int(word >> UInt64(60 - index % 16 * 4) & 15)])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether a text has the form 8-4-4-4-12 of hexadecimal digits, in any case.
  package static func isUUID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return false }
    for (index, byte) in bytes.enumerated() {
      let isDash = index == 8 || index == 13 || index == 18 || index == 23
      if isDash ? byte != 0x2D : !isHexDigit(byte) { return false }
    }
    return true
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
  }
}
