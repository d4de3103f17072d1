import HTTPModel
import Synchronization

/// Answers that are held back until what they tell of is on the disk (`--durable`): one is counted when it is
/// known what goes out, since a counter never goes back.
final class HeldAnswers: Sendable {
  private struct Name: Hashable {
    let connection: UInt64
    let number: UInt64

    init(_ exchange: Exchange) {
      (connection, number) = (exchange.connectionID, exchange.sequenceNumber)
    }
  }

  /// What would be counted; nil: nothing is known yet.
  typealias Known = (operation: Int?, status: Int)

  private let known = Mutex<[Name: Known?]>([:])
  /// Whether any ever was: most servers hold none.
  private let isUsed = Atomic<Bool>(false)

  func hold(_ exchange: Exchange) {
    isUsed.store(true, ordering: .relaxed)
    known.withLock { $0[Name(exchange)] = .some(nil) }
  }

  /// False: it is not held.
  func take(_ exchange: Exchange, _ answer: Known) -> Bool {
    guard isUsed.load(ordering: .relaxed) else { return false }
    return known.withLock { known in
      let name = Name(exchange)
      guard known[name] != nil else { return false }
      known[name] = answer
      return true
    }
  }

  func release(_ exchange: Exchange) -> Known? {
    known.withLock { $0.removeValue(forKey: Name(exchange)) } ?? nil
  }
}
