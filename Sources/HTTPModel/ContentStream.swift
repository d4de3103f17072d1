import Synchronization

/// How much may wait in a stream between the engine and a task. Both directions use the same marks.
/// Source: DESIGN §11, "buffered per stream in flight".
public enum StreamMarks {
  /// Above it the faster side is stopped.
  public static let high = 256 * 1024
  /// Below it the faster side goes on.
  public static let low = 64 * 1024

  /// The same marks for pieces: what is cut very small weighs many times its bytes.
  static let highCount = 4096
  static let lowCount = 1024
}

/// Why a request's content cannot be read to its end.
public enum ContentError: Error, Sendable, Equatable {
  /// The peer closed or reset inside the content.
  case peerClosed
  /// The framing of the content is broken; the engine answers 400 if no head was sent yet.
  case malformed
  /// Longer than the engine allows for a stream.
  case tooLarge(limit: UInt64)
  /// Nothing arrived for too long, or the server is stopping.
  case timedOut
  /// The reading task was cancelled.
  case cancelled
}

extension ContentError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .peerClosed: "the peer closed the connection"
    case .malformed: "its framing is broken"
    case .tooLarge(let limit): "it has more than \(limit) bytes"
    case .timedOut: "nothing came for too long"
    case .cancelled: "nobody waits for it any more"
    }
  }
}

/// Why a content cannot be had as a whole.
package enum CollectError: Error, Sendable, Equatable {
  case content(ContentError)
  case tooLarge
  case noRoom
}

/// The content of a request as it arrives: a bounded asynchronous sequence of byte chunks, for one
/// reader. While more than `StreamMarks.high` bytes, or thousands of pieces, wait here the engine does
/// not read the socket.
///
/// **Isolation**: the state is behind a mutex; continuations are resumed after it is released.
public final class RequestContent: AsyncSequence, Sendable {
  public typealias Element = [UInt8]
  public typealias Failure = ContentError

  /// What the engine must do because of what the reader did; told after the lock is released.
  package enum Demand: Sendable {
    /// The first read: a peer that waits for 100 (Continue) gets it now.
    case firstRead
    /// The buffer fell below the low mark: read the socket again.
    case resumeReading
  }

  private typealias Outcome = Result<[UInt8]?, ContentError>

  private struct State {
    var queue = ChunkQueue()
    var isDemanded = false
    var isPaused = false
    var ending: Result<Fields, ContentError>?
    var waiter: CheckedContinuation<Outcome, Never>?
  }

  private let state = Mutex(State())
  private let isPauseAllowed = Atomic(false)
  private let onDemand: @Sendable (Demand) -> Void
  private struct WaitListener {
    var tell: (@Sendable (Bool) -> Void)?
  }
  private let onWait = Mutex(WaitListener())
  private let unpacking = OnceReference<Unpacking>()

  package init(onDemand: @escaping @Sendable (Demand) -> Void) {
    self.onDemand = onDemand
  }

  /// A content that is already complete (tests, collected content handed on).
  public convenience init(complete bytes: [UInt8], trailers: Fields = Fields()) {
    self.init(onDemand: { _ in })
    if !bytes.isEmpty { _ = push(bytes) }
    finish(trailers: trailers)
  }

  // MARK: The reader's side

  /// The next chunk, never empty; nil at the end of the content.
  public func next() async throws(ContentError) -> [UInt8]? {
    guard let decoder = unpacking.load()?.decoder else { return try await nextAsItCame() }
    while true {
      if let piece = try decoder.piece() { return piece }
      guard let chunk = try await nextAsItCame() else {
        try decoder.finish()
        return nil
      }
      decoder.take(chunk)
    }
  }

  /// What is read from now on is what a decoder makes of it; before the first read, once.
  package func unpack(by decoder: any ContentDecoder) {
    unpacking.storeIfNil(Unpacking(decoder))
  }

  private final class Unpacking: Sendable {
    let decoder: any ContentDecoder
    init(_ decoder: any ContentDecoder) { self.decoder = decoder }
  }

  private func nextAsItCame() async throws(ContentError) -> [UInt8]? {
    announceReading()
    let (ready, resumes) = state.withLock { Self.takeReady(&$0) }
    if resumes { onDemand(.resumeReading) }
    if let ready { return try ready.get() }
    return try await waitForChunk().get()
  }

  /// Says that the content will be read, so that a peer that waits for 100 (Continue) gets it now;
  /// for those who answer before they read.
  public func announceReading() {
    let isFirst = state.withLock { state in
      defer { state.isDemanded = true }
      return !state.isDemanded
    }
    if isFirst { onDemand(.firstRead) }
  }

  /// `body` is told true when the reader begins to wait for the peer, and false when it has got
  /// something: so whoever watches over the reader knows that it does nothing meanwhile.
  package func whileReaderWaits(_ body: @escaping @Sendable (Bool) -> Void) {
    onWait.withLock { $0.tell = body }
  }

  /// Says that this is no upload but something live, such as a keyboard or the output of another
  /// program: however long nothing comes, the peer is not taken for gone.
  public func allowPauses() { isPauseAllowed.store(true, ordering: .relaxed) }

