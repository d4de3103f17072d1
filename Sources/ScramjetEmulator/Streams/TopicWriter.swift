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
  private let stream: StreamID
  private let epoch: Int
  private let writer: Topic.Writer
  private let lastByte = Mutex<UInt8?>(nil)

  init(_ topic: Topic, _ key: TopicKey, in world: World<ScramjetState>) {
    self.world = world
    self.key = key
    stream = topic.stream
    (writer, epoch) = world.mutate { state, _ in
      let writer = Topic.Writer.request(state.newSerial())
      state.joinWriters(writer, of: key)
      return (writer, state.epoch)
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
    let (key, writer, epoch, stream) = (key, writer, epoch, stream)
    _ = try await world.wait(for: .turn(stream)) { state, _ -> Bool? in
      guard state.epoch == epoch, state.topics[key]?.stream == stream else { return true }
      return state.isTurn(of: writer, at: key) ? true : nil
    }
  }

  /// Passes a chunk on to the readers; waits while they are behind.
  func write(_ chunk: [UInt8]) async throws(CancellationError) {
    guard let last = chunk.last else { return }
    lastByte.withLock { $0 = last }
    guard chunk.count > Self.pieceBytes else { return try await writePiece(chunk) }
    var start = 0
    while start < chunk.count {
      let end = min(chunk.count, start + Self.pieceBytes)
      try await writePiece(Array(chunk[start..<end]))
      start = end
    }
  }

  private func writePiece(_ piece: [UInt8]) async throws(CancellationError) {
    let (key, stream, epoch) = (key, stream, epoch)
    _ = try await world.wait(for: .room(stream)) { state, step -> Bool? in
      guard state.epoch == epoch else { return true }
      switch state.publishIfRoom(piece, to: key, stream: stream, &step) {
      case false: return nil
      case true, nil: return true
      }
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
