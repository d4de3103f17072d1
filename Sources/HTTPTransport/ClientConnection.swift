import HTTPModel
import HTTPWire

/// One connection of a client: connects, shakes hands where TLS is spoken, then one exchange after another.
///
/// **Isolation**: the loop's thread.
final class ClientConnection: Channel {
  enum State { case connecting, shakingHands, idle, busy, closed }

  unowned let pool: ClientPool
  private var machine: ConnectionMachine
  var state = State.connecting
  private var queue = OutputQueue()
  private var pending: [UInt8] = []
  private var isWriteBlocked = false
  private var isReadingPaused = false
  private var deadline = Int64.max
  /// Which of its timers is the one that counts: an earlier one may still be in the heap.
  private var deadlineTimer: UInt64 = 0

  // The exchange in progress.
  private var number: UInt64 = 0
  /// When the whole of it must be over.
  private var exchangeDeadline = Int64.max
  private(set) var request: ClientRequest?
  private var reply: ClientReply?
  private var isReused = false
  private var hasReceived = false
  private var content: RequestContent?
  private var writer: BodyWriter?
  private var task: Task<Void, Never>?
  private var isChunked = false
  private var isRequestSent = false
  private var hasResponseEnded = false

  init(loop: EventLoop, pool: ClientPool, address: SocketAddress) throws(SystemError) {
    self.pool = pool
    machine = ConnectionMachine(.client, limits: pool.configuration.limits)
    let fd = try loop.system.makeSocket(address)
    loop.system.setNoDelay(fd)
    super.init(loop: loop, fd: fd)
    do throws(SystemError) {
      let isConnected = try loop.system.connect(fd, address)
      isWriteBlocked = !isConnected
      try register(for: isConnected ? Readiness.read : Readiness.write)
      if isConnected { state = .idle }
    } catch {
      closeDescriptor()
      state = .closed
      throw error
    }
  }

  // MARK: The request

  func begin(_ request: ClientRequest, _ reply: ClientReply, isReused: Bool) {
    number += 1
    self.request = request
    self.reply = reply
    self.isReused = isReused
    hasReceived = false
    hasResponseEnded = false
    isRequestSent = false
    exchangeDeadline =
      pool.configuration.exchangeTimeout.map { loop.system.now() + $0.nanoseconds } ?? .max
    switch state {
    case .connecting: setDeadline(pool.configuration.connectTimeout)
    // Connected at once, and new.
    case .idle where request.place.trust != nil && secure == nil: connected()
    default: sendRequest()
    }
  }

  func sendRequest() {
    guard let request else { return }
    state = .busy
    setDeadline(pool.configuration.responseTimeout)
    var head: [UInt8] = []
    let framing: BodyFraming =
      switch request.body {
      case .empty: request.method.usuallyHasContent ? .length(0) : .none
      case .bytes(let bytes): .length(UInt64(bytes.count))
      case .stream(let length, _): length.map { .length($0) } ?? .chunked
      }
    isChunked = framing == .chunked
    machine.writeRequestHead(
      request.method, target: request.target, request.fields, framing: framing, into: &head)
    queue.append(OutputQueue.Segment(bytes: head, kind: .frame))
    switch request.body {
    case .empty: isRequestSent = true
    case .bytes(let bytes):
      queue.append(OutputQueue.Segment(bytes: bytes, kind: .content))
      isRequestSent = true
    case .stream(_, let producer): startProducer(producer)
    }
    sendQueued()
    settle()
  }

  private func startProducer(_ producer: @escaping BodyProducer) {
    let handle = loop.handle
    let key = self.key
    let number = self.number
    let writer = BodyWriter(onReady: { handle.post(.channel(key, .writable(exchange: number))) })
    self.writer = writer
    task = Task(executorPreference: handle) {
      do {
        try await producer(writer)
        writer.end()
      } catch {
        handle.post(.channel(key, .producerFailed(exchange: number)))
      }
    }
  }

