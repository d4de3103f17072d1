package import PayloadCodecs

/// What a user says about a fleet: everything that a save stores as one version.
/// Source: Shipyard documentation, "Fleets as Code" and the reference pages of vessels and fleets.
package struct FleetDefinition: Sendable, Codable, Equatable {
  package var name: String
  /// In the order of `KeyOrder`, as the service writes them.
  package var vessels: [Vessel]
  package var connections: [Connection]
  package var schedules: [Schedule]
  package var notifications: Notifications
}

/// One unit of work: code or a blueprint. Its name is unique in the fleet.
package struct Vessel: Sendable, Codable, Equatable {
  package var name: String
  package var id: ResourceID
  package var source: VesselSource
  package var guardrails = Guardrails()
  package var notifications = Notifications()
}

/// What a vessel executes. Which members may stand depends on `kind`.
package struct VesselSource: Sendable, Codable, Equatable {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case code = "CODE"
    case blueprint = "BLUEPRINT"
  }
  package enum Language: String, Sendable, Codable, CaseIterable {
    case python = "PYTHON"
    case bash = "BASH"
    case node = "NODE"
  }
  package struct File: Sendable, Codable, Equatable {
    package var name: String
    package var content: String
  }
  package struct Git: Sendable, Codable, Equatable {
    package enum CloneLocation: String, Sendable, Codable, CaseIterable {
      case repositoryName = "REPO_NAME"
      case workingDirectory = "CWD"
    }
    package var repository: String
    package var checkoutPoint: String?
    package var cloneLocation: CloneLocation?
  }
  /// A value under a name: a text, a boolean or a number as it was written, null, or `{}`.
  package struct Input: Sendable, Codable, Equatable {
    package var name: String
    package var value: JSON

    /// What the vessel sees in its environment; nil: nothing.
    package var text: String? { value == .null ? nil : value.stringValue ?? value.text }
  }
  package struct Argument: Sendable, Codable, Equatable {
    /// The member that holds the flag: the documentation writes `key`, `name`, or the flag itself.
    package enum Form: String, Sendable, Codable { case key, name, pair }
    package var form: Form
    package var flag: String
    package var value: String?
  }
  package struct Variable: Sendable, Codable, Equatable {
    package var name: String
    package var value: String
  }
  package struct Package: Sendable, Codable, Equatable {
    package var name: String
    package var version: String?
  }

  package var kind: Kind
  package var language: Language?
  /// Of the language, such as `3.9`; nil means the latest.
  package var version: String?
  package var file: File?
  package var git: Git?
  package var fileToRun: String?
  package var blueprint: String?
  /// In the order of `KeyOrder`.
  package var inputs: [Input] = []
  package var arguments: [Argument] = []
  package var environment: [Variable] = []
  package var packages: [Package] = []
  package var systemPackages: [String] = []
}

/// What a vessel does about its own failures.
/// Source: Shipyard documentation, "Guardrails".
package struct Guardrails: Sendable, Codable, Equatable {
  /// Repetitions after the first attempt, 0–24.
  ///
  /// The documentation disagrees with itself. "Guardrails" counts how often a vessel "should be
  /// retried", and 0 is "Never Retry"; in the first example of "How do you calculate billable
  /// runtime?" a vessel that retries itself 10 times runs 10 times, which would make 0 and 1 mean
  /// the same. So we count as the reference does; its second example holds either way.
  package var retryCount = 0
  /// Seconds, 0–3600 in steps of 300; 0 means as soon as possible.
  package var retryWait = 0
  /// Seconds that a single attempt may take, in steps of 300, at most four hours.
  package var runtimeCutoff = Guardrails.runtimeCutoffMax
  /// Exit codes that are not tried again.
  package var excludedExitCodes: [ClosedRange<Int>] = []

  package static let retryCountMax = 24
  package static let retryWaitMax = 3600
  /// Of `retryWait` and `runtimeCutoff`, in seconds.
  package static let durationStep = 300
  package static let runtimeCutoffMax = 4 * 3600

  package func mayRetry(after exitCode: Int, retries: Int) -> Bool {
    retries < retryCount && !excludedExitCodes.contains { $0.contains(exitCode) }
  }
}

package struct Notifications: Sendable, Codable, Equatable {
  package var emails: [String] = []
  package var afterError = true
  package var afterOnDemand = false
}

/// A path from one vessel to another, open when the first ended as `condition` says.
package struct Connection: Sendable, Codable, Equatable {
  package enum Condition: String, Sendable, Codable, CaseIterable {
    case success = "SUCCESS"
    case errored = "ERRORED"
    case completed = "COMPLETED"

    /// Tests the exit code, not the status: an overridden vessel is a Success that exits 1.
    package func holds(exitCode: Int) -> Bool {
      switch self {
      case .success: exitCode == 0
      case .errored: exitCode != 0
      case .completed: true
      }
    }
  }
  /// Positions in `FleetDefinition.vessels`.
  package var from: Int
  package var to: Int
  package var condition: Condition
}
