import HTTPModel
import HTTPWire
import Synchronization

// Requests to answers, and answers to responses.
extension Connection {
  /// Bodies up to this size are copied behind their head and leave with it in one call; larger
  /// ones are sent from where they are. Source: the anchors' measurement of `writev`.
  static let inlineBodyBytesMax = 16 * 1024
  /// A batch of pipelined answers is sent when it has grown so far.
  static let batchBytesMax = 128 * 1024

  /// A head is complete. What needs no waiting is answered here and now.
  func begin(_ request: consuming Request, _ input: Span<UInt8>, _ position: inout Int) {
    if gate != nil, isShutOut { return abort(.fault) }
    sequenceNumber += 1
    if request.version == .http10, request.host == nil { request.arrivalHost = arrivalHost }
    loop.spares.note(arrival, of: &request)
    var exchange = Exchange(connectionID: id, sequenceNumber: sequenceNumber, peer: peer)
    let answer = server.responder.respond(to: request, exchange: &exchange)
    loop.spares.reclaim(request)
    begin(answer, exchange, 0, input, &position)
  }

  /// Goes on with an answer, and with the content where that stands in the input already. Consumes it: a
  /// response is half a dozen references, and no copy of it is made on the way.
  /// - Parameter taken: how many bytes of the content it has already.
  private func begin(
    _ answer: consuming Answer, _ exchange: Exchange, _ taken: UInt64, _ input: Span<UInt8>,
    _ position: inout Int
  ) {
    switch consume answer {
    case .now(let response): begin(response, exchange, taken, input, &position)
    case .collect(let limit, let then):
      if exchange.upload == nil, let content = takeWholeContent(input, &position, limit: limit) {
        let count = UInt64(content.count)
        begin(then(.complete(content)), exchange, count, input, &position)
      } else {
        beginActive(
          .collect(limit: limit, then: then), exchange, taken,
          isContentHere: position < input.count)
      }
    case .atOnce(let work, orLater: let service):
      if exchange.upload == nil, let content = contentAtHand(input, position),
        let response = work(content)
      {
        begin(response, exchange, taken, input, &position)
      } else {
        beginActive(.later(service), exchange, taken, isContentHere: position < input.count)
      }
    case .later(let service):
      beginActive(.later(service), exchange, taken, isContentHere: position < input.count)
    }
  }

  /// The response is known. What has come of content that nobody asked for is thrown away.
  private func begin(
    _ response: consuming Response, _ exchange: Exchange, _ taken: UInt64, _ input: Span<UInt8>,
    _ position: inout Int
  ) {
    var contentBytes = taken
    let isContentHere = position < input.count
    if exchange.upload == nil, !machine.isMessageComplete {
      contentBytes += discardContent(input, &position)
    }
    if exchange.upload == nil, machine.isMessageComplete, response.isInlineable {
      appendInline(response, exchange, contentBytes)
    } else {
      beginActive(.now(response), exchange, contentBytes, isContentHere: isContentHere)
    }
  }

  var arrivalHost: String? {
    guard let local = try? loop.system.localAddress(fd).peer else { return nil }
    let host = local.host.contains(":") ? "[\(local.host)]" : local.host
    return "\(host):\(local.port)"
  }

  /// Throws away what has come of content that the answer did not wait for: if that is all of it,
  /// the connection can be kept whatever its coding. How many bytes.
  private func discardContent(_ input: Span<UInt8>, _ position: inout Int) -> UInt64 {
    var count = 0
    while case .content(let range) = machine.next(input, &position, spares: &loop.spares) {
      count += range.count
    }
    return UInt64(count)
  }

  /// An answer that needs waiting, or more than a copy into the batch.
  private func beginActive(
    _ answer: Answer, _ exchange: Exchange, _ contentBytes: UInt64, isContentHere: Bool
  ) {
    sendAnswers()
    guard isOpen else {
      return server.responder.exchangeEnded(exchange, outcome: ExchangeOutcome(ending: .peerClosed))
    }
    let active = ActiveExchange(
      exchange, owesContinue: machine.expectsContinue && !isContentHere)
    active.requestContentBytes = contentBytes
    active.pacer = exchange.upload.map(IntakePacer.init)
    self.active = active
    if active.pacer?.endsNow == .reset { return abort(.fault) }
    resolve(answer, active)
  }

  /// The content, if all of it stands in the input already.
  private func takeWholeContent(
    _ input: Span<UInt8>, _ position: inout Int, limit: Int
  ) -> [UInt8]? {
    guard let range = machine.takeRest(input, &position, limit: limit) else { return nil }
    // SAFETY: copied within the closure.
    return unsafe input.extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
  }

