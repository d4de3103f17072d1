import EmulatorKernel
import PayloadCodecs

/// The archive of a sequence whose code can be run.
struct SequenceCode: Codable, Sendable, Equatable {
  var blob: BlobID
  /// The MD5 of its bytes.
  var tag: String
}

/// What an instance whose own code runs has beside what a stand-in has: what is on its way to its
/// process, and what is known of it.
///
/// The process itself is a `SequenceDriver`'s, outside of the state; a snapshot has none.
struct CodeProcess: Codable, Sendable {
  enum Order: Sendable, Equatable {
    case input(type: String)
    case event(name: String, message: JSON?)
    case stop(milliseconds: Int, mayCallKeepAlive: Bool)
    case kill
    case leave
    case rate(milliseconds: Int)
    /// Asks it to say when it has done what it was given.
    case rest(number: Int)
  }

  enum Pace: Sendable, Equatable {
    case usual
    /// The next thing passes so much later.
    case slowNext(Duration)
    /// Nothing passes.
    case slow
  }

  /// More events than these wait for no process: one that hears nothing loses the next.
  static let ordersMax = 10_000

  /// The process's number on this machine.
  var pid: Int?
  /// The last instant at which it was heard of.
  var lastHeard: VirtualInstant
  /// What it reports besides being well.
  var health = JSONObject()
  /// The code that it says it ends with.
  var leavingCode: Int?
  private(set) var orders: [Order] = []
  private var orderBytes = 0
  /// What it was given is counted: its start, a piece of input, an event, a stop.
  private(set) var given = 1
  private var askedFor = 0
  /// Whether it has said which topics it has; until then its output waits.
  var hasDeclared = false
  /// Whether it is to stand still.
  var isHeld = false
  /// How quickly things go in and out.
  var pace = Pace.usual
  /// Somebody ends it, whatever it is doing.
  var isCrashed = false
  /// Whether stop handlers run.
  var isStopping = false
  /// Its process is over, or is being ended: whatever is left in its pipes is taken, room or not.
  var isDraining = false
  /// Nothing more comes from it.
  var isDrained = false

  private enum CodingKeys: String, CodingKey { case pid, lastHeard, hasDeclared }

  init(at now: VirtualInstant) { lastHeard = now }

  /// False: too many wait.
  mutating func order(_ order: Order) -> Bool {
    let bytes = order.heapBytes
    guard orders.count < Self.ordersMax, orderBytes + bytes <= 64 << 20 else { return false }
    orders.append(order)
    orderBytes += bytes
    return true
  }

  mutating func give() { given += 1 }

  /// What is to be told to the process now.
  /// - Parameter asks: whether somebody wants to know when it rests.
  mutating func takeOrders(asks: Bool) -> [Order] {
    defer {
      orders = []
      orderBytes = 0
    }
    guard asks, askedFor < given else { return orders }
    askedFor = given
    return orders + [.rest(number: given)]
  }

  /// Whether it does nothing until time has passed.
  var standsStill: Bool { isHeld || pace == .slow }

  /// Whether there is something for its code among what waits for it.
  var hasWork: Bool {
    orders.contains {
      switch $0 {
      case .event, .stop: true
      case .input, .kill, .leave, .rate, .rest: false
      }
    }
  }

  var heapBytes: Int { orders.spineBytes + orderBytes + health.heapBytes + 160 }
}

extension CodeProcess.Order {
  fileprivate var heapBytes: Int {
    switch self {
    case .input(let type): type.heapBytes
    case .event(let name, let message): name.heapBytes + message.heapBytes
    case .stop, .kill, .leave, .rate, .rest: 0
    }
  }
}
