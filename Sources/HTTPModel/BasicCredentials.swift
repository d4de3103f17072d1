/// `Basic dXNlcjpwYXNzd29yZA==` (RFC 7617 §2).
package enum BasicCredentials {
  /// The user name; nil where there is none, or what is no such thing.
  package static func user(_ value: String) -> String? {
    let words = value.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1)
    guard words.count == 2, words[0].map(\.asciiLowercased).elementsEqual("basic".utf8) else {
      return nil
    }
    var bytes: [UInt8] = []
    var (group, bits) = (0, 0)
    // More than one space may stand there (RFC 9110 §11.4).
    for byte in words[1].drop(while: { $0 == UInt8(ascii: " ") }) {
      guard let digit = digit(byte) else { break }
      group = (group << 6 | digit) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: group >> bits))
      }
    }
    let name = bytes.prefix { $0 != UInt8(ascii: ":") }
    return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte) - 0x41
    case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte) - 0x61 + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30 + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
