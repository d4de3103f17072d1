import HTTPModel
import Synchronization

/// Exchanges whose tenant is still looked for: the engine knows them by a ticket until their own
/// tag is known, which the engine never learns.
final class PendingExchanges: Sendable {
  private enum Place {
    case pending
    case found(tag: UInt64)
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

  /// - Returns: the ticket.
  func enter() -> UInt64 {
    state.withLock { state in
      state.last = state.last % (1 << 39) + 1
      let ticket = Self.mark | state.last
      state.places[ticket] = .pending
      return ticket
    }
  }

  /// The tenant is found, the exchange has a tag. Gives how the exchange ended, if it has.
  func leave(_ ticket: UInt64, _ tag: UInt64) -> ExchangeOutcome? {
    state.withLock { state in
      guard case .ended(let outcome) = state.places[ticket] else {
        state.places[ticket] = .found(tag: tag)
        return nil
      }
      state.places[ticket] = nil
      return outcome
    }
  }

  /// An exchange's own tag, while it goes on; nil where it has none yet.
  func tag(of tag: UInt64) -> UInt64? {
    guard tag & Self.mark == Self.mark else { return tag }
    return state.withLock { state in
      if case .found(let own) = state.places[tag] { own } else { nil }
    }
  }

  /// An exchange is over. Gives its own tag; nil where it has none yet.
  func ended(_ tag: UInt64, _ outcome: ExchangeOutcome) -> UInt64? {
    guard tag & Self.mark == Self.mark else { return tag }
    return state.withLock { state in
      switch state.places.removeValue(forKey: tag) {
      case .found(let own): return own
      case .pending:
        state.places[tag] = .ended(outcome)
        return nil
      case .ended, nil: return nil
      }
    }
  }
}
