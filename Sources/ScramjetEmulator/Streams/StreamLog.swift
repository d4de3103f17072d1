import EmulatorKernel
import PayloadCodecs

/// One log of byte chunks that many readers share: each reader is only a position, a chunk is kept
/// once, and it is dropped when the last reader has passed it.
///
/// **Shape**: a queue of chunks, numbered from 0 for ever. Beside each chunk stands how many readers
/// have it next; `caughtUp` counts those who have taken everything. So taking, appending and
/// trimming cost the same whether there is one reader or five thousand.
///
/// **Units**: positions count chunks; marks count bytes.
package struct StreamLog: Sendable, Weighed {
  /// What becomes of chunks.
  enum Keeping: Codable, Sendable, Equatable {
    /// Kept until read: for the slowest reader, or, when nobody reads, for the first to come.
    case untilRead
    /// The same, but while nobody reads the oldest give way instead of holding the writer back: for
    /// data that goes elsewhere as well.
    case untilReadOrStale
    /// The last so many bytes and lines are kept for every reader to come; never holds a writer back.
    case history(chunks: Int, bytes: Int)
    /// Only for the readers that are there.
    case live
  }

  /// Small chunks put together for one reader; those behind it mostly take the same.
  private struct Joined: Sendable {
    var start: Int
    var next: Int
    var bytes: [UInt8]
  }

  private struct Slot: Sendable {
    var bytes: [UInt8]
    /// Readers whose next chunk is this one.
    var cursors: Int
  }

  private(set) var keeping: Keeping
  /// From so many kept bytes on a writer has to wait.
  let mark: Int
  /// What passes, for those who only watch; there while somebody does.
  private var tail: StreamTail?
  private var slots: [Slot] = []
  /// What a history begins with, to be written when somebody is going to look or adds something. Most logs of
  /// instances nobody ever looks at.
  private var opening: (@Sendable () -> [UInt8])?
  private var joined: Joined?
  private var head = 0
  /// The number of the chunk at `head`.
  private var first = 0
  /// Readers that have taken everything.
  private var caughtUp = 0
  private var deliveredEnd = 0
  private(set) var byteCount = 0
  /// All that was ever written.
  private(set) var bytesWritten = 0
  private(set) var readerCount = 0
  private(set) var isEnded = false
  /// The last byte ever written; nil before the first.
  private(set) var lastByte: UInt8?
  /// Instances that wait for room here.
  var blocked: [InstanceKey] = []
  /// Whether a request waits for room.
  var hasWaitingWriter = false

  /// A mark that no writer comes to.
  static let noMark = 1 << 50

  /// - Parameter opening: the first lines of a history, each with its end.
  init(_ keeping: Keeping, mark: Int = noMark, opening: (@Sendable () -> [UInt8])? = nil) {
    self.keeping = keeping
    self.mark = mark
    self.opening = opening
  }

  private mutating func writeOpening() {
    guard let opening else { return }
    self.opening = nil
    _ = append(lines: opening().span)
  }

  /// The same with all that it has.
  var written: Self {
    var log = self
    log.writeOpening()
    return log
  }

  /// Whether what was written is kept for whoever comes, as in all logs and audits.
  var isHistory: Bool { if case .history = keeping { true } else { false } }
  /// Whether somebody is there who reads or watches.
  var isFollowed: Bool { readerCount > 0 || tail != nil }

  private var count: Int { slots.count - head }
  /// The chunks with an array each, and what was joined for readers.
  package var heapBytes: Int {
    slots.spineBytes + byteCount + count * HeapOverhead.array + (joined?.bytes.spineBytes ?? 0)
      + (tail?.heapBytes ?? 0) + blocked.spineBytes + (opening == nil ? 0 : 64)
  }
  /// The number that the next appended chunk gets.
  var end: Int { first + count }

  // MARK: Writing

  /// Adds a chunk. False when it went nowhere, because the stream has ended or nobody is to get or
  /// see it.
  @discardableResult
  mutating func append(_ bytes: [UInt8]) -> Bool { append(bytes.span) { bytes } }

  /// A line of a history, of which there are some for each request: while nobody reads, it is put to the
  /// line before it instead of being a chunk of its own.
  /// - Returns: whether somebody is there who may be told.
  mutating func append(line: Span<UInt8>) -> Bool {
    writeOpening()
    if readerCount == 0, !isEnded, case .history(_, let most) = keeping, head < slots.count {
      let last = slots.count - 1
      if slots[last].bytes.count + line.count <= min(Self.grownChunkBytesMax, most / 64) {
        joined = nil
        lastByte = line.isEmpty ? lastByte : line[line.count - 1]
        bytesWritten += line.count
        byteCount += line.count
        slots[last].bytes.append(contentsOf: line)
        if tail != nil { tail?.append(Self.copy(of: line)) }
        dropStale()
        return tail != nil
      }
    }
    append(line) { Self.copy(of: line) }
    return readerCount > 0 || tail != nil
  }

  /// Lines of a history, each with its end, as if they came one by one: mostly all are put to the same
  /// chunk, and so in one go.
  /// - Returns: whether somebody is there who may be told.
  mutating func append(lines: Span<UInt8>) -> Bool {
    writeOpening()
    if readerCount == 0, tail == nil, joined == nil, case .history(_, let most) = keeping {
      let before = head < slots.count ? slots[slots.count - 1].bytes.count : 0
      if before + lines.count <= min(Self.grownChunkBytesMax, most / 64) {
        return append(line: lines)
      }
    }
    var (isNews, start) = (false, 0)
    for index in lines.indices where lines[index] == UInt8(ascii: "\n") {
      if append(line: lines.extracting(start...index)) { isNews = true }
      start = index + 1
    }
    return isNews
  }

  private static func copy(of line: Span<UInt8>) -> [UInt8] {
    var copy: [UInt8] = []
    copy.append(contentsOf: line)
    return copy
  }

  /// A chunk that lines are put to one after the other gets no larger.
  private static let grownChunkBytesMax = 4096

  @discardableResult
  private mutating func append(_ bytes: Span<UInt8>, _ whole: () -> [UInt8]) -> Bool {
    writeOpening()
    guard !isEnded, !bytes.isEmpty else { return false }
    let last = bytes[bytes.count - 1]
    lastByte = last
    bytesWritten += bytes.count
    let chunk = whole()
    tail?.append(chunk)
    if keeping == .live, readerCount == 0 { return tail != nil }
    slots.append(Slot(bytes: chunk, cursors: caughtUp))
    caughtUp = 0
    byteCount += bytes.count
    dropStale()
    return true
  }

  /// What is beyond what is kept, whoever still wants it.
  private mutating func dropStale() {
    switch keeping {
    case .history(let chunks, let bytes):
      while count > 1, count > chunks || byteCount > bytes { dropFirst() }
    case .untilReadOrStale:
      while readerCount == 0, count > 1, byteCount > mark { dropFirst() }
    case .untilRead, .live: break
    }
  }

  /// Its data goes elsewhere as well from now on.
  mutating func givesWay() { if keeping == .untilRead { keeping = .untilReadOrStale } }

  /// No more chunks: readers get what is left and then the end.
  mutating func finish() {
    writeOpening()
    isEnded = true
  }

  // MARK: Reading

  /// A new reader's position: at what is kept if it is the first (or there is a history), else at
  /// what will be written from now on.
  mutating func attach() -> Int {
    writeOpening()
    readerCount += 1
    let startsAtEnd =
      switch keeping {
      case .untilRead, .untilReadOrStale: readerCount > 1
      case .history: false
      case .live: true
      }
    guard !startsAtEnd, count > 0 else {
      caughtUp += 1
      return end
    }
    slots[head].cursors += 1
    return first
  }

  /// A reader that stood at `position` before a snapshot stands there again.
  /// - Returns: where it stands.
  mutating func reattach(at position: Int) -> Int {
    writeOpening()
    readerCount += 1
    let position = min(max(position, first), end)
    place(position)
    return position
  }

  /// The chunks from `position` on, about `byteLimit` bytes of them but at least one, and the
  /// position behind them. Trims what nobody needs any more.
  /// - Parameter joins: small chunks may come as one piece, which readers share.
  mutating func take(
    from position: Int, byteLimit: Int, joins: Bool = false
  ) -> (pieces: [[UInt8]], next: Int) {
    let start = max(position, first)
    guard start < end else { return ([], start) }
    let (pieces, next) =
      joins && count > 1 && byteCount < count * Self.joinedChunkBytesMax
      ? joinedChunks(from: start, byteLimit) : chunks(from: start, byteLimit)
    slots[head + start - first].cursors -= 1
    place(next)
    deliveredEnd = max(deliveredEnd, next)
    if case .history = keeping {} else { trim() }
    return (pieces, next)
  }

  /// Chunks of this size, on the average, are worth a copy to leave as one.
  private static let joinedChunkBytesMax = 4096

  private func chunks(from start: Int, _ byteLimit: Int) -> (pieces: [[UInt8]], next: Int) {
    var pieces: [[UInt8]] = []
    var taken = 0
    var index = head + start - first
    while index < slots.count, taken < byteLimit {
      taken += slots[index].bytes.count
      pieces.append(slots[index].bytes)
      index += 1
    }
    return (pieces, first + index - head)
  }

  private mutating func joinedChunks(
    from start: Int, _ byteLimit: Int
  ) -> (pieces: [[UInt8]], next: Int) {
    if let joined, joined.start == start, joined.next == end { return ([joined.bytes], end) }
    let (pieces, next) = chunks(from: start, byteLimit)
    guard pieces.count > 1 else { return (pieces, next) }
    let bytes = Array(pieces.joined())
    joined = Joined(start: start, next: next, bytes: bytes)
    return ([bytes], next)
  }

  /// The reader at `position` leaves.
  mutating func detach(from position: Int) {
    guard readerCount > 0 else { return }
    readerCount -= 1
    let place = max(position, first)
    if place >= end { caughtUp -= 1 } else { slots[head + place - first].cursors -= 1 }
    switch keeping {
    case .history: return
    case .live:
      if readerCount == 0 { while count > 0 { dropFirst() } } else { trim() }
    case .untilRead, .untilReadOrStale:
      if readerCount == 0 {
        while count > 0, first < deliveredEnd { dropFirst() }
      } else {
        trim()
      }
    }
  }

  // MARK: Watching

  /// A new watcher's position: it sees what is kept and what passes, takes nothing and holds nobody
  /// up. Whoever is too slow misses some.
  mutating func watch() -> Int {
    writeOpening()
    if tail == nil { tail = StreamTail(slots[head...].map(\.bytes)) }
    return tail?.beginWatching() ?? 0
  }

  /// What passed behind `position`.
  func watched(from position: Int, byteLimit: Int) -> (pieces: [[UInt8]], next: Int) {
    tail?.pieces(from: position, byteLimit: byteLimit) ?? ([], position)
  }

  mutating func endWatching() { if tail?.endWatching() == true { tail = nil } }

  /// How far each reader is behind, in bytes, the last ones first; so many at most.
  func lags(limit: Int) -> [Int] {
    var lags = Array(repeating: 0, count: min(limit, caughtUp))
    var behind = 0
    for slot in slots[head...].reversed() where lags.count < limit {
      behind += slot.bytes.count
      lags += Array(repeating: behind, count: min(slot.cursors, limit - lags.count))
    }
    return lags
  }

  private mutating func place(_ position: Int) {
    if position >= end { caughtUp += 1 } else { slots[head + position - first].cursors += 1 }
  }

  private mutating func trim() {
    while count > 0, slots[head].cursors == 0 { dropFirst() }
  }

  private mutating func dropFirst() {
    byteCount -= slots[head].bytes.count
    // A history drops chunks under the feet of slow readers: they go on at the next one.
    let overtaken = slots[head].cursors
    slots[head] = Slot(bytes: [], cursors: 0)
    head += 1
    first += 1
    if overtaken > 0 {
      if head < slots.count { slots[head].cursors += overtaken } else { caughtUp += overtaken }
    }
    if head == slots.count {
      slots.removeAll(keepingCapacity: head <= 64)
      joined = nil
      head = 0
    } else if head >= 64, head * 2 >= slots.count {
      slots.removeSubrange(..<head)
      head = 0
    }
  }
}

