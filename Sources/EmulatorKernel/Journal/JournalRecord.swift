package import HTTPModel
import PayloadCodecs

/// One exchange as it lies in the ring: numbers, and one buffer with all its bytes, which the next
/// exchange in this place uses again. So writing the journal makes and frees nothing; a
/// `JournalEntry` is built from it when somebody asks.
struct JournalRecord: Sendable {
  /// A stretch of `bytes`.
  private struct Part: BitwiseCopyable {
    var start: UInt32 = 0
    var count: UInt32 = 0
    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
  }

  /// A buffer larger than this is not kept for the next exchange.
  private static let keptCapacityMax = 4096
  /// Room for the places of fields, and for what a short answer has.
  private static let answerBytes = 1024

  private var number: UInt64 = 0
  private var exchange = Exchange(connectionID: 0, sequenceNumber: 0, peer: .none)
  private var parent: UInt64 = 0
  private(set) var operationIndex: Int?
  private var serviceIndex: Int?
  private var method = Method.get
  private var version = HTTPVersion.http11
  private var isSecure = false
  private var arrived = VirtualInstant(seconds: 0)
  private var began: Moment?
  private var status: Status?
  private var requestContentBytes: UInt64 = 0
  private var responseContentBytes: UInt64 = 0
  private var ended: VirtualInstant?
  /// How long it took.
  private var nanoseconds: Int64?
  private var duration: Duration? { nanoseconds.map { .nanoseconds($0) } }
  private var ending: ExchangeOutcome.Ending?
  private var rules: [String] = []
  private var trace: KeptTrace?
  private var fault: TransportFault?
  /// Whether the answer may have a remark or a hint among its fields.
  private var hasNotes = false
  /// When the answer was known; measured only while somebody follows the journal.
  private var answeredAfter: Duration?
  /// When the request was there whole, where its content was collected; measured as that is.
  private var readAfter: Duration?
  private var heldBack = Duration.zero

  private var bytes: [UInt8] = []
  private var target = Part()
  private var requestFields = Part()
  private var requestLines = Part()
  private var requestContent = Part()
  private var responseFields = Part()
  private var responseLines = Part()
  private var responseContent = Part()

  /// A place that is not written yet.
  init() { bytes.reserveCapacity(Self.answerBytes) }

  /// A new record takes so much at least.
  static let bytesMin = ownBytes + answerBytes
  /// Beside its buffer.
  private static let ownBytes = 400

  var isInFlight: Bool { ending == nil }

  // MARK: Writing

  /// Changes the record; also gives about how much memory it holds then. All that happens to a record
  /// in the ring goes through mutating methods: reading a property would copy it out first.
  mutating func apply<Value>(_ body: (inout JournalRecord) -> Value) -> (Value, byteCount: Int) {
    let value = body(&self)
    return (value, Self.ownBytes + bytes.capacity + (trace?.byteCount ?? 0))
  }

