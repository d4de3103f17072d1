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
  /// What is asked of a record most, beside it: so looking touches one line of the cache.
  private struct Key: BitwiseCopyable {
    /// 0: the place is free.
    var number: UInt64 = 0
    var connectionID: UInt64 = 0
    var sequenceNumber: UInt64 = 0
    var byteCount = 0
    /// The exchange for which code made this one; 0: none.
    var parent: UInt64 = 0
  }

  private struct Ring {
    /// Record `number` lies at `number % slots.count`; grows until it has `limits.entries` places.
    var slots: [JournalRecord?] = []
    /// As many as slots.
    var keys: [Key] = []
    /// The number of the oldest entry that may still be here.
    var first: UInt64 = 1
    var last: UInt64 = 0
    var bytes = 0
    var dropped: UInt64 = 0
    var followers: [JournalFollower] = []
    /// Goes up when the ring is emptied: what ended before is no news after.
    var life = 0
    /// How many bytes it may hold, of those that `limits` allow.
    var room: Int
  }

  package let limits: JournalLimits
  private let ring: Mutex<Ring>
  private let budget: MemoryBudget

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
    ring = Mutex(Ring(room: room))
    budget.charge(room)
  }

  deinit { budget.release(ring.withLock { $0.room }) }

  // MARK: Writing (the pipeline only)

  /// Records a request and gives it its number.
  package func open(_ opening: JournalOpening) -> UInt64 {
    ring.withLock(countingWaitsIn: .journals) { ring in
      ring.last += 1
      makeRoom(in: &ring)
      let slot = Int(ring.last % UInt64(ring.slots.count))
      // Through the optional, so that the record is written where it lies.
      let number = ring.last
      var byteCount = ring.slots[slot]?.apply { $0.reopen(opening, number: number) }.byteCount
      if byteCount == nil {
        ring.slots[slot] = JournalRecord()
        byteCount = ring.slots[slot]?.apply { $0.reopen(opening, number: number) }.byteCount
      }
      ring.keys[slot] = Key(
        number: ring.last, connectionID: opening.exchange.connectionID,
        sequenceNumber: opening.exchange.sequenceNumber, byteCount: byteCount ?? 0,
        parent: opening.parent)
      ring.bytes += byteCount ?? 0
      dropBeyondBytes(&ring)
      return ring.last
    }
  }

  /// Records a connection that a rule has struck: no exchange.
  package func record(connection opening: JournalOpening, _ outcome: RuleOutcome) {
    let number = open(opening)
    ring.withLock { ring in
      _ = change(number, of: opening.exchange, in: &ring) { $0.struck(outcome) }
    }
    ended(
      number, of: opening.exchange, at: opening.arrived, wall: opening.began,
      ExchangeOutcome(ending: .fault))
  }

  /// Rules have struck a request before there is an answer.
  func struck(_ number: UInt64, of exchange: Exchange, _ outcome: RuleOutcome) {
    ring.withLock { ring in
      _ = change(number, of: exchange, in: &ring) { $0.struck(outcome) }
    }
  }

  /// The answer to an exchange is known. False if its record is not here any more.
  @discardableResult
  package func answered(
    _ number: UInt64, of exchange: Exchange, _ response: Response, content: [UInt8]? = nil,
    _ decision: RuleDecision? = nil, collected: Moment? = nil
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

  /// An exchange is over. Its operation and how long it took; nil if its record is not here any more.
  /// - Parameter log: gets its line, made where the record lies.
  @discardableResult
  package func ended(
    _ number: UInt64, of exchange: Exchange, at instant: VirtualInstant,
    wall: Moment, _ outcome: ExchangeOutcome,
    loggedBy log: (ExchangeLog, tenant: String)? = nil
  ) -> (operation: Int?, duration: Duration)? {
    let (found, finished, followers, life, wakesLog) = ring.withLock(countingWaitsIn: .journals) {
      ring in
      // In an array, since an entry is large and hardly any exchange is followed.
      var finished: [JournalEntry] = []
      var wakesLog = false
      let isFollowed = !ring.followers.isEmpty
      let found = change(number, of: exchange, in: &ring) { record -> (Int?, Duration) in
        let wasInFlight = record.isInFlight
        let duration = record.ended(
          at: instant, wall: wall, outcome, prefix: limits.contentPrefix)
        if isFollowed, wasInFlight { finished = [record.entry] }
        if let (log, tenant) = log, wasInFlight {
          wakesLog = log.append(record.logged(), of: tenant, at: wall)
        }
        return (record.operationIndex, duration)
      }
      return (found, finished, isFollowed ? ring.followers : [], ring.life, wakesLog)
    }
    if wakesLog { log?.0.log.wake() }
    for entry in finished { for follower in followers { follower.push(entry, life) } }
    return found
  }

  /// Changes a record where it lies, if it is still here and of that exchange; nil when not.
  private func change<Value>(
    _ number: UInt64, of exchange: Exchange, in ring: inout Ring,
    _ body: (inout JournalRecord) -> Value
  ) -> Value? {
    guard number >= ring.first, number <= ring.last, !ring.slots.isEmpty else { return nil }
    let slot = Int(number % UInt64(ring.slots.count))
    let key = ring.keys[slot]
    guard key.number == number, key.connectionID == exchange.connectionID,
      key.sequenceNumber == exchange.sequenceNumber,
      let (value, byteCount) = ring.slots[slot]?.apply(body)
    else { return nil }
    ring.keys[slot].byteCount = byteCount
    ring.bytes += byteCount - key.byteCount
    dropBeyondBytes(&ring)
    return value
  }

  /// Makes sure that the place for `ring.last` may be taken.
  private func makeRoom(in ring: inout Ring) {
    let count = ring.last - ring.first + 1
    guard count > UInt64(ring.slots.count) else { return }
    if ring.slots.count < limits.entries {
      grow(&ring)
    } else {
      // The oldest lies where the newest will: `open` writes over it.
      forgetFirst(&ring)
    }
  }

  private func grow(_ ring: inout Ring) {
    // Small at first: a tenant of one test has a handful of exchanges, and tenants come by the thousand.
    let size = min(limits.entries, max(2, ring.slots.count * 2))
    var slots = [JournalRecord?](repeating: nil, count: size)
    var keys = [Key](repeating: Key(), count: size)
    for (index, key) in ring.keys.enumerated() where key.number > 0 {
      let slot = Int(key.number % UInt64(size))
      keys[slot] = key
      swap(&slots[slot], &ring.slots[index])
    }
    ring.slots = slots
    ring.keys = keys
  }

  /// Lets go of the oldest entry.
  private func dropFirst(_ ring: inout Ring) {
    let slot = Int(ring.first % UInt64(ring.slots.count))
    if ring.keys[slot].number == ring.first { ring.slots[slot] = nil }
    forgetFirst(&ring)
  }

  /// Does not count the oldest entry any more.
  private func forgetFirst(_ ring: inout Ring) {
    let slot = Int(ring.first % UInt64(ring.slots.count))
    if ring.keys[slot].number == ring.first {
      ring.bytes -= ring.keys[slot].byteCount
      ring.keys[slot] = Key()
    }
    ring.first += 1
    ring.dropped += 1
  }

  /// The newest entry stays, whatever its size.
  private func dropBeyondBytes(_ ring: inout Ring) {
    guard ring.bytes > ring.room else { return }
    takeRoom(&ring)
    while ring.bytes > ring.room, ring.first < ring.last { dropFirst(&ring) }
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

  package func entry(_ number: UInt64) -> JournalEntry? {
    ring.withLock { ring in
      guard number >= ring.first, number <= ring.last, !ring.slots.isEmpty else { return nil }
      return ring.slots[Int(number % UInt64(ring.slots.count))]?.entry
    }
  }

  /// The exchanges that code made, with those for which it made them, oldest first.
  package var codeCalls: [(number: UInt64, parent: UInt64)] {
    let found = ring.withLock { ring in
      // A parent came before; after a new beginning there may be others of its number.
      ring.keys.filter { $0.parent > 0 && $0.parent < $0.number }
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
        guard first <= end, !ring.slots.isEmpty else { return end + 1 }
        let last = min(end, first + Self.readAtOnceMax - 1)
        for number in first...last {
          let slot = Int(number % UInt64(ring.slots.count))
          guard ring.keys[slot].number == number, let entry = ring.slots[slot]?.entry else {
            continue
          }
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
  package func last(
    _ limit: Int, after number: UInt64
  ) -> (entries: [JournalEntry], count: Int) {
    guard number < .max else { return ([], 0) }
    var numbers: [UInt64] = []
    var next = number + 1
    let end = ring.withLock { $0.last }
    while next <= end {
      next = ring.withLock { ring in
        let first = max(next, ring.first)
        guard first <= end, !ring.keys.isEmpty else { return end + 1 }
        let last = min(end, first + Self.countedAtOnceMax - 1)
        for number in first...last
        where ring.keys[Int(number % UInt64(ring.keys.count))].number == number {
          numbers.append(number)
        }
        return last + 1
      }
    }
    return (numbers.suffix(limit).compactMap(entry), numbers.count)
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
    ring.slots = []
    ring.keys = []
    ring.bytes = 0
    ring.first = number + 1
    ring.last = number
    ring.dropped = dropped
    // What an empty ring does not need.
    let kept = min(ring.room, Self.roomAtStart)
    budget.release(ring.room - kept)
    ring.room = kept
  }

  // MARK: Following

  /// Gives every exchange that ends from now on, until it is removed.
  package func follow() -> JournalFollower {
    ring.withLock { ring in
      let follower = JournalFollower(budget, ring.life)
      ring.followers.append(follower)
      return follower
    }
  }

  package func remove(_ follower: JournalFollower) {
    ring.withLock { $0.followers.removeAll { $0 === follower } }
    follower.close()
  }

  package var followerCount: Int { ring.withLock { $0.followers.count } }
}
