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
/// stand. What is cut at the end was told to nobody.
struct ChangeFile {
  private static let head = Array("WTCHANGE".utf8)
  private static let piece = Array("WTCP".utf8)
  private static let whole = Array("WTCW".utf8)

  /// Of the file that it goes on from.
  let base: [UInt8]
  private(set) var archives: [[UInt8]] = []
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

  /// Nil: not even its beginning is there.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count <= rest.count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    func number() -> UInt64? { take(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } } }
    guard let head = take(Self.head.count), let base = take(FileMark.byteCount) else { return nil }
    self.base = Array(base)
    isDamaged = head != Self.head[...]
    while !isDamaged, let kind = take(4) {
      if kind == Self.piece[...] {
        guard let count = number(), let turned = number() else { return }
        isDamaged = turned != ~count
        guard !isDamaged, let count = Int(exactly: count), let archive = take(count) else { return }
        archives.append(Array(archive))
      } else if kind == Self.whole[...] {
        guard let mark = take(FileMark.byteCount) else { return }
        wholes.append(Array(mark))
      } else {
        isDamaged = true
      }
    }
  }
}

extension UInt64 {
  fileprivate var bigEndianBytes: [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
  }
}
