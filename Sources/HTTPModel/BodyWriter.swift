import Synchronization

/// Why a body producer must stop.
public enum WriteError: Error, Sendable, Equatable {
  /// The peer is gone, or the exchange was ended from above.
  case closed
}

/// A body that its connection fetches by itself, without a task in between: for what many readers
/// share, such as a topic. It is the whole body (`Response.Body.followed`), or a producer hands it over
/// with `BodyWriter.follow`.
public protocol BodySource: AnyObject, Sendable {
  /// What there is now, about `byteLimit` bytes, without waiting. Where nothing is left and more may
  /// come, the source calls `writer.sourceIsReady()` once there is something. Called on the loop.
  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion
  /// The writer fetches nothing more: the source has ended, or the peer is gone.
  func end(for writer: BodyWriter)
}

extension BodySource {
  public func end(for writer: BodyWriter) {}
}

/// A source with what is to be done when it is over, be it that it was never fetched from.
package final class EndingSource: BodySource {
  private let source: any BodySource
  private let onEnd: @Sendable () -> Void

  package init(_ source: any BodySource, onEnd: @escaping @Sendable () -> Void) {
    self.source = source
    self.onEnd = onEnd
  }

  deinit { onEnd() }

  package func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    source.take(byteLimit: byteLimit, for: writer)
  }

  package func end(for writer: BodyWriter) { source.end(for: writer) }
}

/// What a source gives at one time.
public struct BodyPortion: Sendable {
  public enum Rest: Sendable {
    /// There is more right now.
    case more
    /// The writer will be told.
    case later
    /// Nothing, now or later; comes without pieces.
    case end
  }
  public var pieces: [[UInt8]]
  public var rest: Rest

  public init(_ pieces: [[UInt8]], _ rest: Rest) {
    self.pieces = pieces
    self.rest = rest
  }
}

/// Takes the pieces of a streamed body. `write` suspends while more than `StreamMarks.high` bytes, or
/// thousands of pieces, wait for the peer, so a slow reader slows its producer and memory stays within
/// the marks.
///
/// **Isolation**: the state is behind a mutex; the engine is told after it is released.
public final class BodyWriter: Sendable {
  private struct State {
    var queue = ChunkQueue()
    /// What is fetched once the queue is empty, and the producer that waits for its end.
    var source: (any BodySource)?
    var follower: CheckedContinuation<Void, Never>?
    var isClosed = false
    var isEnded = false
    var isStalled = false
    var trailers = Fields()
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state: Mutex<State>
  /// There is no producer: the body ends with its source.
  private let endsWithSource: Bool
  private let awaitsSource = Atomic(false)
  private let onReady: @Sendable () -> Void
  private let onSourceReady: @Sendable () -> Void
  /// Each piece shall leave as it was written: a source that could put small ones together does not.
  public let keepsPieces: Bool

  /// - Parameters:
  ///   - onReady: told whenever there is something to send or the body has ended.
  ///   - onSourceReady: told when a source may have something, from any thread; `onReady` if there is none.
  ///   - source: the whole body comes of it, and there is no producer.
  package init(
    onReady: @escaping @Sendable () -> Void, onSourceReady: (@Sendable () -> Void)? = nil,
    keepsPieces: Bool = false, source: (any BodySource)? = nil
  ) {
    state = Mutex(State(source: source))
    endsWithSource = source != nil
    self.keepsPieces = keepsPieces
    self.onReady = onReady
    self.onSourceReady = onSourceReady ?? onReady
  }

  // MARK: The producer's side

  /// Sends one piece; on a chunked message, one chunk. An empty piece does nothing.
  public func write(_ bytes: [UInt8]) async throws(WriteError) {
    guard !bytes.isEmpty else { return }
    try await write(contentsOf: CollectionOfOne(bytes))
  }

  /// Sends several pieces at once: they leave in one system call if the peer has room.
  public nonisolated(nonsending) func write(
    contentsOf pieces: some Collection<[UInt8]> & Sendable
  ) async throws(WriteError) {
    let (isClosed, mustWait) = state.withLock { state -> (Bool, Bool) in
      guard !state.isClosed, !state.isEnded else { return (true, false) }
      for piece in pieces { state.queue.append(piece) }
      state.isStalled = state.queue.isAboveHighMark
      return (false, state.isStalled)
    }
    if isClosed { throw .closed }
    onReady()
    if mustWait { try await waitForRoom() }
  }

  public func write(_ text: String) async throws(WriteError) {
    try await write(Array(text.utf8))
  }

