import EmulatorKernel

/// What one call of a built-in plugin may make of what is stored. Ours: a block may be read again and
/// again, and a word of a text becomes a tag of a kilobyte.
enum PluginLimits {
  /// Text that one call reads.
  static let textBytesMax = 16 << 20
  /// Text of one block that is taken apart into words.
  static let taggedBytesMax = 1 << 20
  /// Blocks and tags that one call makes.
  static let madeCountMax = 50_000

  static let tooMuchText = SteamshipError.invalid(
    "There is more than \(textBytesMax >> 20) MiB of text to work on.",
    suggestion: "Choose fewer blocks.")
  static let tooMuchMade = SteamshipError.invalid(
    "That would make more than \(madeCountMax) blocks and tags.",
    suggestion: "Work on less text at a time.")
}

extension SteamshipState {
  /// The texts of blocks, each as often as it is asked for.
  func texts(
    of keys: some Sequence<Key<Block>>, _ blobs: BlobStore
  ) throws(SteamshipError) -> [String] {
    try promptBlocks(keys, blobs).map(\.text)
  }

  /// What a generator reads of blocks, each as often as it is asked for.
  func promptBlocks(
    _ keys: some Sequence<Key<Block>>, _ blobs: BlobStore
  ) throws(SteamshipError) -> [PromptBlock] {
    var (prompt, byteCount): ([PromptBlock], Int) = ([], 0)
    for key in keys {
      guard let block = blocks[key] else { continue }
      byteCount += block.content.count + (block.text?.utf8.count ?? 0)
      guard byteCount <= PluginLimits.textBytesMax else { throw PluginLimits.tooMuchText }
      if let part = promptBlock(key, blobs) { prompt.append(part) }
    }
    return prompt
  }
}
