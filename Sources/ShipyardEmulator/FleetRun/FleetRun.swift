package import EmulatorKernel
import PayloadCodecs

/// The words of the CSV exports and of the web pages.
/// Source: Shipyard documentation, "Fleet Logs" and "Voyages".
package enum RunStatus: String, Sendable, Codable {
  case scheduled = "Scheduled"
  case running = "Running"
  case retrying = "Retrying"
  case success = "Success"
  case errored = "Errored"
  case terminated = "Terminated"
  case incomplete = "Incomplete"

  package var isFinal: Bool {
    switch self {
    case .scheduled, .running, .retrying: false
    case .success, .errored, .terminated, .incomplete: true
    }
  }
}

/// What started a run.
/// Fidelity: documented for all but `api`, whose word is shown nowhere (assumed).
package enum RunTrigger: String, Sendable, Codable {
  case onDemand = "On Demand"
  case schedule = "Schedule"
  case webhook = "Webhook"
  case api = "API"
}

/// One run of a fleet ("fleet log"), with one voyage for each vessel.
package struct FleetRun: Sendable, Codable, Equatable {
  package let id: ResourceID
  package let fleetID: ResourceID
  /// The key of the version that it runs, in `ShipyardState.versions`.
  package let versionKey: Int
  package let trigger: RunTrigger
  package let createdAt: VirtualInstant
  /// When it shall start.
  package let scheduledFor: VirtualInstant
  package var status = RunStatus.scheduled
  package var startedAt: VirtualInstant?
  package var endedAt: VirtualInstant?
  /// In the order of the version's vessels.
  package var voyages: [Voyage]
  package var input: RunInput?
  /// A run of a schedule that was changed before it came: it never was.
  package var isWithdrawn = false

  /// Whole seconds, rounded up; 0 where the clock was set back in between.
  package var duration: Int? {
    guard let startedAt, let endedAt else { return nil }
    return max(0, (endedAt - startedAt).secondsRoundedUp)
  }

  /// The sum over its vessels; nil before the end.
  package var billableRuntime: Int? {
    guard endedAt != nil, startedAt != nil else { return nil }
    return voyages.reduce(0) { $0 + ($1.billableRuntime ?? 0) }
  }

  /// By what `days=N` goes.
  package var instantForAge: VirtualInstant { startedAt ?? createdAt }
}

/// One vessel's part in a run ("vessel log").
package struct Voyage: Sendable, Codable, Equatable {
  package let id: ResourceID
  package var status = RunStatus.scheduled
  /// Repetitions so far: 0 for a vessel that ended at its first attempt.
  package var retries = 0
  package var exitCode: Int?
  package var startedAt: VirtualInstant?
  package var endedAt: VirtualInstant?
  /// The sum of attempt times so far.
  package var attemptTime = Duration.zero
  /// When the attempt in progress began; nil between attempts.
  package var attemptStartedAt: VirtualInstant?
  /// Predecessors whose path has not been taken yet; the vessel starts when none is left.
  package var openPredecessors: Int
  /// Counts starts and stops of attempts, so that a queued event can tell that it is stale.
  package var step = 0
  /// Where attempts are counted across runs: which of them these were, from 0.
  package var attemptNumbers: [Int]?

  /// Attempts that came to their own end.
  package var endedAttempts: Int {
    switch status {
    case .success, .errored: startedAt == nil ? 0 : retries + 1
    case .retrying: attemptStartedAt == nil ? retries + 1 : retries
    case .scheduled, .running, .incomplete, .terminated: retries
    }
  }

  package var duration: Int? {
    guard let startedAt, let endedAt else { return nil }
    return max(0, (endedAt - startedAt).secondsRoundedUp)
  }

  package var billableRuntime: Int? {
    guard startedAt != nil, endedAt != nil else { return nil }
    return attemptTime.secondsRoundedUp
  }
}

/// What a trigger brought along.
package struct RunInput: Sendable, Codable, Equatable {
  /// The trigger's JSON as it came: stored content, because it may be large and is looked at rarely.
  package var overrides: BlobID?
  /// Vessels (by position) that are skipped, with the exit code that stands in for theirs.
  package var skipped: [Int: Int] = [:]
  package var webhook: WebhookDelivery?
}
