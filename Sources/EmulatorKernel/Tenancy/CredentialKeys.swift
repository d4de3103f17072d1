package import PayloadCodecs
import Synchronization

/// What a tenant's keys say about a credential.
package enum CredentialVerdict: Sendable, Equatable {
  case missing
  /// Good. `user` is set when the scenario names one; nil rights mean all.
  case accepted(user: String?, rights: TextSet?)
  /// Known to be bad, or unknown where keys are listed: the status to answer.
  case refused(status: Int)
}

/// The keys of a tenant. Without a list any non-empty credential is good.
package final class CredentialKeys: Sendable {
  package typealias Key = CredentialKey

  /// What the keys are, for a snapshot.
  package struct State: Sendable, Codable, Equatable {
    /// Nil: every non-empty key is good.
    var keys: TextMap<Key>?
    /// Keys that were expired by an event, also where no list is given.
    var expired: TextMap<Int> = [:]
  }

  private let state: Mutex<State>
  private let now: @Sendable () -> VirtualInstant

  package init(keys: [Key]?, now: @escaping @Sendable () -> VirtualInstant) {
    self.now = now
    state = Mutex(State(keys: Self.byName(keys)))
  }

  private static func byName(_ keys: [Key]?) -> TextMap<Key>? {
    keys.map { TextMap($0.lazy.map { ($0.key, $0) }, uniquingKeysWith: { $1 }) }
  }

  package func verdict(on credential: String?) -> CredentialVerdict {
    guard let credential, !credential.isEmpty else { return .missing }
    return state.withLock { state in
      if let status = state.expired[credential] { return .refused(status: status) }
      guard let keys = state.keys else { return .accepted(user: nil, rights: nil) }
      guard let key = keys[credential] else { return .refused(status: 401) }
      if let status = key.status { return .refused(status: status) }
      if let expires = key.expires, expires <= now() { return .refused(status: 401) }
      return .accepted(user: key.user, rights: key.rights)
    }
  }

  /// Whether the scenario lists the keys that exist.
  package var areListed: Bool { state.withLock { $0.keys != nil } }

  /// Whether anything is known about a key: listed, or expired by an event.
  package func knows(_ key: String) -> Bool {
    state.withLock { $0.keys?[key] != nil || $0.expired[key] != nil }
  }

  /// From now on the key is refused with `status`.
  package func expire(_ key: String, status: Int = 401) {
    state.withLock { $0.expired[key] = status }
  }

  package func replace(_ keys: [Key]?) {
    state.withLock { $0 = State(keys: Self.byName(keys)) }
  }

  package var saved: State { state.withLock { $0 } }
  package func restore(_ saved: State) { state.withLock { $0 = saved } }
}
