import HTTPModel
import HTTPWire

// Bytes to requests and content.
extension Connection {
  /// Reads once, if there may be something and a use for it. A step of the turn.
  func readMore(_ reads: inout Int) -> Bool {
    guard reads > 0, wantsInput else { return false }
    reads -= 1
    // SAFETY: the buffer is the loop's own and nobody else's meanwhile.
    switch unsafe stream.receive(into: loop.readBuffer) {
    case .bytes(0): inputEnded()
    case .bytes(let count):
      // Do not ask again to see EAGAIN.
      if unsafe stream.isDrained(by: count, of: loop.readBuffer.count) { reads = 0 }
      received(count)
    case .wouldBlock: reads = 0
    case .failed: inputFailed()
    }
    if stream.endsNext { reads = max(1, reads) }
    return true
  }

  /// `count` bytes stand in the loop's buffer.
  private func received(_ count: Int) {
    lastReceived = loop.now
    // Thrown away, however much it is: a peer that is in the middle of an upload reads its answer
    // when it has sent all. The linger timeout is the bound.
    if !isOpen { return }
    // SAFETY: the first `count` bytes of the buffer were just written; the span does not outlive
    // this call, and nothing else reads into the buffer meanwhile.
    let bytes = unsafe UnsafeBufferPointer(
      start: loop.readBuffer.baseAddress?.assumingMemoryBound(to: UInt8.self), count: count)
    if mayBecomeSecure, pending.isEmpty, unsafe becomesSecure(bytes) { return }
    // Where bytes wait already, the turn goes on with them.
    let used = pending.isEmpty ? unsafe consume(bytes.span) : 0
    if used < count, isOpen { unsafe pending.append(contentsOf: bytes[used...]) }
    let isAll = unsafe count < loop.readBuffer.count
    if isAll, isOpen, !machine.isReadingHead, !machine.isMessageComplete { stream.acknowledge() }
  }

  /// Goes on with what was kept, if it may be gone on with. A step of the turn.
  func answerPending() -> Bool {
    guard !pending.isEmpty, isOpen, tunnel == nil,
      machine.isReadingHead ? queue.isEmpty : !machine.isMessageComplete
    else { return false }
    var bytes: [UInt8] = []
    swap(&bytes, &pending)
    if mayBecomeSecure, becomesSecure(bytes) { return true }
    let used = consume(bytes.span)
    guard isOpen, used < bytes.count else { return true }
    if used > 0 { bytes.removeFirst(used) }
    pending = bytes
    return used > 0
  }

  /// Performs all that the bytes say; how many are done with.
  private func consume(_ bytes: Span<UInt8>) -> Int {
    var position = 0
    while isOpen, tunnel == nil {
      // The next request waits until earlier responses have left.
      let isInHead = machine.isReadingHead
      if isInHead, position == bytes.count || !queue.isEmpty { break }
      guard let seen = seen(of: bytes, position) else { break }
      let start = position
      let event = machine.next(bytes.extracting(0..<seen), &position, spares: &loop.spares)
      active?.pacer?.took(position - start)
      switch consume event {
      case .needMore where seen < bytes.count:
        // What may be looked at ends inside a line.
        pauseIntake(needsMore: position == start)
        if position == start { return position }
      case .needMore, .blocked: return position
      case .request(let request): begin(request, bytes, &position)
      case .content(let range):
        // What comes behind the place of a reset or a stall is nobody's any more.
        let taken = range.prefix(active?.pacer?.contentLeft ?? .max)
        contentArrived(bytes.extracting(taken))
      case .contentEnded(let trailers): contentEnded(trailers)
      case .failed(let error):
        // Content of a request that is answered already gets no second answer.
        if active == nil, !isInHead { startLingering() } else { refuseMalformed(error) }
        return bytes.count
      case .tunnel(let tunnel):
        begin(tunnel)
        return isClosing ? bytes.count : position
      case .interim, .response: return bytes.count
      }
    }
    return position
  }

  /// So much of the input may be looked at; nil: nothing, for a fault holds the content back.
  private func seen(of bytes: Span<UInt8>, _ position: Int) -> Int? {
    guard let pacer = active?.pacer else { return bytes.count }
    if pacer.endsNow == .stall { return nil }
    if machine.isMessageComplete { return bytes.count }
    let allowance = pacer.allowance
    guard allowance > 0 else {
      pauseIntake(needsMore: false)
      return nil
    }
    return min(bytes.count, position + min(allowance, bytes.count))
  }

