import EmulatorKernel
import HTTPModel
import Synchronization

/// One who looks at a stream without taking from it: `GET /_wavetank/tap/scramjet`.
///
/// **Isolation**: as `StreamReader`.
final class StreamWatcher: BodySource {
  private let world: World<ScramjetState>
  private let stream: StreamKey
  private let epoch: Int
  private let next: Mutex<Int>

  init?(_ stream: StreamKey, in world: World<ScramjetState>) {
    let found = world.mutate { state, _ -> (Int, Int)? in
      state.readerComes(to: stream)
      guard let start = state.streams[stream]?.watch() else { return nil }
      return (start, state.epoch)
    }
    guard let (start, epoch) = found else { return nil }
    self.world = world
    self.stream = stream
    self.epoch = epoch
    next = Mutex(start)
  }

  deinit {
    let (stream, epoch) = (stream, epoch)
    world.mutate { state, _ in
      if state.epoch == epoch { state.streams[stream]?.endWatching() }
    }
  }

  func end(for writer: BodyWriter) { world.stopPolling(writer, .stream(stream)) }

  func take(byteLimit: Int, for writer: BodyWriter) -> BodyPortion {
    var position = next.withLock { $0 }
    // Time does not jump for somebody who only looks.
    var budget = SkipBudget(events: 0)
    let portion = world.poll(
      for: .stream(stream), writer, &budget, while: { _ in false }
    ) { state, _ in
      guard state.epoch == epoch, let log = state.streams[stream] else {
        return BodyPortion([], .end)
      }
      let (pieces, next) = log.watched(from: position, byteLimit: byteLimit)
      position = next
      guard pieces.isEmpty else { return BodyPortion(pieces, .more) }
      return BodyPortion([], log.isEnded ? .end : .later)
    }
    next.withLock { [position] in $0 = position }
    return portion
  }
}
