import Foundation
import PayloadCodecs
import TestSupport
import Testing

@Suite("Base64 (RFC 4648)")
struct Base64Tests {
  static let vectors: [(String, String)] = [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ]

  @Test("The test vectors (RFC 4648 §10)", arguments: vectors)
  func vector(_ plain: String, _ encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
    #expect(Base64.decode(encoded, .exact) == Array(plain.utf8))
    #expect(Base64.decode(encoded, .lenient) == Array(plain.utf8))
  }

  @Test("Bytes come back, and the text is what another encoder writes", arguments: 0..<70)
  func roundTrip(_ count: Int) {
    var random = SeededNoise(UInt64(count))
    let bytes = random.bytes(count)
    let text = Base64.encode(bytes)
    #expect(text == Data(bytes).base64EncodedString())
    #expect(Base64.decode(text, .exact) == bytes)
    #expect(Base64.decode(text, .lenient) == bytes)
  }

  /// A text, and what it is in the exact and in the lenient reading.
  static let readings: [(text: String, exact: String?, lenient: String?)] = [
    ("Zg=\n=", "f", "f"), (" Z m9\tv\r\n", "foo", "foo"),
    ("Zg", nil, "f"), ("Zg=", nil, "f"), ("Zg===", nil, "f"), ("Zm9v=", nil, "foo"),
    ("====", nil, ""), ("Zm8", nil, "fo"),
    ("Pz8_", nil, "???"), ("Pj4-", nil, ">>>"), ("Pz8/", "???", "???"), ("Pj4+", ">>>", ">>>"),
    // Bits that make no byte.
    ("Zh==", "f", "f"),
    ("a", nil, nil), ("a===", nil, nil), ("Zm9vY", nil, nil), ("a!==", nil, nil),
    ("Zg==Zg==", nil, nil), ("Zg=a", nil, nil), ("Zm9é", nil, nil), ("Zm9\u{0}", nil, nil),
  ]

  @Test(
    "The lenient reading takes what clients send, the exact one what the RFC says",
    arguments: readings)
  func reading(_ text: String, _ exact: String?, _ lenient: String?) {
    #expect(Base64.decode(text, .exact) == exact.map { Array($0.utf8) })
    #expect(Base64.decode(text, .lenient) == lenient.map { Array($0.utf8) })
  }
}
