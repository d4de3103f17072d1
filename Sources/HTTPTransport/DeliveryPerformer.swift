import HTTPModel

/// How much of a response may leave now.
struct DeliveryAllowance {
  /// Bytes on the wire, framing included.
  var wire: Int
  /// Bytes of content.
  var content: Int
  /// Whether framing behind the head may leave (the last chunk must not, if the response is to
  /// stay incomplete).
  var allowsEnd: Bool
  /// Bytes of the head still to be sent: they count only against `wire`.
  var headLeft: Int
}

/// Performs the pauses and the fault of one response: how much may leave when, and what happens at
/// the end. It decides numbers only; the connection sends, waits and closes.
///
/// **Isolation**: belongs to an `ActiveExchange`, hence to its loop.
final class DeliveryPerformer {
  /// What happens when the allowance is used up for good, or the response has ended.
  enum Terminal { case none, reset, close, stall }

  let terminal: Terminal
  /// The response goes out in the chunked coding even if its length is known.
  let forcesChunks: Bool
  /// A chunk-size line that is no number goes behind the head.
  let breaksFraming: Bool

  private var wireLeft = Int.max
  private var contentLeft = Int.max
  private var headLeft = 0
  /// The pause before each refill; 0: no pace.
  private let pause: Int64
  /// Where each piece has a pause of its own.
  private let piecePause: (@Sendable (Int) -> Duration)?
  /// Wire bytes of each refill; 0: pieces of content instead.
  private let wireQuantum: Int
  /// Pieces are cut to this size; 0: as they come.
  private let pieceBytes: Int
  private var pieceCounts: [Int] = []
  private var nextPiece = 0
  private var isTimerSet = false
  private var flips: ByteFlipper?
  private(set) var isStalled = false

  /// nil when the delivery needs nothing but a delay in front of the head.
  init?(_ delivery: Delivery, contentLength: UInt64?) {
    var terminal = Terminal.none
    var pause: Int64 = 0
    var quantum = 0
    var pieceBytes = 0
    var breaksFraming = false
    let lastByte = contentLength.map { max(0, Int(clamping: $0) - 1) } ?? .max
    var piecePause = delivery.piecePause
    if piecePause != nil { pause = 1 }
    switch delivery.fault {
    case .reset(let count):
      terminal = .reset
      wireLeft = max(0, count)
    case .truncate(let count):
      terminal = .close
      contentLeft = min(max(0, count), lastByte)
    case .stall(let count):
      terminal = .stall
      contentLeft = min(max(0, count), lastByte)
    case .throttle(let rate):
      let rate = max(1, rate)
      pause = max(20_000_000, 1_000_000_000 / Int64(rate))
      quantum = max(1, Int(Double(rate) * Double(pause) / 1e9))
      wireLeft = quantum
      piecePause = nil
    case .dribble(let bytes, let wait):
      pieceBytes = max(1, bytes)
      pause = max(1, wait.nanoseconds)
      piecePause = nil
    case .corrupt(.flippedBytes(let count, let seed)):
      flips = ByteFlipper(count: count, seed: seed, length: contentLength.map { Int(clamping: $0) })
    case .corrupt(.chunkFraming):
      breaksFraming = true
      terminal = .close
    case .empty, .refuse, nil: break
    }
    guard terminal != .none || pause > 0 || flips != nil else { return nil }
    self.terminal = terminal
    self.pause = pause
    self.piecePause = piecePause
    wireQuantum = quantum
    self.pieceBytes = pieceBytes
    self.breaksFraming = breaksFraming
    forcesChunks = breaksFraming
    if pause > 0, quantum == 0 { contentLeft = min(contentLeft, 0) }
  }

  private var isPacedByPieces: Bool { pause > 0 && wireQuantum == 0 }

  var allowance: DeliveryAllowance {
    DeliveryAllowance(
      wire: wireLeft, content: contentLeft,
      allowsEnd: !withholdsEnd
        && (!isPacedByPieces || nextPiece == pieceCounts.count),
      headLeft: headLeft)
  }

  /// The last chunk never leaves: the response stays incomplete.
  var withholdsEnd: Bool { (terminal == .close || terminal == .stall) && !breaksFraming }

  func headIsReady(_ count: Int) { headLeft = count }

  /// Cuts and spoils a piece of content.
  func prepare(_ piece: [UInt8]) -> [[UInt8]] {
    var piece = piece
    flips?.flip(&piece)
    guard pieceBytes > 0 else {
      if isPacedByPieces { pieceCounts.append(piece.count) }
      return [piece]
    }
    var parts: [[UInt8]] = []
    var start = 0
    while start < piece.count {
      // Pieces weigh more than their bytes, and nobody waits for the ten-thousandth.
      let size = pieceCounts.count < Self.smallPiecesMax ? pieceBytes : max(pieceBytes, 65_536)
      let end = start + min(size, piece.count - start)
      parts.append(Array(piece[start..<end]))
      pieceCounts.append(end - start)
      start = end
    }
    return parts
  }

  private static let smallPiecesMax = 10_000

  func sent(_ count: Int) {
    if wireLeft != .max { wireLeft -= count }
    headLeft = max(0, headLeft - count)
  }

  func sentContent(_ count: Int) {
    if contentLeft != .max { contentLeft -= count }
  }

  /// Nothing more may leave, for good.
  var isExhausted: Bool {
    switch terminal {
    case .none: false
    case .reset: wireLeft <= 0
    case .close, .stall: contentLeft <= 0 && headLeft == 0
    }
  }

  /// The pause until more may leave, if a timer must be set for it now.
  func pauseToSet(hasWork: Bool) -> Int64? {
    guard pause > 0, !isTimerSet, hasWork else { return nil }
    if wireQuantum > 0 ? wireLeft > 0 : contentLeft > 0 { return nil }
    isTimerSet = true
    return piecePause.map { max(1, $0(nextPiece).nanoseconds) } ?? pause
  }

  /// The pause is over.
  func refill() {
    isTimerSet = false
    if wireQuantum > 0 {
      wireLeft = wireQuantum
    } else if nextPiece < pieceCounts.count {
      contentLeft = pieceCounts[nextPiece]
      nextPiece += 1
    }
  }

  private var waitBegan: Int64?

  /// Whether the first call is longer ago than `limit`.
  func hasWaited(_ limit: Int64, at now: Int64) -> Bool {
    guard let waitBegan else {
      waitBegan = now
      return false
    }
    return now - waitBegan > limit
  }

  func markStalled() { isStalled = true }
}

/// Flips one bit at each of a number of places that depend on the seed alone.
struct ByteFlipper {
  private var places: [(offset: Int, bit: UInt8)] = []
  private var position = 0

  init(count: Int, seed: UInt64, length: Int?) {
    var random = SplitMix(state: seed)
    var offset = 0
    for _ in 0..<min(max(0, count), 4096) {
      if let length {
        guard length > 0 else { return }
        offset = Int(random.next() % UInt64(length))
      } else {
        // Unknown length: near the front, at growing distances.
        offset += Int(random.next() % 64)
      }
      let isTaken = places.contains { $0.offset == offset }
      if isTaken, length == nil { offset += 1 }
      if isTaken, length != nil { continue }
      places.append((offset, UInt8(1) << UInt8(random.next() % 8)))
    }
  }

  mutating func flip(_ piece: inout [UInt8]) {
    for place in places where place.offset >= position && place.offset < position + piece.count {
      piece[place.offset - position] ^= place.bit
    }
    position += piece.count
  }
}

/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
