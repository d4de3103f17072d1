import PayloadCodecs

/// Which content a tenant's file has, for a log that goes on from it: its length and its last eight
/// bytes, in which gzip has a checksum.
struct FileMark: Sendable, Equatable {
  private var count: UInt64 = 0
  private var tail: [UInt8] = []

  static let byteCount = 16

  mutating func add(_ piece: [UInt8]) {
    count += UInt64(piece.count)
    tail = (tail + piece.suffix(8)).suffix(8)
  }

  var bytes: [UInt8] {
    count.bigEndianBytes + [UInt8](repeating: 0, count: 8 - tail.count) + tail
  }
}

/// What has become of a tenant since its file was written, in a file beside it (`--durable`).
///
/// **Shape**: `WTCHANGE` and the mark of the file that it goes on from. Then pieces: `WTCP`, the number of
/// bytes of what follows (eight bytes, the highest first, and once more with all bits turned), an archive
/// of changes (`Snapshot.changes`). The world was written whole again where `WTCW` and that file's mark
/// stand; with the mark of an empty file, the tenant was removed. What is cut at the end was told to nobody.
struct ChangeFile {
  private static let head = Array("WTCHANGE".utf8)
  private static let piece = Array("WTCP".utf8)
  private static let whole = Array("WTCW".utf8)

  /// Of the file that it goes on from.
  let base: [UInt8]
  /// Where they stand.
  private(set) var archives: [Range<Int64>] = []
  /// Of the files that the world was written to after all of this.
  private(set) var wholes: [[UInt8]] = []
  /// Whether there is more behind it that is neither.
  private(set) var isDamaged = false

  static func beginning(on base: FileMark) -> [UInt8] { head + base.bytes }
  static func piece(_ archive: [UInt8]) -> [UInt8] {
    let count = UInt64(archive.count)
    return piece + count.bigEndianBytes + (~count).bigEndianBytes + archive
  }
  static func end(in file: FileMark) -> [UInt8] { whole + file.bytes }

  /// Looks through a file without reading what is in the archives: however large it says to be, it takes
  /// no more memory than what is really there. Nil: not even its beginning is.
  init?(_ file: DurableFile.Reading) throws(FileError) {
    let start = Self.head.count + FileMark.byteCount
    let beginning = try file.bytes(at: 0, count: start)
    guard beginning.count == start else { return nil }
    base = Array(beginning.dropFirst(Self.head.count))
    isDamaged = !beginning.starts(with: Self.head)
    var position = Int64(start)
    while !isDamaged {
      // A kind, and what stands behind it in both of them.
      let said = try file.bytes(at: position, count: Self.piece.count + FileMark.byteCount)
      isDamaged =
        said.count >= Self.piece.count && !said.starts(with: Self.piece)
        && !said.starts(with: Self.whole)
      guard !isDamaged, said.count == Self.piece.count + FileMark.byteCount else { return }
      position += Int64(said.count)
      guard said.starts(with: Self.piece) else {
        wholes.append(Array(said.dropFirst(Self.whole.count)))
        continue
      }
      let (count, turned) = (
        UInt64(bigEndianBytes: said[4..<12]), UInt64(bigEndianBytes: said[12...])
      )
      isDamaged = turned != ~count
      guard !isDamaged, count <= UInt64(max(0, file.size - position)) else { return }
      archives.append(position..<position + Int64(count))
      position += Int64(count)
    }
  }
}

extension UInt64 {
  fileprivate init(bigEndianBytes bytes: some Sequence<UInt8>) {
    self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate var bigEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
  }
}
