package import PayloadCodecs

/// What the pipeline needs besides the services.
package struct PipelineConfiguration: Sendable {
  /// What tenants start from.
  package var blueprint: TenantBlueprint
  package var wall: VirtualClock.WallTime
  /// Wakes streams that wait for something due; nil: only requests move things (tests).
  package var wallTimer: (any WallTimer)?
  /// Bytes of stored content, all tenants. Source: DESIGN §11.
  package var storageLimit: UInt64
  package var journalLimits: JournalLimits
  /// Above it idle tenants are dropped.
  package var tenantLimit: Int
  /// Above it they are dropped only while much of the memory is in use; nil: never for that.
  package var tenantsKept: Int?
  /// Hosts that belong to a service beside its vendor's own: pattern and service.
  package var furtherHosts: [(pattern: String, service: String)] = []
  /// Bytes of one request's content that streams, unpacked. Source: DESIGN §11, "uploads".
  package var streamedBytesMax: UInt64 = 1 << 30
  /// The listeners that services have for themselves.
  package var listeners = ServiceListeners()
  /// The process serves this emulator alone, until it ends: what all requests have in common is never
  /// given back; see `Lasting`.
  package var isWholeProcess = false
  /// Gets a line for each exchange, and what else happens; nil: nothing is told.
  package var log: ServerLog?
  /// Reads the scenario of a snapshot, where flags of the command line change what it means; nil:
  /// as it stands.
  package var readScenario: (@Sendable (JSON) throws(ScenarioProblems) -> TenantBlueprint)?

  /// Without a timer: see `serving` for the one of a server.
  package init(
    blueprint: TenantBlueprint = TenantBlueprint(),
    wall: @escaping VirtualClock.WallTime = WallClock.system, wallTimer: (any WallTimer)? = nil,
    storageLimit: UInt64 = 4 << 30, journalLimits: JournalLimits = JournalLimits(),
    tenantLimit: Int = 4096
  ) {
    self.blueprint = blueprint
    self.wall = wall
    self.wallTimer = wallTimer
    self.storageLimit = storageLimit
    self.journalLimits = journalLimits
    self.tenantLimit = max(1, tenantLimit)
  }

  /// For a server: a timer of Dispatch wakes what waits for something due.
  package static func serving(_ blueprint: TenantBlueprint) -> PipelineConfiguration {
    PipelineConfiguration(blueprint: blueprint, wallTimer: DispatchWallTimer())
  }
}
