import HTTPModel
import HTTPWire

// Responses to bytes.
extension Connection {
  /// Sends the answers that stand in the loop's output with one call.
  func sendAnswers() {
    let part = loop.output.openPart
    guard !part.answers.isEmpty else { return }
    let isBroken = send(part) == .failed
    loop.output.dropOpenPart()
    if isBroken { outputFailed() }
  }

  /// The same, now or at the end of the round together with those of other connections. A step of the
  /// turn.
  func sendAnswersOfRound(isLastRead: Bool) -> Bool {
    guard loop.output.hasOpenPart else { return false }
    let mayWait =
      isLastRead && loop.isRoundShared && active == nil && queue.isEmpty && pending.isEmpty
      && input != .ended
    if mayWait, case .open = life {
      output = .deferred
      loop.deferFlush(of: self)
    } else {
      sendAnswers()
    }
    return true
  }

  /// How much of a part has left.
  enum PartResult { case all, some, failed }

  /// Sends a part of the loop's output; what the kernel does not take is queued.
  func send(_ part: RoundOutput.Part) -> PartResult {
    if output == .deferred { output = .ready }
    var sent = 0
    if queue.isEmpty {
      // SAFETY: the bytes are valid for the call; nothing appends to it meanwhile.
      let result = unsafe loop.output.bytes.withUnsafeBytes {
        unsafe stream.send(UnsafeRawBufferPointer(rebasing: $0[part.bytes]))
      }
      switch result {
      case .bytes(let bytes): sent = bytes
      case .wouldBlock: output = .blocked
      case .failed:
        keepUnsent(of: part, from: 0)
        return .failed
      }
    }
    if sent == part.bytes.count {
      for index in part.answers { reportEnd(of: loop.output.answers[index], .completed) }
      return .all
    }
    keepUnsent(of: part, from: sent)
    return .some
  }

  func reportEnd(of response: QueuedResponse, _ ending: ExchangeOutcome.Ending) {
    server.responder.exchangeEnded(
      response.exchange,
      outcome: ExchangeOutcome(
        ending: ending, requestContentBytes: response.requestContentBytes,
        responseContentBytes: UInt64(response.contentCount)))
  }

  /// Queues what the kernel did not take of a part.
  private func keepUnsent(of part: RoundOutput.Part, from count: Int) {
    var start = part.bytes.lowerBound
    let sent = start + count
    for response in loop.output.answers[part.answers] {
      let headEnd = start + response.headCount
      let end = headEnd + response.contentCount
      if end <= sent {
        reportEnd(of: response, .completed)
      } else {
        var kept = response
        // From here on it counts what has left.
        kept.contentCount = max(0, sent - headEnd)
        queuedResponses.append(kept)
        if headEnd > sent {
          queue.append(
            OutputQueue.Segment(
              bytes: Array(loop.output.bytes[max(start, sent)..<headEnd]), kind: .frame,
              endsResponse: response.contentCount == 0))
        }
        if end > headEnd {
          queue.append(
            OutputQueue.Segment(
              bytes: Array(loop.output.bytes[max(headEnd, sent)..<end]), kind: .content,
              endsResponse: true))
        }
      }
      start = end
    }
  }

  /// Sends some of the queue, if anything of it may leave. A step of the turn.
  func sendQueue(_ writes: inout Int) -> Bool {
    guard output == .ready, isOpen, !queue.isEmpty else { return false }
    if let active, case .starting = active.phase { return false }
    let limit = sendable()
    guard limit > 0 else { return false }
    guard writes > 0 else {
      // A fair share: a fast reader of a large body does not hold up the loop. epoll tells at once
      // that there is room.
      output = .blocked
      return false
    }
    writes -= 1
    switch loop.send(queue, limit: limit, to: stream) {
    case .bytes(let count): advance(count)
    case .wouldBlock: output = .blocked
    case .failed: outputFailed()
    }
    return true
  }

  private func advance(_ count: Int) {
    if count > 0 { lastSent = loop.now }
    active?.delivery?.sent(count)
    queue.advance(count) { segment, content, isDone in
      if !self.queuedResponses.isEmpty {
        self.queuedResponses[0].contentCount += content.count
        if isDone, segment.endsResponse {
          self.reportEnd(of: self.queuedResponses.removeFirst(), .completed)
        }
      } else if let active = self.active, !content.isEmpty {
        active.noteResponseContent(segment.bytes, content)
        active.delivery?.sentContent(content.count)
      }
    }
  }

  /// How many bytes on the wire one call shall send at most.
  func sendable() -> Int {
    let most = stream.offerMax
    guard let allowance = active?.delivery?.allowance, queuedResponses.isEmpty else {
      return min(queue.byteCount, most)
    }
    return min(wireCount(within: allowance), allowance.wire, most)
  }

  private func wireCount(within allowance: DeliveryAllowance) -> Int {
    var wire = 0
    var contentLeft = allowance.content
    for index in 0..<queue.count {
      let segment = queue[index]
      let offset = index == 0 ? queue.sentOfFirst : 0
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
