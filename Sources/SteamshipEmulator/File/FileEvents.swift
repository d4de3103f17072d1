import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// `GET file/{id}/stream`: one server-sent event for each block that comes to a file.
///
/// **Shape**: `event: blockCreated`, `id: <block id>`,
/// `data: {"blockCreated": {"blockId": …, "createdAt": …}}`.
/// Source: contract §2.5; SDK `data/file.py`, TypeScript client. Blocks that are there already are
/// sent first, so that a client that comes late misses nothing. The end that the client asks for, by
/// `timeoutSeconds`, is something that is due like any other: with the clock mode `skip` the stream
/// sends what is there and what comes by itself until then, and ends.
extension SteamshipService {
  /// What a client may ask for in the query.
  private struct Subscription: Sendable {
    var file: Key<File>
    var requestID: String?
    var since: VirtualInstant?
    var timeout: Duration
  }

  /// Fidelity: assumed; the tests ask for 30 s, the TypeScript client for 60 s.
  private static let timeoutByDefault = Duration.seconds(60)

  func fileEvents(
    _ call: Call, _ identity: Identity, in world: World<State>
  ) throws(SteamshipError) -> ServiceAnswer {
    let target = call.request.target
    let requestID = target.queryValue("requestId").flatMap { $0.isEmpty ? nil : $0 }
    var timeout = Self.timeoutByDefault
    if let text = target.queryValue("timeoutSeconds"), !text.isEmpty {
      guard let seconds = Double(text), seconds >= 0, seconds <= 86_400 else {
        throw .invalid("The parameter \"timeoutSeconds\" must be a number of seconds.")
      }
      timeout = Duration(inSeconds: seconds)
    }
    var since: VirtualInstant?
    if let text = target.queryValue("minDatetime"), !text.isEmpty {
      guard let instant = VirtualInstant(iso8601: text) else {
        throw .invalid("The parameter \"minDatetime\" must be a time in ISO 8601.")
      }
      since = instant
    }
    let id = call.parameters["id"] ?? ""
    let (requested, minimum, limit) = (requestID, since, timeout)
    let subscription = try world.mutate { (state, step) throws(SteamshipError) -> Subscription in
      let caller = try state.caller(identity, &step)
      let file = try state.readableFile(id: id, user: caller.user)
      return Subscription(file: file, requestID: requested, since: minimum, timeout: limit)
    }
    var fields = Fields(["Content-Type": "text/event-stream"])
    fields.append("Cache-Control", "no-cache")
    var response = Response.streaming(.ok, fields: fields, isLive: true) {
      try await send(subscription, to: $0, in: world)
    }
    response.heartbeat = ":\n\n"
    return .now(response)
  }

  private func send(
    _ subscription: Subscription, to writer: BodyWriter, in world: World<State>
  ) async throws {
    let deadline = world.now + subscription.timeout
    let wakeKey = State.WakeKey.file(serial: subscription.file.serial)
    let entry = world.mutate { state, _ in state.scheduleWake(wakeKey, at: deadline) }
    defer { world.mutate { state, _ in state.cancelMoment(entry) } }
    // Something to read at once, so that clients see the stream open.
    try await writer.write(": open\n\n")
    var last: Key<Block>?
    while true {
      let after = last
      let next = try await world.wait(for: wakeKey) { state, step -> Awaited<Events> in
        let found = state.events(for: subscription.file, after: after) { block in
          (subscription.requestID == nil || block.requestID == subscription.requestID)
            && (subscription.since.map { block.createdAt >= $0 } ?? true)
        }
        let isOver = step.now >= deadline || !state.files.contains(subscription.file)
        guard isOver || !found.bytes.isEmpty || !found.isAll else { return .coming }
        return .ready(
          Events(bytes: found.bytes, last: found.last, isEnd: isOver && found.isAll))
      }
      last = next.last ?? last
      try await writer.write(next.bytes)
      if next.isEnd { return }
    }
  }

  private struct Events: Sendable {
    var bytes: [UInt8]
    var last: Key<Block>?
    var isEnd: Bool
  }
}

extension SteamshipState {
  /// So many blocks are looked at in one go: some milliseconds of a loop.
  private static let eventsAtOnceMax = 500

  /// The events of a file's next blocks behind one of them; whether there are no more.
  fileprivate func events(
    for file: Key<File>, after: Key<Block>?, where isWanted: (Block) -> Bool
  ) -> (bytes: [UInt8], last: Key<Block>?, isAll: Bool) {
    guard let all = files.read(file, { $0.blocks }) else { return ([], nil, true) }
    let start = after.map { after in all.partitioningIndex { $0 > after } } ?? 0
    var bytes: [UInt8] = []
    let next = all[start...].prefix(Self.eventsAtOnceMax)
    for key in next {
      guard let block = blocks[key], isWanted(block) else { continue }
      let data: JSON = [
        "blockCreated": [
          "blockId": .string(block.id), "createdAt": .string(block.createdAt.iso8601()),
        ]
      ]
      bytes += "event: blockCreated\nid: \(block.id)\ndata: \(data.text)\n\n".utf8
    }
    return (bytes, next.last, next.endIndex == all.endIndex)
  }

  /// Wakes who waits for `key` at an instant: for waits that end in time.
  mutating func scheduleWake(_ key: WakeKey, at instant: VirtualInstant) -> Int {
    lastMoment += 1
    due.schedule(.wake(key, number: lastMoment), at: instant)
    return lastMoment
  }

  mutating func cancelMoment(_ number: Int) {
    due.cancel {
      switch $0 {
      case .wake(_, number), .moment(number): true
      default: false
      }
    }
  }
}
