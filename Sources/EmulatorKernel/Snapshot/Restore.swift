import PayloadCodecs

/// A snapshot that has been read and checked against a tenant, and waits to be put in force.
package struct Restore: Sendable {
  private let live: LiveTenant
  private let manifest: SnapshotManifest
  private let clockMode: ClockMode
  private let keys: CredentialKeys.State
  private let blobs: BlobStore
  private let states: [PreparedState]
  private let blueprint: TenantBlueprint
  private let rules: ScenarioEngine?
  private let rulesState: PreparedState?

  /// Checks everything and changes nothing.
  package init(
    _ reader: SnapshotReader, into live: LiveTenant, of pipeline: Pipeline
  ) throws(SnapshotError) {
    try reader.finish()
    self.live = live
    manifest = try Self.manifest(reader)
    guard let mode = manifest.clock.clockMode else {
      throw .invalid(
        path: SnapshotManifest.path, reason: "no clock mode \"\(manifest.clock.mode)\"")
    }
    guard manifest.clock.isInRange else {
      throw .invalid(
        path: SnapshotManifest.path,
        reason: "at /clock/nanoseconds: the instant is not within 1684 to 2255")
    }
    clockMode = mode
    keys = try SnapshotJSON.decode(
      CredentialKeys.State.self, from: try Self.part("keys.json", reader), path: "keys.json")
    try Self.checkBlobs(manifest, reader.blobs)
    reader.blobs.continueIDs(after: manifest.lastBlob)
    blobs = reader.blobs
    states = try Self.states(manifest, reader, live)
    (blueprint, rules, rulesState) = try Self.rules(reader, live, pipeline, manifest.seed)
  }

  private static func part(_ path: String, _ reader: SnapshotReader) throws(SnapshotError)
    -> [UInt8]
  {
    guard let part = reader.parts[path] else { throw .missing(path: path) }
    return part
  }

  private static func manifest(_ reader: SnapshotReader) throws(SnapshotError) -> SnapshotManifest {
    struct Format: Decodable { var format: Int }
    let path = SnapshotManifest.path
    let bytes = try part(path, reader)
    let format = try SnapshotJSON.decode(Format.self, from: bytes, path: path).format
    guard format == SnapshotManifest.currentFormat else {
      throw .unsupportedFormat(found: format, readable: SnapshotManifest.currentFormat)
    }
    let manifest = try SnapshotJSON.decode(SnapshotManifest.self, from: bytes, path: path)
    // Far beyond what can be reached, and far from where counting on would overflow.
    let limit: UInt64 = 1 << 39
    guard manifest.journal.total < limit, manifest.journal.lost < limit,
      manifest.lastBlob < BlobID.plantedMin,
      manifest.blobs.allSatisfy({ $0.id <= manifest.lastBlob || BlobID($0.id).isPlanted })
    else { throw .invalid(path: path, reason: "a count is out of range") }
    return manifest
  }

  private static func checkBlobs(
    _ manifest: SnapshotManifest, _ blobs: BlobStore
  ) throws(SnapshotError) {
    let found = blobs.all
    for size in manifest.blobs where blobs.blob(BlobID(size.id))?.count != size.bytes {
      throw .invalid(path: "blobs/\(size.id)", reason: "expected \(size.bytes) bytes")
    }
    if found.count > manifest.blobs.count {
      let known = Set(manifest.blobs.map(\.id))
      let stray = found.first { !known.contains($0.id.value) }
      throw .unexpectedEntry("blobs/\(stray?.id.value ?? 0)")
    }
  }

  private static func states(
    _ manifest: SnapshotManifest, _ reader: SnapshotReader, _ live: LiveTenant
  ) throws(SnapshotError) -> [PreparedState] {
    let names = live.slots.map(\.name)
    for path in reader.parts.keys.sorted() where path.hasPrefix("services/") {
      let name = path.split(separator: "/")[1]
      guard names.contains(String(name)) else { throw .unexpectedEntry(path) }
    }
    var states: [PreparedState] = []
    for slot in live.slots {
      states.append(
        try slot.prepareRestore(
          state: try part("services/\(slot.name)/state.json", reader),
          ids: try part("services/\(slot.name)/ids.json", reader)))
    }
    return states
  }

  /// The scenario that the snapshot was taken under; read anew if another one is in force.
  private static func rules(
    _ reader: SnapshotReader, _ live: LiveTenant, _ pipeline: Pipeline, _ seed: UInt64
  ) throws(SnapshotError) -> (TenantBlueprint, ScenarioEngine?, PreparedState?) {
    let present = live.blueprint
    var blueprint = present
    let source = try json("scenario.json", reader)
    if let source, source.text != present.source?.text {
      blueprint = try scenario(source, present, pipeline, path: "scenario.json")
    } else if source == nil, present.source != nil {
      blueprint = TenantBlueprint(clock: present.clock, isStrict: present.isStrict)
    }
    // Else it would have worlds of its own.
    if blueprint.seed != seed { blueprint.seed = seed }
    guard let saved = reader.parts["rules.json"] else {
      return (blueprint, blueprint.makeRules?(live), nil)
    }
    // Rules may have been added where no scenario was given.
    var makeRules = blueprint.makeRules
    if makeRules == nil {
      let empty = Scenario.empty.source
      makeRules = try scenario(empty, present, pipeline, path: "rules.json").makeRules
    }
    let rules = makeRules?(live)
    do throws(ScenarioProblems) {
      return (blueprint, rules, try rules?.prepareRestore(saved, beside: live.rules))
    } catch {
      throw .invalid(path: "rules.json", reason: error.text)
    }
  }

  private static func scenario(
    _ source: JSON, _ present: TenantBlueprint, _ pipeline: Pipeline, path: String
  ) throws(SnapshotError) -> TenantBlueprint {
    do {
      return try pipeline.blueprint(ofScenario: source, isStrict: present.isStrict)
    } catch {
      throw .invalid(path: path, reason: error.text)
    }
  }

  private static func json(_ path: String, _ reader: SnapshotReader) throws(SnapshotError) -> JSON?
  {
    guard let bytes = reader.parts[path] else { return nil }
    do {
      return try JSON(parsing: bytes, weightLimit: .max)
    } catch {
      throw .invalid(path: path, reason: "\(error)")
    }
  }

  /// The tenant is as it was from now on.
  package func putInForce() {
    let tenant = live.tenant
    live.restarted {
      tenant.reseed(manifest.seed)
      manifest.clock.putInForce(tenant.clock, clockMode)
      tenant.keys.restore(keys)
      tenant.blobs.takeOver(blobs)
      for state in states { state.putInForce() }
      rulesState?.putInForce()
      live.adopt(blueprint, rules: rules)
      live.journal.restart(after: manifest.journal.total, dropped: manifest.journal.lost)
      live.tenant.codeCalls.forgetAll()
      tenant.announceNextDue()
    }
  }
}