  private func pauseIntake(needsMore: Bool) {
    guard let active, let pacer = active.pacer,
      let pause = pacer.beginPause(at: loop.system.now(), needsMore: needsMore)
    else { return }
    wake(active, after: pause)
  }

  // MARK: Content

  private func contentArrived(_ bytes: Span<UInt8>) {
    // The answer is out and said that the connection is kept: the rest is thrown away, to its end.
    guard let active else { return }
    active.requestContentBytes += UInt64(bytes.count)
    active.owesContinue = false
    if let pacer = active.pacer {
      pacer.tookContent(bytes.count)
      if pacer.endsNow == .reset { return abort(.fault) }
    }
    switch active.intake {
    // Read on even if the connection closes afterwards: a peer that does nothing but send until
    // its content is out would never read an answer for which there is no more room.
    case .discard: break
    case .collect(let limit, _):
      if active.collected.count + bytes.count > limit {
        return stopCollecting(.tooLarge(limit: limit))
      }
      guard takeRoom(for: bytes.count, active) else { return stopCollecting(.noRoom) }
      reserveCapacity(for: bytes.count, limit, active)
      // SAFETY: copied within the closure.
      unsafe bytes.withUnsafeBufferPointer { unsafe active.collected.append(contentsOf: $0) }
    case .stream(let content):
      // SAFETY: copied within the closure.
      let chunk = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
      active.noteRequestContent(chunk)
      if content.push(chunk) { active.isReadingPaused = true }
    }
    releaseHeldHead()
  }

  private func contentEnded(_ trailers: Fields) {
    guard let active else {
      // Thrown away to its end: the connection may be used again.
      machine.finishExchange()
      return
    }
    active.owesContinue = false
    switch active.intake {
    case .discard: break
    case .collect(_, let then):
      var content: [UInt8] = []
      swap(&content, &active.collected)
      active.intake = .discard
      resolve(then(.complete(content)), active)
    case .stream(let content): content.finish(trailers: trailers)
    }
    releaseHeldHead()
  }

  private func stopCollecting(_ reason: CollectedContent) {
    guard let active, case .collect(_, let then) = active.intake else { return }
    active.collected = []
    active.lease = nil
    active.intake = .discard
    resolve(then(reason), active)
  }

  /// Room for `count` more bytes of collected content, in steps, and for the array's own growth. It is
  /// held until the exchange is over, since the content is read and kept meanwhile. A small content
  /// needs none: what takes things away shall work where nothing is left.
  private func takeRoom(for count: Int, _ active: ActiveExchange) -> Bool {
    guard active.collected.count + count > Self.smallContentMax else { return true }
    let needed = 2 * (active.collected.count + count)
    let lease = active.lease ?? MemoryLease(of: server.configuration.memory)
    active.lease = lease
    let lacking = needed - lease.count
    return lacking <= 0 || lease.grow(by: max(lacking, Self.collectedRoomStep))
  }

  /// The array at most doubles, which `takeRoom` has seen to, and becomes no larger than the content can:
  /// what is announced is not there yet, and may never come. Where much has come, the rest is believed in if
  /// there is room for it: to copy megabytes again and again would hold the loop.
  private func reserveCapacity(for count: Int, _ limit: Int, _ active: ActiveExchange) {
    let needed = active.collected.count + count
    guard needed > active.collected.capacity else { return }
    let rest = Int(min(machine.contentRemaining ?? .max, UInt64(limit - needed)))
    let whole = needed + min(rest, Self.believedMax)
    if needed >= Self.largeContentMin, let lease = active.lease,
      whole <= lease.count || lease.grow(by: whole - lease.count)
    {
      active.collected.reserveCapacity(whole)
    } else {
      active.collected.reserveCapacity(needed + min(rest, max(needed, Self.smallContentMax)))
    }
  }

  private static var smallContentMax: Int { 16 * 1024 }
  private static var largeContentMin: Int { 1 << 20 }
  private static var believedMax: Int { 16 << 20 }
  private static var collectedRoomStep: Int { 64 * 1024 }

