import Synchronization

/// Bytes held for all tenants together, against one limit.
/// Source: DESIGN §11, "memory held for stored content, all tenants".
package final class StorageBudget: Sendable {
  package let limit: UInt64
  private let used = Mutex<UInt64>(0)

  package init(limit: UInt64 = 4 << 30) { self.limit = limit }

  package var bytesUsed: UInt64 { used.withLock { $0 } }

  /// Takes room for `count` bytes; false when there is none.
  package func reserve(_ count: Int) -> Bool {
    used.withLock { used in
      guard used + UInt64(count) <= limit else { return false }
      used += UInt64(count)
      return true
    }
  }

  package func release(_ count: Int) {
    used.withLock { $0 -= min($0, UInt64(count)) }
  }
}

/// There is no room for more stored content.
package struct NoRoomError: Error, Sendable, Equatable {
  package init() {}
}

/// The name of stored content: what a service's state holds in place of the bytes.
package struct BlobID: Sendable, Hashable, Codable {
  package let value: UInt64
  package init(_ value: UInt64) { self.value = value }
}

/// Stored content of one tenant (uploads, files), outside the state so that the state stays small:
/// pieces as they arrived, never copied together.
package final class BlobStore: Sendable {
  package struct Blob: Sendable {
    package let chunks: [[UInt8]]
    package let count: Int

    package init(_ chunks: [[UInt8]]) {
      self.chunks = chunks
      count = chunks.reduce(0) { $0 + $1.count }
    }

    /// All bytes in one array: copies; for small content.
    package var bytes: [UInt8] { chunks.count == 1 ? chunks[0] : Array(chunks.joined()) }
  }

  private struct State {
    var blobs: [BlobID: Blob] = [:]
    var last: UInt64 = 0
  }

  package let budget: StorageBudget
  private let state = Mutex(State())

  package init(budget: StorageBudget) { self.budget = budget }

  deinit {
    budget.release(state.withLock { $0.blobs.values.reduce(0) { $0 + $1.count } })
  }

  /// Stores content at once.
  package func store(_ chunks: [[UInt8]]) throws(NoRoomError) -> BlobID {
    let blob = Blob(chunks)
    guard budget.reserve(blob.count) else { throw NoRoomError() }
    return adopt(blob)
  }

  package func store(_ bytes: [UInt8]) throws(NoRoomError) -> BlobID { try store([bytes]) }

  /// Stores content whose room has been reserved piece by piece while it arrived.
  package func adopt(_ blob: Blob) -> BlobID {
    state.withLock { state in
      state.last += 1
      let id = BlobID(state.last)
      state.blobs[id] = blob
      return id
    }
  }

  package func blob(_ id: BlobID) -> Blob? { state.withLock { $0.blobs[id] } }

  package func remove(_ id: BlobID) {
    if let blob = state.withLock({ $0.blobs.removeValue(forKey: id) }) {
      budget.release(blob.count)
    }
  }

  /// Everything and the last id, at one moment, not copied: for a snapshot.
  var held: (blobs: [BlobID: Blob], last: UInt64) { state.withLock { ($0.blobs, $0.last) } }

  /// Everything, in order.
  package var all: [(id: BlobID, blob: Blob)] {
    state.withLock { state in
      state.blobs.sorted { $0.key.value < $1.key.value }.map { ($0.key, $0.value) }
    }
  }

  /// Puts a snapshot's content in place of what is there.
  package func replaceAll(_ blobs: [(id: BlobID, blob: Blob)]) throws(NoRoomError) {
    let incoming = blobs.reduce(0) { $0 + $1.blob.count }
    guard budget.reserve(incoming) else { throw NoRoomError() }
    let outgoing = state.withLock { state in
      let outgoing = state.blobs.values.reduce(0) { $0 + $1.count }
      state.blobs = Dictionary(blobs.map { ($0.id, $0.blob) }, uniquingKeysWith: { $1 })
      state.last = blobs.map(\.id.value).max() ?? 0
      return outgoing
    }
    budget.release(outgoing)
  }

  /// Puts another store's content in place of what is here and leaves that one empty. Its room is
  /// reserved already, of the same budget.
  package func takeOver(_ other: BlobStore) {
    let incoming = other.state.withLock { state in
      defer { state = State() }
      return state
    }
    let outgoing = state.withLock { state in
      defer { state = incoming }
      return state.blobs.values.reduce(0) { $0 + $1.count }
    }
    budget.release(outgoing)
  }

  /// The last id given out: the next one is one more, also after a restore.
  package var lastID: UInt64 { state.withLock { $0.last } }

  /// Puts a snapshot's content under its own id; its room has been reserved.
  func adopt(_ blob: Blob, as id: BlobID) {
    state.withLock { state in
      state.blobs[id] = blob
      state.last = max(state.last, id.value)
    }
  }

  func continueIDs(after last: UInt64) { state.withLock { $0.last = max($0.last, last) } }
}
