import HTTPModel
import PayloadCodecs
import Synchronization

/// A tenant's exchanges whose code is at work: what that code calls belongs to them in the journal.
package final class CodeCalls: Sendable {
  /// Ends what it stands for.
  package struct Mark: Sendable {
    fileprivate let number: UInt64
  }

  private struct Work: Sendable {
    var mark: UInt64
    /// The exchange's number in the journal.
    var exchange: UInt64
    var requestID: String
    var credential: String?
  }

  private struct State: Sendable {
    var last: UInt64 = 0
    var works: [Work] = []
  }
  private let state = Mutex(State())
  private let count = Atomic<Int>(0)

  init() {}

  /// Code begins to work for an exchange.
  /// - Parameters:
  ///   - requestID: what its calls have as `X-Request-Id`.
  ///   - credential: the key that its calls have, whatever their id; nil: they are known by the id alone.
  package func begin(_ exchange: UInt64, requestID: String, credential: String?) -> Mark {
    let mark = state.withLock { state in
      state.last += 1
      state.works.append(
        Work(
          mark: state.last, exchange: exchange, requestID: requestID, credential: credential))
      return state.last
    }
    count.add(1, ordering: .releasing)
    return Mark(number: mark)
  }

  package func end(_ mark: Mark) {
    let wasHere = state.withLock { state in
      let before = state.works.count
      state.works.removeAll { $0.mark == mark.number }
      return state.works.count < before
    }
    if wasHere { count.subtract(1, ordering: .relaxed) }
  }

  /// The journal begins anew.
  func forgetAll() {
    let forgotten = state.withLock { state in
      defer { state.works = [] }
      return state.works.count
    }
    count.subtract(forgotten, ordering: .relaxed)
  }

  /// The id of the request that the code with that key works on: of several the newest.
  package func requestID(ofCredential key: String) -> String? {
    guard count.load(ordering: .acquiring) > 0 else { return nil }
    return state.withLock { state in
      state.works.last { $0.credential?.isExactly(key) ?? false }?.requestID
    }
  }

  /// The number of the exchange for which code makes a request; 0: none does.
  func parent(of request: Request) -> UInt64 {
    guard count.load(ordering: .acquiring) > 0 else { return 0 }
    let id = request.fields["x-request-id"]
    let key = request.fields.bearerToken
    return state.withLock { state in
      // The newest first: code that calls itself waits for the answer.
      let own = state.works.reversed().filter { work in
        guard let credential = work.credential else {
          return id?.isExactly(work.requestID) ?? false
        }
        return key?.isExactly(credential) ?? false
      }
      return (own.first { id?.isExactly($0.requestID) ?? false } ?? own.first)?.exchange ?? 0
    }
  }
}
