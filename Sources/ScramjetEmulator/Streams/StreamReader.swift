import EmulatorKernel
import HTTPModel
import Synchronization

/// One reader of a stream: takes its place when it is made, gives it back when it is released, also
/// when the answer that holds it is never sent.
///
/// **Isolation**: used by one connection; the place is behind a mutex because the release may come
/// from anywhere.
final class StreamReader: BodySource {
  private struct Place {
    /// The next chunk.
    var next: Int
    /// How often time was skipped since there was something.
    var skips = 0
  }

  private let world: World<ScramjetState>
  private let stream: StreamID
  private let epoch: Int
  private let place: Mutex<Place>
  private let isPending: Bool
  /// The hub through which it reads, and how often that had crashed; nil: none that could.
  private let hub: (serial: Int, crashes: Int)?
  private let onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)?

  /// - Parameters:
  ///   - isPending: whether time may skip ahead while this reader waits.
  ///   - hub: through which hub it reads: when that crashes, reading ends.
  ///   - onLeave: what else is to be undone when it goes.
  init?(
    _ stream: StreamID, in world: World<ScramjetState>, isPending: Bool = false, hub: Int? = nil,
    onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)? = nil
  ) {
    let found = world.mutate { state, _ -> (Int, Int, Int?)? in
      guard let start = state.streams[stream]?.attach() else { return nil }
      return (start, state.epoch, hub.flatMap { state.hubs[$0]?.crashes })
    }
    guard let (start, epoch, crashes) = found else { return nil }
    if let hub, let crashes { self.hub = (hub, crashes) } else { self.hub = nil }
    self.world = world
    self.stream = stream
    self.epoch = epoch
    self.isPending = isPending
    self.onLeave = onLeave
    place = Mutex(Place(next: start))
  }

  deinit {
    let (stream, epoch, onLeave) = (stream, epoch, onLeave)
    let position = place.withLock { $0.next }
    world.mutate { state, step in
      guard state.epoch == epoch else { return }
      state.streams[stream]?.detach(from: position)
      state.roomMayHaveComeUp(in: stream, &step)
      onLeave?(&state, &step)
    }
  }

  /// Sends what comes until the stream ends or the peer goes away.
  nonisolated(nonsending) func pump(to writer: BodyWriter) async throws {
    defer { world.callOff(writer, .stream(stream)) }
    try await writer.follow(self)
  }

  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    var place = place.withLock { $0 }
    var portion = look(&place, byteLimit, writer)
    if isPending, world.tenant.clock.mode == .skip, portion.rest == .news {
      portion = skipAhead(from: portion, &place, byteLimit, writer)
    }
    if !portion.pieces.isEmpty { place.skips = 0 }
    self.place.withLock { [place] in $0 = place }
    return portion
  }

  /// Where the clock skips, time goes on to the next due event until there is something or nothing is
  /// due any more; after some events the loop's others have their turn.
  private func skipAhead(
    from portion: BodyPortion, _ place: inout Place, _ byteLimit: Int, _ writer: BodyWriter
  ) -> BodyPortion {
    guard portion.pieces.isEmpty else { return BodyPortion(portion.pieces, .more) }
    var portion = portion
    while portion.rest == .news, place.skips < 10_000, world.tenant.nextDue != nil {
      place.skips += 1
      world.lookedAtPending()
      portion = look(&place, byteLimit, writer)
      if !portion.pieces.isEmpty { return BodyPortion(portion.pieces, .more) }
      if place.skips.isMultiple(of: 64) {
        writer.newsArrived()
        break
      }
    }
    return portion
  }

  private func look(_ place: inout Place, _ byteLimit: Int, _ writer: BodyWriter) -> BodyPortion {
    world.poll(for: .stream(stream), writer) { state, step in
      let isCut = hub.map { state.hubs[$0.serial]?.crashes != $0.crashes } ?? false
      guard state.epoch == epoch,
        let taken = state.streams[stream]?.take(
          from: place.next, byteLimit: byteLimit, joins: !writer.keepsPieces)
      else { return BodyPortion([], .end) }
      place.next = taken.next
      if !taken.pieces.isEmpty { state.roomMayHaveComeUp(in: stream, &step) }
      // Others may have written meanwhile, or ended it.
      guard let log = state.streams[stream] else { return BodyPortion(taken.pieces, .more) }
      if taken.next < log.end { return BodyPortion(taken.pieces, .more) }
      guard log.isEnded || isCut else { return BodyPortion(taken.pieces, .news) }
      return BodyPortion(taken.pieces, taken.pieces.isEmpty ? .end : .more)
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