  /// The whole content, if it stands in the input and is small; left where it is.
  private func contentAtHand(_ input: Span<UInt8>, _ position: Int) -> [UInt8]? {
    if machine.isMessageComplete { return [] }
    guard let length = machine.contentRemaining, length <= UInt64(Answer.wholeContentMax),
      Int(length) <= input.count - position
    else { return nil }
    // SAFETY: copied within the closure.
    return unsafe input.extracting(position..<position + Int(length))
      .withUnsafeBufferPointer { unsafe Array($0) }
  }

  private func appendInline(_ response: Response, _ exchange: Exchange, _ contentBytes: UInt64) {
    let isStopping = server.isStopping.load(ordering: .relaxed)
    let closes = loop.output.append(
      response, exchange, requestContentBytes: contentBytes, &machine, closes: isStopping,
      date: loop.dateLine)
    if closes { closeAfterResponse() }
    if loop.output.openPart.bytes.count > Self.batchBytesMax { sendAnswers() }
  }

  /// Performs an answer of an exchange that is not answered inline.
  func resolve(_ answer: consuming Answer, _ active: ActiveExchange) {
    while true {
      switch consume answer {
      case .now(let response):
        return deliver(response, active)
      case .collect(let limit, let then):
        if machine.isMessageComplete {
          answer = then(.complete([]))
          continue
        }
        if let length = machine.contentRemaining, length > UInt64(max(0, limit)) {
          answer = then(.tooLarge(limit: limit))
          continue
        }
        active.intake = .collect(limit: limit, then: then)
        if active.owesContinue { sendContinue(active) }
        return
      case .later(let service), .atOnce(_, orLater: let service):
        return startService(service, active)
      }
    }
  }

  func sendContinue(_ active: ActiveExchange) {
    active.owesContinue = false
    if active.isHeadQueued { return }
    var bytes: [UInt8] = []
    HeadSerializer.appendContinue(to: &bytes)
    queue.append(OutputQueue.Segment(bytes: bytes, kind: .frame))
  }

  // MARK: From response to output

  /// A response is decided: now, or after its delay, it goes out.
  func deliver(_ response: consuming Response, _ active: ActiveExchange) {
    let delay = response.delay
    guard delay > .zero else { return send(response, active) }
    active.phase = .delayed(response)
    wake(active, after: delay.nanoseconds)
  }

  /// The response of a service that ran as a task.
  func answered(_ response: Response) {
    guard let active, case .awaitingAnswer = active.phase else { return }
    active.task = nil
    deliver(response, active)
  }

  /// A timer of the active exchange: its delay is over, or its pace allows more. True if its answer
  /// stands in the loop's output, and the exchange is over with it.
  func deliveryTimerFired() -> Bool {
    guard let active else { return false }
    // Each pause has a timer of its own.
    if active.pacer?.refill(at: loop.system.now()) == true { return false }
    guard case .delayed = active.phase else {
      active.delivery?.refill()
      return false
    }
    // Taken, not copied.
    var phase = ActiveExchange.Phase.awaitingAnswer
    swap(&phase, &active.phase)
    if case .delayed(var response) = consume phase {
      response.delayIsOver()
      send(response, active)
    }
    return self.active == nil
  }

  /// An answer that was waited for goes the way of those that were not, where nothing is left to do
  /// but to copy it: so what falls due together leaves together.
  private func sendInline(_ response: Response, _ active: ActiveExchange) -> Bool {
    guard case .open = life, response.isInlineable, machine.isMessageComplete, queue.isEmpty,
      output == .ready, active.delivery == nil, active.pacer == nil,
      active.requestContentPrefix.isEmpty
    else { return false }
    self.active = nil
    appendInline(response, active.exchange, active.requestContentBytes)
    return true
  }

  /// Begins to send.
  func send(_ response: Response, _ active: ActiveExchange) {
    if sendInline(response, active) { return }
    if !response.isDeliveredPlainly {
      // A fault counts its own bytes only: answers before it leave first.
      guard queue.isEmpty else {
        active.phase = .behindOthers(response)
        return
      }
      if performInsteadOfSending(response, active) { return }
    }
    if response.body.isStreamed {
      active.isStream = true
      (active.isLive, active.heartbeat) = (response.isLive, response.heartbeat)
      let isStopping = server.isStopping.load(ordering: .relaxed)
      if response.isLive, input != .open || isStopping {
        // Nobody is there to read it: a head and its end, and no producer.
        sendHead(response, active)
        _ = endLiveResponse(active, isStopping ? .serverStopped : .peerClosed)
        return
      }
      // While the peer waits for 100 a stream's head is held: its producer may be about to read
      // (then 100 goes out first) or to write (then the final head does, and no 100 ever).
      if active.owesContinue, !response.status.isError {
        active.phase = .headHeld(response)
        return startProducer(response, active)
      }
    }
    sendHead(response, active)
    startProducer(response, active)
  }