  /// Lets the connection fetch the body from `source`, as fast as the peer takes it, until the source
  /// ends; returns then. This task does nothing meanwhile.
  public nonisolated(nonsending) func follow(
    _ source: any BodySource
  ) async throws(WriteError) {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state -> Bool in
          if state.isClosed || state.isEnded || Task.isCancelled { return true }
          state.source = source
          state.follower = continuation
          return false
        }
        if isOver { continuation.resume() } else { onReady() }
      }
    } onCancel: {
      leaveSource()
    }
    if state.withLock({ $0.isClosed }) || Task.isCancelled { throw .closed }
  }

  /// Nothing more is fetched; a producer that waits for the end of its source goes on.
  private func leaveSource() {
    let (source, follower) = state.withLock { state in
      let left = (state.source, state.follower)
      (state.source, state.follower) = (nil, nil)
      return left
    }
    source?.end(for: self)
    follower?.resume()
  }

  /// A source that had nothing may have something now. From any thread.
  public func sourceIsReady() {
    awaitsSource.store(false, ordering: .releasing)
    onSourceReady()
  }

  /// Notes that news is awaited. False if it was awaited already: whoever tells the writer knows it.
  public func beginAwaitingSource() -> Bool {
    !awaitsSource.exchange(true, ordering: .acquiringAndReleasing)
  }

  /// No news will come any more, or none is wanted. Whether some was awaited.
  @discardableResult
  public func endAwaitingSource() -> Bool {
    awaitsSource.exchange(false, ordering: .acquiringAndReleasing)
  }

  public var isAwaitingSource: Bool { awaitsSource.load(ordering: .acquiring) }

  /// Trailer fields, sent after the last chunk if the message is chunked.
  public func setTrailers(_ fields: Fields) {
    state.withLock { $0.trailers = fields }
  }

  /// Whether the peer is gone: a producer that only waits may ask.
  public var isClosed: Bool { state.withLock { $0.isClosed } }

  private nonisolated(nonsending) func waitForRoom() async throws(WriteError) {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state -> Bool in
          if state.isClosed || !state.isStalled || Task.isCancelled { return true }
          state.waiter = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      takeWaiter()?.resume()
    }
    if state.withLock({ $0.isClosed }) || Task.isCancelled { throw .closed }
  }

  private func takeWaiter() -> CheckedContinuation<Void, Never>? {
    state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
  }

  // MARK: The engine's side

  /// What the engine gets to send.
  package struct Taken: Sendable {
    package var pieces: [[UInt8]] = []
    /// The body has ended and everything is taken.
    package var isEnd = false
    /// Asking again at once gives more.
    package var hasMore = false
    package var trailers = Fields()
  }

  /// Takes pieces until `byteLimit` is reached (always at least one if there is one).
  package func take(byteLimit: Int) -> Taken {
    // What goes to the many readers of a topic comes this way.
    let onlySource = state.withLock { $0.queue.isEmpty && !$0.isStalled ? $0.source : nil }
    if let onlySource { return fetch(from: onlySource, byteLimit) }
    let (taken, waiter, source) = state.withLock { state in
      var taken = Taken()
      var byteCount = 0
      while byteCount < byteLimit, let piece = state.queue.popFirst() {
        byteCount += piece.count
        taken.pieces.append(piece)
      }
      var waiter: CheckedContinuation<Void, Never>?
      if state.isStalled, state.queue.isBelowLowMark {
        state.isStalled = false
        waiter = state.waiter
        state.waiter = nil
      }
      taken.hasMore = !state.queue.isEmpty || (state.source != nil && !taken.pieces.isEmpty)
      taken.isEnd = state.isEnded && state.queue.isEmpty
      taken.trailers = state.trailers
      return (taken, waiter, taken.pieces.isEmpty ? state.source : nil)
    }
    waiter?.resume()
    guard let source else { return taken }
    return fetch(from: source, byteLimit)
  }

  /// Takes what the producer has written, and fetches nothing from a source.
  package func takeWritten() -> [[UInt8]] {
    state.withLock { state in
      var pieces: [[UInt8]] = []
      while let piece = state.queue.popFirst() { pieces.append(piece) }
      return pieces
    }
  }

  private func fetch(from source: any BodySource, _ byteLimit: Int) -> Taken {
    let portion = source.take(byteLimit: byteLimit, for: self)
    guard portion.rest == .end else {
      return Taken(pieces: portion.pieces, hasMore: portion.rest == .more)
    }
    leaveSource()
    return Taken(pieces: portion.pieces, isEnd: endsWithSource)
  }

  /// The producer has returned: what waits is still sent.
  package func end() {
    state.withLock { $0.isEnded = true }
    onReady()
  }

  /// The peer is gone: what waits is dropped, the producer's next write throws.
  package func close() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.isClosed = true
      state.queue = ChunkQueue()
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
    leaveSource()
  }
}
