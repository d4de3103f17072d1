import Dispatch
import PayloadCodecs
import Synchronization

/// Saving on demand: many wait for one save (`--durable`).
extension WorldStore {
  struct Commits {
    /// Those who wait for the next save.
    struct Group {
      var waiting: [CheckedContinuation<Void, Never>] = []
      var tenants: TextSet = []
      var asksForAll = false
    }

    var next = Group()
    var isRunning = false
  }

  /// Returns when all that happened to a tenant, or to all of them, before the call is on the disk; gives why
  /// that tenant's is not.
  ///
  /// Those who come while a save goes on wait for the next one: it begins at once, and holds what all
  /// of them did.
  package func commit(_ tenant: String, andAll asksForAll: Bool = false) async -> String? {
    await withCheckedContinuation { continuation in
      let mustStart = commits.withLock { commits in
        commits.next.waiting.append(continuation)
        commits.next.tenants.insert(tenant)
        if asksForAll { commits.next.asksForAll = true }
        defer { commits.isRunning = true }
        return !commits.isRunning
      }
      if mustStart { committing.async { self.commitGroups() } }
    }
    return state.withLock { state in
      let standing = state.standings[tenant]
      return standing?.mustStay ?? standing?.failure
    }
  }

  private func commitGroups() {
    while true {
      let group = commits.withLock { commits in
        if commits.next.waiting.isEmpty { commits.isRunning = false }
        defer { commits.next = Commits.Group() }
        return commits.next
      }
      guard !group.waiting.isEmpty else { return }
      saveChanged(only: group.asksForAll ? nil : group.tenants)
      for continuation in group.waiting { continuation.resume() }
    }
  }
}
