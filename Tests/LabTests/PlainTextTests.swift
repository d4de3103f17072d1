import Lab
import PayloadCodecs
import Testing

@Suite("Text without ids and times")
struct PlainTextTests {
  static let cases: [(text: String, plain: String)] = [
    ("hello", "hello"),
    ("/file/72C3B332-2A13-4CC4-A3A1-8D323CBD8459/raw", "/file/#/raw"),
    ("at 2026-11-28T20:27:53Z.", "at @."),
    ("at 2026-11-28T20:27:53.073123+01:00", "at @"),
    ("at 2026-11-28 20:27:53", "at @"),
    ("token=deadbeefcafe12", "token=#"),
    ("a defaced facade", "a defaced facade"),
    ("1795897673073", "#"),
    ("12345678", "12345678"),
    ("<Client at 0x7f3c81d0aa10>", "<Client at #>"),
    ("12 bytes, sha256 0123456789a", "12 bytes, sha256 0123456789a"),
    ("é 72c3b332-2a13-4cc4-a3a1-8d323cbd8459", "é #"),
    ("72c3b332-2a13-4cc4-a3a1-8d323cbd845", "72c3b332-2a13-4cc4-a3a1-8d323cbd845"),
  ]

  @Test("Ids become # and instants @, other text stays (DESIGN §15)", arguments: cases.indices)
  func plain(index: Int) {
    #expect(PlainText.of(Self.cases[index].text) == Self.cases[index].plain)
  }

  @Test("Of JSON the smallest number that there is, too, is a long one")
  func numbers() {
    let plain = PlainText.of(
      ["long": .integer(.min), "short": .integer(-99_999_999), "longest": .integer(.max)])
    #expect(plain == ["long": "#", "short": .integer(-99_999_999), "longest": "#"])
  }

  @Test("Of a program's output durations go too, of other text not")
  func durations() {
    #expect(PlainText.ofOutput("3 passed in 0.12s, slowest 3 ms") == "3 passed in @, slowest @")
    #expect(PlainText.of("3 passed in 0.12s") == "3 passed in 0.12s")
    #expect(PlainText.ofOutput("3 steps") == "3 steps")
  }
}
