package import HTTPModel
import PayloadCodecs

/// Reads a snapshot's archive part by part, as it arrives, and refuses whatever a snapshot does not
/// hold: nothing is ever unpacked to a file system, but a name that climbs, a link or a bomb shows
/// that the archive is not ours.
///
/// **Isolation**: none; owned by whoever feeds it.
package final class SnapshotReader {
  package struct Limits: Sendable {
    /// All parts but stored content together.
    package var textBytesMax: Int
    /// How many times larger than packed the content may be, beyond a quarter of a GiB.
    package var ratioMax: UInt64

    /// For archives from the network.
    package init(textBytesMax: Int = 512 << 20, ratioMax: UInt64 = 250) {
      self.textBytesMax = textBytesMax
      self.ratioMax = ratioMax
    }

    /// For files that we have written.
    package static let own = Limits(textBytesMax: 2 << 30, ratioMax: .max)
  }

  private let limits: Limits
  private let holdsChanges: Bool
  private let inflater: Inflater
  private var tar: TarReader
  private var path = ""
  private var current: [UInt8] = []
  private var textBytes = 0
  private(set) var parts: TextMap<[UInt8]> = [:]
  /// Holds its room in the budget from the first byte on.
  let blobs: BlobStore
  private var pieces: [[UInt8]] = []
  private var lease: MemoryLease
  /// Of all parts but stored content.
  private let textLease: MemoryLease
  private var seenBlobs: Set<UInt64> = []
  /// Of services whose states have changed since the archive was written.
  private var patchedStates: TextMap<PatchedState> = [:]

  /// - Parameter holdsChanges: of services, in place of their states (`Snapshot.changes`).
  package init(
    budget: MemoryBudget, limits: Limits = Limits(), holdsChanges: Bool = false
  ) throws(SnapshotError) {
    self.limits = limits
    self.holdsChanges = holdsChanges
    blobs = BlobStore(budget: budget)
    lease = MemoryLease(of: budget)
    textLease = MemoryLease(of: budget)
    var gzip = GzipLimits()
    gzip.outputBytesMax = budget.limit + UInt64(limits.textBytesMax) + (64 << 20)
    gzip.ratioMax = limits.ratioMax
    gzip.ratioFreeBytes = 256 << 20
    var tarLimits = TarLimits()
    tarLimits.pathBytesMax = 256
    tarLimits.entriesMax = 10_000_000
    tar = TarReader(limits: tarLimits)
    do { inflater = try Inflater(limits: gzip) } catch { throw Self.translate(error) }
  }

  package func feed(_ bytes: [UInt8]) throws(SnapshotError) {
    try inflater.feed(bytes.span, mapping: Self.translate) { run throws(SnapshotError) in
      try self.unpack(run)
    }
  }

  private func unpack(_ run: Span<UInt8>) throws(SnapshotError) {
    // Taken out meanwhile: the events change this object too.
    var reader = tar
    defer { tar = reader }
    try reader.feed(run, mapping: Self.translate) { event throws(SnapshotError) in
      switch event {
      case .entry(let entry): try self.begin(entry)
      case .content(let range): try self.take(run.extracting(range))
      case .entryEnded: self.end()
      case .archiveEnded: break
      }
    }
  }

  private func begin(_ entry: TarEntry) throws(SnapshotError) {
    guard entry.kind == .file, entry.hazards.isEmpty, isKnown(entry.path) else {
      throw .unexpectedEntry(entry.path)
    }
    path = entry.path
    if lacksRoom { throw .noRoom }
    if let id = blobID {
      guard seenBlobs.insert(id).inserted else { throw .duplicateEntry(path) }
      guard entry.size <= blobs.budget.limit else { throw .noRoom }
    } else {
      guard parts[path] == nil else { throw .duplicateEntry(path) }
      guard entry.size <= UInt64(limits.textBytesMax - textBytes) else { throw .tooLarge }
      guard textLease.grow(by: Int(entry.size)) else { throw .noRoom }
      textBytes += Int(entry.size)
    }
  }

  private func isKnown(_ path: String) -> Bool {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    switch segments.count {
    case 1: return ["wavetank.json", "keys.json", "scenario.json", "rules.json"].contains(path)
    case 2: return segments[0] == "blobs" && UInt64(segments[1]).map { "\($0)" } == segments[1][...]
    case 3:
      let state = holdsChanges ? "changes.json" : "state.json"
      return segments[0] == "services" && !segments[1].isEmpty
        && (segments[2] == state || segments[2] == "ids.json")
    default: return false
    }
  }

  private var blobID: UInt64? {
    path.hasPrefix("blobs/") ? UInt64(path.dropFirst(6)) : nil
  }

  private func take(_ run: Span<UInt8>) throws(SnapshotError) {
    current.append(contentsOf: run)
    if blobID != nil, current.count >= 64 * 1024 { try keepPiece() }
  }

  private func keepPiece() throws(SnapshotError) {
    guard lease.grow(by: current.count + BlobStore.pieceBytes) else { throw .noRoom }
    pieces.append(current)
    current = []
  }

  private func end() {
    if let id = blobID {
      if !current.isEmpty {
        // The last piece is below 64 KiB; a lack of room shows with the next entry, or at the end.
        if lease.grow(by: current.count + BlobStore.pieceBytes) {
          pieces.append(current)
        } else {
          lacksRoom = true
        }
      }
      // An archive of empty ones is small, however many they are.
      if !lease.grow(by: BlobStore.entryBytes) { lacksRoom = true }
      blobs.adopt(BlobStore.Blob(pieces, lease), as: BlobID(id))
      lease = MemoryLease(of: blobs.budget)
      pieces = []
    } else {
      parts[path] = current
    }
    current = []
  }

  private var lacksRoom = false

  /// About what the texts take while they are decoded.
  package var readingBytes: Int {
    parts.values.reduce(0) { $0 + RequestMemory.readingBytes(of: $1) }
  }

  /// Whether what all that we have written begin with has come.
  var hasManifest: Bool { parts[SnapshotManifest.path] != nil }

  private var isFinished = false

  /// The archive is complete: nothing may be missing at its end.
  package func finish() throws(SnapshotError) {
    guard !isFinished else { return }
    isFinished = true
    do { try inflater.finish() } catch { throw Self.translate(error) }
    do { try tar.finish() } catch { throw Self.translate(error) }
    if lacksRoom { throw .noRoom }
  }

  /// Goes on with what has changed since: an archive of changes. The texts of states are put together
  /// once there are no more of them (`settleChanges`).
  func take(_ archive: SnapshotReader) throws(SnapshotError) {
    for (path, content) in archive.parts {
      guard let service = Self.changedService(path) else {
        parts[path] = content
        continue
      }
      let whole = "services/\(service)/state.json"
      var state: PatchedState
      // Taken out meanwhile, and so changed in its place.
      if let former = patchedStates.removeValue(forKey: whole) {
        state = former
      } else if let text = parts.removeValue(forKey: whole) {
        state = try PatchedState(text)
      } else {
        throw .missing(path: whole)
      }
      try state.apply(content)
      patchedStates[whole] = state
    }
    for (id, blob) in archive.blobs.all { blobs.adopt(blob, as: id) }
  }

  func settleChanges() throws(SnapshotError) {
    for (path, state) in patchedStates { parts[path] = state.text }
    patchedStates = [:]
    guard let manifest = parts[SnapshotManifest.path] else { return }
    let kept = try SnapshotJSON.decode(
      SnapshotManifest.self, from: manifest, path: SnapshotManifest.path
    ).blobs.reduce(into: Set<UInt64>()) { $0.insert($1.id) }
    for (id, _) in blobs.all where !kept.contains(id.value) { blobs.remove(id) }
  }

  /// `services/NAME/changes.json`: whose.
  private static func changedService(_ path: String) -> Substring? {
    guard path.hasSuffix("/changes.json") else { return nil }
    return path.dropFirst("services/".count).dropLast("/changes.json".count)
  }

  private static func translate(_ error: GzipError) -> SnapshotError {
    switch error {
    case .outputTooLarge, .ratioTooHigh: .tooLarge
    default: .damaged("gzip: \(error)")
    }
  }

  private static func translate(_ error: TarError) -> SnapshotError { .damaged("tar: \(error)") }
}
