package import PayloadCodecs
import Synchronization

/// What a tenant starts from and returns to on reset: a scenario, decoded. The built-in world is
/// the blueprint without anything.
package struct TenantBlueprint: Sendable {
  package var seed: UInt64 { didSet { identity = BlueprintIdentity() } }
  package var clock: Scenario.Clock { didSet { identity = BlueprintIdentity() } }
  /// Nil: every non-empty credential is good.
  package var keys: [CredentialKeys.Key]?
  /// The scenario's `given`, by service name.
  package var given: TextMap<JSON> { didSet { identity = BlueprintIdentity() } }
  /// The scenario's `behaviors`, by service name.
  package var behaviors: TextMap<JSON> { didSet { identity = BlueprintIdentity() } }
  package var isStrict: Bool { didSet { identity = BlueprintIdentity() } }
  package var outbound = OutboundAllowance.local
  /// Makes the rules of a new tenant; nil: none. Called once for each tenant, and on reset.
  package var makeRules: (@Sendable (LiveTenant) -> ScenarioEngine)?
  /// The scenario as it stands in force, as text: for `GET /_wavetank/scenario` and snapshots.
  package let source: JSON?
  /// Whether making a tenant of it takes longer than a loop should be held.
  let isLarge: Bool
  /// Whether its text is no longer than what a loop goes through in passing.
  package let isShort: Bool
  package static let shortBytesMax = 16 << 10
  /// What the scenario weighs, with the rules that are made of it.
  var sourceBytes = 0
  /// Another one whenever what the worlds are made of changes.
  private(set) var identity = BlueprintIdentity()

  package init(
    seed: UInt64 = 0, clock: Scenario.Clock = .init(), keys: [CredentialKeys.Key]? = nil,
    given: TextMap<JSON> = [:], behaviors: TextMap<JSON> = [:], isStrict: Bool = false,
    makeRules: (@Sendable (LiveTenant) -> ScenarioEngine)? = nil, source: JSON? = nil
  ) {
    self.seed = seed
    self.clock = clock
    self.keys = keys
    self.given = given
    self.behaviors = behaviors
    self.isStrict = isStrict
    self.makeRules = makeRules
    self.source = source
    sourceBytes = source?.heapBytes ?? 0
    isLarge = !(source?.fits(within: 32 << 10) ?? true)
    isShort = source?.fits(within: Self.shortBytesMax) ?? true
  }

  /// Whether a tenant has the worlds that are made of it.
  package var isPlanted: Bool { identity.worlds.withLock { $0.worlds != nil } }

  func worldSeed(of service: String) -> WorldSeed {
    WorldSeed(given: given[service], behaviors: behaviors[service], isStrict: isStrict)
  }
}
