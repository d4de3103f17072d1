public import HTTPModel
import PayloadCodecs
import Synchronization

/// There is no room for more stored content.
package struct NoRoomError: Error, Sendable, Equatable {
  package init() {}
}

/// The name of stored content: what a service's state holds in place of the bytes.
package struct BlobID: Sendable, Hashable, Codable {
  package let value: UInt64
  package init(_ value: UInt64) { self.value = value }

  /// Ids from here on are those of planted content.
  static let plantedMin: UInt64 = 1 << 38
  var isPlanted: Bool { value >= Self.plantedMin }
}

/// Stored content of one tenant (uploads, files), outside the state so that the state stays small:
/// pieces as they arrived, never copied together.
@usableFromInline package final class BlobStore: Sendable {
  package struct Blob: Sendable {
    package let chunks: [[UInt8]]
    package let count: Int
    /// The room that it takes, given back with the last copy: content that was deleted while it is
    /// sent still takes its room.
    package let lease: MemoryLease

    package init(_ chunks: [[UInt8]], _ lease: MemoryLease) {
      self.chunks = chunks
      self.lease = lease
      count = chunks.reduce(0) { $0 + $1.count }
    }

    /// All bytes in one array: copies; for small content.
    package var bytes: [UInt8] { chunks.count == 1 ? chunks[0] : Array(chunks.joined()) }
  }

  /// What content takes besides its bytes: its entry and its lease, and for each piece an array.
  package static let entryBytes = 160
  package static let pieceBytes = 64

  private struct State {
    var blobs: [BlobID: Blob] = [:]
    var last: UInt64 = 0
  }

  @usableFromInline package let budget: MemoryBudget
  private let state = Mutex(State())
  /// How many worlds begin just now: what they start with is stored whether there is room or not, since
  /// half a world would be worse. Whether another tenant may begin is asked before.
  private let seedingCount = Atomic<Int>(0)

  package init(budget: MemoryBudget) { self.budget = budget }

  /// For what a service plants in every tenant: under ids that no tenant gives to anything else.
  init(budget: MemoryBudget, ofService index: Int) {
    self.budget = budget
    state.withLock { $0.last = BlobID.plantedMin + UInt64(index) << 32 }
  }

  /// Room for content that arrives piece by piece.
  package func lease() throws(NoRoomError) -> MemoryLease {
    let lease = MemoryLease(of: budget)
    guard take(Self.entryBytes, lease) else { throw NoRoomError() }
    return lease
  }

  private func take(_ count: Int, _ lease: MemoryLease) -> Bool {
    guard seedingCount.load(ordering: .relaxed) > 0 else { return lease.grow(by: count) }
    lease.charge(count)
    return true
  }

  /// Runs `body`, during which everything finds room.
  func seeding<Value, Failure: Error>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value
  {
    seedingCount.add(1, ordering: .relaxed)
    defer { seedingCount.subtract(1, ordering: .relaxed) }
    return try body()
  }

  /// Stores content at once.
  package func store(_ chunks: [[UInt8]]) throws(NoRoomError) -> BlobID {
    let lease = try lease()
    for chunk in chunks {
      guard take(chunk.count + Self.pieceBytes, lease) else { throw NoRoomError() }
    }
    return adopt(Blob(chunks, lease))
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

  /// Content that a world begins with, shared with other tenants.
  func plant(_ blobs: [BlobID: Blob]) {
    guard !blobs.isEmpty else { return }
    state.withLock { state in
      if state.blobs.isEmpty {
        state.blobs = blobs
      } else {
        state.blobs.merge(blobs) { $1 }
      }
    }
  }

  package func blob(_ id: BlobID) -> Blob? { state.withLock { $0.blobs[id] } }

  package func remove(_ id: BlobID) {
    // Freed behind the lock.
    _ = state.withLock { $0.blobs.removeValue(forKey: id) }
  }

  /// Everything and the last id, at one moment, not copied: for a snapshot.
  var held: (blobs: [BlobID: Blob], last: UInt64) { state.withLock { ($0.blobs, $0.last) } }

  /// Everything, in order.
  package var all: [(id: BlobID, blob: Blob)] {
    state.withLock { state in
      state.blobs.sorted { $0.key.value < $1.key.value }.map { ($0.key, $0.value) }
    }
  }

  /// Puts another store's content in place of what is here and leaves that one empty.
  package func takeOver(_ other: BlobStore) {
    let incoming = other.state.withLock { state in
      defer { state = State() }
      return state
    }
    _ = state.withLock { state in
      defer { state = incoming }
      return state
    }
  }

  /// The last id given out: the next one is one more, also after a restore.
  package var lastID: UInt64 { state.withLock { $0.last } }

  /// Puts a snapshot's content under its own id; its room has been reserved.
  package func adopt(_ blob: Blob, as id: BlobID) {
    state.withLock { state in
      state.blobs[id] = blob
      if !id.isPlanted { state.last = max(state.last, id.value) }
    }
  }

  func continueIDs(after last: UInt64) { state.withLock { $0.last = max($0.last, last) } }
}
