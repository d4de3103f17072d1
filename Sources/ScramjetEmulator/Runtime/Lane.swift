import HTTPModel

/// One way into an instance, `input` or `stdin`: what has arrived and is not yet taken by the
/// program. Pieces are handled one after the other, so a slow program holds its writers back.
struct Lane: Codable, Sendable {
  /// From so many waiting bytes on a writer has to wait.
  /// Source: Node's high mark for byte streams is 16 KiB on each of the hub's hops; four hops.
  static let mark = 64 * 1024
  /// A line longer than this is handed over in parts.
  static let lineBytesMax = 1 << 20

  enum Item: Codable, Sendable, Equatable {
    case piece([UInt8])
    case line([UInt8])
    case end
  }

  /// What the program listens to, so that nothing is made that nobody takes.
  struct Ears: Sendable {
    var pieces: Bool
    var lines: Bool
    var keepsNewlines: Bool
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

  init() {}

  var hasRoom: Bool { queue.byteCount < Lane.mark }

  /// Whether what came from a snapshot can be gone on with.
  var isConsistent: Bool { queue.isConsistent && (0...items.count).contains(nextItem) }

  mutating func append(_ bytes: [UInt8]) {
    if !isEnded { queue.append(bytes) }
  }

  mutating func end() { isEnded = true }

  /// The next thing to handle; nil when nothing is there yet.
  mutating func take(_ ears: Ears) -> Item? {
    while true {
      if nextItem < items.count {
        defer { nextItem += 1 }
        return items[nextItem]
      }
      items.removeAll(keepingCapacity: items.count <= 64)
      nextItem = 0
      if let chunk = queue.popFirst() {
        if ears.pieces, !ears.lines { return .piece(chunk) }
        if ears.pieces { items.append(.piece(chunk)) }
        if ears.lines { split(chunk, ears.keepsNewlines) }
        continue
      }
      guard isEnded, !isEndTaken else { return nil }
      isEndTaken = true
      if !carry.isEmpty {
        items.append(.line(carry))
        carry = []
      }
      items.append(.end)
    }
  }

  private mutating func split(_ chunk: [UInt8], _ keepsNewlines: Bool) {
    var start = 0
    while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
      var line = carry
      line += chunk[start..<(keepsNewlines ? end + 1 : end)]
      if !keepsNewlines, line.last == UInt8(ascii: "\r") { line.removeLast() }
      items.append(.line(line))
      carry = []
      start = end + 1
    }
    carry += chunk[start...]
    if carry.count > Lane.lineBytesMax {
      items.append(.line(carry))
      carry = []
    }
  }
}
