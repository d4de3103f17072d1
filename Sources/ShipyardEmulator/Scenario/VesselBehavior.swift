package import EmulatorKernel
import PayloadCodecs

/// How the attempts of certain vessels go: the first behavior that matches decides.
package struct VesselBehavior: Sendable, Codable, Equatable {
  package struct Attempt: Sendable, Codable, Equatable {
    /// 0–255.
    package var exitCode: Int
    package var duration: Duration
    /// What the vessel prints, for the page of the run.
    package var output: String?
  }

  package var fleet: Glob
  package var vessel: Glob
  /// Nil: whatever started the run.
  package var trigger: RunTrigger?
  /// In order; further attempts go like the last one.
  package var attempts: [Attempt]
  /// What attempts are counted in; nil: each run.
  package var per: AttemptScope?

  package enum AttemptScope: String, Sendable, Codable, CaseIterable {
    /// The attempts of one run, its retries that is.
    case run
    /// Those of all runs of the fleet, one after the other.
    case fleet
  }

  package func matches(fleet name: String, vessel: String, trigger: RunTrigger) -> Bool {
    (self.trigger == nil || self.trigger == trigger) && self.vessel.matches(vessel)
      && self.fleet.matches(name)
  }
}
