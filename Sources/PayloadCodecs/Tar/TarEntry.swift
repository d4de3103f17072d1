/// Why bytes are not a tar archive, or not one that we are willing to read.
///
/// `offset` counts archive bytes.
package enum TarError: Error, Sendable, Equatable {
  /// No header block at all.
  case empty
  /// The header's checksum does not fit: no tar, or damaged.
  case badChecksum(offset: UInt64)
  /// A size field holds something that is no number, or one beyond 2^63.
  case badNumber(offset: UInt64)
  /// A pax record is malformed.
  case badExtension(offset: UInt64)
  /// The archive ends inside a header or an entry's content.
  case truncated(offset: UInt64)
  case tooManyEntries(limit: Int)
  case pathTooLong(limit: Int)
  /// A long name or a pax header above `TarLimits.extensionBytesMax`.
  case extensionTooLarge(limit: Int)
  /// The contents together are above `TarLimits.contentBytesMax`.
  case contentTooLarge(limit: UInt64)
}

extension TarError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "it is empty"
    case .badChecksum(let offset): "the header at byte \(offset) has another checksum"
    case .badNumber(let offset): "the header at byte \(offset) has no size"
    case .badExtension(let offset): "the extended header at byte \(offset) is malformed"
    case .truncated(let offset): "it ends too early, at byte \(offset)"
    case .tooManyEntries(let limit): "it has more than \(limit) entries"
    case .pathTooLong(let limit): "a path has more than \(limit) bytes"
    case .extensionTooLarge(let limit): "an extended header has more than \(limit) bytes"
    case .contentTooLarge(let limit): "its entries have more than \(limit) bytes together"
    }
  }
}

/// What one archive may hold.
package struct TarLimits: Sendable, Equatable {
  /// Default: npm's largest packages hold some 50,000 files.
  package var entriesMax = 200_000
  /// Bytes of a path or link target. Default: Linux' PATH_MAX.
  package var pathBytesMax = 4096
  /// Bytes of one long name or pax header. Default: as Go's archive/tar.
  package var extensionBytesMax = 1 << 20
  /// Bytes of all contents together.
  package var contentBytesMax: UInt64 = .max

  package init() {}
}

/// One member of an archive, as its headers tell.
package struct TarEntry: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case file, directory, symbolicLink, hardLink, characterDevice, blockDevice, fifo
    /// Another type flag; the entry's content is passed over as POSIX asks.
    case other(UInt8)
  }

  /// What a careful extractor would refuse. The reader only tells.
  package struct Hazards: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The path begins with a slash.
    package static let absolutePath = Hazards(rawValue: 1)
    /// `..` is a component of the path.
    package static let parentTraversal = Hazards(rawValue: 2)
    /// A link that leads out of the directory of extraction (absolute, or above it).
    package static let escapingLink = Hazards(rawValue: 4)
    /// A character or block device or a fifo.
    package static let device = Hazards(rawValue: 8)
    /// The path is empty or only dots and slashes, for something that is no directory.
    package static let namelessPath = Hazards(rawValue: 16)
  }

  /// As written; bytes that are no UTF-8 are replaced.
  package var path: String
  package var kind: Kind
  /// Content bytes that follow.
  package var size: UInt64
  package var mode: Int
  /// Target of a link, else empty.
  package var linkTarget: String

  package init(
    path: String, kind: Kind = .file, size: UInt64 = 0, mode: Int = 0o644, linkTarget: String = ""
  ) {
    self.path = path
    self.kind = kind
    self.size = size
    self.mode = mode
    self.linkTarget = linkTarget
  }

  /// The path without `.` components and superfluous slashes: `./a//b/` is `a/b`. `..` stays.
  package var normalizedPath: String {
    if Self.isNormal(path) { return path }
    return Self.components(path).filter { !$0.elementsEqual(".".utf8) }
      .map { String(Substring($0)) }.joined(separator: "/")
  }

  /// Whether it has no component that begins with a dot, and none that is empty: as nearly all paths.
  private static func isNormal(_ path: String) -> Bool {
    var last = UInt8(ascii: "/")
    for byte in path.utf8 {
      if last == UInt8(ascii: "/"), byte == last || byte == UInt8(ascii: ".") { return false }
      last = byte
    }
    return last != UInt8(ascii: "/")
  }

  package var hazards: Hazards {
    var hazards: Hazards = []
    if path.utf8.first == UInt8(ascii: "/") { hazards.insert(.absolutePath) }
    if Self.climbs(path) { hazards.insert(.parentTraversal) }
    switch kind {
    case .characterDevice, .blockDevice, .fifo: hazards.insert(.device)
    case .symbolicLink where linkLeaves: hazards.insert(.escapingLink)
    case .hardLink where linkTarget.utf8.first == UInt8(ascii: "/") || Self.climbs(linkTarget):
      hazards.insert(.escapingLink)
    case .file, .directory, .other, .symbolicLink, .hardLink: break
    }
    if kind != .directory, normalizedPath.isEmpty { hazards.insert(.namelessPath) }
    return hazards
  }

  /// Whether a symbolic link, followed from its own directory, gets above the archive's top.
  private var linkLeaves: Bool {
    if linkTarget.utf8.first == UInt8(ascii: "/") { return true }
    var level = Self.components(normalizedPath).count - 1
    for component in Self.components(linkTarget) where !component.elementsEqual(".".utf8) {
      level += component.elementsEqual("..".utf8) ? -1 : 1
      if level < 0 { return true }
    }
    return false
  }

  private static func climbs(_ path: String) -> Bool {
    !isNormal(path) && components(path).contains { $0.elementsEqual("..".utf8) }
  }

  private static func components(_ path: String) -> [Substring.UTF8View] {
    path.utf8.split(separator: UInt8(ascii: "/"))
  }
}

/// What a `TarReader` found in the bytes it was fed.
package enum TarEvent: Sendable, Equatable {
  /// A member begins.
  case entry(TarEntry)
  /// Its next content bytes: a range of the bytes just fed.
  case content(Range<Int>)
  /// Its content is complete.
  case entryEnded
  /// The end-of-archive block; whatever follows is not looked at.
  case archiveEnded
}
