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

/// The pauses and the fault of one response: how much may leave when, and what happens at the end. It
/// decides numbers only; the connection sends, waits and closes.
///
/// **Isolation**: belongs to an `ActiveExchange`, hence to its loop.
final class DeliveryPacer {
  /// What happens when the allowance is used up for good, or the response has ended.
  enum Terminal { case none, reset, close, stall }

  /// Pauses in nanoseconds.
  private enum Pace {
    case none
    /// After so many bytes on the wire.
    case bytes(Int, pause: Int64)
    /// Before each piece of content, by its number.
    case pieces(pause: (Int) -> Int64)
  }

  private(set) var terminal = Terminal.none
  /// A chunk-size line that is no number goes behind the head; so the response goes out in the chunked
  /// coding, its length known or not.
  private(set) var breaksFraming = false
  private var pace = Pace.none
  private var wireLeft = Int.max
  /// Bytes on the wire until a reset.
  private var totalLeft = Int.max
  private var contentLeft = Int.max
  private var headLeft = 0
  /// Pieces are cut to this size; 0: as they come.
  private var pieceBytes = 0
  private var pieceCounts: [Int] = []
  private var nextPiece = 0
  private var flips: ByteFlipper?
  /// A timer runs; `refill` is called when it fires.
  var isPausing = false
  private(set) var isStalled = false
  private var waitBegan: Int64?

  /// nil when the delivery needs nothing but a delay in front of the head.
  init?(_ delivery: Delivery, contentLength: UInt64?) {
    let middle = contentLength.map { Int(clamping: $0 / 2) } ?? 1
    let lastByte = contentLength.map { max(0, Int(clamping: $0) - 1) } ?? .max
    if let pause = delivery.piecePause { pace = .pieces { max(1, pause($0).nanoseconds) } }
    switch delivery.fault {
    case .reset(let count): (terminal, totalLeft) = (.reset, max(0, count))
    case .truncate(let count):
      (terminal, contentLeft) = (.close, min(max(0, count ?? middle), lastByte))
    case .stall(let count):
      (terminal, contentLeft) = (.stall, min(max(0, count ?? middle), lastByte))
    case .throttle(let rate, let count):
      if let count { (terminal, totalLeft) = (.reset, max(0, count)) }
      let rate = max(1, rate)
      let pause = max(20_000_000, 1_000_000_000 / Int64(rate))
      wireLeft = max(1, Int(Double(rate) * Double(pause) / 1e9))
      pace = .bytes(wireLeft, pause: pause)
    case .dribble(let bytes, let wait):
      pieceBytes = max(1, bytes)
      let pause = max(1, wait.nanoseconds)
      pace = .pieces { _ in pause }
    case .corrupt(.flippedBytes(let count, let seed)):
      flips = ByteFlipper(count: count, seed: seed, length: contentLength.map { Int(clamping: $0) })
    case .corrupt(.chunkFraming): (terminal, breaksFraming) = (.close, true)
    case .empty, .refuse, .upload, .tls, nil: break
    }
    if isPacedByPieces { contentLeft = 0 }
    if case .none = pace, terminal == .none, flips == nil { return nil }
  }

  private var isPacedByPieces: Bool {
    if case .pieces = pace { true } else { false }
  }

  var allowance: DeliveryAllowance {
    DeliveryAllowance(
      wire: min(wireLeft, totalLeft), content: contentLeft,
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
    if totalLeft != .max { totalLeft -= count }
    headLeft = max(0, headLeft - count)
  }

  func sentContent(_ count: Int) {
    if contentLeft != .max { contentLeft -= count }
  }

  /// Nothing more may leave, for good.
  var isExhausted: Bool {
    switch terminal {
    case .none: false
    case .reset: totalLeft <= 0
    case .close, .stall: contentLeft <= 0 && headLeft == 0
    }
  }

  /// The pause until more may leave, if a timer must be set for it now.
  func beginPause() -> Int64? {
    guard !isPausing else { return nil }
    let length: Int64
    switch pace {
    case .bytes(_, let pause) where wireLeft <= 0: length = pause
    case .pieces(let pause) where contentLeft <= 0: length = pause(nextPiece)
    default: return nil
    }
    isPausing = true
    return length
  }

  /// The pause is over.
  func refill() {
    isPausing = false
    switch pace {
    case .none: break
    case .bytes(let count, _): wireLeft = count
    case .pieces:
      guard nextPiece < pieceCounts.count else { break }
      contentLeft = pieceCounts[nextPiece]
      nextPiece += 1
    }
  }

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