  /// Takes the place of what stands here.
  mutating func reopen(_ opening: borrowing JournalOpening, number: UInt64) {
    self.number = number
    exchange = opening.exchange
    parent = opening.parent
    operationIndex = opening.operationIndex
    serviceIndex = opening.serviceIndex
    method = opening.request.method
    version = opening.request.version
    isSecure = opening.request.arrival?.isSecure ?? false
    arrived = opening.arrived
    began = opening.began
    status = nil
    requestContentBytes = 0
    responseContentBytes = 0
    ended = nil
    nanoseconds = nil
    ending = nil
    if !rules.isEmpty { rules = [] }
    if trace != nil { trace = nil }
    if fault != nil { fault = nil }
    hasNotes = false
    answeredAfter = nil
    readAfter = nil
    heldBack = .zero
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacityMax)
    requestContent = Part()
    responseFields = Part()
    responseLines = Part()
    responseContent = Part()
    write(opening)
  }

  private mutating func write(_ opening: borrowing JournalOpening) {
    // For a long target at once: grown for what stands behind it, the buffer would be copied.
    let needed = opening.target.count + opening.request.fields.bytes.count + Self.answerBytes
    if needed > Self.keptCapacityMax { bytes.reserveCapacity(needed) }
    target = append(opening.target)
    requestFields = append(opening.request.fields.bytes)
    requestLines = append(opening.request.fields.lines)
  }

  /// The answer is known.
  mutating func answered(
    _ response: borrowing Response, content: [UInt8]?, _ decision: RuleDecision?, prefix: Int,
    isTimed: Bool, collected: Moment?
  ) {
    status = response.status
    heldBack = response.delay
    if isTimed, let began {
      answeredAfter = Moment.now - began
      readAfter = collected.map { $0 - began }
    }
    reserve(response, content, prefix)
    responseFields = append(response.fields.bytes)
    responseLines = append(response.fields.lines)
    let hasRemark = response.fields.contains(JournalEntry.remarkName)
    let hasHint = response.fields.contains(JournalEntry.hintName)
    hasNotes = hasRemark || hasHint
    if let content {
      requestContent = append(content, prefix)
      requestContentBytes = UInt64(content.count)
    }
    switch response.body {
    case .bytes(let content): responseContent = append(content, prefix)
    case .chunks(let chunks): responseContent = append(chunks, prefix)
    case .empty, .stream, .followed: break
    }
    // Those that struck its content on the way in stay in front, also where the answer has a fault too.
    let isStruckBefore = fault?.isOfUpload == true
    if !response.isDeliveredPlainly, let struck = response.fault { fault = struck }
    if let decision {
      rules = isStruckBefore ? rules + decision.struck : decision.struck
      let before = isStruckBefore ? trace : nil
      trace = before.map { decision.trace.following($0) } ?? decision.trace
    }
  }

  /// Another answer goes out than was known; what rules did stays.
  mutating func replaced(by response: borrowing Response, prefix: Int) {
    guard isInFlight, status != nil else { return }
    if fault?.isOfUpload != true { fault = nil }
    responseContent = Part()
    let (answeredAfter, readAfter) = (answeredAfter, readAfter)
    answered(
      response, content: nil, nil, prefix: prefix, isTimed: answeredAfter != nil, collected: nil)
    self.readAfter = readAfter
  }

  /// What rules have done to a connection.
  mutating func struck(_ outcome: borrowing RuleOutcome, _ trace: KeptTrace) {
    rules = outcome.strikes.map(\.rule)
    self.trace = trace
    fault = outcome.fault
  }

  /// Room for all that `answered` writes, and little more: doubled as arrays are, many a buffer would be
  /// larger than what is kept, and made anew by each exchange.
  private mutating func reserve(
    _ response: borrowing Response, _ content: [UInt8]?, _ prefix: Int
  ) {
    let contents =
      min(content?.count ?? 0, prefix) + min(Int(clamping: response.body.length ?? 0), prefix)
    let lines = response.fields.lines.count * MemoryLayout<Fields.Line>.stride
    let needed = bytes.count + response.fields.bytes.count + lines + contents
    if needed > bytes.capacity { bytes.reserveCapacity(needed | 0xFF) }
  }

  /// The exchange is over; how long it took, in nanoseconds.
  mutating func ended(
    at instant: VirtualInstant, wall: Moment,
    _ outcome: borrowing ExchangeOutcome, prefix: Int
  ) -> Int64 {
    let nanoseconds = began.map { wall.nanoseconds(since: $0) } ?? 0
    ended = instant
    self.nanoseconds = nanoseconds
    ending = outcome.ending
    requestContentBytes = max(requestContentBytes, outcome.requestContentBytes)
    responseContentBytes = outcome.responseContentBytes
    if requestContent.count == 0, !outcome.requestContentPrefix.isEmpty {
      requestContent = append(outcome.requestContentPrefix, prefix)
    }
    if responseContent.count == 0, !outcome.responseContentPrefix.isEmpty {
      responseContent = append(outcome.responseContentPrefix, prefix)
    }
    return nanoseconds
  }

  private mutating func append(_ content: [UInt8], _ most: Int = .max) -> Part {
    let start = bytes.count
    if content.count <= most {
      bytes.append(copyOf: content)
    } else {
      bytes.append(contentsOf: content[..<most])
    }
    return part(from: start)
  }

  private mutating func append(_ chunks: [[UInt8]], _ most: Int) -> Part {
    let start = bytes.count
    for chunk in chunks where bytes.count - start < most {
      bytes.append(contentsOf: chunk.prefix(most - (bytes.count - start)))
    }
    return part(from: start)
  }

  private mutating func append(_ lines: [Fields.Line]) -> Part {
    let start = bytes.count
    // SAFETY: plain numbers, copied within the closure.
    unsafe lines.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return part(from: start)
  }

  private func part(from start: Int) -> Part {
    Part(start: UInt32(clamping: start), count: UInt32(clamping: bytes.count - start))
  }

  // MARK: Reading

  /// What the log says of it: copies nothing but a reference to the buffer, unless there are notes.
  func logged() -> LoggedExchange {
    var logged = LoggedExchange(
      number: number, operationIndex: operationIndex, method: method, target: bytes[target.range],
      status: status, duration: duration, ending: ending, fault: fault, rules: rules,
      requestBytes: requestContentBytes, responseBytes: responseContentBytes, arrived: arrived)
    if hasNotes {
      let fields = fields(responseFields, responseLines)
      logged.remarks = fields.all(JournalEntry.remarkName).map(\.fromFieldText)
      logged.hint = fields[JournalEntry.hintName]
    }
    return logged
  }

  var entry: JournalEntry { entry(isWhole: true) }

  /// - Parameter isWhole: with the fields and contents; else only with what a list tells.
  func entry(isWhole: Bool) -> JournalEntry {
    JournalEntry(
      number: number, exchange: exchange, parent: parent, operationIndex: operationIndex,
      serviceIndex: serviceIndex, method: method,
      target: RequestTarget(bytes: content(target), isConnect: method == .connect),
      version: version, isSecure: isSecure,
      requestFields: isWhole ? fields(requestFields, requestLines) : Fields(),
      requestContent: isWhole ? content(requestContent) : [],
      requestContentBytes: requestContentBytes,
      status: status,
      responseFields: isWhole || hasNotes ? fields(responseFields, responseLines) : Fields(),
      responseContent: isWhole ? content(responseContent) : [],
      responseContentBytes: responseContentBytes,
      rules: rules, trace: trace?.trace, fault: fault,
      arrived: arrived, ended: ended, began: began, duration: duration,
      answeredAfter: answeredAfter, readAfter: readAfter,
      heldBack: heldBack, ending: ending)
  }

  private func content(_ part: Part) -> [UInt8] { Array(bytes[part.range]) }

  private func fields(_ text: Part, _ lines: Part) -> Fields {
    let size = MemoryLayout<Fields.Line>.stride
    // SAFETY: the stretch holds whole lines, written by `append`; each is copied out.
    let table = unsafe bytes[lines.range].withUnsafeBytes { table in
      (0..<table.count / size).map {
        unsafe table.loadUnaligned(fromByteOffset: $0 * size, as: Fields.Line.self)
      }
    }
    return Fields(bytes: content(text), lines: table)
  }
}

/// What is known of an exchange when it begins.
package struct JournalOpening: Sendable {
  let request: Request
  /// As it was sent, tenant prefix included.
  let target: [UInt8]
  package let exchange: Exchange
  /// The number of the exchange for which code made this one; 0: none.
  package let parent: UInt64
  /// In `OperationTable`; nil when the request belongs to none.
  package let operationIndex: Int?
  /// Which service it is taken for; nil where it is a connection.
  let serviceIndex: Int?
  package let arrived: VirtualInstant
  package let began: Moment

  /// Inlined: what it is made of is only looked at where it is made, and so is not counted.
  @inline(__always) package init(
    _ request: Request, target: RequestTarget, exchange: Exchange, parent: UInt64 = 0,
    operationIndex: Int?, serviceIndex: Int? = nil, arrived: VirtualInstant, began: Moment
  ) {
    self.request = request
    self.target = target.bytes
    self.exchange = exchange
    self.parent = parent
    self.operationIndex = operationIndex
    self.serviceIndex = serviceIndex
    self.arrived = arrived
    self.began = began
  }
}
