package import HTTPModel
import PayloadCodecs

/// One exchange as the journal tells it. Credentials stand here as they came; `JournalText` masks them
/// on the way out.
package struct JournalEntry: Sendable {
  /// 1, 2, 3… in the tenant, in order of arrival.
  package let number: UInt64
  package let exchange: Exchange
  /// The exchange for which code made this one; 0: none.
  package let parent: UInt64
  /// In `OperationTable`; nil when the request belongs to none.
  package let operationIndex: Int?
  /// Which service it was taken for; nil where it is a connection.
  let serviceIndex: Int?
  package let method: Method
  /// As it was sent, tenant prefix included.
  package let target: RequestTarget
  package let version: HTTPVersion
  /// It came over TLS.
  package let isSecure: Bool
  package let requestFields: Fields
  /// The first bytes.
  package let requestContent: [UInt8]
  package let requestContentBytes: UInt64

  /// Nil until the answer is known.
  package let status: Status?
  package let responseFields: Fields
  /// The first bytes.
  package let responseContent: [UInt8]
  package let responseContentBytes: UInt64

  /// The names of the rules that struck, in order.
  package let rules: [String]
  /// Why it came out so; nil: no rule was asked.
  package let trace: RuleTrace?
  package let fault: TransportFault?

  /// By the tenant's clock.
  package let arrived: VirtualInstant
  package let ended: VirtualInstant?
  /// By the clock of durations; nil in what was restored.
  package let began: Moment?
  /// On the wall.
  package let duration: Duration?
  /// Of that: until the answer was known; nil when nobody followed the journal then.
  package let answeredAfter: Duration?
  /// Of that: until the request was there whole; nil where nobody waited for its content.
  package let readAfter: Duration?
  /// Of that: what rules held the known answer back.
  package let heldBack: Duration
  /// Nil while the exchange is in flight.
  package let ending: ExchangeOutcome.Ending?

  /// A connection that a rule has struck, and no exchange: `TLS https://HOST`.
  package var isConnection: Bool { if case .tls = fault { true } else { false } }

  /// About how much memory it takes.
  var byteCount: Int {
    1024 + target.bytes.count + requestFields.bytes.count + responseFields.bytes.count
      + requestContent.count + responseContent.count + (trace?.byteCount ?? 0)
  }

  /// What the contract had to say about the request.
  package var remarks: [String] { responseFields.all(Self.remarkName).map(\.fromFieldText) }
  package var hint: String? { responseFields[Self.hintName] }

  package static let remarkName = "X-Wavetank-Remark"
  package static let hintName = "X-Wavetank-Hint"
  package static let exchangeName = "X-Wavetank-Exchange"

  /// When it was over by the wall, or what the wall says while it is not; nil: not known any more.
  var endedOnTheWall: VirtualInstant? {
    guard let began else { return nil }
    return MomentClock.wall(at: duration.map { began + $0 } ?? .now)
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
}
