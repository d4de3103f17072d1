import EmulatorKernel
import HTTPModel
import Synchronization

/// One reader of a stream: takes its place when it is made, gives it back when it is released, also
/// when the answer that holds it is never sent.
///
/// **Isolation**: used by one connection; the place is behind a mutex because the release may come
/// from anywhere.
final class StreamReader: BodySource {
  /// Who may write to the stream by itself, so that time may jump for its readers.
  enum Source: Sendable {
    case nobody
    /// - endsHere: nothing more comes once the instance is over, though the stream stays until it is
    ///   gone: where the clock skips its readers need not wait for that.
    case instance(InstanceKey, endsHere: Bool = false)
    case topic(TopicKey)
  }

  private struct Place {
    /// The next chunk.
    var next: Int
    /// For jumps, since there was something.
    var budget = SkipBudget.ofStream
  }

  private let world: World<ScramjetState>
  private let stream: StreamKey
  private let epoch: Int
  private let place: Mutex<Place>
  private let source: Source
  /// The hub through which it reads; nil: none that could crash.
  private let hub: HubLife?
  private let onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)?

  /// - Parameters:
  ///   - source: for whose doing time may jump while this reader waits.
  ///   - hub: through which hub it reads: when that crashes, reading ends.
  ///   - onLeave: what else is to be undone when it goes.
  init?(
    _ stream: StreamKey, in world: World<ScramjetState>, source: Source = .nobody,
    hub: HubKey? = nil,
    onLeave: (@Sendable (inout ScramjetState, inout ScramjetState.Step) -> Void)? = nil
  ) {
    let found = world.mutate { state, step -> (Int, Int, HubLife?)? in
      state.runWork(&step)
      state.readerComes(to: stream)
      guard let start = state.streams[stream]?.attach() else { return nil }
      return (start, state.epoch, HubLife(hub, in: state))
    }
    guard let (start, epoch, life) = found else { return nil }
    self.hub = life
    self.world = world
    self.stream = stream
    self.epoch = epoch
    self.source = source
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

  func end(for writer: BodyWriter) { world.stopPolling(writer, .stream(stream)) }

  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    var place = place.withLock { $0 }
    let (start, isSkipping) = (place, world.isSkipping)
    var next = place.next
    let portion = world.poll(
      for: .stream(stream), writer, &place.budget, while: { isComing($0, start.next) }
    ) { state, step in
      take(from: &next, byteLimit, joins: !writer.keepsPieces, isSkipping, &state, &step)
    }
    place.next = next
    if !portion.pieces.isEmpty { place.budget = .ofStream }
    self.place.withLock { [place] in $0 = place }
    return portion
  }

  private func take(
    from next: inout Int, _ byteLimit: Int, joins: Bool, _ isSkipping: Bool,
    _ state: inout ScramjetState, _ step: inout ScramjetState.Step
  ) -> BodyPortion {
    guard state.epoch == epoch,
      let taken = state.streams[stream]?.serveReader(at: next, byteLimit: byteLimit, joins: joins)
    else { return BodyPortion([], .end) }
    next = taken.next
    if taken.freesWriters {
      state.roomMayHaveComeUp(in: stream, &step)
      // They may have written meanwhile, or ended it.
      if !taken.pieces.isEmpty { return BodyPortion(taken.pieces, .more) }
    }
    if taken.hasMore { return BodyPortion(taken.pieces, .more) }
    guard taken.isEnded || hub?.isOver(in: state) == true || (isSkipping && isSourceOver(state))
    else {
      return BodyPortion(taken.pieces, .later)
    }
    return BodyPortion(taken.pieces, taken.pieces.isEmpty ? .end : .more)
  }

  private func isSourceOver(_ state: borrowing ScramjetState) -> Bool {
    guard case .instance(let serial, endsHere: true) = source else { return false }
    return state.instances[serial]?.status.isOver ?? true
  }

  /// Whether there is nothing yet, but time brings something.
  private func isComing(_ state: borrowing ScramjetState, _ next: Int) -> Bool {
    let isIdle = state.streams.read(stream) { next >= $0.end && !$0.isEnded }
    guard state.epoch == epoch, isIdle == true, !isSourceOver(state), hub?.isOver(in: state) != true
    else { return false }
    return switch source {
    case .nobody: false
    case .instance(let serial, _): state.isMovedByTime(serial)
    case .topic(let key): state.isMovedByTime(key)
    }
  }
}

/// A hub from its start to its crash: what goes through it ends with it.
struct HubLife: Sendable {
  private let hub: HubKey
  private let crashes: Int

  init?(_ hub: HubKey?, in state: borrowing ScramjetState) {
    guard let hub, let crashes = state.hubs.read(hub, { $0.crashes }) else { return nil }
    self.hub = hub
    self.crashes = crashes
  }

  func isOver(in state: borrowing ScramjetState) -> Bool {
    state.hubs.read(hub) { $0.crashes } != crashes
  }
}
