import EmulatorKernel
import HTTPModel
import PayloadCodecs
import Synchronization

/// What a recording may still keep of contents; beyond it they go through and are not kept.
final class RecordingRoom: Sendable {
  private let left: Atomic<Int>

  /// - Parameter bytes: in memory, so an archive of it is some times that while it is written.
  init(_ bytes: Int = 256 << 20) { left = Atomic(bytes) }

  /// Of so many bytes those for which there is room, which is then taken.
  func take(_ wanted: Int) -> Int {
    var now = left.load(ordering: .relaxed)
    while true {
      let taken = min(wanted, now)
      let (done, found) = left.compareExchange(
        expected: now, desired: now - taken, ordering: .relaxed)
      if done { return taken }
      now = found
    }
  }

  var isUsedUp: Bool { left.load(ordering: .relaxed) == 0 }
}

/// One exchange with a real service while it goes on: what both sides said, as it came.
final class RecordedExchange: Sendable {
  /// Of each content; beyond it the rest goes through and is not kept.
  static let contentBytesMax = 32 << 20

  struct State: Sendable {
    let began: ContinuousClock.Instant
    let started: VirtualInstant
    let method: Method
    let url: String
    let version: HTTPVersion
    let requestFields: Fields
    let connectionID: UInt64
    var server: String?
    var request = Kept()
    /// When the answer's head came.
    var answered: ContinuousClock.Instant?
    var status: Status?
    var responseFields = Fields()
    var response = Kept()
    var ended: ContinuousClock.Instant?
    /// Why there is no answer, or not all of it.
    var failure: String?
  }

  struct Kept: Sendable {
    var bytes: [UInt8] = []
    var total: UInt64 = 0

    mutating func append(_ piece: [UInt8], _ room: RecordingRoom) {
      // What is kept is a beginning: behind a gap nothing more is.
      let isWhole = total == UInt64(bytes.count)
      total += UInt64(piece.count)
      let own = RecordedExchange.contentBytesMax - bytes.count
      if isWhole, own > 0 { bytes += piece.prefix(room.take(min(own, piece.count))) }
    }
  }

  private let state: Mutex<State>
  private let room: RecordingRoom

  init(_ request: Request, url: String, exchange: Exchange, room: RecordingRoom) {
    self.room = room
    state = Mutex(
      State(
        began: .now, started: WallClock.system(), method: request.method, url: url,
        version: request.version, requestFields: request.fields,
        connectionID: exchange.connectionID))
  }

  var now: State { state.withLock { $0 } }

  func reached(_ server: String) { state.withLock { $0.server = server } }
  func sent(_ piece: [UInt8]) { state.withLock { $0.request.append(piece, room) } }
  func received(_ piece: [UInt8]) { state.withLock { $0.response.append(piece, room) } }

  func answered(_ status: Status, _ fields: Fields) {
    state.withLock { state in
      state.answered = .now
      state.status = status
      state.responseFields = fields
    }
  }

  func failed(_ reason: String) { state.withLock { $0.failure = $0.failure ?? reason } }
  func ended() { state.withLock { $0.ended = $0.ended ?? .now } }
}
