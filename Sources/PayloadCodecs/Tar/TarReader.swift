/// Reads a tar archive that arrives in pieces: ustar, with GNU long names and pax headers.
///
/// Content is not copied: the events point into the bytes just fed.
///
/// **Isolation**: a value; owned by whoever feeds it.
package struct TarReader: Sendable {
  /// What the next byte belongs to.
  private enum State {
    /// A header block, of which `block` holds the first bytes.
    case header
    /// An entry's content.
    case content(left: UInt64)
    /// The rest of an entry's last block.
    case padding(left: Int)
    /// The value of a long name, long link or pax header, collected in `block`.
    case extended(flag: UInt8, size: Int)
    /// A block of GNU's old sparse map, which stands between header and content.
    case sparseMap(contentBytes: UInt64)
    /// After the end of the archive.
    case ended
  }

  private let limits: TarLimits
  private var state = State.header
  private var block: [UInt8] = []
  private var offset: UInt64 = 0
  /// Where `block` began.
  private var blockOffset: UInt64 = 0
  private var pending = TarOverrides()
  /// Bytes that fill up the current entry's last block.
  private var padding = 0
  private var sawHeader = false
  package private(set) var entryCount = 0
  /// Content bytes announced by all entries so far.
  package private(set) var contentBytes: UInt64 = 0

  package init(limits: TarLimits = TarLimits()) {
    self.limits = limits
    block.reserveCapacity(TarHeader.blockBytes)
  }

  /// Reads the next piece; `body` gets the events in order, and may have an error type of its own.
  package mutating func feed<Failure: Error>(
    _ bytes: Span<UInt8>, mapping: (TarError) -> Failure,
    _ body: (TarEvent) throws(Failure) -> Void
  ) throws(Failure) {
    var position = 0
    while position < bytes.count {
      let start = position
      switch state {
      case .header:
        guard collect(bytes, &position, upTo: TarHeader.blockBytes) else { break }
        let event: TarEvent?
        do throws(TarError) { event = try header() } catch { throw mapping(error) }
        block.removeAll(keepingCapacity: true)
        if let event { try body(event) }
        try endIfComplete(body)
      case .content(let left):
        let count = Int(min(left, UInt64(bytes.count - position)))
        try body(.content(position..<position + count))
        position += count
        state = .content(left: left - UInt64(count))
        try endIfComplete(body)
      case .padding(let left):
        let count = min(left, bytes.count - position)
        position += count
        state = count == left ? .header : .padding(left: left - count)
      case .extended(let flag, let size):
        guard collect(bytes, &position, upTo: size) else { break }
        do throws(TarError) { try takeExtension(flag) } catch { throw mapping(error) }
        block.removeAll(keepingCapacity: true)
        let padding = Self.padding(after: UInt64(size))
        state = padding == 0 ? .header : .padding(left: padding)
      case .sparseMap(let contentBytes):
        guard collect(bytes, &position, upTo: TarHeader.blockBytes) else { break }
        if !TarHeader(block).sparseBlockGoesOn { state = .content(left: contentBytes) }
        block.removeAll(keepingCapacity: true)
        try endIfComplete(body)
      case .ended:
        position = bytes.count
      }
      offset += UInt64(position - start)
    }
  }

  /// No more bytes will come. A missing end-of-archive block is accepted, as tar(1) does.
  package func finish() throws(TarError) {
    switch state {
    case .ended: return
    case .header where block.isEmpty:
      guard sawHeader else { throw .empty }
    case .header, .content, .padding, .extended, .sparseMap: throw .truncated(offset: offset)
    }
  }

  /// Moves bytes into `block` until it holds `count`; whether it does.
  private mutating func collect(
    _ bytes: Span<UInt8>, _ position: inout Int, upTo count: Int
  ) -> Bool {
    if block.isEmpty { blockOffset = offset }
    let wanted = min(count - block.count, bytes.count - position)
    block.append(contentsOf: bytes.extracting(position..<position + wanted))
    position += wanted
    return block.count == count
  }

  private mutating func endIfComplete<Failure: Error>(
    _ body: (TarEvent) throws(Failure) -> Void
  ) throws(Failure) {
    guard case .content(left: 0) = state else { return }
    state = padding == 0 ? .header : .padding(left: padding)
    try body(.entryEnded)
  }

  private static func padding(after size: UInt64) -> Int { Int((512 - size % 512) % 512) }

  /// Reads the complete block and goes to what follows it. Answers the event it makes, if any.
  private mutating func header() throws(TarError) -> TarEvent? {
    let header = TarHeader(block)
    if header.isZero {
      state = .ended
      return .archiveEnded
    }
    guard header.hasGoodChecksum else { throw .badChecksum(offset: blockOffset) }
    guard let size = header.size else { throw .badNumber(offset: blockOffset) }
    sawHeader = true
    switch header.typeFlag {
    case UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "x"), UInt8(ascii: "g"):
      guard size <= limits.extensionBytesMax else {
        throw .extensionTooLarge(limit: limits.extensionBytesMax)
      }
      if size > 0 { state = .extended(flag: header.typeFlag, size: size) }
      return nil
    default: return .entry(try entry(header, size: UInt64(size)))
    }
  }

  private mutating func entry(_ header: TarHeader, size: UInt64) throws(TarError) -> TarEntry {
    entryCount += 1
    guard entryCount <= limits.entriesMax else { throw .tooManyEntries(limit: limits.entriesMax) }
    let overrides = pending
    pending = TarOverrides()
    var entry = TarEntry(
      path: overrides.sparsePath ?? overrides.path ?? header.path, size: overrides.size ?? size,
      mode: header.mode)
    entry.kind = Self.kind(header.typeFlag, path: entry.path)
    switch entry.kind {
    case .symbolicLink, .hardLink:
      entry.linkTarget = overrides.linkTarget ?? header.linkTarget
      entry.size = 0
    // Whatever the size field says, nothing follows these (as Go's archive/tar and libarchive).
    case .directory, .characterDevice, .blockDevice, .fifo: entry.size = 0
    case .file, .other: break
    }
    guard max(entry.path.utf8.count, entry.linkTarget.utf8.count) <= limits.pathBytesMax else {
      throw .pathTooLong(limit: limits.pathBytesMax)
    }
    let (sum, overflows) = contentBytes.addingReportingOverflow(entry.size)
    guard !overflows, sum <= limits.contentBytesMax else {
      throw .contentTooLarge(limit: limits.contentBytesMax)
    }
    contentBytes = sum
    padding = Self.padding(after: entry.size)
    let hasMap = header.typeFlag == UInt8(ascii: "S") && header.sparseMapGoesOn
    state = hasMap ? .sparseMap(contentBytes: entry.size) : .content(left: entry.size)
    return entry
  }

  private static func kind(_ flag: UInt8, path: String) -> TarEntry.Kind {
    switch flag {
    // Archives older than ustar mark a directory by its last slash alone.
    case 0, UInt8(ascii: "0"): path.utf8.last == UInt8(ascii: "/") ? .directory : .file
    case UInt8(ascii: "7"), UInt8(ascii: "S"): .file
    case UInt8(ascii: "1"): .hardLink
    case UInt8(ascii: "2"): .symbolicLink
    case UInt8(ascii: "3"): .characterDevice
    case UInt8(ascii: "4"): .blockDevice
    case UInt8(ascii: "5"): .directory
    case UInt8(ascii: "6"): .fifo
    default: .other(flag)
    }
  }

  /// Takes the complete value of a long name, long link or pax header.
  private mutating func takeExtension(_ flag: UInt8) throws(TarError) {
    switch flag {
    case UInt8(ascii: "L"): pending.path = Self.text(block.prefix { $0 != 0 })
    case UInt8(ascii: "K"): pending.linkTarget = Self.text(block.prefix { $0 != 0 })
    case UInt8(ascii: "x"):
      guard pending.read(pax: block) else { throw .badExtension(offset: blockOffset) }
    // A global header gives defaults; no known writer uses it for what we look at.
    default: break
    }
  }

  static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// What long names and pax headers say about the next entry.
