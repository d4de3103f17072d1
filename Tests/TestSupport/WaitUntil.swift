/// Waits for what another task or thread does, without holding the thread that it may need, and not
/// for ever.
/// - Parameter what: ends the sentence that a failing test shows: "waited 300 s in vain until …".
package nonisolated(nonsending) func waitUntil(
  _ what: String, within limit: Duration = .seconds(900), _ holds: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + limit
  while try await !holds() {
    try Task.checkCancellation()
    if ContinuousClock.now > end { throw WaitedInVain(what: what, limit: limit) }
    await Task.yield()
  }
}

package struct WaitedInVain: Error, CustomStringConvertible {
  package let what: String
  package let limit: Duration

  package var description: String {
    "waited \(limit.components.seconds) s in vain until \(what)"
  }
}

/// Lets others run, a bounded number of times: for what must *not* happen meanwhile.
package nonisolated(nonsending) func letOthersRun(_ count: Int = 1_000) async {
  for _ in 0..<count { await Task.yield() }
}
