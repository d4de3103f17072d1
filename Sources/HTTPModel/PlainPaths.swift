/// Paths that are found to the letter: an open hash table over their bytes.
struct PlainPaths: Sendable {
  private struct Entry: BitwiseCopyable {
    /// 0: the place is free.
    var hash: UInt64 = 0
    var start: UInt32 = 0
    var count: UInt32 = 0
    var leaf = 0
  }

  /// A power of two, at most half of them taken; none at first.
  private var entries: [Entry] = []
  private var count = 0
  /// The bytes of all paths.
  private var texts: [UInt8] = []

  /// Does nothing for a template with parameters, and for a path that is here already.
  mutating func insert(_ template: PathTemplate, leaf: Int) {
    var path: [UInt8] = []
    for segment in template.segments {
      guard case .literal(let text) = segment else { return }
      path.append(UInt8(ascii: "/"))
      path += text
    }
    guard !path.isEmpty, self.leaf(path.span) == nil else { return }
    if entries.count < 2 * (count + 1) { grow() }
    count += 1
    place(
      Entry(
        hash: Self.hash(path.span), start: UInt32(texts.count), count: UInt32(path.count),
        leaf: leaf))
    texts += path
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: Entry(), count: max(64, 2 * old.count))
    for entry in old where entry.hash != 0 { place(entry) }
  }

  private mutating func place(_ entry: Entry) {
    var index = Int(truncatingIfNeeded: entry.hash) & (entries.count - 1)
    while entries[index].hash != 0 { index = (index + 1) & (entries.count - 1) }
    entries[index] = entry
  }

  /// What was given with that path.
  func leaf(_ path: Span<UInt8>) -> Int? {
    guard count > 0 else { return nil }
    let (entries, hash) = (entries.span, Self.hash(path))
    var index = Int(truncatingIfNeeded: hash) & (entries.count - 1)
    while entries[index].hash != 0 {
      let entry = entries[index]
      if entry.hash == hash, equals(path, entry) { return entry.leaf }
      index = (index + 1) & (entries.count - 1)
    }
    return nil
  }

  private func equals(_ path: Span<UInt8>, _ entry: Entry) -> Bool {
    guard path.count == Int(entry.count) else { return false }
    let text = texts.span.extracting(Int(entry.start)..<Int(entry.start) + path.count)
    var index = 0
    while index + 8 <= path.count {
      guard path.word(at: index) == text.word(at: index) else { return false }
      index += 8
    }
    while index < path.count {
      guard path[index] == text[index] else { return false }
      index += 1
    }
    return true
  }

  /// Eight bytes at a time; never 0. Whoever sends paths that meet here finds a table of our own paths:
  /// nothing that is sent is put in.
  private static func hash(_ path: Span<UInt8>) -> UInt64 {
    // The longest of ours is far shorter: what is longer is read no further.
    let count = min(path.count, 256)
    var hash = UInt64(truncatingIfNeeded: path.count)
    var index = 0
    while index + 8 <= count {
      hash = mix(hash ^ path.word(at: index))
      index += 8
    }
    while index < count {
      hash = mix(hash ^ UInt64(path[index]))
      index += 1
    }
    return hash == 0 ? 1 : hash
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 29
  }
}
