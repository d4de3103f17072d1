import HTTPModel
import TestSupport
import Testing

@testable import EmulatorKernel

@Suite("Those who wait for something in a state")
struct WaiterTableTests {
  private typealias Table = WaiterTable<String>

  private static func reader() -> Waiter { .body(BodyWriter(onReady: {})) }

  /// As `StateBox` does it.
  private static func add(
    _ waiter: Waiter, _ key: String?, isTimed: Bool, to table: inout Table
  ) {
    if case .body(let writer) = waiter, !writer.beginAwaitingSource() { return }
    table.add(waiter, key, isTimed: isTimed)
  }

  @Test("Whoever leaves, the others are told, once each and in the order in which they came")
  func order() {
    for count in [1, 2, 7, 8, 9, 10, 100, 1000] {
      for step in [1, 2, 3, 50] {
        var table = Table()
        let all = (0..<count).map { $0 % 3 == 0 ? Waiter.task(WaitTicket(nil)) : Self.reader() }
        for waiter in all { Self.add(waiter, "news", isTimed: false, to: &table) }
        var left: [Waiter] = []
        for (index, waiter) in all.enumerated() {
          if index % step == 0 { table.remove(waiter, "news") } else { left.append(waiter) }
        }
        #expect(table.count == left.count)
        // He who has left is not missed twice.
        table.remove(all[0], "news")
        #expect(table.count == left.count)
        var taken: [Waiter] = []
        table.take(of: ["other", "news"], into: &taken)
        #expect(taken.map(\.id) == left.map(\.id))
        #expect(table.count == 0 && table.byKey.isEmpty)
      }
    }
  }

  @Test("Places of those who have left are given up, and hold nobody in memory for long")
  func places() throws {
    var table = Table()
    let stays = Self.reader()
    Self.add(stays, "news", isTimed: false, to: &table)
    for _ in 0..<10_000 {
      let passes = Self.reader()
      Self.add(passes, "news", isTimed: true, to: &table)
      table.remove(passes, "news")
      #expect(try #require(table.byKey["news"]).waiters.count <= 9 && table.timed.isEmpty)
    }
    table.remove(stays, "news")
    #expect(table.byKey.isEmpty)
  }

  @Test("Time that goes on takes bodies out, among thousands too, and leaves tasks where they are")
  func time() {
    var table = Table()
    let tasks = (0..<3).map { _ in Waiter.task(WaitTicket(nil)) }
    let readers = (0..<2000).map { _ in Self.reader() }
    for waiter in tasks + readers { Self.add(waiter, "news", isTimed: true, to: &table) }
    var taken: [Waiter] = []
    table.noteTime(into: &taken)
    #expect(Set(taken.map(\.id)) == Set((tasks + readers).map(\.id)))
    #expect(table.count == tasks.count)
    // A reader that has been told comes again; news of the key takes everybody, once.
    Self.add(readers[5], "news", isTimed: true, to: &table)
    taken = []
    table.take(of: ["news"], into: &taken)
    #expect(taken.map(\.id) == (tasks + [readers[5]]).map(\.id))
    #expect(table.timed.isEmpty)
  }

  @Test("Any order of coming, leaving and news is what a plain list does", arguments: 0..<40)
  func model(_ seed: Int) {
    var noise = SeededNoise(UInt64(seed))
    var table = Table()
    var model: [(waiter: Waiter, key: String)] = []
    let keys = ["a", "b", "c"]
    for _ in 0..<400 {
      let key = keys[noise.below(keys.count)]
      switch noise.below(20) {
      case 0..<11:
        let waiter = noise.below(4) == 0 ? Waiter.task(WaitTicket(nil)) : Self.reader()
        Self.add(waiter, key, isTimed: noise.below(3) == 0, to: &table)
        model.append((waiter, key))
      case 11..<18 where !model.isEmpty:
        let one = model.remove(at: noise.below(model.count))
        table.remove(one.waiter, one.key)
      case 18:
        var taken: [Waiter] = []
        table.take(of: [key], into: &taken)
        #expect(taken.map(\.id) == model.filter { $0.key == key }.map(\.waiter.id))
        for waiter in taken { waiter.notify() }
        model.removeAll { $0.key == key }
      default: break
      }
      #expect(table.count == model.count)
    }
    #expect(Set(table.takeAll().map(\.id)) == Set(model.map(\.waiter.id)))
    #expect(table.count == 0 && table.timed.isEmpty)
  }
}
