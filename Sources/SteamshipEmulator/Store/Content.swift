import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// Stored bytes of a file, a block, an archive or an object behind a signed URL: the state holds
/// their names, the tenant's blob store holds the bytes.
struct Content: Codable, Sendable, Equatable {
  private(set) var pieces: [BlobID] = []
  private(set) var count = 0
  /// When it was stored under its name, where others may take its place; nil: its holder knows.
  var storedAt: VirtualInstant?

  init() {}

  init(_ upload: Arguments.Upload) {
    pieces = [upload.blob]
    count = upload.count
  }

  init(storing bytes: [UInt8], in blobs: BlobStore) throws(SteamshipError) {
    try append(bytes, to: blobs)
  }

  mutating func append(_ bytes: [UInt8], to blobs: BlobStore) throws(SteamshipError) {
    guard !bytes.isEmpty else { return }
    do {
      pieces.append(try blobs.store(bytes))
      count += bytes.count
    } catch {
      throw .noRoom
    }
  }

  func chunks(in blobs: BlobStore) -> [[UInt8]] {
    pieces.flatMap { blobs.blob($0)?.chunks ?? [] }
  }

  /// The room that it takes: to be kept by whoever sends it.
  func leases(in blobs: BlobStore) -> [MemoryLease] {
    pieces.compactMap { blobs.blob($0)?.lease }
  }

  /// The bytes, as a request asks for them: on condition, in part.
  func answer(
    to request: Request, type: String, modified: VirtualInstant?, _ blobs: BlobStore
  ) -> Response {
    let version = pieces.map { "\($0.value)" }.joined(separator: " ")
    return StoredAnswer(
      chunks(in: blobs), type: type, leases: leases(in: blobs), budget: blobs.budget,
      version: "v " + version, modified: modified
    ).answer(to: request)
  }

  /// All bytes in one array: copies; for small content and for text.
  func bytes(in blobs: BlobStore) -> [UInt8] { Array(chunks(in: blobs).joined()) }

  /// Gives the room back. What is being sent at this moment is still sent.
  func release(_ blobs: BlobStore) {
    for piece in pieces { blobs.remove(piece) }
  }

  /// Many small pieces become one: after a stream has ended.
  mutating func merge(in blobs: BlobStore) {
    guard pieces.count > 1, let merged = try? blobs.store(bytes(in: blobs)) else { return }
    release(blobs)
    pieces = [merged]
  }
}
