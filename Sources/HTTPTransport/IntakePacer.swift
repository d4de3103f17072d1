import HTTPModel

/// How a request's content is taken where a fault says it: how much now, and what happens then. It
/// decides numbers only; the connection reads, waits and closes.
///
/// **Isolation**: belongs to an `ActiveExchange`, hence to its loop.
final class IntakePacer {
  enum Ending { case reset, stall }

  private let ending: UploadFault.Ending
  /// Content bytes until the ending.
  private(set) var contentLeft: Int
  /// Bytes on the wire, framing included, until the pause; and how many after it.
  private var wireLeft = Int.max
  private var quantum = Int.max
  private let pause: Int64
  /// When the pause ends; nil: there is none.
  private(set) var pausesUntil: Int64?

  init(_ fault: UploadFault) {
    ending = fault.ending
    contentLeft = fault.ending == .none ? .max : fault.afterBytes
    if let rate = fault.bytesPerSecond {
      pause = max(20_000_000, 1_000_000_000 / Int64(rate))
      quantum = max(1, Int(clamping: Int64(rate) * pause / 1_000_000_000))
      wireLeft = quantum
    } else {
      pause = 0
    }
  }

  /// So many bytes may be looked at now.
  var allowance: Int { pausesUntil == nil ? wireLeft : 0 }

  /// What happens now that so much content has come; nil: nothing yet.
  var endsNow: Ending? {
    guard contentLeft <= 0 else { return nil }
    return switch ending {
    case .none: nil
    case .reset: .reset
    case .stall: .stall
    }
  }

  func took(_ count: Int) { if wireLeft != .max { wireLeft -= count } }
  func tookContent(_ count: Int) { if contentLeft != .max { contentLeft -= count } }

  /// The pause until more may be taken, if one must begin now.
  func beginPause(at now: Int64, needsMore: Bool) -> Int64? {
    guard pausesUntil == nil, wireLeft != .max, wireLeft <= 0 || needsMore else { return nil }
    pausesUntil = now + pause
    return pause
  }

  /// True when a pause is over: a line of the framing may be longer than what one pause gives.
  func refill(at now: Int64) -> Bool {
    guard let until = pausesUntil, until <= now else { return false }
    pausesUntil = nil
    wireLeft = min(max(0, wireLeft) + quantum, max(quantum, 64 * 1024))
    return true
  }

  /// Nothing is read.
  var isHolding: Bool { pausesUntil != nil || endsNow == .stall }
}
