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

  package init(budget: MemoryBudget, limits: Limits = Limits()) throws(SnapshotError) {
    self.limits = limits
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
    guard entry.kind == .file, entry.hazards.isEmpty, Self.isKnown(entry.path) else {
      throw .unexpectedEntry(entry.path)
    }
    path = entry.path
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

  private static func isKnown(_ path: String) -> Bool {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    switch segments.count {
    case 1: return ["wavetank.json", "keys.json", "scenario.json", "rules.json"].contains(path)
    case 2: return segments[0] == "blobs" && UInt64(segments[1]).map { "\($0)" } == segments[1][...]
    case 3:
      return segments[0] == "services" && !segments[1].isEmpty
        && (segments[2] == "state.json" || segments[2] == "ids.json")
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
        // The last piece is below 64 KiB; a lack of room shows at the end.
        if lease.grow(by: current.count + BlobStore.pieceBytes) {
          pieces.append(current)
        } else {
          lacksRoom = true
        }
      }
      lease.charge(BlobStore.entryBytes)
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

  /// The archive is complete: nothing may be missing at its end.
  package func finish() throws(SnapshotError) {
    do { try inflater.finish() } catch { throw Self.translate(error) }
    do { try tar.finish() } catch { throw Self.translate(error) }
    if lacksRoom { throw .noRoom }
  }

  private static func translate(_ error: GzipError) -> SnapshotError {
    switch error {
    case .outputTooLarge, .ratioTooHigh: .tooLarge
    default: .damaged("gzip: \(error)")
    }
  }

  private static func translate(_ error: TarError) -> SnapshotError { .damaged("tar: \(error)") }
}