  private func waitForChunk() async -> Outcome {
    let onWait = onWait.withLock { $0.tell }
    onWait?(true)
    defer { onWait?(false) }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> Outcome? in
          if let ready = Self.takeReady(&state).ready { return ready }
          if Task.isCancelled { return .failure(.cancelled) }
          state.waiter = continuation
          return nil
        }
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      takeWaiter()?.resume(returning: .failure(.cancelled))
    }
  }

  private func takeWaiter() -> CheckedContinuation<Outcome, Never>? {
    state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
  }

  /// What can be had without waiting, and whether taking it lets the engine read again.
  private static func takeReady(_ state: inout State) -> (ready: Outcome?, resumes: Bool) {
    if let chunk = state.queue.popFirst() {
      let resumes = state.isPaused && state.queue.isBelowLowMark
      if resumes { state.isPaused = false }
      return (.success(chunk), resumes)
    }
    switch state.ending {
    case .success: return (.success(nil), false)
    case .failure(let error): return (.failure(error), false)
    case nil: return (nil, false)
    }
  }

  /// The trailer section, once `next()` has returned nil.
  public var trailers: Fields {
    state.withLock { state in
      if case .success(let fields) = state.ending { fields } else { Fields() }
    }
  }

  /// Everything up to `limit` bytes; nil when there is more.
  public func collect(limit: Int) async throws(ContentError) -> [UInt8]? {
    var all: [UInt8] = []
    while let chunk = try await next() {
      guard all.count + chunk.count <= limit else { return nil }
      if all.isEmpty { all = chunk } else { all += chunk }
    }
    return all
  }

  /// The same with room for it reserved: the lease is to be kept as long as the bytes are.
  package func collect(
    limit: Int, of budget: MemoryBudget
  ) async throws(CollectError) -> (bytes: [UInt8], lease: MemoryLease) {
    var all: [UInt8] = []
    let lease = MemoryLease(of: budget)
    while true {
      let chunk: [UInt8]?
      do throws(ContentError) { chunk = try await next() } catch { throw .content(error) }
      guard let chunk else { return (all, lease) }
      guard all.count + chunk.count <= limit else { throw .tooLarge }
      // An array that grows is up to twice as long as what stands in it.
      guard lease.grow(by: 2 * chunk.count) else { throw .noRoom }
      if all.isEmpty { all = chunk } else { all += chunk }
    }
  }

  /// Reads to the end and throws away what comes; errors end it silently.
  public func drain() async {
    while let chunk = try? await next() { _ = chunk }
  }

  public func makeAsyncIterator() -> Iterator { Iterator(content: self) }

  public struct Iterator: AsyncIteratorProtocol {
    let content: RequestContent
    public mutating func next() async throws(ContentError) -> [UInt8]? {
      try await content.next()
    }
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(ContentError) -> [UInt8]? {
      try await content.next()
    }
  }

  // MARK: The engine's side

  /// Hands over a chunk. True when the engine shall stop reading until `.resumeReading`.
  package func push(_ chunk: [UInt8]) -> Bool {
    let (waiter, isPaused) = state.withLock {
      state -> (CheckedContinuation<Outcome, Never>?, Bool) in
      if case .some = state.ending { return (nil, false) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (waiter, false)
      }
      state.queue.append(chunk)
      if state.queue.isAboveHighMark { state.isPaused = true }
      return (nil, state.isPaused)
    }
    waiter?.resume(returning: .success(chunk))
    return isPaused
  }

  package func finish(trailers: Fields) { end(.success(trailers)) }
  package func fail(_ error: ContentError) { end(.failure(error)) }

  private func end(_ ending: Result<Fields, ContentError>) {
    let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
      if case .some = state.ending { return nil }
      state.ending = ending
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: ending.map { _ in nil })
  }

  package var mayPause: Bool { isPauseAllowed.load(ordering: .relaxed) }

  /// Whether somebody waits for content right now.
  package var isAwaited: Bool { state.withLock { $0.waiter != nil } }

  /// Whether anybody has asked for content yet.
  package var isDemanded: Bool { state.withLock { $0.isDemanded } }
}

/// A first-in first-out queue of byte chunks that knows its size. Popping is amortised O(1).
package struct ChunkQueue: Sendable, Codable {
  private var chunks: [[UInt8]] = []
  private var head = 0
  package private(set) var byteCount = 0

  package init() {}
  package var isEmpty: Bool { head == chunks.count }
  private var count: Int { chunks.count - head }

  /// More than may wait in a stream, by bytes or by pieces.
  var isAboveHighMark: Bool {
    byteCount > StreamMarks.high || count > StreamMarks.highCount
  }
  /// So little that the faster side may go on.
  var isBelowLowMark: Bool { byteCount <= StreamMarks.low && count <= StreamMarks.lowCount }

  /// About what it takes: the bytes, and an array for each chunk.
  package var heapBytes: Int { byteCount + chunks.capacity * 8 + count * 48 }

  /// Whether what came from a snapshot can be gone on with.
  package var isConsistent: Bool {
    (0...chunks.count).contains(head)
      && byteCount == chunks[head...].reduce(0) { $0 + $1.count }
  }

  /// An empty chunk is not kept.
  package mutating func append(_ chunk: [UInt8]) {
    guard !chunk.isEmpty else { return }
    chunks.append(chunk)
    byteCount += chunk.count
  }

  package mutating func popFirst() -> [UInt8]? {
    guard head < chunks.count else { return nil }
    let chunk = chunks[head]
    chunks[head] = []
    head += 1
    byteCount -= chunk.count
    if head == chunks.count {
      chunks.removeAll(keepingCapacity: head <= 64)
      head = 0
    } else if head >= 64, head * 2 >= chunks.count {
      chunks.removeSubrange(..<head)
      head = 0
    }
    return chunk
  }
}
