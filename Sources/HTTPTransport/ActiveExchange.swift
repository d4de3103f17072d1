import HTTPModel
import HTTPWire

/// A response that stands in the output as a whole: its exchange is over when it has left.
struct QueuedResponse {
  var exchange: Exchange
  var headCount: Int
  var contentCount: Int
  var requestContentBytes: UInt64
}

/// An exchange that could not be answered at once: its content is being collected or streamed, its
/// service runs as a task, its answer is delayed, or its response is a stream.
///
/// **Isolation**: belongs to its connection's loop. At most one per connection.
final class ActiveExchange {
  /// What happens to the request's content.
  enum Intake {
    case discard
    case collect(limit: Int, then: @Sendable (CollectedContent) -> Answer)
    case stream(RequestContent)
  }

  enum Phase {
    /// Awaits content for the collector, or the service's task.
    case awaitingAnswer
    /// Awaits its delay.
    case delayed(Response)
    /// Its fault counts its own bytes: awaits that the answers before it have left.
    case behindOthers(Response)
    /// A stream's head is ready, and held back while the peer may still be owed a 100.
    case headHeld(Response)
    /// A stream's head is queued: awaits the first job of its producer, whose pieces leave with it.
    case starting
    /// Its bytes are on their way: awaits more of its producer.
    case sending
    /// All bytes of the response are in the output queue: awaits that they have left.
    case queued
  }

  let exchange: Exchange
  var phase = Phase.awaitingAnswer
  var intake = Intake.discard
  var collected: [UInt8] = []
  /// The peer waits for 100 (Continue), and nothing has been sent and nothing has come.
  var owesContinue: Bool
  var isReadingPaused = false
  /// How its content is taken; nil: as it comes.
  var pacer: IntakePacer?
  var requestContentBytes: UInt64 = 0
  var requestContentPrefix: [UInt8] = []

  var plan = ResponsePlan(framing: .none, closes: false, sendsContent: false)
  var writer: BodyWriter?
  /// The writer has said that there is something, or gave less than all.
  var isWriterReady = false
  var task: Task<Void, Never>?
  /// What a stream of known length may still send.
  var contentAllowed = UInt64.max
  var responseContentBytes: UInt64 = 0
  var responseContentPrefix: [UInt8] = []
  var isStream = false
  /// The response goes on for as long as there is news: it ends with its reader, or with the server.
  var isLive = false
  var heartbeat: StaticString?
  var delivery: DeliveryPacer?
  /// The room for its collected content; and what its response brings along.
  var lease: MemoryLease?
  var responseLeases: [MemoryLease] = []
  /// How the exchange ends when its output has left, if not `.completed`.
  var endingInstead: ExchangeOutcome.Ending?

  init(_ exchange: Exchange, owesContinue: Bool) {
    self.exchange = exchange
    self.owesContinue = owesContinue
  }

  /// Its head is queued, its end is not.
  var isSending: Bool {
    switch phase {
    case .starting, .sending: true
    default: false
    }
  }

  /// Nothing may go before its head any more.
  var isHeadQueued: Bool {
    switch phase {
    case .starting, .sending, .queued: true
    default: false
    }
  }

  /// How much of streamed content is kept for the outcome.
  static let prefixBytesMax = 4096

  func noteRequestContent(_ bytes: [UInt8]) {
    let room = Self.prefixBytesMax - requestContentPrefix.count
    if room > 0 { requestContentPrefix += bytes.prefix(room) }
  }

  func noteResponseContent(_ bytes: [UInt8], _ range: Range<Int>) {
    responseContentBytes += UInt64(range.count)
    guard isStream else { return }
    let room = Self.prefixBytesMax - responseContentPrefix.count
    if room > 0 { responseContentPrefix += bytes[range.prefix(room)] }
  }

  func outcome(_ ending: ExchangeOutcome.Ending) -> ExchangeOutcome {
    ExchangeOutcome(
      ending: ending, requestContentBytes: requestContentBytes,
      requestContentPrefix: requestContentPrefix, responseContentBytes: responseContentBytes,
      responseContentPrefix: responseContentPrefix)
  }
}
