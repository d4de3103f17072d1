import Dispatch
import PayloadCodecs
import Synchronization

/// Saving on demand: many wait for one save (`--durable`).
extension WorldStore {
  struct Commits {
    var waiting: [CheckedContinuation<Void, Never>] = []
    var isRunning = false
  }

  /// Returns when all that happened before the call is on the disk; gives why that tenant's is not.
  ///
  /// Those who come while a save goes on wait for the next one: it begins at once, and holds what all
  /// of them did.
  package func commit(_ tenant: String) async -> String? {
    await withCheckedContinuation { continuation in
      let mustStart = commits.withLock { commits in
        commits.waiting.append(continuation)
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
        defer { commits.waiting = [] }
        if commits.waiting.isEmpty { commits.isRunning = false }
        return commits.waiting
      }
      guard !group.isEmpty else { return }
      saveChanged()
      for continuation in group { continuation.resume() }
    }
  }
}
