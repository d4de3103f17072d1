import Dispatch
package import HTTPModel
import Synchronization

/// Requests of tenants that wait in their files: read on Dispatch, not on the loop.
extension Pipeline {
  /// Loads the tenant, then goes on as if it had been here.
  func load(_ name: String, _ arrival: Arrival, _ tag: inout UInt64) -> Answer {
    let ticket = landings.takeOff()
    tag = ticket
    return .later { content in
      let found = await WorldLoading.run(name) {
        Result { () throws(ScenarioProblems) in
          try self.tenants.use(name)
        }
      }
      let cloud: Cloud
      switch found {
      case .success(let here): cloud = here
      case .failure(let problems):
        _ = self.landings.landed(ticket, 0)
        return await self.refuse(arrival.inner, problems).settled(with: content)
      }
      var tag: UInt64 = 0
      let answer = self.begin(arrival, in: cloud, &tag)
      // The peer may have gone away meanwhile.
      if let outcome = self.landings.landed(ticket, tag) {
        self.ended(arrival.exchange, tag, outcome)
      }
      return await answer.settled(with: content)
    }
  }
}

/// Where worlds are read: a few at a time, those of one tenant one after another, so that what
/// waits for the same file does not hold threads that other files need.
package enum WorldLoading {
  private static let queues = (0..<4).map { DispatchQueue(label: "wavetank.loading-\($0)") }

  package static func run<Value: Sendable>(
    _ tenant: String, _ work: @escaping @Sendable () -> Value
  ) async -> Value {
    var hash = StableHash(seed: 0)
    hash.combine(tenant)
    let queue = queues[Int(hash.value % UInt64(queues.count))]
    return await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
  }
}

/// Exchanges whose tenant is still being loaded: the engine knows them by a ticket until their own
/// tag is known, which the engine never learns.
final class Landings: Sendable {
  private enum Place {
    case inTheAir
    case landed(tag: UInt64)
    /// The exchange was over first.
    case ended(ExchangeOutcome)
  }

  private struct State {
    var places: [UInt64: Place] = [:]
    var last: UInt64 = 0
  }

  private let state = Mutex(State())

  /// The id that no tenant has, in place of one: see `ExchangeTag`.
  private static let mark = UInt64(TenantRegistry.idLimit - 1) << 40

  func takeOff() -> UInt64 {
    state.withLock { state in
      state.last = state.last % (1 << 39) + 1
      let ticket = Self.mark | state.last
      state.places[ticket] = .inTheAir
      return ticket
    }
  }

  /// The tenant is here, the exchange has a tag. Gives how the exchange ended, if it has.
  func landed(_ ticket: UInt64, _ tag: UInt64) -> ExchangeOutcome? {
    state.withLock { state in
      guard case .ended(let outcome) = state.places[ticket] else {
        state.places[ticket] = .landed(tag: tag)
        return nil
      }
      state.places[ticket] = nil
      return outcome
    }
  }

  /// An exchange is over. Gives its own tag; nil where it has none yet.
  func ended(_ tag: UInt64, _ outcome: ExchangeOutcome) -> UInt64? {
    guard tag & Self.mark == Self.mark else { return tag }
    return state.withLock { state in
      switch state.places.removeValue(forKey: tag) {
      case .landed(let own): return own
      case .inTheAir:
        state.places[tag] = .ended(outcome)
        return nil
      case .ended, nil: return nil
      }
    }
  }
}

extension Answer {
  /// What comes of an answer where a task has the content: the engine's part, done by hand.
  package func settled(with content: RequestContent) async -> Response {
    var answer = self
    while true {
      switch answer {
      case .now(let response): return response
      case .later(let work): return await work(content)
      case .collect(let limit, let then):
        do {
          let bytes = try await content.collect(limit: limit)
          answer = then(bytes.map { .complete($0) } ?? .tooLarge(limit: limit))
        } catch {
          // The peer is gone or its content is broken: the engine says what is to be said.
          return Response(.badRequest)
        }
      }
    }
  }
}
