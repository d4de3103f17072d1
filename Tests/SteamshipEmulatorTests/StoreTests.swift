import EmulatorKernel
import PayloadCodecs
import Testing

@testable import SteamshipEmulator

@Suite("Small codecs, templates")
struct StoreTests {
  @Test("Content is told text by its bytes, wherever it is cut", arguments: 1...7)
  func sniffing(_ size: Int) {
    let text = Array("aä€𝄞b".utf8)
    func cut(_ bytes: [UInt8]) -> [[UInt8]] {
      stride(from: 0, to: bytes.count, by: size).map {
        Array(bytes[$0..<min($0 + size, bytes.count)])
      }
    }
    #expect(MIMEType.sniff(cut(text)) == "text/plain")
    #expect(MIMEType.isUTF8(cut(text)))
    #expect(!MIMEType.isUTF8(cut(Array(text.dropLast(2)))))
    #expect(!MIMEType.isUTF8(cut(text + [0xFF])))
    #expect(!MIMEType.isUTF8(cut(text + [0])))
  }

  @Test("Templates fill in values with their types, and nothing for what is unknown")
  func templates() {
    let template = AnswerValues(values: [
      "arguments": ["name": "Ada", "n": 3, "list": [1, ["a": true]], "none": nil]
    ])
    #expect(
      template.fill("Hello {{ arguments.name }}, {{arguments.n}}{{nothing}}!") == "Hello Ada, 3!")
    #expect(template.fill(JSON.string("{{arguments.n}}")) == 3)
    #expect(template.fill(JSON.string("{{arguments.list.1.a}}")) == true)
    #expect(template.fill(JSON.string("{{arguments.none}}")) == "")
    #expect(
      template.fill(["{{arguments.name}}": ["{{arguments.list}}"]]) == ["Ada": [[1, ["a": true]]]])
    #expect(template.fill("open {{ but not closed") == "open {{ but not closed")
    #expect(template.fill("{{}}{{.}}{{ }}") == "")
  }

  @Test("Words and sentences are found by the characters that clients count")
  func cannedSpans() {
    let text = "Ä b. Cc d!\n e"
    #expect(Canned.words(text).map(\.text) == ["Ä", "b", "Cc", "d", "e"])
    let sentences = Canned.sentences(text)
    #expect(sentences.map(\.text) == ["Ä b.", "Cc d!", "e"])
    let scalars = Array(text.unicodeScalars)
    for span in sentences + Canned.words(text) {
      var view = String.UnicodeScalarView()
      view.append(contentsOf: scalars[span.start..<span.end])
      #expect(String(view) == span.text)
    }
  }
}
