import EmulatorKernel
import PayloadCodecs

/// What the logs and audits of hubs and spaces are to say, as it was noted: its text is written when
/// somebody comes to read one of them. Most of it never is, and each request would write five lines.
///
/// **Memory**: bounded. Of one hub the oldest is dropped where its log and its audit would have
/// dropped it, too; of several, `mustBeWritten` says when it is enough.
struct UnwrittenRecords: Sendable, Weighed {
  /// One entry; its texts lie in the chunk's, one behind the other.
  struct Entry: Sendable {
    enum Kind: UInt8, Sendable {
      /// A line of the log, rendered: the space's, with the hub's id in front.
      case line
      /// The log's line of a request.
      case request
      case audit
      /// START in the audit, the log's line, END in the audit.
      case wholeRequest
      /// A line that a hub says of itself or of a sequence, whose id its text is; its code tells which one.
      case news
      /// The log's lines of an instance's start; its code is 1 where its process tells some of them itself.
      case start
      /// Those of its end.
      case end
    }

    let kind: Kind
    let hub: HubKey
    let at: VirtualInstant
    var state = AuditRecord.State.none
    var status: UInt16 = 0
    var code = 0
    var request: (high: UInt64, low: UInt64) = (0, 0)
    var received: UInt64 = 0
    var sent: UInt64 = 0
    /// The lengths of its texts: a line, an instance's id or what the audit calls its object; who asked; a
    /// request's method and path.
    fileprivate(set) var objectLength = 0
    fileprivate(set) var requestorLength = 0
    fileprivate(set) var methodLength = 0
    fileprivate(set) var pathLength = 0

    fileprivate var textLength: Int {
      objectLength + requestorLength + methodLength + pathLength
    }
    /// About what it makes in the hub's log and audit, rather too little.
    fileprivate var logBytes: Int {
      switch kind {
      case .line: objectLength
      case .request, .wholeRequest: 150 + pathLength
      case .audit: 0
      case .news: 72 + objectLength
      // Four or seven lines, and three, each with the id at least once.
      case .start: (code == 1 ? 4 : 7) * (100 + objectLength)
      case .end: 3 * (100 + objectLength)
      }
    }
    fileprivate var auditBytes: Int {
      switch kind {
      case .line, .request, .news, .start, .end: 0
      case .audit: 128 + objectLength
      case .wholeRequest: 2 * (128 + objectLength)
      }
    }
  }

  struct Chunk: Sendable {
    fileprivate(set) var entries: [Entry] = []
    fileprivate(set) var texts: [UInt8] = []
    fileprivate var logBytes = 0
    fileprivate var auditBytes = 0

    fileprivate var heapBytes: Int { entries.spineBytes + texts.spineBytes }

    /// - Parameter body: gets each entry with its texts.
    func forEach(_ body: (Entry, _ texts: Span<UInt8>) -> Void) {
      var start = 0
      let span = texts.span
      for entry in entries {
        let end = start + entry.textLength
        body(entry, span.extracting(start..<end))
        start = end
      }
    }
  }

  /// Somebody reads: everything is written at once.
  private(set) var isRead = false
  /// Lines of the log that nobody was told of since the last look whether anybody is still there.
  var unreadLines = 0
  /// Whose entries there are, if they are one hub's.
  private var hub: HubKey?
  private var isMixed = false
  private var full: [Chunk] = []
  private var current = Chunk()
  /// Of `full`.
  private var fullBytes = 0
  private var logBytes = 0
  private var auditBytes = 0

  private static let entriesPerChunk = 128

  var heapBytes: Int { fullBytes + full.spineBytes + current.heapBytes }
  /// Of several hubs, and enough to have been put off.
  var mustBeWritten: Bool { isMixed && !full.isEmpty }

  mutating func add(
    _ entry: Entry, object: Span<UInt8>, requestor: Span<UInt8> = .init(),
    method: Span<UInt8> = .init(), path: Span<UInt8> = .init()
  ) {
    var entry = entry
    entry.objectLength = object.count
    entry.requestorLength = requestor.count
    entry.methodLength = method.count
    entry.pathLength = path.count
    if hub != entry.hub { note(entry.hub) }
    if current.entries.count >= Self.entriesPerChunk { closeChunk() }
    current.entries.append(entry)
    if !object.isEmpty { current.texts.append(contentsOf: object) }
    if !requestor.isEmpty { current.texts.append(contentsOf: requestor) }
    if !method.isEmpty { current.texts.append(contentsOf: method) }
    if !path.isEmpty { current.texts.append(contentsOf: path) }
    current.logBytes += entry.logBytes
    current.auditBytes += entry.auditBytes
  }

  private mutating func note(_ newHub: HubKey) {
    if hub != nil { isMixed = true }
    hub = newHub
  }

  private mutating func closeChunk() {
    logBytes += current.logBytes
    auditBytes += current.auditBytes
    fullBytes += current.heapBytes
    var next = Chunk()
    next.entries.reserveCapacity(Self.entriesPerChunk)
    next.texts.reserveCapacity(current.texts.count)
    full.append(current)
    current = next
    dropStale()
  }

  /// Whole chunks that both histories would have dropped.
  private mutating func dropStale() {
    guard !isMixed else { return }
    var count = 0
    for chunk in full {
      let (log, audit) = (logBytes - chunk.logBytes, auditBytes - chunk.auditBytes)
      guard chunk.logBytes == 0 || log >= ScramjetState.logHistoryBytes,
        chunk.auditBytes == 0 || audit >= ScramjetState.auditHistoryBytes
      else { break }
      (logBytes, auditBytes) = (log, audit)
      fullBytes -= chunk.heapBytes
      count += 1
    }
    if count > 0 { full.removeFirst(count) }
  }

  /// All of it, to be written now.
  mutating func take() -> [Chunk] {
    guard !full.isEmpty || !current.entries.isEmpty else { return [] }
    var chunks = full
    chunks.append(current)
    let (isRead, unreadLines) = (isRead, unreadLines)
    self = Self()
    (self.isRead, self.unreadLines) = (isRead, unreadLines)
    return chunks
  }

  mutating func readerCame() {
    isRead = true
    unreadLines = 0
  }

  mutating func lastReaderLeft() { isRead = false }
}
