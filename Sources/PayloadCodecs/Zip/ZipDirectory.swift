/// The central directory of a zip archive: which paths it holds. Nothing is unpacked.
///
/// **Cost**: the archive's last 64 KiB are searched and its directory, of at most
/// `directoryBytesMax`, is read once.
/// Source: PKWARE APPNOTE 6.3.10, §4.3.12 (directory), §4.3.14–4.3.16 (its end).
package struct ZipDirectory {
  /// As they stand in the archive.
  package private(set) var paths: [ArraySlice<UInt8>] = []

  /// Some 200,000 files. Ours: deployed packages have some hundred.
  package static let directoryBytesMax = 16 << 20

  private static let endBytes = 22
  private static let locatorBytes = 20
  private static let wideEndBytes = 56
  private static let entryBytes = 46
  private static let commentBytesMax = 0xFFFF

  /// Nil: the bytes are no zip archive, or its directory is broken or too large.
  package init?(of chunks: [[UInt8]]) {
    let total = chunks.reduce(0) { $0 + $1.count }
    let tailStart = max(0, total - Self.endBytes - Self.commentBytesMax)
    let tail = Self.copy(chunks, tailStart..<total)
    guard let end = Self.end(in: tail) else { return nil }
    var size = UInt64(tail.number(at: end + 12, bytes: 4))
    var directoryEnd = tailStart + end
    // All bits set: the true numbers stand in a wider record in front of the end.
    let isWide = size == 0xFFFF_FFFF || tail.number(at: end + 10, bytes: 2) == 0xFFFF
    let wideEnd = end - Self.locatorBytes - Self.wideEndBytes
    if isWide, wideEnd >= 0, tail.has(0x0706_4B50, at: end - Self.locatorBytes),
      tail.has(0x0606_4B50, at: wideEnd)
    {
      size = tail.number(at: wideEnd + 40, bytes: 8)
      directoryEnd = tailStart + wideEnd
    }
    // From its end back: in front of an archive anything may stand.
    guard size <= UInt64(min(Self.directoryBytesMax, directoryEnd)) else { return nil }
    let directory = Self.copy(chunks, (directoryEnd - Int(size))..<directoryEnd)
    var index = 0
    while index < directory.count {
      guard index + Self.entryBytes <= directory.count, directory.has(0x0201_4B50, at: index) else {
        return nil
      }
      let nameStart = index + Self.entryBytes
      let nameEnd = nameStart + Int(directory.number(at: index + 28, bytes: 2))
      guard nameEnd <= directory.count else { return nil }
      paths.append(directory[nameStart..<nameEnd])
      index =
        nameEnd + Int(directory.number(at: index + 30, bytes: 2))
        + Int(directory.number(at: index + 32, bytes: 2))
    }
  }

  /// Whether there is a file of that path, from the top of the archive.
  package func holds(_ path: String) -> Bool {
    paths.contains { name in
      name.elementsEqual(path.utf8)
        || name.starts(with: "./".utf8) && name.dropFirst(2).elementsEqual(path.utf8)
    }
  }

  /// Where the record stands that ends the archive: the last one whose comment fits behind it.
  private static func end(in tail: [UInt8]) -> Int? {
    var index = tail.count - endBytes
    while index >= 0 {
      if tail.has(0x0605_4B50, at: index),
        index + endBytes + Int(tail.number(at: index + 20, bytes: 2)) <= tail.count
      {
        return index
      }
      index -= 1
    }
    return nil
  }

  private static func copy(_ chunks: [[UInt8]], _ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var start = 0
    for chunk in chunks {
      let wanted = range.clamped(to: start..<start + chunk.count)
      if !wanted.isEmpty { bytes += chunk[wanted.lowerBound - start..<wanted.upperBound - start] }
      start += chunk.count
    }
    return bytes
  }
}

extension [UInt8] {
  /// An unsigned number, the lowest byte first; zero where it would end behind the bytes.
  fileprivate func number(at index: Int, bytes: Int) -> UInt64 {
    guard index >= 0, index + bytes <= count else { return 0 }
    return self[index..<index + bytes].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  fileprivate func has(_ signature: UInt64, at index: Int) -> Bool {
    number(at: index, bytes: 4) == signature
  }
}
