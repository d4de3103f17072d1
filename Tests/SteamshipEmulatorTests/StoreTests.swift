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
    for empty in ["", " ", "\n \n"] { #expect(Canned.sentences(empty).isEmpty) }
    #expect(Canned.sentences("? Ja.!").map(\.text) == ["?", "Ja.", "!"])
  }

  @Test("What is wrong in a list of a list is told with the way there")
  func listPath() throws {
    let arguments = Arguments(["blocks": [["text": "a"], ["tags": [["kind": "k"], ["kind": 1]]]]])
    let error = #expect(throws: SteamshipError.self) {
      try arguments.objects("blocks", BlockDraft.init)
    }
    #expect(error?.message.contains(#""blocks[1].tags[1].kind" must be a string"#) == true)
  }

  @Test("The best few stand as in the order of all", arguments: [1, 2, 16, 17, 100])
  func ranking(_ wanted: Int) {
    let scores = (0..<60).map { Double($0 * 7 % 11) / 11 }
    let all = scores.indices.sorted {
      scores[$0] == scores[$1] ? $0 > $1 : scores[$0] > scores[$1]
    }
    let best = SteamshipState.rank(scores.count, wanted) { scores[$0] }
    #expect(best.map(\.position) == Array(all.prefix(wanted)))
    #expect(best.map(\.score) == all.prefix(wanted).map { scores[$0] })
    #expect(SteamshipState.rank(0, wanted) { _ in 0 }.isEmpty)
  }

  @Test("A text's vector has each of its words once, as long as the word is frequent")
  func vectorLengths() {
    let text = (0..<300).map { "w\($0 * $0 % 23)" }.joined(separator: " ")
    var counts: [Int: Double] = [:]
    for word in Canned.words(text) {
      counts[WordVector(word.text).axes[0], default: 0] += 1
    }
    let vector = WordVector(text)
    #expect(vector.axes == counts.keys.sorted())
    let norm = counts.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(vector.lengths == vector.axes.map { (counts[$0] ?? 0) / norm })
    #expect(WordVector(" .").axes.isEmpty)
  }
}
