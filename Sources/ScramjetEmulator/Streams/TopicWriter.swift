import EmulatorKernel
import HTTPModel
import PayloadCodecs
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
  let hubID: String?

  private struct Progress {
    var lastByte: UInt8?
    /// Its place is given back.
    var hasLeft = false
  }
  private let progress = Mutex(Progress())

  /// The topic is made where there is none.
  /// - Parameters:
  ///   - type: of what it writes; nil: whatever the topic has.
  ///   - hub: through which it writes: when that crashes, writing is over.
  init(
    _ key: TopicKey, type: String?, through hub: HubKey?, in world: World<ScramjetState>
  ) throws(ScramjetError) {
    self.world = world
    self.key = key
    (stream, writer, epoch, self.hub, hubID) = try world.mutate {
      state, step throws(ScramjetError) in
      state.runWork(&step)
      let topic = state.topic(key, type: type, origin: hub, &step)
      if let type, topic.contentType != type {
        throw ScramjetError(415, "Acceptable Content-Type for \(key.name) is \(topic.contentType)")
      }
      let writer = Topic.Writer.request(state.newSerial())
      state.joinWriters(writer, of: key)
      let hubID = hub.flatMap { state.hubs.read($0) { $0.id } }
      return (topic.stream, writer, state.epoch, HubLife(hub, in: state), hubID)
    }
  }

  deinit {
    if progress.withLock({ $0.hasLeft }) { return }
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
    progress.withLock { $0.lastByte = last }
    guard chunk.count > Self.pieceBytes else { return try await writePiece(chunk) }
    var start = 0
    while start < chunk.count {
      let end = min(chunk.count, start + Self.pieceBytes)
      guard try await writePiece(Array(chunk[start..<end])) else { return false }
      start = end
    }
    return true
  }

  /// All that a request brings, and its end, where this is its writer's turn and there is room.
  /// - Returns: false when the hub has crashed; nil: not yet, and nothing is done.
  func publish(whole content: [UInt8]) -> Bool? {
    let (key, epoch, stream, writer, hub) = (key, epoch, stream, writer, hub)
    let isTaken = world.mutate { state, step -> Bool? in
      if !content.isEmpty, hub?.isOver(in: state) == true { return false }
      guard state.epoch == epoch, state.topics[key]?.stream == stream else { return true }
      guard state.isTurn(of: writer, at: key) else { return nil }
      if !content.isEmpty,
        state.publishIfRoom(content, to: key, stream: stream, &step) == false
      {
        return nil
      }
      state.endLine(of: key, after: content.last, &step)
      state.leaveWriters(writer, of: key, &step)
      return true
    }
    if isTaken == true { progress.withLock { $0.hasLeft = true } }
    return isTaken
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
    let last = progress.withLock { progress in
      progress.hasLeft = true
      return progress.lastByte
    }
    world.mutate { state, step in
      guard state.epoch == epoch, state.topics[key]?.stream == stream else { return }
      state.endLine(of: key, after: last, &step)
      state.leaveWriters(writer, of: key, &step)
    }
  }
}
