/// Percent-encoding of RFC 3986 §2.1.
public enum PercentCoding {
  /// Decodes `%XY` (and `+` as a space if asked). A broken escape stays as it stands; bytes that
  /// are no UTF-8 become U+FFFD.
  package static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool = false) -> String {
    guard bytes.contains(UInt8(ascii: "%")) || (plusIsSpace && bytes.contains(UInt8(ascii: "+")))
    else { return String(decoding: bytes, as: UTF8.self) }
    return String(decoding: decoded(bytes, plusIsSpace: plusIsSpace).bytes, as: UTF8.self)
  }

  /// Whether bytes are decoded to that text.
  static func isText(_ bytes: ArraySlice<UInt8>, _ text: String, plusIsSpace: Bool) -> Bool {
    let isPlain = !bytes.contains {
      $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") || $0 > 0x7E
    }
    if isPlain { return bytes.elementsEqual(text.utf8) }
    return decode(bytes, plusIsSpace: plusIsSpace).utf8.elementsEqual(text.utf8)
  }

  public static func decode(_ text: String, plusIsSpace: Bool = false) -> String {
    decode(Array(text.utf8)[...], plusIsSpace: plusIsSpace)
  }

  /// The bytes that are meant; nil when a `%` is not followed by two hexadecimal digits.
  package static func decodeStrictly(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    let (bytes, isWellFormed) = decoded(bytes, plusIsSpace: false)
    return isWellFormed ? bytes : nil
  }

  private static func decoded(
    _ bytes: ArraySlice<UInt8>, plusIsSpace: Bool
  ) -> (bytes: [UInt8], isWellFormed: Bool) {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var isWellFormed = true
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      guard byte == UInt8(ascii: "%") else {
        out.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
        continue
      }
      guard index + 1 < bytes.endIndex, let high = bytes[index].hexDigitValue,
        let low = bytes[index + 1].hexDigitValue
      else {
        isWellFormed = false
        out.append(byte)
        continue
      }
      out.append(high << 4 | low)
      index += 2
    }
    return (out, isWellFormed)
  }

  /// Encodes all but the unreserved characters (RFC 3986 §2.3) and those of `allowed`.
  public static func encode(_ text: String, allowed: String = "") -> String {
    encode(text) { byte in
      byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E || allowed.utf8.contains(byte)
    }
  }

  /// Encodes all but letters, digits and the bytes that `isKept` names.
  package static func encode(
    _ text: String, spaceIsPlus: Bool = false, keeping isKept: (UInt8) -> Bool
  ) -> String {
    var out: [UInt8] = []
    // For a few that are encoded.
    out.reserveCapacity(text.utf8.count + 16)
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: out.append(byte)
      case _ where isKept(byte): out.append(byte)
      case 0x20 where spaceIsPlus: out.append(UInt8(ascii: "+"))
      default:
        out.append(UInt8(ascii: "%"))
        out.append(hexDigit(byte >> 4))
        out.append(hexDigit(byte & 15))
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// In upper case, as RFC 3986 §2.1 would have it.
  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}
