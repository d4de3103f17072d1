package import EmulatorKernel
package import HTTPModel
import PayloadCodecs

/// Endpoints that do not answer `data`: raw bytes, streams, signed URLs, invocations.
extension SteamshipService {
  func respond(
    to call: Call, _ special: SteamshipRoute.Special, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    switch special {
    case .taskStatus: return try taskStatus(call, identity, in: world)
    case .rawFile: return .now(try rawFile(call, identity, in: world))
    case .rawBlock: return try rawBlock(call, identity, in: world)
    case .fileEvents: return try fileEvents(call, identity, in: world)
    case .appendStream:
      return .now(
        try world.mutate { (state, step) throws(SteamshipError) -> Response in
          let caller = try state.caller(identity, &step)
          return SteamshipWire.data(
            try state.appendStream(
              id: call.parameters["id"] ?? "", call.content, caller, &step))
        })
    case .endStream(let end):
      return .now(
        try world.mutate { (state, step) throws(SteamshipError) -> Response in
          let caller = try state.caller(identity, &step)
          return SteamshipWire.data(
            try state.endStream(id: call.parameters["id"] ?? "", end, caller, &step))
        })
    case .signedRead: return .now(readSigned(call, in: world))
    case .signedWrite: return .later { await writeSigned(call, $0, in: world) }
    case .invoke: return try invoke(call, identity, in: world)
    // Browsers ask before they call a package (contract §8, CORS).
    case .preflight: return .now(CrossOrigin.answer([.get, .post], call.request))
    }
  }

  package func showsToEverybody(
    _ parameters: PathParameters, operationIndex: Int, in world: World<State>
  ) -> Bool {
    guard let id = parameters["id"],
      case .special(let special) = SteamshipRoutes.all[operationIndex].handling
    else { return false }
    return world.read { state in
      do throws(SteamshipError) {
        switch special {
        case .rawFile: _ = try state.readableFile(id: id, user: nil)
        case .rawBlock: _ = try state.readableBlock(id: id, user: nil)
        default: return false
        }
        return true
      } catch {
        return false
      }
    }
  }

  /// The id of a raw read: in the path (GET), or in the content (POST).
  private func rawID(_ call: Call) throws(SteamshipError) -> String {
    if let id = call.parameters["id"] { return id }
    return try Self.arguments(call.content).requiredString("id")
  }

  /// The user of the key, if there is one; raw reads of public content need none.
  private func reader(
    _ identity: Identity, _ state: inout State, _ step: inout Step
  ) throws(SteamshipError) -> Key<User>? {
    identity.credential == nil ? nil : try state.caller(identity, &step).user
  }

  private func rawFile(
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
      return SteamshipWire.raw(
        content.chunks(in: step.blobs), type: file.mimeType ?? MIMEType.bytes,
        content.leases(in: step.blobs))
    }
  }

  /// A block that is still streamed is sent as it grows.
  private func rawBlock(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let id = try rawID(call)
    return try world.mutate { (state, step) throws(SteamshipError) -> ServiceAnswer in
      let user = try reader(identity, &state, &step)
      let key = try state.readableBlock(id: id, user: user)
      guard let block = state.blocks[key] else { throw .unknown("block", id) }
      guard block.streamState == .started else {
        return .now(
          SteamshipWire.raw(
            state.rawChunks(of: block, step.blobs), type: block.mimeType,
            block.content.leases(in: step.blobs)))
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
    var sent = BlockNews()
    var deadline = clock.lived + Self.blockIdleLimit
    // One alarm at a time: set anew when it rings too early, not with each piece.
    var alarm: (entry: Int, at: VirtualInstant)?
    defer {
      if let entry = alarm?.entry { world.mutate { state, _ in state.cancelMoment(entry) } }
    }
    while true {
      let end = deadline
      if alarm.map({ $0.at <= world.now }) ?? true {
        let rings = world.now + (end - clock.lived)
        alarm = (world.mutate { state, _ in state.scheduleWake(wakeKey, at: rings) }, rings)
      }
      let rings = alarm?.at ?? .latest
      let before = sent
      let news = try await world.wait(for: wakeKey) { state, step -> Awaited<BlockNews> in
        let news = state.news(of: key, after: before, step.blobs)
        if clock.lived >= end { return .ready(news.ending) }
        if !news.bytes.isEmpty || news.isEnd || step.now >= rings { return .ready(news) }
        return state.isStreamedByTime(key) ? .coming : .idle
      }
      try await writer.write(news.bytes)
      if news.isEnd { return }
      if !news.bytes.isEmpty { deadline = clock.lived + Self.blockIdleLimit }
      sent = news
    }
  }

  /// Fidelity: assumed (contract §8).
  static let blockIdleLimit = Duration.seconds(60)
}

/// What came to a streamed block, and how far that is in all.
private struct BlockNews: Sendable {
  var bytes: [UInt8] = []
  var isEnd = false
  var pieceCount = 0
  var byteCount = 0

  var ending: BlockNews {
    var news = self
    news.isEnd = true
    return news
  }
}

extension SteamshipState {
  /// While a block is streamed its pieces are counted, so that each is touched once; at its end they
  /// are merged, and only the bytes count.
  fileprivate func news(of key: Key<Block>, after sent: BlockNews, _ blobs: BlobStore) -> BlockNews
  {
    var news = sent
    news.bytes = []
    guard let block = blocks[key] else { return news.ending }
    if block.streamState == .started {
      for piece in block.content.pieces.dropFirst(sent.pieceCount) {
        for chunk in blobs.blob(piece)?.chunks ?? [] { news.bytes += chunk }
      }
      news.pieceCount = block.content.pieces.count
    } else {
      news.bytes = Array(rawChunks(of: block, blobs).joined().dropFirst(sent.byteCount))
      news.isEnd = true
    }
    news.byteCount += news.bytes.count
    return news
  }
}
