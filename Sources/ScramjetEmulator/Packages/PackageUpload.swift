import Dispatch
import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Why an uploaded package is refused.
enum UploadError: Error, Sendable, Equatable {
  /// Answered 422 with this value of `error`.
  case refused(JSON)
  /// The stored content of all tenants, or this upload, is over its limit.
  case noRoom
  /// The peer went away inside the content.
  case interrupted
}

/// A package as it arrived: checked, stored, not yet in any list.
struct UploadedPackage: Sendable {
  let package: Shared<SequencePackage>
  let blob: BlobStore.Blob
  let tag: String

  init(_ archive: KnownArchives.Archive, _ blob: BlobStore.Blob) {
    (package, tag) = (archive.package, archive.tag)
    self.blob = blob
  }
}

/// Takes a package while it arrives: checks gzip and tar piece by piece, keeps the pieces as they
/// came, and reads `package.json` out of the archive. Nothing is unpacked anywhere.
///
/// **Isolation**: one task feeds it; large pieces are checked on a Dispatch queue, so that a loop is
/// not held for longer than a small piece takes.
struct PackageUpload {
  /// A piece above this is checked on Dispatch: gzip may make a thousand times as much of it.
  private static let inlineBytesMax = 2 * 1024
  /// From here on a piece is kept as it came.
  private static let wholeBytesMin = 64 * 1024
  /// Small pieces are joined until they reach this, so that a dribble of bytes costs no array each.
  private static let pieceBytes = 256 * 1024

  private let lease: MemoryLease
  private let byteLimit: Int
  private let checker: ArchiveChecker
  private var chunks: [[UInt8]] = []
  private var open: [UInt8] = []
  private let keepsBytes: Bool
  private var received = 0

  /// - Parameter keepsBytes: for the store; a hub only reads its packages.
  static func receive(
    _ content: RequestContent, into blobs: BlobStore, byteLimit: Int, keepsBytes: Bool = true
  ) async throws(UploadError) -> UploadedPackage {
    let lease: MemoryLease
    do { lease = try blobs.lease() } catch { throw .noRoom }
    var upload = PackageUpload(lease: lease, byteLimit: byteLimit, keepsBytes: keepsBytes)
    while let chunk = try await upload.next(content) { try await upload.take(chunk) }
    return try await upload.finish()
  }

  /// The same of a content that is here as a whole; nil: that would hold a loop for too long.
  static func receive(
    whole content: [UInt8], into blobs: BlobStore, byteLimit: Int, keepsBytes: Bool = true
  ) throws(UploadError) -> UploadedPackage? {
    let known = KnownArchives.find(content)
    guard known != nil || content.count < inlineBytesMax else { return nil }
    guard content.count <= byteLimit else { throw .noRoom }
    let lease: MemoryLease
    do { lease = try blobs.lease() } catch { throw .noRoom }
    if keepsBytes {
      guard lease.grow(by: content.count) else { throw .noRoom }
      lease.charge(BlobStore.pieceBytes)
    }
    let blob = BlobStore.Blob(keepsBytes ? [content] : [], lease)
    if let known { return UploadedPackage(known, blob) }
    let checker = ArchiveChecker()
    checker.feed(content)
    let archive = try checker.archive(byteCount: content.count)
    KnownArchives.keep(archive, of: content)
    return UploadedPackage(archive, blob)
  }

  /// The same for bytes in memory: what a scenario gives a sequence.
  static func read(
    _ blob: BlobStore.Blob
  ) throws(UploadError) -> (package: SequencePackage, tag: String) {
    let checker = ArchiveChecker()
    for chunk in blob.chunks { checker.feed(chunk) }
    return try checker.verdict(byteCount: blob.count)
  }

  private init(lease: MemoryLease, byteLimit: Int, keepsBytes: Bool) {
    self.lease = lease
    self.byteLimit = byteLimit
    self.keepsBytes = keepsBytes
    checker = ArchiveChecker()
  }

  private func next(_ content: RequestContent) async throws(UploadError) -> [UInt8]? {
    do throws(ContentError) { return try await content.next() } catch {
      if case .tooLarge = error { throw .noRoom }
      throw .interrupted
    }
  }

  private mutating func take(_ chunk: [UInt8]) async throws(UploadError) {
    received += chunk.count
    guard received <= byteLimit else { throw .noRoom }
    if keepsBytes {
      guard lease.grow(by: chunk.count) else { throw .noRoom }
    }
    if open.isEmpty, chunk.count >= Self.wholeBytesMin {
      try await check(chunk)
    } else {
      open += chunk
      if open.count >= Self.pieceBytes { try await flush() }
    }
  }

  private mutating func flush() async throws(UploadError) {
    guard !open.isEmpty else { return }
    let piece = open
    open = []
    try await check(piece)
  }

  private mutating func check(_ piece: [UInt8]) async throws(UploadError) {
    if keepsBytes {
      lease.charge(BlobStore.pieceBytes)
      chunks.append(piece)
    }
    if piece.count < Self.inlineBytesMax {
      checker.feed(piece)
    } else {
      let checker = checker
      await Offload.run(on: Self.queue) { checker.feed(piece) }
    }
    if checker.hasFailed { throw .refused(ArchiveChecker.notAnArchive) }
  }

  private mutating func finish() async throws(UploadError) -> UploadedPackage {
    // Nothing of it was looked at yet.
    let whole = open.count == received ? open : nil
    if let whole, let known = KnownArchives.find(whole) {
      if keepsBytes { lease.charge(BlobStore.pieceBytes) }
      return UploadedPackage(known, BlobStore.Blob(keepsBytes ? [whole] : [], lease))
    }
    try await flush()
    let blob = BlobStore.Blob(chunks, lease)
    let (checker, received) = (checker, received)
    let verdict =
      received < Self.inlineBytesMax
      ? Result { () throws(UploadError) in try checker.archive(byteCount: received) }
      : await Offload.run(on: Self.queue) {
        Result { () throws(UploadError) in try checker.archive(byteCount: received) }
      }
    let archive = try verdict.get()
    if let whole { KnownArchives.keep(archive, of: whole) }
    return UploadedPackage(archive, blob)
  }

  private static let queue = DispatchQueue(
    label: "wavetank.scramjet.packages", attributes: .concurrent)
}
