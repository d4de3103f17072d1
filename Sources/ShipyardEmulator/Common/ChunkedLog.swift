/// An append-only list in chunks of fixed size. A copy of it is a consistent view that costs
/// nothing to take; while a view lives, a change copies one chunk and the spine, never everything.
/// So an export of a hundred thousand runs reads in peace, and triggering stays as cheap as ever.
///
/// Elements are named by their position since the beginning; positions of dropped elements stay
/// used up.
package struct ChunkedLog<Element: Sendable & Codable>: Sendable, Codable {
  package static var chunkSize: Int { 256 }

  private var chunks: [[Element]] = []
  /// The position of the first element that is still there; a multiple of `chunkSize`.
  package private(set) var startIndex = 0
  package private(set) var endIndex = 0

  package init() {}

  package var isEmpty: Bool { startIndex == endIndex }
  package var count: Int { endIndex - startIndex }
  package var chunkCount: Int { chunks.count }

  package func contains(_ position: Int) -> Bool {
    position >= startIndex && position < endIndex
  }

  /// Whether chunks and positions fit together: what came from a file may not.
  package var isConsistent: Bool {
    guard startIndex >= 0, startIndex < 1 << 50, startIndex % Self.chunkSize == 0,
      chunks.dropLast().allSatisfy({ $0.count == Self.chunkSize })
    else { return false }
    let last = chunks.last?.count ?? 0
    guard chunks.isEmpty || (1...Self.chunkSize).contains(last) else { return false }
    return endIndex - startIndex == max(0, chunks.count - 1) * Self.chunkSize + last
  }

  /// - Returns: the position of the new element.
  @discardableResult
  package mutating func append(_ element: Element) -> Int {
    if endIndex % Self.chunkSize == 0 {
      chunks.append([])
      chunks[chunks.count - 1].reserveCapacity(Self.chunkSize)
    }
    chunks[chunks.count - 1].append(element)
    endIndex += 1
    return endIndex - 1
  }

  /// - Precondition: `contains(position)`.
  package subscript(_ position: Int) -> Element {
    get {
      let offset = position - startIndex
      return chunks[offset / Self.chunkSize][offset % Self.chunkSize]
    }
    _modify {
      let offset = position - startIndex
      yield &chunks[offset / Self.chunkSize][offset % Self.chunkSize]
    }
  }

  /// The elements of the oldest chunk, if that chunk is full.
  package var oldestFullChunk: [Element]? {
    guard let first = chunks.first, first.count == Self.chunkSize else { return nil }
    return first
  }

  package mutating func dropOldestChunk() {
    guard !chunks.isEmpty else { return }
    startIndex += chunks.removeFirst().count
  }
}
