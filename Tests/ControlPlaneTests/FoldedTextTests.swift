import Determinism
import Testing

@testable import ControlPlane

@Suite("A text is found in contents wherever it stands")
struct FoldedTextTests {
  private func stands(_ text: String, in content: [UInt8]) -> Bool {
    let (text, content) = (Array(text.lowercased().utf8), content.map { $0 | 0x20 })
    guard content.count >= text.count else { return false }
    return (0...content.count - text.count).contains {
      content[$0..<$0 + text.count].elementsEqual(text)
    }
  }

  @Test("As when it is held against each place, for texts that repeat themselves", arguments: 1...4)
  func agrees(_ seed: UInt64) {
    var random = SeededRandom(key: seed)
    func letters(_ most: UInt64) -> String {
      String((0...random.next() % most).map { _ in "aAbB".randomElement(using: &random) ?? "a" })
    }
    var found = 0
    for _ in 0..<2_000 {
      let (text, content) = (letters(8), Array(letters(60).utf8))
      let wanted = stands(text, in: content)
      if wanted { found += 1 }
      #expect(
        FoldedText(text).stands(in: content) == wanted,
        "\(text) in \(String(decoding: content, as: UTF8.self)) SEED=\(seed)")
    }
    #expect((200...1_800).contains(found))
  }
}
