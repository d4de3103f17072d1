import PayloadCodecs
import Testing

@Suite struct FieldTextTests {
  static let texts: [(String, String)] = [
    ("plain", "plain"), ("“no” – it’s 2 × 3 …", "\"no\" - it's 2 x 3 ..."), ("é", "\\u{e9}"),
    ("a\r\nb\u{0}\u{7F}", "a  b  "), ("\u{1F6A2}\u{202E}", "\\u{1f6a2}\\u{202e}"),
    ("back\\slash", "back\\slash"),
  ]

  @Test("A text for a field is ASCII without control characters (RFC 9110 §5.5)", arguments: texts)
  func ascii(_ text: String, _ expected: String) {
    #expect(text.asFieldText == expected)
    #expect(text.asFieldText.utf8.allSatisfy { (0x20...0x7E).contains($0) })
  }

  static let whole = [
    "", "häfen", "\u{1F6A2} at sea", "\\", "\\u{", "\\u{}", "\\u{zz} é", "\\u{110000}é", "é\\",
  ]

  @Test("What was written so is read back", arguments: whole)
  func roundTrip(_ text: String) { #expect(text.asFieldText.fromFieldText == text) }
}
