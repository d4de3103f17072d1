import HTTPModel
import Synchronization
import Testing

/// What is kept stays, however often it is taken hold of and let go.
@Suite struct LastingTests {
  private final class Thing: Sendable {
    let ended: Ended
    init(_ ended: Ended) { self.ended = ended }
    deinit { ended.count.add(1, ordering: .relaxed) }
  }

  private final class Ended: Sendable {
    let count = Atomic<Int>(0)
  }

  /// Where they lie, so that a leak checker finds what is never given back.
  private static let kept = Mutex<[UInt]>([])

  @Test(arguments: [false, true]) func keptThingsDoNotEnd(_ isKept: Bool) {
    let ended = Ended()
    var thing: Thing? = Thing(ended)
    if isKept, let thing {
      Lasting.keep(thing)
      let place = unsafe UInt(bitPattern: Unmanaged.passUnretained(thing).toOpaque())
      Self.kept.withLock { $0.append(place) }
    }
    // Many more are let go than were counted.
    for _ in 0..<10 {
      var holders = (0..<100).map { _ in thing }
      holders.removeAll()
    }
    thing = nil
    #expect(ended.count.load(ordering: .relaxed) == (isKept ? 0 : 1))
  }

  private static let texts = (0..<3).map { "text \($0)" }

  @Test func aKeptArrayIsTheSameArray() {
    let empty: [Int] = []
    let texts = Self.texts
    Lasting.keep(empty)
    Lasting.keep(texts)
    var copy = texts
    copy.append("more")
    #expect(texts == ["text 0", "text 1", "text 2"] && copy.count == 4 && empty.isEmpty)
  }
}
