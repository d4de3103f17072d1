import Foundation
import Synchronization
import Testing

@testable import EmulatorKernel

@Suite("A lock that is waited for is counted") struct LockWaitsTests {
  private final class Shared: Sendable {
    let lock = Mutex(0)
    let isHeld = Atomic<Bool>(false)
  }

  @Test("Who finds it free is not counted, who finds it held is, and then has it")
  func counted() {
    let waits = LockWaits("test")
    let free = Mutex(0)
    for _ in 0..<100 { free.withLock(countingWaitsIn: waits) { $0 += 1 } }
    #expect(free.withLock { $0 } == 100)
    #expect(waits.count == 0 && waits.duration == .zero)
    // On a loaded machine the other thread may let go before this one asks: then again.
    for round in 1...1_000 where waits.count == 0 {
      let shared = Shared()
      let isOver = DispatchSemaphore(value: 0)
      // A thread of its own: this one may be the last of the pool's.
      Thread.detachNewThread {
        shared.lock.withLock { _ in
          shared.isHeld.store(true, ordering: .releasing)
          let end = Moment.now + .milliseconds(20)
          while Moment.now < end {}
        }
        isOver.signal()
      }
      while !shared.isHeld.load(ordering: .acquiring) {}
      let found = shared.lock.withLock(countingWaitsIn: waits) { value in
        value += round
        return value
      }
      #expect(found == round)
      isOver.wait()
    }
    #expect(waits.count == 1)
    #expect(waits.duration > .zero)
  }
}
