package import HTTPModel

/// The life of one HTTP/1.1 connection as far as it shows in bytes: which message is being read,
/// where it ends, what may follow, and how the answer must be framed. No I/O, no time.
///
/// The owner feeds bytes with `next` and performs what the events say; it writes heads with
/// `writeResponseHead` (server) or `writeRequestHead` (client), and says `finishExchange()` when
/// both messages of an exchange are through. Only then is the next head read, so answers are in
/// order and a message that may not be followed by another never is.
///
/// Not copyable: there is one per connection, and a copy would be a mistake (and a cost).
package struct ConnectionMachine: ~Copyable, Sendable {
  package enum Role: Sendable { case server, client }

  package enum Event: Sendable {
    /// Everything usable is consumed; what is left over belongs to an incomplete head and must be
    /// offered again, from its first byte, together with what follows.
    case needMore
    /// Server: a request's head. Content events follow unless `isMessageComplete`.
    case request(Request)
    /// Server: a CONNECT. What follows is none of this machine's; it reads nothing more.
    case tunnel(TunnelRequest)
    /// Client: an interim response (1xx); the final one follows.
    case interim(ResponseHead)
    /// Client: the final response's head.
    case response(ResponseHead)
    /// Content, as a range of the input.
    case content(Range<Int>)
    /// The message's end after content, with its trailer section.
    case contentEnded(Fields)
    /// The message is complete; more is read after `finishExchange()`.
    case blocked
    /// The bytes are not HTTP/1.1 as it must be. Nothing is read any more.
    case failed(HTTPParseError)
  }

  private enum Reading {
    /// Awaits a complete head.
    case head
    /// Awaits so many bytes of content.
    case length(UInt64)
    /// Awaits chunks.
    case chunked
    /// Awaits the end of the connection.
    case untilClose
    /// Awaits `finishExchange()`.
    case complete
    /// Reads nothing more.
    case dead
  }

  package let role: Role
  package let limits: WireLimits
  private var reading = Reading.head
  private var parser: HeadParser
  private var chunks = ChunkDecoder()
  /// Of the message being read: may another follow it?
  private var allowsNext = true
  /// Server: of the request in progress.
  package private(set) var version = HTTPVersion.http11
  package private(set) var isHeadRequest = false
  /// Server: the peer sends no further request, by what it said with this one.
  package private(set) var peerCloses = false
  /// Server: the peer waits for 100 (Continue) before it sends content.
  package private(set) var expectsContinue = false

  package init(_ role: Role, limits: WireLimits = WireLimits()) {
    self.role = role
    self.limits = limits
    parser = HeadParser(role == .server ? .request : .response)
  }

  /// The message being read has come to its end.
  package var isMessageComplete: Bool {
    if case .complete = reading { true } else { false }
  }
  /// Between messages, with not a byte of the next one seen.
  package var isIdle: Bool {
    if case .head = reading { !parser.hasBegun } else { false }
  }
  package var isReadingHead: Bool {
    if case .head = reading { true } else { false }
  }
  package var isDead: Bool {
    if case .dead = reading { true } else { false }
  }
  /// How much content is still to come, if that is known.
  package var contentRemaining: UInt64? {
    switch reading {
    case .length(let remaining): remaining
    case .complete: 0
    default: nil
    }
  }

  // MARK: Reading

  /// Goes on at `position`, moves it behind what was consumed, and says what it found.
  /// `spares` lends memory for heads, see `HeadSpares`.
  package mutating func next(
    _ input: Span<UInt8>, _ position: inout Int, spares: inout HeadSpares
  ) -> Event {
    switch reading {
    case .head:
      do {
        return try readHead(input, &position, &spares)
      } catch {
        return fail(error)
      }
    case .length(let remaining):
      // The last piece and the end are two events, so that every cut gives the same ones.
      if remaining == 0 {
        reading = .complete
        return .contentEnded(Fields())
      }
      guard position < input.count else { return .needMore }
      let available = input.count - position
      let length = remaining > UInt64(available) ? available : Int(remaining)
      reading = .length(remaining - UInt64(length))
      position += length
      return .content(position - length..<position)
    case .chunked:
      do {
        switch try chunks.next(input, &position, limits: limits) {
        case .needMore: return .needMore
        case .content(let range): return .content(range)
        case .ended(let trailers):
          reading = .complete
          return .contentEnded(trailers)
        }
      } catch {
        return fail(error)
      }
    case .untilClose:
      guard position < input.count else { return .needMore }
      defer { position = input.count }
      return .content(position..<input.count)
    case .complete:
      return .blocked
    case .dead:
      position = input.count
      return .needMore
    }
  }

  /// All that is left of a content of known length, if it stands in the input: what `next` would give piece
  /// by piece, the end included. Nothing is left of a message that is complete.
  /// - Returns: nil as well where it is more than `limit`.
  package mutating func takeRest(
    _ input: Span<UInt8>, _ position: inout Int, limit: Int
  ) -> Range<Int>? {
    if isMessageComplete { return position..<position }
    guard case .length(let remaining) = reading, remaining <= UInt64(input.count - position),
      remaining <= UInt64(max(0, limit))
    else { return nil }
    reading = .complete
    position += Int(remaining)
    return position - Int(remaining)..<position
  }

  /// The peer will send no more. True if that is a proper end: between messages, or of a message
  /// that lasts until the close (then it is complete now).
  package mutating func endOfInput() -> Bool {
    switch reading {
    case .untilClose:
      reading = .complete
      return true
    case .head where !parser.hasBegun, .complete: return true
    default:
      reading = .dead
      return false
    }
  }

  /// Both messages of the exchange are through: the next head may be read.
  package mutating func finishExchange() {
    guard case .complete = reading, allowsNext else {
      reading = .dead
      return
    }
    reading = .head
    expectsContinue = false
  }

  /// Reads nothing more from this connection.
  package mutating func stopReading() { reading = .dead }

  /// The next response answers no request that was understood.
  package mutating func forgetRequest() {
    version = .http11
    isHeadRequest = false
  }

  private mutating func fail(_ error: HTTPParseError) -> Event {
    reading = .dead
    allowsNext = false
    return .failed(error)
  }

  private mutating func readHead(
    _ input: Span<UInt8>, _ position: inout Int, _ spares: inout HeadSpares
  ) throws(HTTPParseError) -> Event {
    guard position < input.count else { return .needMore }
    if !parser.hasBegun {
      if role == .server, let known = spares.recall(input, &position, limits: limits) {
        return begin(known)
      }
      parser.lines = spares.takeLines()
    }
    let head = input.extracting(position..<input.count)
    guard let end = try parser.parse(head, limits: limits) else { return .needMore }
    position += end
    let framing = try MessageFraming(
      head, base: parser.fieldsStart, lines: parser.lines, version: parser.startLine.version,
      isRequest: role == .server, knownHost: &spares.knownHost)
    let event =
      role == .server
      ? try finishRequestHead(head.extracting(0..<end), framing, &spares)
      : try finishResponseHead(head, framing, &spares)
    parser = HeadParser(role == .server ? .request : .response)
    return event
  }

  private mutating func finishRequestHead(
    _ head: Span<UInt8>, _ framing: MessageFraming, _ spares: inout HeadSpares
  ) throws(HTTPParseError) -> Event {
    let line = parser.startLine
    let method = Method(head, line.method)
    if method == .connect {
      reading = .complete
      allowsNext = false
      forgetRequest()
      return .tunnel(
        try TunnelRequest(head, parser.startLine, framing, spares.makeFields(head, parser)))
    }
    let target = try RequestTarget(head, line, method, spares.takeTarget())
    var bodyFraming = BodyFraming.none
    if framing.isChunked {
      bodyFraming = .chunked
    } else if let length = framing.contentLength {
      guard length <= limits.contentBytesMax else { throw HTTPParseError(.contentTooLong, at: 0) }
      bodyFraming = .length(length)
    }
    let fields = spares.makeFields(head, parser)
    let read = KnownHeads.Reading(
      request: Request(
        method: method, target: target, version: line.version, fields: fields,
        framing: bodyFraming),
      allowsNext: framing.allowsNext(line.version),
      expectsContinue: framing.expectsContinue)
    spares.remember(head, read, limits: limits)
    return begin(read)
  }

  /// A head is read, now or before.
  private mutating func begin(_ head: KnownHeads.Reading) -> Event {
    version = head.request.version
    isHeadRequest = head.request.method == .head
    allowsNext = head.allowsNext
    peerCloses = !allowsNext
    switch head.request.framing {
    case .none, .length(0): reading = .complete
    case .length(let length): reading = .length(length)
    case .chunked:
      chunks = ChunkDecoder()
      reading = .chunked
    }
    expectsContinue = head.expectsContinue && version == .http11 && !isMessageComplete
    return .request(head.request)
  }

  // MARK: Writing, as a server

  /// Appends the head of a final response, and says how its content must go out.
  ///
  /// - Parameters:
  ///   - contentLength: nil when it is not known beforehand.
  ///   - closes: the connection shall close after this response.
  ///   - date: the whole `Date` field line with its CRLF.
  package mutating func writeResponseHead(
    _ status: Status, _ fields: Fields, contentLength: UInt64?, closes: Bool, date: [UInt8],
    into out: inout [UInt8]
  ) -> ResponsePlan {
    var plan = ResponsePlan(framing: .none, closes: closes || !allowsNext, sendsContent: false)
    if !status.forbidsContent {
      plan.sendsContent = !isHeadRequest
      if let contentLength {
        plan.framing = .length(contentLength)
      } else if version == .http11 {
        plan.framing = .chunked
      } else {
        plan.framing = .untilClose
        plan.closes = true
      }
    }
    let skipped = FieldSet(fields)
    if skipped.saysClose { plan.closes = true }
    HeadSerializer.appendResponseHead(
      status, fields, skipped, date: date, plan: plan, saysKeepAlive: version == .http10, to: &out)
    if plan.closes { allowsNext = false }
    return plan
  }

  // MARK: The client's side

  /// Client: of the request in progress, for the framing of its response.
  private var requestWasHead = false
  /// Client: interim responses to the request in progress.
  private var interimResponses = 0

  /// Appends a request's head. `Host` must be among the fields.
  package mutating func writeRequestHead(
    _ method: Method, target: String, _ fields: Fields, framing: BodyFraming,
    into out: inout [UInt8]
  ) {
    requestWasHead = method == .head
    interimResponses = 0
    out.append(contentsOf: method.name.utf8)
    out.append(Byte.space)
    HeadSerializer.appendLineText(target, to: &out)
    out.append(text: " HTTP/1.1\r\n")
    let bytes = fields.bytes.span
    for line in fields.lines {
      let isFraming =
        bytes.equalsIgnoringCase(line.name, "content-length")
        || bytes.equalsIgnoringCase(line.name, "transfer-encoding")
      if !isFraming { HeadSerializer.appendLine(bytes, line, to: &out) }
    }
    switch framing {
    case .none: break
    case .length(let length): HeadSerializer.appendLength(length, to: &out)
    case .chunked: out.append(text: "Transfer-Encoding: chunked\r\n")
    }
    out.append(text: "\r\n")
  }

  /// The rules of RFC 9112 §6.3 for responses.
  private mutating func finishResponseHead(
    _ head: Span<UInt8>, _ framing: MessageFraming, _ spares: inout HeadSpares
  ) throws(HTTPParseError) -> Event {
    let line = parser.startLine
    // Nobody asked for another protocol: what follows is none that could be read (RFC 9110 §15.2.2).
    guard line.statusCode != 101 else { throw HTTPParseError(.protocolSwitch, at: 0) }
    var reason: [UInt8] = []
    reason.append(copying: head.extracting(line.target))
    let response = ResponseHead(
      status: Status(line.statusCode, String(decoding: reason, as: UTF8.self)),
      version: line.version, fields: spares.makeFields(head, parser))
    if line.statusCode < 200 {
      interimResponses += 1
      guard interimResponses <= limits.interimResponsesMax else {
        throw HTTPParseError(.tooManyInterimResponses, at: 0)
      }
      return .interim(response)
    }
    allowsNext = framing.allowsNext(line.version)
    if requestWasHead || response.status.forbidsContent {
      reading = .complete
    } else if framing.isChunked {
      chunks = ChunkDecoder()
      reading = .chunked
    } else if let length = framing.contentLength {
      reading = length == 0 ? .complete : .length(length)
    } else {
      allowsNext = false
      reading = .untilClose
    }
    return .response(response)
  }

  /// Whether another exchange may follow the one in progress.
  package var isPersistent: Bool { allowsNext }
}

/// How the content of a response goes out.
package struct ResponsePlan: Sendable, Equatable {
  package enum Framing: Sendable, Equatable {
    case none
    case length(UInt64)
    case chunked, untilClose
  }
  package var framing: Framing
  /// The connection closes after it.
  package var closes: Bool
  /// False for HEAD and for statuses without content.
  package var sendsContent: Bool

  package init(framing: Framing, closes: Bool, sendsContent: Bool) {
    self.framing = framing
    self.closes = closes
    self.sendsContent = sendsContent
  }
}

/// The head of a response as a client reads it.
package struct ResponseHead: Sendable {
  package var status: Status
  package var version: HTTPVersion
  package var fields: Fields
}
