import PayloadCodecs

/// A whole tenant at one moment: state and ids of every service, clock, keys, rules' counts, stored
/// content, the journal's counters.
///
/// **Shape** of the tar.gz, in this order: `wavetank.json` (see `SnapshotManifest`), `keys.json`,
/// `scenario.json` and `rules.json` where there are any, `services/NAME/state.json`,
/// `services/NAME/ids.json`, `blobs/ID`. The same world gives the same bytes.
package struct Snapshot: Sendable {
  private let clock: SnapshotManifest.Clock
  private let seed: UInt64
  private let tenant: String
  private let journal: Journal.Status
  private let lastBlob: UInt64
  private let keys: CredentialKeys.State
  private let scenario: JSON?
  private let rules: (@Sendable () -> [UInt8])?
  private let states: [SavedState]
  private let blobs: [BlobID: BlobStore.Blob]

  /// Takes everything at one moment: no service can change its state meanwhile. Cheap, since states
  /// are copied on write; `write` does the work.
  package init(of live: LiveTenant) {
    live.tenant.settle()
    self = Self.hold(live.slots[...], []) { states in Snapshot(live, states) }
  }

  private static func hold(
    _ slots: ArraySlice<any ServiceSlot>, _ taken: [SavedState],
    _ body: ([SavedState]) -> Snapshot
  ) -> Snapshot {
    guard let slot = slots.first else { return body(taken) }
    return slot.hold { hold(slots.dropFirst(), taken + [$0], body) }
  }

  private init(_ live: LiveTenant, _ states: [SavedState]) {
    // Taken here, worked out later: while this runs, every service of the tenant stands still.
    journal = live.journal.status
    (blobs, lastBlob) = live.tenant.blobs.held
    tenant = live.name
    seed = live.tenant.seed
    clock = .init(live.tenant.clock)
    self.states = states
    keys = live.tenant.keys.saved
    scenario = live.blueprint.source
    rules = live.rules?.saved
  }

  private var manifest: SnapshotManifest {
    SnapshotManifest(
      tenant: tenant, seed: seed, clock: clock,
      journal: .init(total: journal.total, lost: journal.dropped + UInt64(journal.count)),
      services: states.map(\.name), lastBlob: lastBlob,
      blobs: sortedBlobs.map { .init(id: $0.id.value, bytes: $0.blob.count) })
  }

  private var sortedBlobs: [(id: BlobID, blob: BlobStore.Blob)] {
    blobs.map { (id: $0.key, blob: $0.value) }.sorted { $0.id.value < $1.id.value }
  }

  /// Writes the archive piece by piece. Work for a Dispatch queue, not for a loop.
  package func write(
    _ sink: ([UInt8]) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    try write(parts: try encodedParts(), blobs: sortedBlobs, sink)
  }

  private func write(
    parts: [(path: String, content: [UInt8])], blobs: [(id: BlobID, blob: BlobStore.Blob)],
    _ sink: ([UInt8]) throws(SnapshotError) -> Void
  ) throws(SnapshotError) {
    var tar = TarWriter()
    var packed: [UInt8] = []
    do {
      let deflater = try Deflater(level: 1)
      func flush(_ force: Bool) throws {
        if tar.bytes.count >= Self.pieceBytes || force {
          try deflater.feed(tar.takeBytes().span, into: &packed)
        }
        guard packed.count >= Self.pieceBytes || force else { return }
        try sink(packed)
        packed.removeAll(keepingCapacity: true)
      }
      for part in parts {
        tar.file(part.path, part.content)
        try flush(false)
      }
      for (id, blob) in blobs {
        tar.begin(TarEntry(path: "blobs/\(id.value)", size: UInt64(blob.count)))
        for chunk in blob.chunks {
          tar.write(chunk.span)
          try flush(false)
        }
        tar.endEntry()
      }
      tar.finish()
      try deflater.feed(tar.takeBytes().span, into: &packed)
      try deflater.finish(into: &packed)
      try sink(packed)
    } catch let error as SnapshotError {
      throw error
    } catch {
      throw .damaged("\(error)")
    }
  }

  private static let pieceBytes = 256 * 1024

  private func encodedParts() throws(SnapshotError) -> [(path: String, content: [UInt8])] {
    var parts = try commonParts()
    for state in states {
      let path = "services/\(state.name)"
      parts.append(("\(path)/state.json", try Self.encode("\(path)/state.json", state.state)))
      parts.append(("\(path)/ids.json", try Self.encode("\(path)/ids.json", state.ids)))
    }
    return parts
  }

  /// All but the services'.
  private func commonParts() throws(SnapshotError) -> [(path: String, content: [UInt8])] {
    var parts = [
      (SnapshotManifest.path, try Self.encode(SnapshotManifest.path, manifest)),
      ("keys.json", try Self.encode("keys.json", keys)),
    ]
    if let scenario { parts.append(("scenario.json", scenario.serialized())) }
    if let rules = rules?(), !rules.isEmpty { parts.append(("rules.json", rules)) }
    return parts
  }

  private static func encode(
    _ path: String, _ value: any Encodable
  ) throws(SnapshotError) -> [UInt8] {
    do {
      return try StateEncoder.text(of: value)
    } catch {
      throw .notEncodable(path: path, reason: "\(error)")
    }
  }
}

// MARK: Changes

extension Snapshot {
  /// What an archive of changes need not say again: parts as they were said last.
  struct Said: Sendable {
    fileprivate var parts: TextMap<[UInt8]> = [:]

    /// Of large ones it is known that they were said.
    fileprivate mutating func note(_ part: (path: String, content: [UInt8])) {
      parts[part.path] = part.content.count <= 1 << 16 ? part.content : []
    }
  }

  /// What this snapshot says when it is written whole.
  func said() throws(SnapshotError) -> Said {
    var said = Said()
    for part in try commonParts() { said.note(part) }
    return said
  }

  /// What has become of the world since a former snapshot of the same tenant, as an archive: of each
  /// service `services/NAME/changes.json` (`StateEncoder.changes`) in place of its state, stored content
  /// that is new, and of the other parts those that have changed.
  ///
  /// - Parameter said: by the former snapshot and the archives since.
  /// - Returns: nil where it cannot be said: a part is there no more.
  func changes(
    since former: Snapshot, _ said: inout Said
  ) throws(SnapshotError) -> [UInt8]? {
    var parts = try commonParts()
    for (state, old) in zip(states, former.states) {
      let path = "services/\(state.name)"
      parts.append(("\(path)/changes.json", try Self.changes(path, of: state, since: old)))
      parts.append(("\(path)/ids.json", try Self.encode("\(path)/ids.json", state.ids)))
    }
    let paths = TextSet(parts.map(\.path))
    guard said.parts.keys.allSatisfy({ paths.contains($0) }) else { return nil }
    // Changes that are the last ones once more have changed nothing: they say what is, not by how much.
    parts.removeAll { $0.path != SnapshotManifest.path && said.parts[$0.path] == $0.content }
    for part in parts { said.note(part) }
    let fresh = sortedBlobs.filter { former.blobs[$0.id]?.lease !== $0.blob.lease }
    var archive: [UInt8] = []
    try write(parts: parts, blobs: fresh) { piece throws(SnapshotError) in archive += piece }
    return archive
  }

  private static func changes(
    _ path: String, of state: SavedState, since former: SavedState
  ) throws(SnapshotError) -> [UInt8] {
    do {
      return try StateEncoder.changes(of: state.state, since: former.state)
    } catch {
      throw .notEncodable(path: path, reason: "\(error)")
    }
  }
}
