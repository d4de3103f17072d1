import HTTPModel
import HTTPWire

// Services and body producers that run as tasks on the loop.
extension Connection {
  func startService(
    _ service: @escaping @Sendable (RequestContent) async -> Response, _ active: ActiveExchange
  ) {
    let handle = loop.handle
    let key = self.key
    let number = active.exchange.sequenceNumber
    let content = RequestContent(onDemand: { demand in
      handle.post(.channel(key, .demand(exchange: number, demand)))
    })
    active.intake = .stream(content)
    if machine.isMessageComplete { content.finish(trailers: Fields()) }
    active.task = startTask {
      let response = await service(content)
      handle.post(.channel(key, .answered(exchange: number, response)))
    }
  }

  /// Runs `body` on this loop's thread, as a task whose executor is the loop.
  ///
  /// The alternative is a task on the global pool whose result comes back as a mailbox command (the
  /// loop's own continuation queue). Both were measured with the same server, one core, wrk with 64
  /// connections, CPU time per request, medians of four rounds taken in turns on a busy machine:
  ///
  ///     answered `.later`, nothing awaited:    executor 10.6 µs    mailbox 12.9 µs
  ///     a stream of ten pieces:                executor 24.4 µs    mailbox 26.3 µs
  ///
  /// And with the executor a producer and its connection never run at the same time: their locks
  /// are never contended, what a producer writes in one go leaves in one call, and an answer needs
  /// no wake-up of another core.
  func startTask(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    Task(executorPreference: loop.handle, operation: body)
  }

  func startProducer(_ response: Response, _ active: ActiveExchange) {
    if case .queued = active.phase { return }
    switch response.body {
    case .empty, .bytes, .chunks: break
    case .stream(_, let producer): run(producer, active)
    case .followed(let source): follow(source, active)
    }
  }

  /// What there is already leaves with the head.
  private func follow(_ source: any BodySource, _ active: ActiveExchange) {
    let handle = loop.handle
    let key = self.key
    let number = active.exchange.sequenceNumber
    active.writer = BodyWriter(
      onReady: { handle.postReadySource(key, exchange: number) },
      keepsPieces: active.delivery != nil, source: source)
    active.isWriterReady = true
  }

  private func run(_ producer: @escaping BodyProducer, _ active: ActiveExchange) {
    let handle = loop.handle
    let key = self.key
    let number = active.exchange.sequenceNumber
    if case .sending = active.phase {
      // Its first pieces leave together with the head, if they come at once.
      active.phase = .starting
      handle.post(.channel(key, .flush(exchange: number)))
    }
    let writer = BodyWriter(
      onReady: { handle.post(.channel(key, .writable(exchange: number))) },
      onSourceReady: { handle.postReadySource(key, exchange: number) },
      keepsPieces: active.delivery != nil)
    active.writer = writer
    active.task = startTask {
      do {
        try await producer(writer)
        writer.end()
      } catch {
        handle.post(.channel(key, .producerFailed(exchange: number)))
      }
    }
  }

  /// The producer's first job has run: its head need not wait for its first pieces any more.
  func producerHasBegun() {
    guard let active else { return }
    if case .starting = active.phase { active.phase = .sending }
    active.isWriterReady = true
  }

  /// Moves some of what a producer has written into the output, if the peer takes it. A step of the
  /// turn.
  func takeFromWriter() -> Bool {
    guard let active, active.isWriterReady, let writer = active.writer else { return false }
    // Its reader has gone, or will read no more: nothing is fetched on its behalf.
    if active.isLive, input != .open { return false }
    if case .headHeld = active.phase { releaseHeldHead() }
    guard case .sending = active.phase, queue.byteCount < StreamMarks.low else { return false }
    let taken = writer.take(byteLimit: StreamMarks.low)
    active.isWriterReady = taken.hasMore
    for piece in taken.pieces { queueStreamPiece(piece, active) }
    guard taken.isEnd else { return !taken.pieces.isEmpty }
    // Less than was announced: the peer must not take it for complete.
    if case .length = active.plan.framing, active.contentAllowed > 0 {
      producerFailed()
    } else {
      endOfContent(active, trailers: taken.trailers)
    }
    return true
  }

  /// Nothing waits to be sent when it is due, so it stands between two pieces.
  func sendHeartbeat() {
    guard let active, let heartbeat = active.heartbeat else { return }
    queueStreamPiece(Array(heartbeat.description.utf8), active)
  }

  /// What goes beyond an announced length is cut off: it would be read as the next response.
  func queueStreamPiece(_ piece: [UInt8], _ active: ActiveExchange) {
    guard case .length = active.plan.framing else { return queuePiece(piece, active) }
    let allowed = Int(clamping: active.contentAllowed)
    guard allowed > 0 else { return }
    let part = piece.count <= allowed ? piece : Array(piece.prefix(allowed))
    active.contentAllowed -= UInt64(part.count)
    queuePiece(part, active)
  }

  /// The producer threw, or gave less than it announced: what it wrote still leaves, then the
  /// connection closes inside the message, so that the peer sees that it is incomplete.
  func producerFailed() {
    guard let active else { return }
    // The response was ended without it.
    if case .queued = active.phase { return }
    if case .headHeld = active.phase { releaseHeldHead() }
    if let writer = active.writer {
      for piece in writer.take(byteLimit: .max).pieces { queueStreamPiece(piece, active) }
    }
    active.endingInstead = .producerFailed
    active.phase = .queued
    closeAfterResponse()
  }

  /// Ends a live response where it is: what its producer has written still leaves and the message ends
  /// properly, nothing more is fetched. False if there is no such response under way.
  ///
  /// That happens when the peer closes its side (a reader that has gone must not take the next message
  /// of a topic with it; the real hub ends the response, too), and when the server stops.
  func endLiveResponse(_ active: ActiveExchange, _ ending: ExchangeOutcome.Ending) -> Bool {
    guard active.isLive else { return false }
    if case .headHeld = active.phase { releaseHeldHead() }
    guard isOpen, active.isSending else { return false }
    for piece in active.writer?.takeWritten() ?? [] { queueStreamPiece(piece, active) }
    active.writer?.close()
    active.task?.cancel()
    failContent(active, ending == .serverStopped ? .timedOut : .peerClosed)
    active.endingInstead = ending
    endOfContent(active)
    return true
  }
}
