import EmulatorKernel
import HTTPModel
import Synchronization

/// One request's place among a topic's writers: taken when it is made, given back when it is
/// released, so that a client that vanishes never holds up those behind it.
final class TopicWriter: Sendable {
  /// A chunk is passed on in pieces of this size, so that one large chunk cannot jump over the mark.
  private static let pieceBytes = 64 * 1024

  private let world: World<ScramjetState>
  private let key: TopicKey
  private let stream: StreamKey
  private let epoch: Int
  private let writer: Topic.Writer
  private let hub: HubLife?
  private let lastByte = Mutex<UInt8?>(nil)

  /// - Parameter hub: through which it writes: when that crashes, writing is over.
  init(_ topic: Topic, _ key: TopicKey, through hub: HubKey?, in world: World<ScramjetState>) {
    self.world = world
    self.key = key
    stream = topic.stream
    (writer, epoch, self.hub) = world.mutate { state, _ in
      let writer = Topic.Writer.request(state.newSerial())
      state.joinWriters(writer, of: key)
      return (writer, state.epoch, HubLife(hub, in: state))
    }
  }

  deinit {
    let (key, writer, epoch, stream) = (key, writer, epoch, stream)
    world.mutate { state, step in
      guard state.epoch == epoch, state.topics[key]?.stream == stream else { return }
      state.leaveWriters(writer, of: key, &step)
    }
  }

  /// Waits until all who came before are through.
  func waitForTurn() async throws(CancellationError) {
    let (key, writer, epoch, stream, hub) = (key, writer, epoch, stream, hub)
    try await world.wait(for: .turn(stream)) { state, _ in
      guard state.epoch == epoch, state.topics[key]?.stream == stream,
        hub?.isOver(in: state) != true
      else { return .ready(()) }
      if state.isTurn(of: writer, at: key) { return .ready(()) }
      return state.isMovedByTime(key) ? .coming : .idle
    }
  }

  /// Passes a chunk on to the readers; waits while they are behind.
  /// - Returns: false when the hub has crashed: nothing more is taken.
  func write(_ chunk: [UInt8]) async throws(CancellationError) -> Bool {
    guard let last = chunk.last else { return true }
    lastByte.withLock { $0 = last }
    guard chunk.count > Self.pieceBytes else { return try await writePiece(chunk) }
    var start = 0
    while start < chunk.count {
      let end = min(chunk.count, start + Self.pieceBytes)
      guard try await writePiece(Array(chunk[start..<end])) else { return false }
      start = end
    }
    return true
  }

  private func writePiece(_ piece: [UInt8]) async throws(CancellationError) -> Bool {
    let (key, stream, epoch, hub) = (key, stream, epoch, hub)
    return try await world.wait(for: .room(stream)) { state, step -> Awaited<Bool> in
      if hub?.isOver(in: state) == true { return .ready(false) }
      guard state.epoch == epoch,
        state.publishIfRoom(piece, to: key, stream: stream, &step) == false
      else { return .ready(true) }
      return state.isMovedByTime(key) ? .coming : .idle
    }
  }

  /// The content is complete: its last line is ended, and the next writer has its turn.
  func finish() {
    let (key, epoch, stream, writer) = (key, epoch, stream, writer)
    let last = lastByte.withLock { $0 }
    world.mutate { state, step in
      guard state.epoch == epoch, state.topics[key]?.stream == stream else { return }
      state.endLine(of: key, after: last, &step)
      state.leaveWriters(writer, of: key, &step)
    }
  }
}
