import HTTPModel
import Testing

@Suite("Request targets (RFC 9112 §3.2)")
struct RequestTargetTests {
  @Test("Two slashes in a row are found wherever they stand, and one at the end is none")
  func doubledSlash() {
    for length in 1..<40 {
      let path = "/" + String(repeating: "a", count: length)
      #expect(!RequestTarget(path).hasDoubledSlash)
      #expect(!RequestTarget(path + "/b").hasDoubledSlash)
      #expect(RequestTarget(path + "//b").hasDoubledSlash)
      #expect(RequestTarget(path + "//").hasDoubledSlash)
      #expect(!RequestTarget(path + "?x=//").hasDoubledSlash)
      // Bytes that differ from a slash in one bit, or lie beside it.
      for byte in ["\u{2E}", "0", "o", "'", "\u{AF}"] {
        #expect(!RequestTarget(path + byte + "/" + byte + byte + "/").hasDoubledSlash, "\(byte)")
      }
    }
    #expect(RequestTarget("//").hasDoubledSlash)
    #expect(!RequestTarget("http://host/a").hasDoubledSlash)
    #expect(RequestTarget("http://host//a").hasDoubledSlash)
  }
}
