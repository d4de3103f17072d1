import HTTPModel
import HTTPWire

// Responses to bytes.
extension Connection {
  /// Sends the answers of this connection's batch with one call, and tells of each that left.
  func flushBatch() {
    let part = loop.openPart
    guard !part.batch.isEmpty else { return }
    let result = send(part)
    loop.dropOpenPart()
    switch result {
    case .all: finishIfFlushed()
    case .some: sendQueued()
    case .failed: peerIsGone()
    }
  }

  /// The same, or later in this round together with those of other connections.
  func flushBatchSoon() {
    guard loop.isRoundShared, isOpen, active == nil, queue.isEmpty, pending.isEmpty,
      !closesAfterFlush, !hasInputEnded, !loop.openPart.batch.isEmpty
    else { return flushBatch() }
    isFlushDeferred = true
    loop.deferFlush(of: self)
  }

  /// How much of a part has left.
  enum PartResult { case all, some, failed }

  /// Sends a part of the loop's output; what the kernel does not take is queued.
  func send(_ part: EventLoop.OutputPart) -> PartResult {
    isFlushDeferred = false
    var sent = 0
    if queue.isEmpty {
      // SAFETY: the bytes are valid for the call; nothing appends to `out` meanwhile.
      let result = unsafe loop.out.withUnsafeBytes {
        unsafe loop.system.send(fd, UnsafeRawBufferPointer(rebasing: $0[part.out]))
      }
      switch result {
      case .bytes(let bytes): sent = bytes
      case .wouldBlock: isWriteBlocked = true
      case .failed:
        keepUnsent(of: part, from: 0)
        return .failed
      }
    }
    if sent == part.out.count {
      for index in part.batch { tell(loop.batch[index], .completed) }
      return .all
    }
    keepUnsent(of: part, from: sent)
    return .some
  }

  func tell(_ departure: Departure, _ ending: ExchangeOutcome.Ending) {
    server.responder.exchangeEnded(
      departure.exchange,
      outcome: ExchangeOutcome(
        ending: ending, requestContentBytes: departure.requestContentBytes,
        responseContentBytes: UInt64(departure.contentCount)))
  }

  /// Queues what the kernel did not take of a part.
  private func keepUnsent(of part: EventLoop.OutputPart, from count: Int) {
    var start = part.out.lowerBound
    let sent = start + count
    for departure in loop.batch[part.batch] {
      let headEnd = start + departure.headCount
      let end = headEnd + departure.contentCount
      if end <= sent {
        tell(departure, .completed)
      } else {
        var kept = departure
        // From here on it counts what has left.
        kept.contentCount = max(0, sent - headEnd)
        departures.append(kept)
        if headEnd > sent {
          queue.append(
            OutputQueue.Segment(
              bytes: Array(loop.out[max(start, sent)..<headEnd]), kind: .frame,
              endsDeparture: departure.contentCount == 0))
        }
        if end > headEnd {
          queue.append(
            OutputQueue.Segment(
              bytes: Array(loop.out[max(headEnd, sent)..<end]), kind: .content,
              endsDeparture: true))
        }
      }
      start = end
    }
  }

  /// Sends from the queue until it is empty or the kernel takes no more, then goes on with what
  /// that allows.
  func sendQueued() {
    var rounds = 0
    while !queue.isEmpty, !isWriteBlocked, isOpen {
      rounds += 1
      // A fair share: a fast reader of a large body does not hold up the loop.
      if rounds > 16 {
        isWriteBlocked = true
        break
      }
      let limit = sendable()
      if limit <= 0 { break }
      switch loop.send(queue, limit: limit, to: fd) {
      case .bytes(let count):
        advance(count)
      case .wouldBlock: isWriteBlocked = true
      case .failed: return peerIsGone()
      }
    }
    guard isOpen else { return }
    if let active, active.delivery != nil, performDeliveryStep(active) { return }
    if queue.isEmpty { finishIfFlushed() }
  }

  private func advance(_ count: Int) {
    if count > 0 { lastSent = loop.now }
    active?.delivery?.sent(count)
    queue.advance(count) { segment, content, isDone in
      if !self.departures.isEmpty {
        self.departures[0].contentCount += content.count
        if isDone, segment.endsDeparture { self.tell(self.departures.removeFirst(), .completed) }
      } else if let active = self.active, !content.isEmpty {
        active.noteResponseContent(segment.bytes[content])
        active.delivery?.sentContent(content.count)
      }
    }
  }

  /// How many bytes on the wire one call shall send at most.
  func sendable() -> Int {
    let most = 256 * 1024
    guard let allowance = active?.delivery?.allowance, departures.isEmpty else {
      return min(queue.byteCount, most)
    }
    return min(wireCount(within: allowance), allowance.wire, most)
  }

  private func wireCount(within allowance: DeliveryAllowance) -> Int {
    var wire = 0
    var contentLeft = allowance.content
    for index in queue.indices {
      let segment = queue[index]
      let offset = index == queue.indices.lowerBound ? queue.sentOfFirst : 0
      if segment.kind == .frame {
        guard wire < allowance.headLeft || allowance.allowsEnd else { break }
        wire += segment.wireCount - offset
        continue
      }
      let whole = OutputQueue.contentCount(of: segment, first: segment.wireCount)
      let content = whole - OutputQueue.contentCount(of: segment, first: offset)
      if content <= contentLeft, contentLeft > 0 || content == 0 {
        contentLeft -= content
        wire += segment.wireCount - offset
        continue
      }
      if contentLeft > 0 {
        let prefix = segment.kind == .chunk ? OutputQueue.chunkPrefixCount(whole) : 0
        wire += max(0, prefix - offset) + contentLeft
      }
      break
    }
    return wire
  }
}
