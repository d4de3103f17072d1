import Synchronization

/// How long each turn of an event loop held it: so late is served what became ready meanwhile.
///
/// **Isolation**: its loop counts, anybody reads. With one writer a relaxed load and store are enough;
/// a reader may find a turn in the sum that is not in its bucket yet.
package final class LoopLag: Sendable {
  /// Upper bounds of the buckets in seconds; the last bucket has none. Nearly every turn falls into
  /// the first, which costs one comparison.
  package static let bounds = boundsNanoseconds.map { Double($0) / 1e9 }
  private static let boundsNanoseconds: [Int64] = [
    100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
    100_000_000, 250_000_000, 500_000_000, 1_000_000_000,
  ]

  /// One more than there are bounds.
  private let counts = InlineArray<14, Atomic<UInt64>> { _ in Atomic(0) }
  private let nanoseconds = Atomic<UInt64>(0)

  package init() {}

  func note(_ held: Int64) {
    var bucket = 0
    if held > 100_000 {
      bucket = Self.boundsNanoseconds.firstIndex { held <= $0 } ?? counts.count - 1
    }
    Self.add(1, to: counts[bucket])
    Self.add(UInt64(max(0, held)), to: nanoseconds)
  }

  private static func add(_ amount: UInt64, to counter: borrowing Atomic<UInt64>) {
    counter.store(counter.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
  }

  /// What was counted so far.
  package struct Counts: Sendable, Equatable {
    /// Turns by bucket.
    package var buckets = [UInt64](repeating: 0, count: bounds.count + 1)
    package var seconds = 0.0

    package init() {}

    package static func + (left: Counts, right: Counts) -> Counts {
      var sum = Counts()
      sum.buckets = zip(left.buckets, right.buckets).map { $0 &+ $1 }
      sum.seconds = left.seconds + right.seconds
      return sum
    }
  }

  package var total: Counts {
    var total = Counts()
    total.buckets = counts.indices.map { counts[$0].load(ordering: .relaxed) }
    total.seconds = Double(nanoseconds.load(ordering: .relaxed)) / 1e9
    return total
  }
}