  private func pumpWriter() {
    guard let writer, !isRequestSent else { return }
    while queue.byteCount < StreamMarks.low {
      let taken = writer.take(byteLimit: StreamMarks.low)
      for piece in taken.pieces {
        queue.append(OutputQueue.Segment(bytes: piece, kind: isChunked ? .chunk : .content))
      }
      if taken.isEnd {
        isRequestSent = true
        if isChunked {
          var last: [UInt8] = []
          HeadSerializer.appendLastChunk(taken.trailers, to: &last)
          queue.append(OutputQueue.Segment(bytes: last, kind: .frame))
        }
      }
      sendQueued()
      if !taken.hasMore || isWriteBlocked || state == .closed { break }
    }
    finishIfDone()
  }

  private func sendQueued() {
    while !queue.isEmpty, !isWriteBlocked, state != .closed {
      switch loop.send(queue, limit: min(queue.byteCount, stream.offerMax), to: stream) {
      case .bytes(let count): queue.advance(count) { _, _, _ in }
      case .wouldBlock: isWriteBlocked = true
      case .failed:
        // The server may have answered before it closed: what it sent is read first.
        queue.removeAll()
        writer?.close()
        isRequestSent = true
        closesAfterResponse = true
        stream.finish()
      }
    }
  }

  /// The request could not be sent to its end: the response is the last.
  private var closesAfterResponse = false

  // MARK: Events

  override func onEvents(_ events: UInt32) {
    if state == .connecting {
      let error = loop.system.pendingError(fd)
      if error != 0 { return close(.system(SystemError(.connect, error))) }
      isWriteBlocked = false
      connected()
      return
    }
    if events & Readiness.write != 0 {
      isWriteBlocked = false
      secure?.flush(fd, loop.system)
      sendQueued()
      pumpWriter()
    }
    // A peer that is gone for good is told of again and again: what it left is taken at once, even
    // where its reader is slow. That is no more than the kernel holds.
    let isGone = events & (Readiness.error | Readiness.hangUp) != 0
    if isGone { isReadingPaused = false }
    if state == .shakingHands {
      if events & ~Readiness.write != 0 { shakeHands() }
      if state != .closed { settle() }
      return
    }
    if state != .closed, events & ~Readiness.write != 0, !isReadingPaused { readAvailable() }
    if state != .closed { settle() }
  }

  override func onCommand(_ command: ChannelCommand) {
    switch command {
    case .writable(let number) where number == self.number: pumpWriter()
    case .producerFailed(let number) where number == self.number: close(.cancelled)
    case .demand(let number, .resumeReading) where number == self.number:
      isReadingPaused = false
      // What was deciphered already is told of by no event.
      if stream.endsNext { readAvailable() }
    case .answered: break
    case .abort: close(.closed)
    case .flush(let number) where number == self.number && state == .busy:
      // The response was let go before its end.
      close(.closed)
    default: break
    }
    if state != .closed { settle() }
  }

  override func onTimer(_ token: UInt64) {
    guard state != .closed, token == deadlineTimer else { return }
    // Content moves the deadline on while its timer runs. A reader that takes its time is no
    // silence of the peer's.
    if isReadingPaused { contentArrived() }
    guard deadline <= loop.now else { return loop.schedule(self, at: deadline, token: token) }
    close(.timedOut)
  }

  func closeIfAbandoned() {
    if content == nil, reply?.isDone == true { close(.cancelled) }
  }

  func setDeadline(_ duration: Duration?) {
    let end = duration.map { loop.system.now() + $0.nanoseconds } ?? .max
    deadline = min(end, exchangeDeadline)
    deadlineTimer += 1
    if deadline < .max { loop.schedule(self, at: deadline, token: deadlineTimer) }
  }

  /// The peer is not silent.
  private func contentArrived() {
    guard content != nil, let limit = pool.configuration.contentTimeout else { return }
    deadline = min(loop.now + limit.nanoseconds, exchangeDeadline)
  }

  func settle() {
    var events: UInt32 = 0
    if !isReadingPaused { events |= Readiness.read | Readiness.peerClosed }
    if isWriteBlocked || secure?.holdsOutput == true { events |= Readiness.write }
    setInterest(events)
  }

  // MARK: The response

