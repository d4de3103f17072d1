package import HTTPModel
import Synchronization

/// What happened in one tenant: a ring of exchanges bounded by count and bytes, written in place.
/// The oldest entries are dropped first, and the journal knows how many.
///
/// **Memory**: room is taken from the server's budget as the ring grows, but never the last of it: when
/// half of all is in use a journal grows no more and keeps what its room holds.
///
/// **Isolation**: behind a mutex; followers are woken after it is released.
package final class Journal: Sendable {
  struct Ring {
    var places = JournalPlaces()
    /// How many of them there may be.
    let placesMax: Int
    /// The number of the first exchange since the ring was last emptied: it has place 0.
    var base: UInt64 = 1
    /// The number of the oldest entry that may still be here.
    var first: UInt64 = 1
    var last: UInt64 = 0
    var bytes = 0
    var dropped: UInt64 = 0
    var followers: [JournalFollower] = []
    /// Goes up when the ring is emptied: what ended before is no news after.
    var life = 0
    /// Nobody follows it any more.
    var isOver = false
    /// How many bytes it may hold, of those that `limits` allow.
    var room: Int

    init(_ limits: JournalLimits, room: Int) {
      placesMax = max(1, limits.entries)
      self.room = room
    }

    /// Where the record of an exchange lies, if it is here.
    func place(of number: UInt64) -> Int { Int((number &- base) % UInt64(placesMax)) }
  }

  package let limits: JournalLimits
  let ring: Mutex<Ring>
  let budget: MemoryBudget
  /// Whether anybody follows it, by a look that waits for nobody.
  let followed = Atomic<Bool>(false)
  package var isFollowed: Bool { followed.load(ordering: .relaxed) }

  /// Every journal has so much, counted from the start: two exchanges.
  static let roomAtStart = 2 * 1024
  /// So much it gets whatever is in use.
  private static let roomAlways = 4 * 1024
  /// It grows by as much as it has, so that a small one takes little, and by so much at most.
  private static let roomStepMax = 256 * 1024
  private static let budgetPercent = 50

  package init(
    limits: JournalLimits = JournalLimits(), budget: MemoryBudget = MemoryBudget()
  ) {
    self.limits = limits
    self.budget = budget
    let room = min(limits.bytes, Self.roomAtStart)
    ring = Mutex(Ring(limits, room: room))
    budget.charge(room)
  }

  deinit { budget.release(ring.withLock { $0.room }) }

  // MARK: Writing (the pipeline only)

  /// Records a request and gives it its number.
  package func open(_ opening: JournalOpening) -> UInt64 {
    ring.withLock(countingWaitsIn: .journals) { ring in
      ring.last += 1
      let left = makeRoom(in: &ring)
      let (number, place) = (ring.last, ring.place(of: ring.last))
      ring.places.take(
        place,
        JournalPlaces.Key(
          number: number, connectionID: opening.exchange.connectionID,
          sequenceNumber: opening.exchange.sequenceNumber, parent: opening.parent))
      if let left { ring.places.moveRecord(from: left, to: place) }
      // The record is written where it lies.
      var byteCount = ring.places.change(place) { $0.reopen(opening, number: number) }?.byteCount
      if byteCount == nil {
        ring.places.put(JournalRecord(), at: place)
        byteCount = ring.places.change(place) { $0.reopen(opening, number: number) }?.byteCount
      }
      ring.places.setByteCount(place, byteCount ?? 0)
      ring.bytes += byteCount ?? 0
      dropBeyondBytes(&ring)
      return number
    }
  }

  /// Records a connection that a rule has struck: no exchange.
  package func record(
    connection opening: JournalOpening, _ outcome: RuleOutcome, _ trace: KeptTrace
  ) {
    let number = open(opening)
    struck(number, of: opening.exchange, outcome, trace)
    ended(
      number, of: opening.exchange, at: opening.arrived, wall: opening.began,
      ExchangeOutcome(ending: .fault))
  }

  /// Rules have struck a request before there is an answer.
  func struck(_ number: UInt64, of exchange: Exchange, _ outcome: RuleOutcome, _ trace: KeptTrace) {
    ring.withLock { ring in
      _ = change(number, of: exchange, in: &ring) { $0.struck(outcome, trace) }
    }
  }

  /// The answer to an exchange is known. False if its record is not here any more.
  @discardableResult
  package func answered(
    _ number: UInt64, of exchange: Exchange, _ response: borrowing Response,
    content: [UInt8]? = nil, _ decision: RuleDecision? = nil, collected: Moment? = nil
  ) -> Bool {
    ring.withLock(countingWaitsIn: .journals) { ring in
      let isTimed = !ring.followers.isEmpty
      return change(number, of: exchange, in: &ring) { record in
        record.answered(
          response, content: content, decision, prefix: limits.contentPrefix, isTimed: isTimed,
          collected: collected)
      } != nil
    }
  }

  /// Another answer goes out than was known.
  func replaced(_ number: UInt64, of exchange: Exchange, by response: borrowing Response) {
    ring.withLock { ring in
      _ = change(number, of: exchange, in: &ring) { record in
        record.replaced(by: response, prefix: limits.contentPrefix)
      }
    }
  }

  /// An exchange is over. Its operation and for how many nanoseconds it went on; nil if its record is not here
  /// any more.
  /// - Parameter log: gets its line, made where the record lies.
  @discardableResult
  package func ended(
    _ number: UInt64, of exchange: Exchange, at instant: VirtualInstant,
    wall: Moment, _ outcome: ExchangeOutcome,
    loggedBy log: ExchangeLog? = nil, of tenant: @autoclosure () -> String = ""
  ) -> (operation: Int?, nanoseconds: Int64)? {
    var news: JournalNews?
    var wakesLog = false
    let found = ring.withLock(countingWaitsIn: .journals) { ring -> (Int?, Int64)? in
      // Mostly nobody wants to hear of it.
      guard log != nil || !ring.followers.isEmpty else {
        return change(number, of: exchange, in: &ring) { record in
          (
            record.operationIndex,
            record.ended(at: instant, wall: wall, outcome, prefix: limits.contentPrefix)
          )
        }
      }
      let (followers, life) = (ring.followers.isEmpty ? nil : ring.followers, ring.life)
      return change(number, of: exchange, in: &ring) { record in
        let wasInFlight = record.isInFlight
        let nanoseconds = record.ended(
          at: instant, wall: wall, outcome, prefix: limits.contentPrefix)
        if let followers, wasInFlight {
          news = JournalNews(entry: record.entry, life: life, followers: followers)
        }
        if let log, wasInFlight {
          wakesLog = log.append(record.logged(), of: tenant(), at: wall)
        }
        return (record.operationIndex, nanoseconds)
      }
    }
    if wakesLog { log?.log.wake() }
    if let news { for follower in news.followers { follower.push(news.entry, news.life) } }
    return found
  }

  /// Changes a record where it lies, if it is still here and of that exchange; nil when not.
  private func change<Value>(
    _ number: UInt64, of exchange: Exchange, in ring: inout Ring,
    _ body: (inout JournalRecord) -> Value
  ) -> Value? {
    guard number >= ring.first, number <= ring.last else { return nil }
    let place = ring.place(of: number)
    guard let key = ring.places.key(place), key.number == number,
      key.connectionID == exchange.connectionID, key.sequenceNumber == exchange.sequenceNumber,
      let (value, byteCount) = ring.places.change(place, body)
    else { return nil }
    ring.places.setByteCount(place, byteCount)
    ring.bytes += byteCount - key.byteCount
    dropBeyondBytes(&ring)
    return value
  }

  /// Makes sure that the place for `ring.last` may be taken: where all are, the oldest lies there, and
  /// `open` writes over it. Where there is no room for the bytes of another, the oldest would be freed and
  /// one made with each exchange: so that one is written over as well.
  /// - Returns: where it lies, if not in the place of the new one.
  private func makeRoom(in ring: inout Ring) -> Int? {
    let count = ring.last - ring.first + 1
    if count > UInt64(ring.placesMax) {
      forgetFirst(&ring, keepingRecord: true)
      return nil
    }
    let oldest = ring.place(of: ring.first)
    guard ring.room == limits.bytes, count > 1, let key = ring.places.key(oldest),
      key.number == ring.first, ring.bytes + JournalRecord.bytesMin > ring.room
    else { return nil }
    forgetFirst(&ring, keepingRecord: true)
    return oldest
  }

  /// Does not count the oldest entry any more.
  private func forgetFirst(_ ring: inout Ring, keepingRecord: Bool) {
    let place = ring.place(of: ring.first)
    if let key = ring.places.key(place), key.number == ring.first {
      ring.bytes -= key.byteCount
      ring.places.free(place, keepingRecord: keepingRecord)
    }
    ring.first += 1
    ring.dropped += 1
  }

  /// The newest entry stays, whatever its size.
  private func dropBeyondBytes(_ ring: inout Ring) {
    guard ring.bytes > ring.room else { return }
    takeRoom(&ring)
    while ring.bytes > ring.room, ring.first < ring.last {
      forgetFirst(&ring, keepingRecord: false)
    }
  }

  private func takeRoom(_ ring: inout Ring) {
    while ring.bytes > ring.room, ring.room < limits.bytes {
      let step = min(ring.room, Self.roomStepMax, limits.bytes - ring.room)
      if ring.room < Self.roomAlways {
        budget.charge(step)
      } else {
        guard budget.reserve(step, percent: Self.budgetPercent) else { return }
      }
      ring.room += step
    }
  }

  // MARK: Reading

  /// Numbers and bounds of what is here.
  package struct Status: Sendable, Equatable {
    /// Entries that are here.
    package var count: Int
    package var bytes: Int
    /// Exchanges so far, in the tenant's life since its start or reset.
    package var total: UInt64
    /// The number of the oldest entry here; nil when there is none.
    package var first: UInt64?
    /// Entries lost to the bounds since the journal was last cleared: verify says *unknown* where
    /// they could matter.
    package var dropped: UInt64
  }

  package var status: Status {
    ring.withLock { ring in
      let count = ring.last + 1 - ring.first
      return Status(
        count: Int(count), bytes: ring.bytes, total: ring.last,
        first: count > 0 ? ring.first : nil, dropped: ring.dropped)
    }
  }

  package func entry(_ number: UInt64, isWhole: Bool = true) -> JournalEntry? {
    ring.withLock { ring in
      guard number >= ring.first, number <= ring.last else { return nil }
      return ring.places.entry(ring.place(of: number), isWhole: isWhole)
    }
  }

  /// The exchanges that code made, with those for which it made them, oldest first.
  package var codeCalls: [(number: UInt64, parent: UInt64)] {
    let found = ring.withLock { ring in
      // A parent came before; after a new beginning there may be others of its number.
      ring.places.keys.filter { $0.parent > 0 && $0.parent < $0.number }
    }
    return found.map { ($0.number, $0.parent) }.sorted { $0.number < $1.number }
  }

  /// Everything that is here, oldest first.
  package var entries: [JournalEntry] { entries(after: 0) }

  /// Everything that is here and came after that exchange, oldest first; in pieces, so that no exchange
  /// waits long for the lock.
  package func entries(after number: UInt64) -> [JournalEntry] {
    var found: [JournalEntry] = []
    guard number < .max else { return [] }
    var next = number + 1
    let end = ring.withLock { $0.last }
    while next <= end {
      next = ring.withLock { ring in
        let first = max(next, ring.first)
        guard first <= end else { return end + 1 }
        if found.isEmpty { found.reserveCapacity(Int(clamping: end - first + 1)) }
        let last = min(end, first + Self.readAtOnceMax - 1)
        for number in first...last {
          let place = ring.place(of: number)
          guard ring.places.key(place)?.number == number, let entry = ring.places.entry(place)
          else { continue }
          found.append(entry)
        }
        return last + 1
      }
    }
    return found
  }

  /// Some hundred microseconds.
  private static let readAtOnceMax: UInt64 = 64

  /// The last so many of those that are here and came after that exchange, oldest first, and how many of
  /// them are here: only those that are given are read.
  /// - Parameter isWhole: with fields and contents; else only with what a list tells.
  package func last(
    _ limit: Int, after number: UInt64, isWhole: Bool = true
  ) -> (entries: [JournalEntry], count: Int) {
    guard number < .max else { return ([], 0) }
    var numbers: [UInt64] = []
    var next = number + 1
    let end = ring.withLock { $0.last }
    while next <= end {
      next = ring.withLock { ring in
        let first = max(next, ring.first)
        guard first <= end else { return end + 1 }
        let last = min(end, first + Self.countedAtOnceMax - 1)
        for number in first...last
        where ring.places.key(ring.place(of: number))?.number == number {
          numbers.append(number)
        }
        return last + 1
      }
    }
    let entries = numbers.suffix(limit).compactMap { entry($0, isWhole: isWhole) }
    return (entries, numbers.count)
  }

  private static let countedAtOnceMax: UInt64 = 16_384

  // MARK: Clearing

  /// Forgets the entries; numbers go on.
  package func clear() { beginAnew(after: nil, dropped: 0) }

  /// As a new journal: the next exchange is number `after` + 1.
  package func restart(after number: UInt64 = 0, dropped: UInt64 = 0) {
    beginAnew(after: number, dropped: dropped)
  }

  /// Followers are told, in the place between what was and what comes.
  private func beginAnew(after number: UInt64?, dropped: UInt64) {
    let waiters = ring.withLock { ring in
      empty(&ring, after: number ?? ring.last, dropped: dropped)
      ring.life += 1
      return ring.followers.map { $0.beginAnew(ring.life) }
    }
    for waiter in waiters { waiter?.resume() }
  }

  private func empty(_ ring: inout Ring, after number: UInt64, dropped: UInt64) {
    ring.places = JournalPlaces()
    ring.bytes = 0
    ring.base = number &+ 1
    ring.first = number + 1
    ring.last = number
    ring.dropped = dropped
    // What an empty ring does not need.
    let kept = min(ring.room, Self.roomAtStart)
    budget.release(ring.room - kept)
    ring.room = kept
  }
}
