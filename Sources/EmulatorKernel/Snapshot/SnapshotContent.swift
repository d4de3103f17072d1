import PayloadCodecs

/// What a snapshot's archive says, read and checked, in no tenant yet. It is put in force by value: as
/// often as anybody wants, and in any tenant of its server.
package struct SnapshotContent: Sendable {
  let manifest: SnapshotManifest
  let clockMode: ClockMode
  let keys: CredentialKeys.State
  let blobs: [BlobID: BlobStore.Blob]
  /// By the services' order.
  let states: [ReadState]
  let scenario: JSON?
  let rules: SavedRules?

  /// - Parameter slots: of any tenant of the server.
  package init(
    _ reader: SnapshotReader, for slots: [any ServiceSlot]
  ) throws(SnapshotError) {
    try reader.finish()
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
    blobs = reader.blobs.held.blobs
    states = try Self.states(reader, slots)
    scenario = try Self.json("scenario.json", reader)
    rules = try reader.parts["rules.json"].map { bytes throws(SnapshotError) in
      try SavedRules(reading: bytes)
    }
  }

  /// What the states and rules weigh; stored content counts itself.
  var heapBytes: Int {
    states.reduce(0) { $0 + $1.heapBytes } + (scenario?.heapBytes ?? 0) + (rules?.heapBytes ?? 0)
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
    _ reader: SnapshotReader, _ slots: [any ServiceSlot]
  ) throws(SnapshotError) -> [ReadState] {
    let names = slots.map(\.name)
    for path in reader.parts.keys.sorted() where path.hasPrefix("services/") {
      let name = path.split(separator: "/")[1]
      guard names.contains(String(name)) else { throw .unexpectedEntry(path) }
    }
    var states: [ReadState] = []
    for slot in slots {
      states.append(
        try slot.read(
          state: try part("services/\(slot.name)/state.json", reader),
          ids: try part("services/\(slot.name)/ids.json", reader)))
    }
    return states
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
}
