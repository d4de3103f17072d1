package import EmulatorKernel
import PayloadCodecs

/// An append-only list in chunks of fixed size. A copy of it is a consistent view that costs
/// nothing to take; while a view lives, a change copies one chunk and the spine, never everything.
/// So an export of a hundred thousand runs reads in peace, and triggering stays as cheap as ever.
///
/// Elements are named by their position since the beginning; positions of dropped elements stay
/// used up.
///
/// What an element weighs must not change once it is in.
package struct ChunkedLog<Element: Sendable & Codable & Weighed>: Sendable, Codable {
  package static var chunkSize: Int { 256 }

  private var chunks: [[Element]] = []
  /// The position of the first element that is still there; a multiple of `chunkSize`.
  package private(set) var startIndex = 0
  package private(set) var endIndex = 0
  private var elementBytes = 0

  private enum CodingKeys: String, CodingKey { case chunks, startIndex, endIndex }

  package init() {}

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    chunks = try values.decode([[Element]].self, forKey: .chunks)
    startIndex = try values.decode(Int.self, forKey: .startIndex)
    endIndex = try values.decode(Int.self, forKey: .endIndex)
    elementBytes = recountedElementBytes
  }

  package var count: Int { endIndex - startIndex }

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
    elementBytes += element.heapBytes
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
    let oldest = chunks.removeFirst()
    startIndex += oldest.count
    elementBytes -= oldest.reduce(0) { $0 + $1.heapBytes }
  }
}

extension ChunkedLog: Weighed {
  package var heapBytes: Int { spineBytes + elementBytes }
  /// The same, asked of every element: for tests.
  package var recountedHeapBytes: Int { spineBytes + recountedElementBytes }

  private var spineBytes: Int {
    chunks.spineBytes
      + chunks.count * (HeapOverhead.array + Self.chunkSize * MemoryLayout<Element>.stride)
  }

  private var recountedElementBytes: Int {
    chunks.reduce(0) { $1.reduce($0) { $0 + $1.heapBytes } }
  }
}

extension ChunkedLog: ComparedTable where Element: Equatable {
  /// Chunks that have not changed since are one in both; of the others, elements are compared.
  package func writeChanges(
    since former: Self, at place: StatePlace, into comparison: TableComparison
  ) throws -> Bool {
    guard startIndex == former.startIndex, endIndex >= former.endIndex else { return false }
    var changed: [(chunk: Int, index: Int, element: Element)] = []
    for (number, chunk) in chunks.enumerated() {
      let old = number < former.chunks.count ? former.chunks[number] : []
      guard !chunk.isStored(where: old) else { continue }
      for (index, element) in chunk.enumerated()
      where index >= old.count || element != old[index] {
        changed.append((number, index, element))
      }
    }
    try comparison.patch(at: place + ["chunks"], elements: changed)
    comparison.patch(at: place + ["endIndex"], value: endIndex)
    return true
  }
}

extension Array {
  /// Whether both are one piece of memory.
  fileprivate func isStored(where other: Self) -> Bool {
    count == other.count && storageAddress == other.storageAddress
  }

  private var storageAddress: Int {
    // SAFETY: the address is compared, and nothing is read.
    unsafe withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
  }
}
