import EmulatorKernel
import HTTPModel
import Synchronization

/// One reader of a stream: takes its place when it is made, gives it back when it is released, also
/// when the answer that holds it is never sent.
///
/// **Isolation**: used by one task; the position is behind a mutex because the release may come from
/// anywhere.
final class StreamReader: Sendable {
  /// About so many bytes are taken in one go.
  private static let batchBytes = 256 * 1024

  private enum Batch: Sendable {
    case pieces([[UInt8]], next: Int)
    case end
  }

  private let world: World<ScramjetState>
  private let stream: StreamID
  private let epoch: Int
  private let position: Mutex<Int>
  private let isPending: Bool
  private let onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)?

  /// - Parameters:
  ///   - isPending: whether time may skip ahead while this reader waits.
  ///   - onLeave: what else is to be undone when it goes.
  init?(
    _ stream: StreamID, in world: World<ScramjetState>, isPending: Bool = false,
    onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)? = nil
  ) {
    let place = world.mutate { state, _ -> (Int, Int)? in
      guard let start = state.streams[stream]?.attach() else { return nil }
      return (start, state.epoch)
    }
    guard let (start, epoch) = place else { return nil }
    self.world = world
    self.stream = stream
    self.epoch = epoch
    self.isPending = isPending
    self.onLeave = onLeave
    position = Mutex(start)
  }

  deinit {
    let (stream, epoch, onLeave) = (stream, epoch, onLeave)
    let position = position.withLock { $0 }
    world.mutate { state, step in
      guard state.epoch == epoch else { return }
      state.streams[stream]?.detach(from: position)
      state.roomMayHaveComeUp(in: stream, &step)
      onLeave?(&state, &step)
    }
  }

  /// Writes what comes until the stream ends or the peer goes away.
  nonisolated(nonsending) func pump(to writer: BodyWriter) async throws {
    while true {
      switch try await next() {
      case .end: return
      case .pieces(let pieces, let next):
        position.withLock { $0 = next }
        try await writer.write(contentsOf: pieces)
      }
    }
  }

  private nonisolated(nonsending) func next() async throws(CancellationError) -> Batch {
    let (stream, epoch) = (stream, epoch)
    let position = position.withLock { $0 }
    return try await world.wait(for: .stream(stream), isPending: isPending) {
      state, step -> Batch? in
      guard state.epoch == epoch,
        let taken = state.streams[stream]?.take(from: position, byteLimit: Self.batchBytes)
      else { return .end }
      if taken.pieces.isEmpty { return state.streams[stream]?.isEnded == true ? .end : nil }
      state.roomMayHaveComeUp(in: stream, &step)
      return .pieces(taken.pieces, next: taken.next)
    }
  }
}

extension World<ScramjetState> {
  /// As `wait(for:)`, but where the clock skips and the awaited thing is in progress, time goes on to
  /// the next due event, again and again, until it is there or nothing is due any more.
  nonisolated(nonsending) func wait<Value: Sendable>(
    for key: ScramjetState.WakeKey, isPending: Bool,
    _ body: @Sendable (inout ScramjetState, inout ScramjetState.Step) -> Value?
  ) async throws(CancellationError) -> Value {
    if isPending, tenant.clock.mode == .skip {
      for _ in 0..<10_000 {
        if let value = mutate({ state, step in body(&state, &step) }) { return value }
        guard tenant.nextDue != nil, !Task.isCancelled else { break }
        lookedAtPending()
        await Task.yield()
      }
    }
    return try await wait(for: key, body)
  }
}
