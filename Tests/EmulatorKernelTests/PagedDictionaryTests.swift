import PayloadCodecs
import TestSupport
import Testing

@testable import EmulatorKernel

@Suite("Dictionaries in pages")
struct PagedDictionaryTests {
  private typealias Paged = PagedDictionary<ExactText, Int>

  /// Most grow large; some shrink to nothing on the way.
  private static func change(
    _ paged: inout Paged, _ plain: inout [ExactText: Int], _ noise: inout SeededNoise, shrinks: Bool
  ) {
    let key = ExactText("key \(noise.below(8_000))")
    switch noise.below(shrinks ? 4 : 12) {
    case 0:
      let (left, right) = (paged.removeValue(forKey: key), plain.removeValue(forKey: key))
      #expect(left == right)
    case 1: (paged[key], plain[key]) = (nil, nil)
    case 2:
      paged.update(key) { $0? += 1 }
      plain[key]? += 1
    case 3:
      if let place = paged.place(of: key) { _ = paged.remove(at: place) }
      plain[key] = nil
    case 4, 5:
      paged.update(key) { $0 = ($0 ?? 7) + 1 }
      plain[key, default: 7] += 1
    case 6:
      if let place = paged.place(of: key) {
        paged.withPage(of: place) { $0.values[place.index] = 3 }
      }
      if plain[key] != nil { plain[key] = 3 }
    default:
      let number = noise.below(1_000)
      (paged[key], plain[key]) = (number, number)
    }
  }

  private static func expectSame(_ paged: Paged, _ plain: [ExactText: Int]) {
    #expect(paged.count == plain.count && paged.isEmpty == plain.isEmpty)
    #expect(Dictionary(paged.map { ($0.key, $0.value) }) { _, _ in -1 } == plain)
    #expect(plain.allSatisfy { paged[$0.key] == $0.value && paged[$0.key.text] == $0.value })
    #expect(paged["none"] == nil)
    let capacity = (0..<paged.pageCount).reduce(0) { $0 + paged.page($1).capacity }
    #expect(paged.capacity == capacity && paged.spineBytes < 10_000 + plain.count * 400)
  }

  @Test("It is a dictionary, and a copy stays as it was", arguments: 1...4)
  func isDictionary(_ seed: UInt64) throws {
    var noise = SeededNoise(seed)
    var (paged, plain): (Paged, [ExactText: Int]) = (Paged(), [:])
    var copies: [(Paged, [ExactText: Int])] = [(paged, plain)]
    for round in 0..<60 {
      for _ in 0..<noise.below(1_200) {
        Self.change(&paged, &plain, &noise, shrinks: round % 20 > 14)
      }
      copies.append((paged, plain))
    }
    #expect(copies.contains { $0.0.pageCount > 8 })
    for (paged, plain) in copies { Self.expectSame(paged, plain) }
    for key in plain.keys { paged.removeValue(forKey: key) }
    Self.expectSame(paged, [:])
    #expect(paged.pageCount == 1)
  }

  @Test("What has changed since a copy is told, between any two", arguments: 1...4)
  func changes(_ seed: UInt64) throws {
    var noise = SeededNoise(seed)
    var (paged, plain): (Paged, [ExactText: Int]) = (Paged(), [:])
    var copies: [(Paged, [ExactText: Int])] = [(paged, plain)]
    for round in 0..<24 {
      for _ in 0..<noise.below(round % 2 == 0 ? 4 : 900) {
        Self.change(&paged, &plain, &noise, shrinks: round % 8 > 5)
      }
      copies.append((paged, plain))
    }
    for (index, (paged, plain)) in copies.enumerated() {
      for (former, formerPlain) in [copies[max(0, index - 1)], copies[noise.below(copies.count)]] {
        let changes = paged.changes(since: former, ==)
        let put = Dictionary(changes.put.map { ($0.key, $0.value) }) { _, _ in -1 }
        #expect(put == plain.filter { formerPlain[$0.key] != $0.value })
        #expect(changes.put.allSatisfy { $0.former == formerPlain[$0.key] })
        #expect(changes.dropped.count == Set(changes.dropped).count)
        #expect(Set(changes.dropped) == Set(formerPlain.keys.filter { plain[$0] == nil }))
      }
    }
  }

  @Test("A change of a large one leaves all other pages as they are")
  func sharing() {
    var paged = PagedDictionary<Key<Nothing>, Int>()
    for serial in 1...100_000 { paged[Key(serial: serial)] = serial }
    let largest = (0..<paged.pageCount).map { paged.page($0).count }.max() ?? 0
    #expect(paged.pageCount > 300 && largest < 4 * 256, "\(paged.pageCount), \(largest)")
    for serial in [1, 50_000, 100_001] {
      let former = paged
      paged[Key(serial: serial)] = 0
      let unshared = (0..<paged.pageCount).count { !paged.sharesPage($0, with: former) }
      // One more may be parted by what is new.
      #expect(unshared <= 3)
      #expect(paged.changes(since: former, ==).put.map(\.key.serial) == [serial])
    }
  }

  private enum Nothing {}

  @Test("It is written as a dictionary, its texts as they are")
  func written() throws {
    var paged = Paged()
    for key in ["b", "a", "é", "e\u{301}"] { paged[key] = key.utf8.count }
    let text = try StateEncoder.text(of: paged)
    #expect(String(decoding: text, as: UTF8.self).contains("["))
    #expect(try SnapshotJSON.decode(Paged.self, from: text, path: "").count == 4)
    let pairs = try StateEncoder.text(of: PagedDictionary<[Int], Int>(few: [[2]: 1, [1]: 2]))
    #expect(String(decoding: pairs, as: UTF8.self) == "[[1],2,[2],1]")
  }
}
