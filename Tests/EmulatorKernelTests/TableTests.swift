import EmulatorKernel
import PayloadCodecs
import Testing

@Suite("Tables of records")
struct TableTests {
  private struct Thing: Stored, Equatable {
    static let idsIgnoreCase = true
    var id: String
    var number: Int
    var heapBytes: Int { id.heapBytes }
  }

  @Test("A table agrees with a plain list under random changes", arguments: 1...5)
  func tableAgreesWithList(_ seed: UInt64) {
    var random = SeededRandom(key: seed)
    var table = Table<Thing>()
    var plain: [Thing] = []
    var index = KeySet<Thing>()
    for number in 0..<2000 {
      if random.next() % 3 > 0 || plain.isEmpty {
        let thing = Thing(id: "Id-\(number)", number: number)
        index.insert(table.insert(thing))
        plain.append(thing)
      } else {
        let gone = plain.remove(at: Int(random.next() % UInt64(plain.count)))
        if let key = table.key(id: gone.id.lowercased()) {
          table.remove(key)
          index.noteRemoval(from: table)
        }
        #expect(table.record(id: gone.id) == nil)
      }
    }
    #expect(table.all == plain)
    #expect(index.keys.compactMap { table[$0] } == plain)
    #expect(index.count == plain.count)
    #expect(index.keys.count <= plain.count * 2 + 1)
  }

  @Test("A record is seen in its place as it is, also while it is looked at")
  func glance() {
    var table = Table<Thing>()
    let key = table.insert(Thing(id: "AB", number: 1))
    let before = table
    table.update(key) { $0.number = 2 }
    let seen = table.glance(key) { record in
      (record.id, record.number, table.glance(key) { $0.copy }, table.read(key) { $0.number })
    }
    #expect(seen?.0 == "AB" && seen?.1 == 2 && seen?.3 == 2)
    #expect(seen?.2 == Thing(id: "AB", number: 2))
    // Who has a copy of the table sees what was.
    #expect(before.glance(key, { $0.number }) == 1)
    #expect(before.glance(key, { $0.number > 1 ? $0.number : nil }) == nil)
    table.remove(key)
    #expect(table.glance(key, { $0.number }) == nil && before.glance(key, { $0.number }) == 1)
  }

  private struct Exact: Stored {
    static let idsIgnoreCase = false
    var id: String
    var heapBytes: Int { id.heapBytes }
  }

  @Test("Letter case of an id counts unless its record says otherwise")
  func letterCase() {
    var table = Table<Exact>()
    let key = table.insert(Exact(id: "Ab"))
    #expect(table.key(id: "Ab") == key)
    #expect(table.key(id: "AB") == nil)
    let other = table.insert(Exact(id: "AB"))
    table.remove(key)
    #expect(table.key(id: "Ab") == nil)
    #expect(table.key(id: "AB") == other)
    var findings = StateFindings()
    table.check("", &findings)
    #expect(findings.found.isEmpty)
  }
}
