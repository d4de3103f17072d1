import Determinism
import EmulatorKernel
import Foundation
import PayloadCodecs
import Testing

@Suite("Things in their order, each once")
struct OrderedSetTests {
  @Test("An ordered set agrees with a plain list under random changes", arguments: 1...5)
  func agreesWithList(_ seed: UInt64) throws {
    var random = SeededRandom(key: seed)
    var set = OrderedSet<ExactText>()
    var plain: [ExactText] = []
    for _ in 0..<2_000 {
      let text = ExactText("a name of some length \(random.next() % 150)")
      if random.next() % 2 == 0 {
        set.append(text)
        if !plain.contains(text) { plain.append(text) }
      } else {
        set.remove(text)
        plain.removeAll { $0 == text }
      }
      #expect(set.count == plain.count)
      #expect(set.contains(text) == plain.contains(text))
    }
    let isSame = Array(set) == plain
    #expect(isSame)
    let positions = plain.compactMap(set.position)
    let isOrdered = positions == positions.sorted() && positions.count == plain.count
    #expect(isOrdered)
    let restored = try JSONDecoder().decode(
      OrderedSet<ExactText>.self, from: try JSONEncoder().encode(set))
    let isWhole = restored == set
    #expect(isWhole)
  }

  @Test("It weighs its elements, and less when they are gone")
  func weight() {
    var set = OrderedSet<ExactText>()
    let empty = set.heapBytes
    for number in 0..<1_000 { set.append(ExactText("a name of some length \(number)")) }
    #expect(set.heapBytes > empty + 1_000 * 20)
    for number in 0..<1_000 { set.remove(ExactText("a name of some length \(number)")) }
    #expect(set.heapBytes < empty + 4_096)
    #expect(set.isEmpty)
  }
}
