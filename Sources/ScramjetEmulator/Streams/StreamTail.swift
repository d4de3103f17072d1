import EmulatorKernel

/// The last chunks of a stream, whether they were read or not: for those who watch.
///
/// **Memory**: bounded; the oldest give way. The chunks are the stream's own where it still has them.
struct StreamTail: Sendable, Weighed {
  private var chunks: [[UInt8]] = []
  /// The number of the first of them.
  private var first = 0
  private var byteCount = 0
  private var watcherCount = 0

  static let bytesMax = 256 * 1024

  /// - Parameter chunks: what the stream keeps now.
  init(_ chunks: [[UInt8]]) { for chunk in chunks { append(chunk) } }

  var heapBytes: Int { chunks.spineBytes + byteCount + chunks.count * HeapOverhead.array }

  mutating func append(_ bytes: [UInt8]) {
    chunks.append(bytes)
    byteCount += bytes.count
    guard byteCount > Self.bytesMax else { return }
    // Half of it in one go, so that the array is not moved for each chunk.
    var dropped = 0
    while byteCount > Self.bytesMax / 2, dropped < chunks.count - 1 {
      byteCount -= chunks[dropped].count
      dropped += 1
    }
    chunks.removeFirst(dropped)
    first += dropped
  }

  mutating func beginWatching() -> Int {
    watcherCount += 1
    return first
  }

  /// - Returns: whether nobody watches any more.
  mutating func endWatching() -> Bool {
    watcherCount -= 1
    return watcherCount <= 0
  }

  func pieces(from position: Int, byteLimit: Int) -> (pieces: [[UInt8]], next: Int) {
    var pieces: [[UInt8]] = []
    var taken = 0
    var index = max(position, first) - first
    while index < chunks.count, taken < byteLimit {
      taken += chunks[index].count
      pieces.append(chunks[index])
      index += 1
    }
    return (pieces, first + index)
  }
}
