import HTTPModel
import Testing

@Suite("Percent-encoding (RFC 3986 §2.1)")
struct PercentCodingTests {
  static let readings: [(text: String, plain: String, form: String, strict: String?)] = [
    ("a%20b", "a b", "a b", "a b"), ("a+b", "a+b", "a b", "a+b"), ("%2B", "+", "+", "+"),
    ("%C3%A9", "é", "é", "é"), ("%c3%a9", "é", "é", "é"), ("%e2%82", "\u{FFFD}", "\u{FFFD}", nil),
    ("%", "%", "%", nil), ("%4", "%4", "%4", nil), ("a%4", "a%4", "a%4", nil),
    ("%zz", "%zz", "%zz", nil), ("%4g+", "%4g+", "%4g ", nil), ("%%41", "%A", "%A", nil),
    ("%2541", "%41", "%41", "%41"), ("", "", "", ""),
  ]

  @Test("A broken escape stays as it stands, except where it may not be", arguments: readings)
  func reading(_ text: String, _ plain: String, _ form: String, _ strict: String?) {
    #expect(PercentCoding.decode(text) == plain)
    #expect(PercentCoding.decode(text, plusIsSpace: true) == form)
    // A slice that lies inside more digits: nothing behind its end is read.
    let whole = Array("41\(text)41".utf8)
    #expect(PercentCoding.decode(whole[2..<whole.count - 2]) == plain)
    if text != "%e2%82" {
      let bytes = PercentCoding.decodeStrictly(whole[2..<whole.count - 2])
      #expect(bytes == strict.map { Array($0.utf8) })
    }
  }

  @Test("Every byte comes back, and only unreserved and allowed ones stand for themselves")
  func roundTrip() {
    for scalar in (0..<0x180).compactMap({ Unicode.Scalar(UInt32($0)) }) {
      let text = String(scalar)
      let encoded = PercentCoding.encode(text)
      #expect(PercentCoding.decode(encoded) == text)
      let isUnreserved =
        "-._~".contains(text) || scalar.properties.isAlphabetic || (48..<58).contains(scalar.value)
      #expect((encoded == text) == (isUnreserved && scalar.isASCII), "\(encoded)")
    }
    #expect(PercentCoding.encode("a/b c", allowed: "/") == "a/b%20c")
  }

  @Test("Hexadecimal digits are the 22 characters, and no others")
  func hexadecimalDigits() {
    for byte in UInt8.min...UInt8.max {
      #expect(
        byte.hexDigitValue.map(Int.init) == Int(String(decoding: [byte], as: UTF8.self), radix: 16))
    }
  }
}
