package import HTTPModel

/// One exchange as the journal keeps it: references to what the exchange had anyway, rendered when
/// somebody asks. Credentials stand here as they came; `JournalText` masks them on the way out.
package struct JournalEntry: Sendable {
  /// 1, 2, 3… in the tenant, in order of arrival.
  package internal(set) var number: UInt64 = 0
  package let exchange: Exchange
  /// In `OperationTable`; nil when the request belongs to none.
  package let operationIndex: Int?
  package let method: Method
  /// As it was sent, tenant prefix included.
  package let target: RequestTarget
  package let version: HTTPVersion
  package let requestFields: Fields
  /// The first bytes.
  package var requestContent: [UInt8] = []
  package var requestContentBytes: UInt64 = 0

  /// Nil until the answer is known.
  package var status: Status?
  package var responseFields = Fields()
  /// The first bytes.
  package var responseContent: [UInt8] = []
  package var responseContentBytes: UInt64 = 0

  /// The names of the rules that struck, in order.
  package var rules: [String] = []
  package var explanation: (any RuleExplanation)?
  package var fault: TransportFault?

  /// By the tenant's clock.
  package let arrived: VirtualInstant
  package var ended: VirtualInstant?
  /// On the wall, for durations.
  package let began: ContinuousClock.Instant
  package var duration: Duration?
  /// Nil while the exchange is in flight.
  package var ending: ExchangeOutcome.Ending?

  package init(
    request: Request, target: RequestTarget, exchange: Exchange, operationIndex: Int?,
    arrived: VirtualInstant, began: ContinuousClock.Instant
  ) {
    self.exchange = exchange
    self.operationIndex = operationIndex
    method = request.method
    self.target = target
    version = request.version
    requestFields = request.fields.compacted
    self.arrived = arrived
    self.began = began
  }

  /// What the contract had to say about the request.
  package var remarks: [String] { responseFields.all("X-Wavetank-Remark") }

  /// About how much memory the entry holds. Mutating in name only: so it reads the entry where it
  /// lies, and copies none of its references.
  mutating func measure() -> Int {
    512 + target.bytes.count + requestFields.byteCount + requestContent.count
      + responseFields.byteCount + responseContent.count
      + (explanation?.byteCount ?? 0)
  }
}

extension Fields {
  fileprivate var byteCount: Int { bytes.count + lines.count * 16 }

  /// The same lines without the room that a buffer of the engine may have behind them. Mapped,
  /// since an `Array` of a whole slice would share the buffer.
  fileprivate var compacted: Fields {
    bytes.capacity <= bytes.count * 2 + 512
      ? self : Fields(bytes: bytes.map(\.self), lines: lines)
  }
}

/// How much a tenant's journal keeps.
package struct JournalLimits: Sendable, Equatable {
  package var entries: Int
  package var bytes: Int
  /// The first bytes of each content.
  package var contentPrefix: Int

  package init(entries: Int = 10_000, bytes: Int = 32 << 20, contentPrefix: Int = 4096) {
    self.entries = max(1, entries)
    self.bytes = max(0, bytes)
    self.contentPrefix = max(0, contentPrefix)
  }

  /// The first bytes; the whole array itself when it is short and has no large room behind it.
  func prefix(of content: [UInt8]) -> [UInt8] {
    content.count <= contentPrefix && content.capacity <= contentPrefix + content.count
      ? content : content.prefix(contentPrefix).map(\.self)
  }

  func prefix(of chunks: [[UInt8]]) -> [UInt8] {
    var first: [UInt8] = []
    for chunk in chunks where first.count < contentPrefix {
      first += chunk.prefix(contentPrefix - first.count)
    }
    return first
  }
}
