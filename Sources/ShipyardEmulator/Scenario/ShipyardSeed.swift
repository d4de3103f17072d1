import EmulatorKernel
import PayloadCodecs

/// The scenario's `given.shipyard`, decoded. Everything wrong is reported in one go.
///
/// `ShipyardSections.swift` says how it is written. A fleet has the members of "Fleets as Code". Ids
/// that are left out are made.
struct ShipyardSeed {
  struct Key {
    var key: String
    var organizations: [String]?
    var projects: [String]?
    var rights: Set<AccessKey.Right>
  }
  struct Fleet: Sendable {
    var document = FleetDocument()
    var webhook: WebhookSeed?
  }
  enum WebhookSeed: Sendable {
    case made
    case given(Webhook)
  }
  struct Project {
    var id: ResourceID?
    var name = ""
    var timeZone = TimeZoneRules.utc
    var fleets: [Fleet] = []
  }
  struct BlueprintSeed {
    var id: ResourceID?
    var name = ""
    var palletType = Blueprint.PalletType.python
    var inputs: [(name: String, type: Blueprint.Input.InputType)] = []
  }
  struct Organization {
    var id: ResourceID?
    var name = ""
    var createdAt: VirtualInstant?
    var isRunnable = true
    var hasAPIAccess = true
    var hasBilling = false
    var isInDeveloperPlan = false
    var isOverDeveloperPlanLimit = false
    var blueprints: [BlueprintSeed] = []
    var projects: [Project] = []
  }

  var settings = ShipyardSettings()
  var keys: [Key]?
  var organizations: [Organization] = []
}
