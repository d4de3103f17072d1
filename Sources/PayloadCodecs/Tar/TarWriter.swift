/// Writes a tar archive whose bytes depend on its entries alone: no times, no owners.
///
/// ustar; a pax header comes before an entry whose path, link or size ustar cannot hold.
package struct TarWriter: Sendable {
  /// What was written and not yet taken.
  package private(set) var bytes: [UInt8] = []
  private var contentLeft: UInt64 = 0
  private var padding = 0

  package init() {}

  /// Hands over what was written so far and forgets it: for archives that leave in pieces.
  package mutating func takeBytes() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  package mutating func file(_ path: String, _ content: [UInt8], mode: Int = 0o644) {
    begin(TarEntry(path: path, size: UInt64(content.count), mode: mode))
    write(content.span)
    endEntry()
  }

  /// Writes the headers of an entry; `write` brings its content, `endEntry` closes it.
  package mutating func begin(_ entry: TarEntry) {
    endEntry()
    let records = Self.paxRecords(entry)
    if !records.isEmpty {
      let size = UInt64(records.count)
      header(TarEntry(path: "PaxHeaders/entry", kind: .other(UInt8(ascii: "x")), size: size))
      bytes += records
      zeros(Self.padding(after: size))
    }
    header(entry)
    contentLeft = entry.size
    padding = Self.padding(after: entry.size)
  }

  /// Content beyond the announced size is dropped.
  package mutating func write(_ content: Span<UInt8>) {
    let count = Int(min(contentLeft, UInt64(content.count)))
    bytes.append(contentsOf: content.extracting(0..<count))
    contentLeft -= UInt64(count)
  }

  /// Content missing from the announced size is written as zeros, so that the archive stays whole.
  package mutating func endEntry() {
    zeros(Int(contentLeft) + padding)
    contentLeft = 0
    padding = 0
  }

  /// Two zero blocks end the archive.
  package mutating func finish() {
    endEntry()
    zeros(2 * TarHeader.blockBytes)
  }

  /// A whole archive of files, in the given order.
  package static func archive(_ files: [(path: String, content: [UInt8])]) -> [UInt8] {
    var writer = TarWriter()
    for (path, content) in files { writer.file(path, content) }
    writer.finish()
    return writer.bytes
  }

  // MARK: Headers

  private mutating func zeros(_ count: Int) {
    bytes.append(contentsOf: repeatElement(0, count: count))
  }

  private static func padding(after size: UInt64) -> Int { Int((512 - size % 512) % 512) }

  private mutating func header(_ entry: TarEntry) {
    var block = [UInt8](repeating: 0, count: TarHeader.blockBytes)
    func put(_ text: some Sequence<UInt8>, at start: Int) {
      for (index, byte) in text.enumerated() { block[start + index] = byte }
    }
    // A path that does not fit stands in the pax header; here only its beginning.
    let (prefix, name) = Self.split(entry.path) ?? ([], Array(entry.path.utf8.prefix(100)))
    put(name, at: 0)
    put(Self.octal(UInt64(entry.mode & 0o7777), digits: 7), at: 100)
    put(Self.octal(0, digits: 7), at: 108)
    put(Self.octal(0, digits: 7), at: 116)
    put(Self.octal(entry.size < Self.sizeLimit ? entry.size : 0, digits: 11), at: 124)
    put(Self.octal(0, digits: 11), at: 136)
    put("        ".utf8, at: 148)
    block[156] = Self.flag(entry.kind)
    put(entry.linkTarget.utf8.prefix(100), at: 157)
    put("ustar\u{0}00".utf8, at: 257)
    put(prefix, at: 345)
    let sum = block.reduce(0) { $0 + UInt64($1) }
    put(Self.octal(sum, digits: 6) + [0], at: 148)
    bytes += block
  }

  /// Eleven octal digits end here.
  private static let sizeLimit: UInt64 = 1 << 33

  private static func flag(_ kind: TarEntry.Kind) -> UInt8 {
    switch kind {
    case .file: UInt8(ascii: "0")
    case .hardLink: UInt8(ascii: "1")
    case .symbolicLink: UInt8(ascii: "2")
    case .characterDevice: UInt8(ascii: "3")
    case .blockDevice: UInt8(ascii: "4")
    case .directory: UInt8(ascii: "5")
    case .fifo: UInt8(ascii: "6")
    case .other(let flag): flag
    }
  }

  private static func octal(_ value: UInt64, digits: Int) -> [UInt8] {
    (0..<digits).reversed().map {
      0x30 + UInt8(truncatingIfNeeded: (value >> (3 * UInt64($0))) & 7)
    }
  }

  /// The path as ustar's prefix and name; nil when it does not fit.
  private static func split(_ path: String) -> (prefix: [UInt8], name: [UInt8])? {
    let bytes = Array(path.utf8)
    if bytes.count <= 100 { return ([], bytes) }
    guard
      let slash = bytes.prefix(156).lastIndex(of: UInt8(ascii: "/")), slash > 0,
      (1...100).contains(bytes.count - slash - 1)
    else { return nil }
    return (Array(bytes[..<slash]), Array(bytes[(slash + 1)...]))
  }

  private static func paxRecords(_ entry: TarEntry) -> [UInt8] {
    var records: [UInt8] = []
    if split(entry.path) == nil { records += record("path", entry.path) }
    if entry.linkTarget.utf8.count > 100 { records += record("linkpath", entry.linkTarget) }
    if entry.size >= sizeLimit { records += record("size", String(entry.size)) }
    return records
  }

  /// `length key=value\n`, the length counting its own digits.
  private static func record(_ key: String, _ value: String) -> [UInt8] {
    let rest = " \(key)=\(value)\n".utf8.count
    var length = rest
    while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
    return Array("\(length) \(key)=\(value)\n".utf8)
  }
}
