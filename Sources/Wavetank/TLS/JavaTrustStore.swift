/// A PKCS #12 file of certificates that Java trusts: neither keys nor secrets, so neither encryption nor
/// password. Java takes only those for trusted that carry an attribute of its own.
///
/// Source: RFC 7292 §4; the attribute `trustedKeyUsage` of the JDK's `PKCS12KeyStore`.
enum JavaTrustStore {
  static func pkcs12(certificates: [[UInt8]]) -> [UInt8] {
    let bags = certificates.enumerated().map { index, certificate in
      bag(certificate, name: index == 0 ? "wavetank" : "root-\(index)")
    }
    let contents = DER.sequence(bags)
    let safes = DER.sequence([data(contents)])
    return DER.sequence([DER.integer(3), data(safes)])
  }

  /// A ContentInfo of the kind `data` (RFC 2315 §8).
  private static func data(_ content: [UInt8]) -> [UInt8] {
    DER.sequence([
      DER.object([1, 2, 840, 113549, 1, 7, 1]), DER.tagged(0, DER.octets(content)),
    ])
  }

  private static func bag(_ certificate: [UInt8], name: String) -> [UInt8] {
    let value = DER.sequence([
      DER.object([1, 2, 840, 113549, 1, 9, 22, 1]), DER.tagged(0, DER.octets(certificate)),
    ])
    return DER.sequence([
      DER.object([1, 2, 840, 113549, 1, 12, 10, 1, 3]),
      DER.tagged(0, value),
      DER.set([
        attribute([1, 2, 840, 113549, 1, 9, 20], DER.text(name)),
        // Any extended key usage.
        attribute([2, 16, 840, 1, 113894, 746875, 1, 1], DER.object([2, 5, 29, 37, 0])),
      ]),
    ])
  }

  private static func attribute(_ kind: [Int], _ value: [UInt8]) -> [UInt8] {
    DER.sequence([DER.object(kind), DER.set([value])])
  }
}

/// Values in the distinguished encoding rules (ITU-T X.690).
private enum DER {
  static func sequence(_ parts: [[UInt8]]) -> [UInt8] { value(0x30, Array(parts.joined())) }
  static func octets(_ content: [UInt8]) -> [UInt8] { value(0x04, content) }
  static func tagged(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    value(0xA0 | number, content)
  }

  /// A set's parts stand in the order of their bytes.
  static func set(_ parts: [[UInt8]]) -> [UInt8] {
    value(0x31, Array(parts.sorted { $0.lexicographicallyPrecedes($1) }.joined()))
  }

  static func integer(_ number: UInt8) -> [UInt8] { value(0x02, [number]) }

  /// A BMPString: two bytes a character.
  static func text(_ text: String) -> [UInt8] {
    value(
      0x1E,
      text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] })
  }

  static func object(_ arcs: [Int]) -> [UInt8] {
    value(0x06, base128(arcs[0] * 40 + arcs[1]) + arcs.dropFirst(2).flatMap(base128))
  }

  private static func base128(_ number: Int) -> [UInt8] {
    var digits = [UInt8(truncatingIfNeeded: number & 0x7F)]
    var rest = number >> 7
    while rest > 0 {
      digits.insert(UInt8(truncatingIfNeeded: rest & 0x7F) | 0x80, at: 0)
      rest >>= 7
    }
    return digits
  }

  private static func value(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    if content.count < 0x80 { return [tag, UInt8(truncatingIfNeeded: content.count)] + content }
    var length: [UInt8] = []
    var rest = content.count
    while rest > 0 {
      length.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return [tag, 0x80 | UInt8(truncatingIfNeeded: length.count)] + length + content
  }
}