  private func readAvailable() {
    var reads = 4
    while reads > 0 || stream.endsNext {
      reads -= 1
      // SAFETY: the buffer is the loop's own and nobody else's meanwhile.
      let result = unsafe stream.receive(into: loop.readBuffer)
      switch result {
      case .bytes(0): return inputEnded()
      case .bytes(let count):
        hasReceived = true
        contentArrived()
        // SAFETY: the first `count` bytes of the buffer were just written.
        unsafe pending.append(contentsOf: loop.readBuffer[..<count])
        consume()
        let isDrained = unsafe stream.isDrained(by: count, of: loop.readBuffer.count)
        guard !isDrained, state != .closed, !isReadingPaused else { return }
      case .wouldBlock: return
      case .failed(let error):
        if let failure = sessionFailure { return close(failure) }
        return close(hasReceived ? .closed : .system(error))
      }
    }
  }

  private func consume() {
    var input: [UInt8] = []
    swap(&input, &pending)
    var position = 0
    events: while state == .busy {
      switch machine.next(input.span, &position, spares: &loop.spares) {
      case .needMore, .blocked, .request, .tunnel: break events
      // The final response may stand right behind it.
      case .interim: continue
      case .response(let head): headReceived(head)
      case .content(let range):
        if content?.push(Array(input[range])) == true { isReadingPaused = true }
      case .contentEnded(let trailers): responseEnded(trailers)
      case .failed(let error): return close(.malformed(error))
      }
    }
    // Bytes that belong to no exchange: this connection is not to be trusted any more.
    if state == .idle, position < input.count { return close(.closed) }
    if position < input.count, state == .busy { pending = Array(input[position...]) }
  }

  private func headReceived(_ head: ResponseHead) {
    setDeadline(pool.configuration.contentTimeout)
    let handle = loop.handle
    let key = self.key
    let number = self.number
    let content = RequestContent(onDemand: { demand in
      handle.post(.channel(key, .demand(exchange: number, demand)))
    })
    self.content = content
    let lease = ClientLease { handle.post(.channel(key, .flush(exchange: number))) }
    let isWanted =
      reply?.complete(
        .success(
          ClientResponse(
            status: head.status, version: head.version, fields: head.fields, content: content,
            lease: lease))) ?? false
    if !isWanted { return close(.cancelled) }
    if machine.isMessageComplete { responseEnded(Fields()) }
  }

  private func responseEnded(_ trailers: Fields) {
    content?.finish(trailers: trailers)
    hasResponseEnded = true
    finishIfDone()
  }

  /// Both messages are through: the connection is kept, or closed.
  private func finishIfDone() {
    guard state == .busy, hasResponseEnded else { return }
    guard isRequestSent, queue.isEmpty, machine.isPersistent, !closesAfterResponse else {
      // An answer before the end of the request: what is left of it is not sent.
      return close(.closed)
    }
    machine.finishExchange()
    let name = request?.placeName ?? ""
    forgetExchange()
    state = .idle
    isReadingPaused = false
    exchangeDeadline = .max
    setDeadline(pool.configuration.idleTimeout)
    pool.becameIdle(self, name)
  }

  private func forgetExchange() {
    // What the lease of this exchange says from now on means nothing.
    number += 1
    request = nil
    reply = nil
    content = nil
    writer?.close()
    writer = nil
    task?.cancel()
    task = nil
  }

  private func inputEnded() {
    guard state == .busy else { return close(.closed) }
    if content != nil, machine.endOfInput() {
      content?.finish(trailers: Fields())
      return close(.closed)
    }
    close(.closed)
  }

  func close(_ error: HTTPClientError) {
    guard state != .closed else { return }
    let isUnconnected = state == .connecting
    state = .closed
    stream.takeLeave()
    closeDescriptor()
    pool.closed(self)
    let (request, reply, content) = (self.request, self.reply, self.content)
    let mayRepeat = isReused && !hasReceived && request?.isRepeatable == true
    queue.removeAll()
    pending = []
    forgetExchange()
    switch error {
    case .timedOut: content?.fail(.timedOut)
    case .malformed: content?.fail(.malformed)
    default: content?.fail(.peerClosed)
    }
    guard let request, let reply, !reply.isDone else { return }
    if mayRepeat, error.isOfPeer { return pool.start(request, reply, onNew: true) }
    if isUnconnected, error != .cancelled { return pool.startElsewhere(request, reply, error) }
    reply.complete(.failure(error))
  }
}

extension Method {
  /// An empty content of these is announced (RFC 9110 §8.6).
  fileprivate var usuallyHasContent: Bool {
    switch self {
    case .post, .put, .patch: true
    default: false
    }
  }
}