  /// Content that is awaited does not come. Without an answer yet it is 408; a response that has begun
  /// is its producer's to end.
  func contentTimedOut() {
    // Answered already.
    guard let active else { return close(.timedOut) }
    if case .stream(let content) = active.intake {
      // Whoever shall read it is busy otherwise: the peer has held up nothing yet.
      guard content.isAwaited else {
        lastReceived = loop.now
        return
      }
      content.fail(.timedOut)
      active.intake = .discard
    }
    guard case .awaitingAnswer = active.phase else {
      return closeAfterResponse()
    }
    self.active = nil
    active.task?.cancel()
    refuse(.requestTimeout, reason: "The request's content did not arrive in time.")
    server.responder.exchangeEnded(active.exchange, outcome: active.outcome(.timedOut))
  }

  /// The reader of a streamed content has asked for more.
  func contentDemanded(_ demand: RequestContent.Demand) {
    guard let active else { return }
    switch demand {
    case .firstRead:
      // The peer's time begins when it may send.
      lastReceived = loop.now
      if active.owesContinue { sendContinue(active) }
      releaseHeldHead()
    case .resumeReading:
      lastReceived = loop.now
      active.isReadingPaused = false
    }
  }

  // MARK: The end of the input

  private func inputEnded() {
    input = .ended
    if !isOpen { return close(.peerClosed) }
    if active?.delivery?.isStalled == true { return close(.fault) }
    let isWhole = machine.endOfInput()
    guard let active else {
      // Answers that wait leave first, then the turn closes.
      if queue.isEmpty, !isWhole, !pending.isEmpty {
        refuse(.badRequest, reason: "The head ended before its end.")
      }
      return
    }
    if !isWhole, active.isLive { closeAfterResponse() }
    if endLiveResponse(active, .peerClosed) || isWhole { return }
    // The content will never be complete. Whoever reads it is told; an answer that is on its way may
    // still be wanted.
    failContent(active, .peerClosed)
    guard case .awaitingAnswer = active.phase else { return closeAfterResponse() }
    self.active = nil
    active.task?.cancel()
    refuse(.badRequest, reason: "The content ended before its end.")
    server.responder.exchangeEnded(active.exchange, outcome: active.outcome(.peerClosed))
  }

  func failContent(_ active: ActiveExchange, _ error: ContentError) {
    if case .stream(let content) = active.intake { content.fail(error) }
  }

  // MARK: Errors of the peer

  /// The bytes are not HTTP: answered with the status that says so, and nothing is read any more.
  private func refuseMalformed(_ error: HTTPParseError) {
    guard let active else { return refuse(error.status, reason: error.reason) }
    // The head was fine, its content is not.
    failContent(
      active,
      error.status == .contentTooLarge
        ? .tooLarge(
          limit: server.configuration.limits.contentBytesMax) : .malformed)
    guard case .awaitingAnswer = active.phase else { return closeAfterResponse() }
    self.active = nil
    active.task?.cancel()
    refuse(error.status, reason: error.reason)
    server.responder.exchangeEnded(active.exchange, outcome: active.outcome(.peerClosed))
  }

  /// An answer of the engine itself, and the end of the connection.
  func refuse(_ status: Status, reason: String, retryAfter: Int? = nil) {
    sendAnswers()
    guard isOpen else { return }
    server.configuration.onRefusal(peer, status, reason)
    var fields = Fields(["Content-Type": "application/json"])
    // It may be a page's program that must be told (the Fetch standard, "CORS check"); none sends what
    // is malformed.
    if status != .badRequest { fields.append("Access-Control-Allow-Origin", "*") }
    if let retryAfter { fields.append("Retry-After", String(retryAfter)) }
    let body = Array(
      "{\"error\":\"\(status.reason)\",\"status\":\(status.code),\"reason\":\"\(reason)\"}\n".utf8)
    var head: [UInt8] = []
    machine.forgetRequest()
    _ = machine.writeResponseHead(
      status, fields, contentLength: UInt64(body.count), closes: true, date: loop.dateLine,
      into: &head)
    machine.stopReading()
    pending = []
    life = .closing(lingers: input != .ended)
    queue.append(OutputQueue.Segment(bytes: head + body, kind: .frame))
  }
}