  /// The reason to hold a head back is gone.
  func releaseHeldHead() {
    guard let active, case .headHeld(let response) = active.phase else { return }
    active.owesContinue = false
    sendHead(response, active)
    producerHasBegun()
  }

  /// Queues the head, and the content where it is known.
  private func sendHead(_ response: Response, _ active: ActiveExchange) {
    active.phase = .sending
    active.responseLeases = response.leases
    let closes =
      isClosing || response.delivery.closesConnection || mustCloseEarly(response, active)
      || server.isStopping.load(ordering: .relaxed)
    var head: [UInt8] = []
    var status = response.status
    // A final response it must be: an interim status is a mistake of the responder.
    if status.code < 200 { status = .internalServerError }
    active.plan = machine.writeResponseHead(
      status, response.fields,
      contentLength: active.delivery?.breaksFraming == true ? nil : response.body.length,
      closes: closes, date: loop.dateLine, into: &head)
    if active.plan.closes || response.delivery.closesSilently { closeAfterResponse() }
    active.delivery?.headIsReady(head.count)
    queue.append(OutputQueue.Segment(bytes: head, kind: .frame))
    if active.delivery?.breaksFraming == true, active.plan.sendsContent {
      queue.append(OutputQueue.Segment(bytes: Array("ZZ\r\n".utf8), kind: .frame))
    }
    switch response.body {
    case .empty: queueContent([], active)
    case .bytes(let bytes): queueContent([bytes], active)
    case .chunks(let chunks): queueContent(chunks, active)
    case .stream(let length, _):
      if let length { active.contentAllowed = length }
      if !active.plan.sendsContent { endOfContent(active) }
    case .followed:
      if !active.plan.sendsContent { endOfContent(active) }
    }
  }

  /// Content that is known as a whole.
  private func queueContent(_ pieces: [[UInt8]], _ active: ActiveExchange) {
    if active.plan.sendsContent {
      for piece in pieces { queuePiece(piece, active) }
    }
    endOfContent(active)
  }

  /// One piece of content, framed as the response's head has said.
  func queuePiece(_ piece: [UInt8], _ active: ActiveExchange) {
    let kind: OutputQueue.Segment.Kind = active.plan.framing == .chunked ? .chunk : .content
    if let delivery = active.delivery {
      for part in delivery.prepare(piece) {
        queue.append(OutputQueue.Segment(bytes: part, kind: kind))
      }
    } else {
      queue.append(OutputQueue.Segment(bytes: piece, kind: kind))
    }
  }

  /// All content is queued.
  func endOfContent(_ active: ActiveExchange, trailers: Fields = Fields()) {
    if active.plan.framing == .chunked, active.plan.sendsContent {
      var last: [UInt8] = []
      HeadSerializer.appendLastChunk(trailers, to: &last)
      queue.append(OutputQueue.Segment(bytes: last, kind: .frame))
    }
    active.phase = .queued
  }

  /// Whether an answer that comes before its request's content ends the connection: the peer may
  /// or may not send what it has announced (RFC 9110 §10.1.1), or would send too much for nothing.
  ///
  /// What is said here is kept. A peer that is not told of a close sends its next request on this
  /// connection, and loses it when the connection closes all the same: so content whose length
  /// nobody knows means a close, and content that is not too much is read away to its end.
  private func mustCloseEarly(_ response: Response, _ active: ActiveExchange) -> Bool {
    if machine.isMessageComplete { return false }
    if active.owesContinue { return true }
    // A service that answers with a stream may go on reading.
    if active.isStream, case .stream = active.intake { return false }
    failContent(active, .cancelled)
    active.intake = .discard
    active.isReadingPaused = false
    guard let remaining = machine.contentRemaining else { return true }
    return remaining > UInt64(server.configuration.drainBytesMax)
  }
}

extension Response {
  /// May be written into the batch of its loop.
  fileprivate var isInlineable: Bool {
    guard isDeliveredPlainly, status.code >= 200 else { return false }
    switch body {
    case .empty: return true
    case .bytes(let bytes): return bytes.count <= Connection.inlineBodyBytesMax
    case .chunks, .stream, .followed: return false
    }
  }
}

extension Response.Body {
  fileprivate var isStreamed: Bool {
    switch self {
    case .empty, .bytes, .chunks: false
    case .stream, .followed: true
    }
  }
}
