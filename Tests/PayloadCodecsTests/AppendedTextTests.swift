import PayloadCodecs
import Testing

@Suite("Text behind bytes")
struct AppendedTextTests {
  @Test("It is appended as it is, of every length, as a run of bytes and as a text")
  func everyLength() {
    let letters = Array("aä€0123456789")
    for length in 0...140 {
      let text = String((0..<length).map { letters[$0 % letters.count] })
      let run = Array(text.utf8)
      var bytes: [UInt8] = [1, 2, 3]
      bytes.append(contentsOf: run.span)
      #expect(bytes == [1, 2, 3] + run)
      var written: [UInt8] = []
      written.append(textOf: text)
      written.append(textOf: text)
      #expect(written == Array(text.utf8) + Array(text.utf8))
      #expect(String(pieces: text, "", "é", text) == text + "é" + text)
    }
  }
}
