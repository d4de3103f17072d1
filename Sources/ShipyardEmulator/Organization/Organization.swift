package import EmulatorKernel
import PayloadCodecs

/// The top level: holds projects, blueprints, and who may use them.
package struct Organization: Sendable, Codable {
  package let id: ResourceID
  package var name: String
  package let createdAt: VirtualInstant
  package var updatedAt: VirtualInstant
  package var hasBilling = false
  /// Whether fleets may be triggered.
  package var isRunnable = true
  package var isInDeveloperPlan = false
  package var isOverDeveloperPlanLimit = false
  package var developerPlanPeriodStart: VirtualInstant?
  package var developerPlanPeriodEnd: VirtualInstant?
  /// Whether the plan allows the API at all.
  package var hasAPIAccess = true
  /// In order of creation.
  package var projectIDs: [ResourceID] = []
  package var fleetIDs: [ResourceID] = []
  package var blueprintIDs: [ResourceID] = []
}

/// Holds fleets; its time zone is used by schedules only.
package struct Project: Sendable, Codable {
  package let id: ResourceID
  package let organizationID: ResourceID
  package var name: String
  package var timeZone: TimeZoneRules
}

/// What one key may do. Without a list every key that the tenant accepts may do everything.
package struct AccessKey: Sendable, Codable, Equatable {
  package enum Right: String, Sendable, Codable, CaseIterable {
    /// Look at organizations, fleets, runs.
    case read
    /// Trigger fleets.
    case run
    /// Save fleets, blueprints, files.
    case write
  }
  package var key: String
  /// Nil: all.
  package var organizations: Set<ResourceID>?
  /// Nil: all projects of its organizations.
  package var projects: Set<ResourceID>?
  package var rights: Set<Right>
}
