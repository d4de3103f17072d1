/// Chunks that wait for an instance, first in, first out.
struct ByteQueue: Codable, Sendable {
  private var chunks: [[UInt8]] = []
  private var head = 0
  private(set) var byteCount = 0

  init() {}
  var isEmpty: Bool { head == chunks.count }

  mutating func append(_ chunk: [UInt8]) {
    guard !chunk.isEmpty else { return }
    chunks.append(chunk)
    byteCount += chunk.count
  }

  mutating func popFirst() -> [UInt8]? {
    guard head < chunks.count else { return nil }
    let chunk = chunks[head]
    chunks[head] = []
    head += 1
    byteCount -= chunk.count
    if head == chunks.count {
      chunks.removeAll(keepingCapacity: head <= 16)
      head = 0
    } else if head >= 64, head * 2 >= chunks.count {
      chunks.removeSubrange(..<head)
      head = 0
    }
    return chunk
  }
}
