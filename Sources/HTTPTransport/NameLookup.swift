import Dispatch
import HTTPModel
import Synchronization

/// Asks the system where a host name leads. It may take long, so it runs on queues of its own: a few
/// names at a time, each name on the same queue, and who asks waits no longer than it says.
package enum NameLookup {
  package enum Failure: Error, Sendable, Equatable {
    /// The system's words.
    case unknown(String)
    case timedOut
  }

  private static let queues = (0..<4).map { DispatchQueue(label: "wavetank.names-\($0)") }
  /// More are not tried, one after the other.
  private static let addressesMax = 4

  /// The addresses of a host, best first: numeric ones and `localhost` are known without asking.
  package static func addresses(
    of host: String, within limit: Duration
  ) async throws(Failure) -> [NumericAddress] {
    if let known = NumericAddress(host: host) { return [known] }
    let reply = Once()
    addresses(of: host) { reply.complete($0) }
    let limit = Int(clamping: limit.nanoseconds)
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(limit)) {
      reply.complete(.failure(.timedOut))
    }
    return try await withCheckedContinuation { reply.await($0) }.get()
  }

  typealias Outcome = Result<[NumericAddress], Failure>

  /// - Parameter then: called on some thread, whenever the system answers; at once for what is known.
  static func addresses(of host: String, _ then: @escaping @Sendable (Outcome) -> Void) {
    if let known = NumericAddress(host: host) { return then(.success([known])) }
    let queue = queues[host.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % queues.count]
    queue.async { then(ask(host)) }
  }

  private static func ask(_ host: String) -> Outcome {
    switch SystemCalls.addresses(of: host) {
    case .failure(let reason): return .failure(.unknown(reason.words))
    case .success(let addresses):
      var found: [NumericAddress] = []
      for address in addresses where found.count < addressesMax {
        guard let numeric = NumericAddress(host: address.peer.host), !found.contains(numeric) else {
          continue
        }
        found.append(numeric)
      }
      return found.isEmpty ? .failure(.unknown("it has no address")) : .success(found)
    }
  }

  /// The one answer to who waits: whoever is first decides.
  private final class Once: Sendable {
    private struct State {
      var outcome: Outcome?
      var waiter: CheckedContinuation<Outcome, Never>?
    }
    private let state = Mutex(State())

    func complete(_ outcome: Outcome) {
      let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
        guard state.outcome == nil else { return nil }
        state.outcome = outcome
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.resume(returning: outcome)
    }

    func await(_ waiter: CheckedContinuation<Outcome, Never>) {
      let outcome = state.withLock { state -> Outcome? in
        if state.outcome == nil { state.waiter = waiter }
        return state.outcome
      }
      if let outcome { waiter.resume(returning: outcome) }
    }
  }
}
