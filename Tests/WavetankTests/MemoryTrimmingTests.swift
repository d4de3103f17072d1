import Synchronization
import Testing
import Wavetank

@Suite("Memory that worlds have left")
struct MemoryTrimmingTests {
  @Test("It is given back once for all that went meanwhile, and again for the next")
  func once() {
    let planned = Mutex<[MemoryTrimming.Work]>([])
    let count = Atomic<Int>(0)
    let trimming = MemoryTrimming(after: { work in planned.withLock { $0.append(work) } }) {
      count.add(1, ordering: .relaxed)
    }
    for round in 1...3 {
      for _ in 0..<10 { trimming.soon() }
      #expect(count.load(ordering: .relaxed) == round - 1)
      let works = planned.withLock { planned in
        defer { planned = [] }
        return planned
      }
      #expect(works.count == 1)
      for work in works { work() }
      #expect(count.load(ordering: .relaxed) == round)
    }
  }
}
