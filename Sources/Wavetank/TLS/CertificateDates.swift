import EmulatorKernel

/// When a certificate is over, read without OpenSSL: a server that nobody asks for TLS need not
/// prepare it, which takes 2 ms and 800 KiB, only to look at a date.
enum CertificateDates {
  /// The end of its validity in seconds since 1970 (RFC 5280 §4.1); nil where the bytes are no
  /// certificate.
  static func end(_ certificate: [UInt8]) -> Int? {
    var bytes = certificate[...]
    guard var signed = next(&bytes, 0x30), var body = next(&signed, 0x30) else { return nil }
    _ = next(&body, 0xA0)  // version
    guard next(&body, 0x02) != nil,  // serial number
      next(&body, 0x30) != nil,  // signature's algorithm
      next(&body, 0x30) != nil,  // issuer
      var validity = next(&body, 0x30),
      instant(&validity) != nil, let end = instant(&validity)
    else { return nil }
    return end
  }

  /// A UTCTime (years 1950 to 2049) or a GeneralizedTime, both in UTC.
  private static func instant(_ bytes: inout ArraySlice<UInt8>) -> Int? {
    var digits: [UInt8]
    if let short = next(&bytes, 0x17) {
      let century = short.first ?? 0 < UInt8(ascii: "5") ? "20" : "19"
      digits = Array(century.utf8) + short
    } else if let long = next(&bytes, 0x18) {
      digits = Array(long)
    } else {
      return nil
    }
    guard digits.count == 15 else { return nil }
    for (place, mark) in [(12, ":"), (10, ":"), (8, "T"), (6, "-"), (4, "-")] {
      digits.insert(contentsOf: mark.utf8, at: place)
    }
    return VirtualInstant(iso8601: String(decoding: digits, as: UTF8.self))
      .map { Int($0.epochSeconds) }
  }

  /// Takes a value's content from the front (ITU-T X.690); nil, and nothing is taken, where
  /// another kind stands there or its end is missing.
  private static func next(_ bytes: inout ArraySlice<UInt8>, _ tag: UInt8) -> ArraySlice<UInt8>? {
    var rest = bytes
    guard rest.popFirst() == tag, let first = rest.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      guard first <= 0x84 else { return nil }
      length = 0
      for _ in 0..<(first & 0x7F) {
        guard let digit = rest.popFirst() else { return nil }
        length = length << 8 | Int(digit)
      }
    }
    guard length <= rest.count else { return nil }
    bytes = rest.dropFirst(length)
    return rest.prefix(length)
  }
}
