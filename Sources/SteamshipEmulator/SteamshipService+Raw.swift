package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// The bytes of files and blocks, and blocks that are streamed.
extension SteamshipService {
  func appendStream(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    try world.mutate { (state, step) throws(SteamshipError) -> ServiceAnswer in
      let caller = try state.caller(identity, &step)
      try state.appendStream(id: call.parameters["id"] ?? "", call.content, caller, &step)
      return .now(SteamshipWire.data([:]))
    }
  }

  func endStream(
    _ end: Block.StreamState, _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    try world.mutate { (state, step) throws(SteamshipError) -> ServiceAnswer in
      let caller = try state.caller(identity, &step)
      return .now(
        try state.endStream(id: call.parameters["id"] ?? "", end, caller, &step).response)
    }
  }

  package func showsToEverybody(
    _ parameters: PathParameters, at endpoint: Endpoint<SteamshipService>,
    in world: World<State>
  ) -> Bool {
    guard let id = parameters["id"], let isPublic = endpoint.handler.isPublic else { return false }
    return world.read { state in isPublic(state, id) }
  }

  /// The id of a raw read: in the path (GET), or in the content (POST).
  private func rawID(_ call: Call) throws(SteamshipError) -> String {
    if let id = call.parameters["id"] { return id }
    return try Self.arguments(of: call).requiredString("id")
  }

  /// The user of the key, if there is one; raw reads of public content need none.
  private func reader(
    _ identity: Identity, _ state: inout State, _ step: inout Step
  ) throws(SteamshipError) -> Key<User>? {
    identity.credential == nil ? nil : try state.caller(identity, &step).user
  }

  func rawFile(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> Response {
    let id = try rawID(call)
    return try world.mutate { (state, step) throws(SteamshipError) -> Response in
      let user = try reader(identity, &state, &step)
      let key = try state.readableFile(id: id, user: user)
      guard let file = state.files[key], let content = file.content else {
        throw SteamshipError(
          404, "NoContent", "The file has no bytes of its own.",
          suggestion: "It was made of blocks: read those.")
      }
      return content.answer(
        to: call.request, type: file.mimeType ?? MIMEType.bytes, modified: file.createdAt,
        step.blobs)
    }
  }

  /// A block that is still streamed is sent as it grows.
  func rawBlock(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let id = try rawID(call)
    return try world.mutate { (state, step) throws(SteamshipError) -> ServiceAnswer in
      let user = try reader(identity, &state, &step)
      let key = try state.readableBlock(id: id, user: user)
      guard let block = state.blocks[key] else { throw .unknown("block", id) }
      guard block.streamState == .started else {
        guard block.text == nil else {
          // Texts change in place.
          let stored = StoredAnswer(state.rawChunks(of: block, step.blobs), type: block.mimeType)
          return .now(stored.answer(to: call.request))
        }
        return .now(
          block.content.answer(
            to: call.request, type: block.mimeType, modified: nil, step.blobs))
      }
      let response = Response.streaming(
        .ok, fields: Fields(["Content-Type": block.mimeType]), isLive: true
      ) {
        try await sendGrowingBlock(key, to: $0, in: world)
      }
      return .now(response)
    }
  }

  /// Ends when the stream ends, or when nothing came for `blockIdleLimit`: of the tenant's time, but
  /// without what is jumped over, since that patience is for clients who write.
  private func sendGrowingBlock(
    _ key: Key<Block>, to writer: BodyWriter, in world: World<State>
  ) async throws {
    let wakeKey = State.WakeKey.block(serial: key.serial)
    let clock = world.tenant.clock
    var sent = BlockProgress()
    var deadline = clock.lived + Self.blockIdleLimit
    // One timer at a time: set anew when it fires too early, not with each piece.
    var timer: (entry: Int, at: VirtualInstant)?
    defer {
      if let entry = timer?.entry { world.mutate { state, _ in state.cancelMoment(entry) } }
    }
    while true {
      let end = deadline
      if timer.map({ $0.at <= world.now }) ?? true {
        let firesAt = world.now + (end - clock.lived)
        timer = (world.mutate { state, _ in state.scheduleWake(wakeKey, at: firesAt) }, firesAt)
      }
      let firesAt = timer?.at ?? .latest
      let before = sent
      let progress = try await world.wait(for: wakeKey) { state, step -> Awaited<BlockProgress> in
        let progress = state.progress(of: key, after: before, step.blobs)
        if clock.lived >= end { return .ready(progress.ending) }
        if !progress.bytes.isEmpty || progress.isEnd || step.now >= firesAt {
          return .ready(progress)
        }
        return state.isStreamedByTime(key) ? .coming : .idle
      }
      try await writer.write(progress.bytes)
      if progress.isEnd { return }
      if !progress.bytes.isEmpty { deadline = clock.lived + Self.blockIdleLimit }
      sent = progress
    }
  }

  /// Fidelity: assumed (contract §8).
  static let blockIdleLimit = Duration.seconds(60)
}

/// What came to a streamed block, and how far that is in all.
private struct BlockProgress: Sendable {
  var bytes: [UInt8] = []
  var isEnd = false
  var pieceCount = 0
  var byteCount = 0

  var ending: BlockProgress {
    var progress = self
    progress.isEnd = true
    return progress
  }
}

extension SteamshipState {
  /// While a block is streamed its pieces are counted, so that each is touched once; at its end they
  /// are merged, and only the bytes count.
  fileprivate func progress(of key: Key<Block>, after sent: BlockProgress, _ blobs: BlobStore)
    -> BlockProgress
  {
    var progress = sent
    progress.bytes = []
    guard let block = blocks[key] else { return progress.ending }
    if block.streamState == .started {
      for piece in block.content.pieces.dropFirst(sent.pieceCount) {
        for chunk in blobs.blob(piece)?.chunks ?? [] { progress.bytes += chunk }
      }
      progress.pieceCount = block.content.pieces.count
    } else {
      progress.bytes = Array(rawChunks(of: block, blobs).joined().dropFirst(sent.byteCount))
      progress.isEnd = true
    }
    progress.byteCount += progress.bytes.count
    return progress
  }
}
