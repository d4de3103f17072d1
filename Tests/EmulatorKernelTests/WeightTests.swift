import EmulatorKernel
import Foundation
import HTTPModel
import KernelTestKit
import PayloadCodecs
import Testing

@Suite("The server's memory is counted (DESIGN §11)")
struct WeightTests {
  @Test("Room is taken until there is none, and comes back")
  func budget() {
    let budget = MemoryBudget(limit: 100)
    #expect(budget.reserve(60))
    #expect(!budget.reserve(41))
    #expect(budget.reserve(40))
    #expect(!budget.hasRoom())
    budget.release(100)
    #expect(budget.bytesUsed == 0)
    // What is here already is counted beyond the limit, and refuses the next.
    budget.charge(150)
    #expect(!budget.reserve(1))
    budget.charge(-150)
    #expect(budget.reserve(50, percent: 50))
    #expect(!budget.reserve(1, percent: 50))
  }

  @Test("No number overflows the account", arguments: [Int.max, Int.max / 2 + 1])
  func extremes(_ count: Int) {
    let budget = MemoryBudget(limit: .max)
    #expect(budget.reserve(count))
    #expect(!budget.reserve(count) || count < Int.max / 2)
    #expect(!MemoryBudget(limit: 10).hasRoom(for: .max))
    #expect(MemoryBudget(limit: 10).reserve(-5))
  }

  @Test("A lease gives its room back with its last owner")
  func lease() {
    let budget = MemoryBudget(limit: 100)
    var lease = MemoryLease(10, of: budget)
    #expect(lease?.grow(by: 90) == true)
    #expect(lease?.grow(by: 1) == false)
    var other = lease
    lease = nil
    #expect(budget.bytesUsed == 100)
    #expect(MemoryLease(1, of: budget) == nil)
    other = nil
    #expect(other == nil && budget.bytesUsed == 0)
  }

  private struct Thing: Weighed, Sendable, Codable, Equatable {
    var text: String
    var heapBytes: Int { text.heapBytes }
  }

  @Test("A dictionary's account agrees with a recount under random changes", arguments: 1...5)
  func dictionary(_ seed: UInt64) throws {
    var random = SeededRandom(key: seed)
    var weighed = WeighedDictionary<String, Thing>()
    var plain: [String: Thing] = [:]
    var copies: [(WeighedDictionary<String, Thing>, [String: Thing])] = []
    for _ in 0..<3_000 {
      let key = "key \(random.next() % 100)"
      let text = String(repeating: "x", count: Int(random.next() % 200))
      switch random.next() % 7 {
      case 0, 1, 2:
        if weighed.contains(key) {
          weighed[key] = Thing(text: text)
        } else {
          weighed.add(Thing(text: text), key)
        }
        plain[key] = Thing(text: text)
      case 3:
        weighed[key]?.text += text
        plain[key]?.text += text
      case 4:
        let (left, right) = (weighed.removeValue(forKey: key), plain.removeValue(forKey: key))
        #expect(left == right)
      case 5:
        let left = weighed.updateValue(Thing(text: text), forKey: key)
        let right = plain.updateValue(Thing(text: text), forKey: key)
        #expect(left == right)
      default:
        weighed[key] = nil
        plain[key] = nil
        if copies.count < 20 { copies.append((weighed, plain)) }
      }
      #expect(weighed.heapBytes == weighed.recountedHeapBytes)
    }
    #expect(Dictionary(uniqueKeysWithValues: weighed.entries.map { ($0.key, $0.value) }) == plain)
    // A copy stays as it was, whatever becomes of the original.
    for (copy, wanted) in copies {
      #expect(copy.count == wanted.count && copy.heapBytes == copy.recountedHeapBytes)
      for (key, thing) in wanted { #expect(copy[key] == thing) }
    }
    // It takes the form of a dictionary, and comes back with the same weight but for spare places.
    let back = try JSONDecoder().decode(
      WeighedDictionary<String, Thing>.self, from: JSONEncoder().encode(weighed))
    #expect(back.count == plain.count && back.heapBytes == back.recountedHeapBytes)
    for key in plain.keys { weighed[key] = nil }
    #expect(weighed.isEmpty && weighed.heapBytes < 50_000)
  }

  @Test("A value that is kept with its weight reads and writes as itself")
  func kept() throws {
    let json: JSON = ["text": .string(String(repeating: "y", count: 1_000)), "list": [1, [2]]]
    var kept = Kept(json)
    #expect(kept.heapBytes > 1_000 && kept.heapBytes < 2_000)
    kept.change { $0 = "z" }
    #expect(kept.heapBytes == 0)
    #expect(Kept(nil as JSON?) == nil)
  }

  @Test("A journal grows no more when half of the memory is in use, and drops the oldest instead")
  func journal() {
    let budget = MemoryBudget(limit: 4 << 20)
    let limits = JournalLimits()
    var journals = (0..<4).map { _ in Journal(limits: limits, budget: budget) }
    for number in 0..<2_000 {
      for journal in journals {
        let exchange = Exchange(
          connectionID: 1, sequenceNumber: UInt64(number), peer: .none)
        let request = Request(.get, "/" + String(repeating: "p", count: 1_500))
        _ = journal.open(
          JournalOpening(
            request, target: request.target, exchange: exchange, operationIndex: nil,
            arrived: VirtualInstant(seconds: 0), began: .now))
      }
    }
    #expect(budget.bytesUsed <= 2 << 20)
    for journal in journals {
      #expect(journal.status.bytes <= 2 << 20)
      #expect(journal.status.count > 10 && journal.status.dropped > 0)
      #expect(journal.entry(2_000) != nil)
    }
    journals.first?.clear()
    let used = budget.bytesUsed
    journals = []
    #expect(used > 0 && budget.bytesUsed == 0)
  }
}