struct TarOverrides: Sendable {
  var path: String?
  /// The real name of a sparse file, whose other names are made up.
  var sparsePath: String?
  var linkTarget: String?
  var size: UInt64?

  /// Reads records of the form `length key=value\n`, the length counting the whole record. False
  /// when one is malformed.
  mutating func read(pax bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while let first = rest.first {
      // `Int` would also take a sign.
      guard (0x31...0x39).contains(first),
        let space = rest.prefix(20).firstIndex(of: UInt8(ascii: " ")),
        let length = Int(TarReader.text(rest[..<space])), length <= rest.count
      else { return false }
      let record = rest[rest.startIndex..<rest.startIndex + length]
      rest = rest[record.endIndex...]
      guard record.last == UInt8(ascii: "\n"), space < record.endIndex,
        let equals = record[space...].firstIndex(of: UInt8(ascii: "="))
      else { return false }
      let key = TarReader.text(record[(space + 1)..<equals])
      guard take(key, record[(equals + 1)..<(record.endIndex - 1)]) else { return false }
    }
    return true
  }

  private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) -> Bool {
    switch key {
    case "path": path = TarReader.text(value)
    case "GNU.sparse.name": sparsePath = TarReader.text(value)
    case "linkpath": linkTarget = TarReader.text(value)
    case "size":
      guard value.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(TarReader.text(value))
      else { return false }
      size = UInt64(number)
    default: break
    }
    return true
  }
}
