import EmulatorKernel
import HTTPModel
import PayloadCodecs

/// A way into an instance.
package enum Lane: String, Sendable, Hashable {
  case input, stdin

  /// What in a program hears of a piece, a line and the end.
  var triggers:
    (piece: ProgramCompiler.Trigger, line: ProgramCompiler.Trigger, end: ProgramCompiler.Trigger)
  {
    self == .input ? (.input, .line, .end) : (.stdin, .stdinLine, .stdinEnd)
  }
}

/// What has arrived for an instance and is not yet taken by its program. Pieces are handled one after
/// the other, so a slow program holds its writers back.
struct InputQueue: Codable, Sendable {
  /// From so many waiting bytes on a writer has to wait.
  /// Source: Node's high mark for byte streams is 16 KiB on each of the hub's hops; four hops.
  static let mark = 64 * 1024
  /// A line longer than this is handed over in parts: what DESIGN §11 lets one operation hold.
  static let lineBytesMax = 16 << 20

  enum Item: Codable, Sendable, Equatable {
    case piece([UInt8])
    case line([UInt8])
    case end
  }

  /// What a piece of input is: the runner reads it by its content type and in its language's way.
  enum PieceForm: Sendable {
    /// As it arrives.
    case chunk
    /// A line with its newline: text in Python.
    case textLine
    /// A line that is JSON; what is blank or no JSON is left out, as the hub leaves it out.
    case jsonLine
  }

  /// What the program takes, so that nothing is made that nobody does.
  struct Demand: Sendable {
    var pieces: Bool
    var lines: Bool
    var keepsNewlines: Bool
    var pieceForm = PieceForm.chunk
  }

  private var queue = ChunkQueue()
  private var carry: [UInt8] = []
  private var items: [Item] = []
  private var nextItem = 0
  /// No more data will come; what is here is still handled.
  private(set) var isEnded = false
  private var isEndTaken = false
  /// The activity that works on an item of this lane and has not finished.
  var activity: Int?
  var hasWaitingWriter = false

  /// Pieces and lines are counted as small ones, which lie in an array each.
  var heapBytes: Int {
    queue.heapBytes + carry.spineBytes + items.spineBytes
      + (items.count - nextItem) * (HeapOverhead.array + 16)
  }

  var byteCount: Int { queue.byteCount }
  var hasRoom: Bool { queue.byteCount < Self.mark }

  /// Whether there is something to take, be it the end.
  var hasItem: Bool { nextItem < items.count || queue.byteCount > 0 || (isEnded && !isEndTaken) }

  /// Whether what came from a snapshot can be gone on with.
  var isConsistent: Bool { queue.isConsistent && (0...items.count).contains(nextItem) }

  mutating func append(_ bytes: [UInt8]) {
    if !isEnded { queue.append(bytes) }
  }

  mutating func end() { isEnded = true }

  /// The next thing to handle; nil when nothing is there yet.
  mutating func take(_ demand: Demand) -> Item? {
    while true {
      if nextItem < items.count {
        defer { nextItem += 1 }
        return items[nextItem]
      }
      items.removeAll(keepingCapacity: items.count <= 64)
      nextItem = 0
      if let chunk = queue.popFirst() {
        let isChunk = demand.pieceForm == .chunk
        if demand.pieces, isChunk, !demand.lines { return .piece(chunk) }
        if demand.pieces, isChunk { items.append(.piece(chunk)) }
        if demand.lines || !isChunk { split(chunk, demand) }
        continue
      }
      guard isEnded, !isEndTaken else { return nil }
      isEndTaken = true
      if !carry.isEmpty { takeLine(demand) }
      items.append(.end)
    }
  }

  private mutating func split(_ chunk: [UInt8], _ demand: Demand) {
    var start = 0
    while let end = chunk[start...].firstIndex(of: Self.newline) {
      carry += chunk[start...end]
      takeLine(demand)
      start = end + 1
    }
    carry += chunk[start...]
    if carry.count > Self.lineBytesMax { takeLine(demand) }
  }

  private static let newline = UInt8(ascii: "\n")

  /// Makes items of the line in `carry`, which has its newline unless it is the last.
  private mutating func takeLine(_ demand: Demand) {
    let whole = carry
    carry = []
    if demand.pieceForm == .jsonLine, (try? JSON(parsing: whole)) == nil { return }
    if demand.pieces {
      switch demand.pieceForm {
      case .chunk: break
      case .textLine: items.append(.piece(whole))
      case .jsonLine:
        items.append(.piece(whole.last == Self.newline ? whole : whole + [Self.newline]))
      }
    }
    guard demand.lines else { return }
    var bare = whole
    if !demand.keepsNewlines, bare.last == Self.newline {
      bare.removeLast()
      if bare.last == UInt8(ascii: "\r") { bare.removeLast() }
    }
    items.append(.line(bare))
  }
}
