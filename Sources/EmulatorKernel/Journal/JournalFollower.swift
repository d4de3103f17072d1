import HTTPModel
import Synchronization

/// A live view on a journal for one reader, bounded: what it is too slow for is counted, not kept.
package final class JournalFollower: Sendable {
  private struct State {
    /// Of the journal.
    var life: Int
    var entries: [JournalEntry] = []
    /// The room for them.
    var lease: MemoryLease?
    var missed = 0
    /// The journal was emptied since the last look.
    var isAnew = false
    var isClosed = false
    var waiter: CheckedContinuation<Void, Never>?

    var hasNews: Bool { !entries.isEmpty || isAnew }

    mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
      defer { waiter = nil }
      return waiter
    }
  }

  private static let entryLimit = 1000
  private let state: Mutex<State>
  private let budget: MemoryBudget

  init(_ budget: MemoryBudget, _ life: Int) {
    self.budget = budget
    state = Mutex(State(life: life))
  }

  func push(_ entry: JournalEntry, _ life: Int) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard state.life == life else { return nil }
      let lease = state.lease ?? MemoryLease(of: budget)
      state.lease = lease
      if state.entries.count < Self.entryLimit, lease.grow(by: entry.byteCount) {
        state.entries.append(entry)
      } else {
        state.missed += 1
      }
      return state.takeWaiter()
    }
    waiter?.resume()
  }

  /// What was given so far, and what still waits, is no longer there.
  /// - Returns: who is to be woken, after the journal's lock is released.
  func beginAnew(_ life: Int) -> CheckedContinuation<Void, Never>? {
    state.withLock { state in
      state.life = life
      state.entries = []
      state.lease = nil
      state.missed = 0
      state.isAnew = true
      return state.takeWaiter()
    }
  }

  func close() {
    let waiter = state.withLock { state in
      state.isClosed = true
      return state.takeWaiter()
    }
    waiter?.resume()
  }

  /// What a follower is given at one time.
  package struct News: Sendable {
    /// The journal was emptied before these: cleared, reset, or replaced by a snapshot's.
    package var isAnew: Bool
    package var entries: [JournalEntry]
    package var missed: Int
  }

  /// Waits for entries, or for the journal to begin anew. Nil when closed or cancelled.
  package func next() async -> News? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state -> Bool in
          if state.hasNews || state.isClosed || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.takeWaiter() }?.resume()
    }
    return state.withLock { state in
      guard state.hasNews else { return nil }
      defer {
        state.entries = []
        state.lease = nil
        state.missed = 0
        state.isAnew = false
      }
      return News(isAnew: state.isAnew, entries: state.entries, missed: state.missed)
    }
  }
}

/// An exchange that ended, for those who follow. A class, since an entry is large and hardly any exchange is
/// followed.
final class JournalNews: Sendable {
  let entry: JournalEntry
  let life: Int
  let followers: [JournalFollower]

  init(entry: JournalEntry, life: Int, followers: [JournalFollower]) {
    (self.entry, self.life, self.followers) = (entry, life, followers)
  }
}