extension StreamLog: Codable {
  private enum Key: String, CodingKey {
    case keeping, mark, chunks, first, deliveredEnd, isEnded, lastByte, blocked, written
  }

  /// Readers are connections and do not survive: a restored log has none.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    keeping = try values.decode(Keeping.self, forKey: .keeping)
    // Unsigned, since no mark used to be the largest number that there is.
    mark = min(Int(clamping: try values.decode(UInt64.self, forKey: .mark)), Self.noMark)
    slots = try values.decode([[UInt8]].self, forKey: .chunks).map { Slot(bytes: $0, cursors: 0) }
    byteCount = slots.reduce(0) { $0 + $1.bytes.count }
    // Snapshots of before do not have it.
    bytesWritten = max(0, try values.decodeIfPresent(Int.self, forKey: .written) ?? byteCount)
    first = try values.decode(Int.self, forKey: .first)
    deliveredEnd = try values.decode(Int.self, forKey: .deliveredEnd)
    isEnded = try values.decode(Bool.self, forKey: .isEnded)
    lastByte = try values.decodeIfPresent(UInt8.self, forKey: .lastByte)
    blocked = try values.decode([InstanceKey].self, forKey: .blocked)
  }

  package func encode(to encoder: any Encoder) throws {
    guard opening == nil else { return try written.encode(to: encoder) }
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(keeping, forKey: .keeping)
    try values.encode(mark, forKey: .mark)
    let chunks = keeping == .live ? [] : slots[head...].map(\.bytes)
    try values.encode(StreamChunks(first: first, chunks: chunks), forKey: .chunks)
    try values.encode(keeping == .live ? end : first, forKey: .first)
    try values.encode(deliveredEnd, forKey: .deliveredEnd)
    try values.encode(isEnded, forKey: .isEnded)
    try values.encodeIfPresent(lastByte, forKey: .lastByte)
    try values.encode(blocked, forKey: .blocked)
    try values.encode(bytesWritten, forKey: .written)
  }
}

extension StreamLog {
  /// What a snapshot made by hand may not have.
  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(first, place + "/first")
    findings.expect(deliveredEnd, in: 0...max(0, end), place + "/deliveredEnd")
    findings.expect(mark >= 0, place + "/mark", "it is negative")
    findings.expect(
      slots[head...].allSatisfy { !$0.bytes.isEmpty }, place + "/chunks", "a chunk is empty")
    if case .history(let chunks, let bytes) = keeping {
      findings.expect(chunks, in: 1...StateFindings.counts.upperBound, place + "/keeping")
      findings.expect(bytes, in: 1...StateFindings.counts.upperBound, place + "/keeping")
    }
  }
}
