import EmulatorKernel
import Foundation
import PayloadCodecs
import Testing

@Suite struct DueQueueTests {
  struct Entry: DueEntry, Equatable {
    var due: VirtualInstant
    var order: Int
    var note = ""

    init(_ due: Int64, _ order: Int) {
      self.due = VirtualInstant(nanoseconds: due)
      self.order = order
    }
  }

  /// Some entries at few instants, and the same in a plain list.
  static func filled(_ seed: UInt64, count: Int = 500) -> (queue: DueQueue<Entry>, plain: [Entry]) {
    var random = SeededRandom(key: seed)
    var queue = DueQueue<Entry>()
    let plain = (1...count).map { Entry(Int64(random.next() % 50), $0) }
    for entry in plain { queue.insert(entry) }
    return (queue, plain)
  }

  static func sorted(_ plain: [Entry]) -> [Entry] {
    plain.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
  }

  static func emptied(_ queue: DueQueue<Entry>) -> [Entry] {
    var queue = queue
    var order: [Entry] = []
    while let entry = queue.popFirst() { order.append(entry) }
    return order
  }

  @Test(
    "What falls due is given by due time, at the same instant by order of creation",
    arguments: 1...5)
  func order(_ seed: UInt64) {
    let (queue, plain) = Self.filled(seed)
    #expect(queue.count == plain.count)
    #expect(queue.first == Self.sorted(plain).first)
    #expect(Self.emptied(queue) == Self.sorted(plain))
  }

  @Test("Nothing is given before it is due, and all of it at its instant", arguments: 1...5)
  func due(_ seed: UInt64) {
    var (queue, plain) = Self.filled(seed)
    for instant in [Int64(-1), 0, 17, 18, 49, 60] {
      let now = VirtualInstant(nanoseconds: instant)
      var given: [Entry] = []
      while let entry = queue.popDue(at: now) { given.append(entry) }
      #expect(given == Self.sorted(plain.filter { $0.due <= now }))
      plain.removeAll { $0.due <= now }
      #expect(queue.nextDue == plain.map(\.due).min())
    }
    #expect(queue.count == 0)
  }

  @Test("What is called back never comes, and the rest stays in order", arguments: 1...5)
  func cancel(_ seed: UInt64) {
    var (queue, plain) = Self.filled(seed)
    for divisor in [7, 2, 3] {
      queue.cancel { $0.order % divisor == 0 }
      plain.removeAll { $0.order % divisor == 0 }
      #expect(Self.emptied(queue) == Self.sorted(plain))
      queue.insert(Entry(25, 500 + divisor * 7 * 11))
      plain.append(Entry(25, 500 + divisor * 7 * 11))
    }
    queue.cancel { _ in true }
    #expect(queue.popFirst() == nil)
  }

  @Test("In between, others may be put in", arguments: 1...5)
  func mixed(_ seed: UInt64) {
    var random = SeededRandom(key: seed)
    var queue = DueQueue<Entry>()
    var plain: [Entry] = []
    for order in 1...400 {
      if random.next() % 3 == 0 {
        plain = Self.sorted(plain)
        #expect(queue.popFirst() == (plain.isEmpty ? nil : plain.removeFirst()))
      } else {
        let entry = Entry(Int64(random.next() % 20), order)
        queue.insert(entry)
        plain.append(entry)
      }
    }
    #expect(Self.emptied(queue) == Self.sorted(plain))
  }

  @Test("A snapshot holds the list of the entries, and reads it back")
  func snapshotForm() throws {
    var queue = DueQueue<Entry>()
    for entry in [Entry(30, 1), Entry(10, 2), Entry(20, 3)] { queue.insert(entry) }
    let encoded = try StateEncoder.encode(queue)
    #expect(
      encoded
        == (try JSON(
          parsing:
            """
            [{"due":{"nanoseconds":10},"order":2,"note":""},
             {"due":{"nanoseconds":30},"order":1,"note":""},
             {"due":{"nanoseconds":20},"order":3,"note":""}]
            """)))
    let text = Data(encoded.serialized())
    let decoded = try JSONDecoder().decode(DueQueue<Entry>.self, from: text)
    #expect(Self.emptied(decoded) == Self.emptied(queue))
  }
}
