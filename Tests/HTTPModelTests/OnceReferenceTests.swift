import Dispatch
import HTTPModel
import Synchronization
import Testing

@Suite("A reference that is stored once") struct OnceReferenceTests {
  private final class Thing: Sendable {
    let number: Int
    let ended: Ended
    init(_ number: Int, _ ended: Ended) { (self.number, self.ended) = (number, ended) }
    deinit { ended.count.add(1, ordering: .relaxed) }
  }

  private final class Ended: Sendable {
    let count = Atomic<Int>(0)
  }

  private final class Holder: Sendable {
    let reference = OnceReference<Thing>()
  }

  @Test("Of many who store at once one is first, all see that one, and none is left behind")
  func first() {
    let ended = Ended()
    do {
      let holder = Holder()
      #expect(holder.reference.load() == nil)
      let seen = Mutex<Set<Int>>([])
      DispatchQueue.concurrentPerform(iterations: 64) { number in
        let stored = holder.reference.storeIfNil(Thing(number, ended))
        seen.withLock { _ = $0.insert(stored.number) }
      }
      let first = holder.reference.load()?.number
      #expect(seen.withLock { $0 } == Set([first].compactMap { $0 }))
      #expect(ended.count.load(ordering: .relaxed) == 63, "the others")
    }
    #expect(ended.count.load(ordering: .relaxed) == 64, "with what held it")
  }
}
