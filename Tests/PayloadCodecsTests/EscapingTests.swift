import PayloadCodecs
import Testing

@Suite("Escaping")
struct EscapingTests {
  @Test(
    "A step of a JSON Pointer (RFC 6901 §3)",
    arguments: [
      ("", ""), ("a", "a"), ("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("~/", "~0~1"),
      // A mark behind it hides no slash.
      ("/\u{301}", "~1\u{301}"), ("é", "é"), ("\r\n", "\r\n"),
    ])
  func pointer(_ token: String, _ expected: String) {
    #expect(Array(token.asPointerToken.unicodeScalars) == Array(expected.unicodeScalars))
  }

  @Test("What has another form is replaced once, and the rest stays as it stands")
  func forms() {
    let text = "a\"b\"\u{301}c\n".escaped { $0 == "\"" ? "\\\"" : $0 == "\n" ? "" : nil }
    #expect(Array(text.unicodeScalars) == Array("a\\\"b\\\"\u{301}c".unicodeScalars))
  }
}
