import CLinux
import Glibc
import HTTPModel
import HTTPWire

/// One thread's loop: waits on epoll, lets channels act, runs jobs, fires timers.
///
/// Level-triggered; every channel is registered once. The loop is created on its thread and never
/// leaves it; `handle` is how others reach it. The buffers here are shared by its connections, so
/// that an idle one owns none.
///
/// SAFETY: the three raw buffers are allocated in `init`, freed in `release`, which nothing follows,
/// and used on the loop's thread only. What stands behind `@exclusivity(unchecked)` is used by every
/// request: on that one thread, and by methods of values that know no loop and so begin no access to it
/// within their own; the computed properties in front make each use of it one that is safe to write.
@safe package final class EventLoop {
  package let handle: LoopHandle
  let system: SystemCalls
  let poller: Int32
  /// Nanoseconds, read once after each wait.
  private(set) var now: Int64
  /// The same, when the last turn was over.
  private var turnEnded: Int64
  var timers: TimerHeap {
    @inline(__always) _read { yield unsafe uncheckedTimers }
    @inline(__always) _modify { yield unsafe &uncheckedTimers }
  }
  @exclusivity(unchecked) private var uncheckedTimers: TimerHeap = TimerHeap()
  /// With so many timers those of closed connections are swept out.
  private var timerSweepCount = 1024
  /// What is read goes here first. 64 KiB is where uploads are fastest (it stays in the cache).
  let readBuffer: UnsafeMutableRawBufferPointer
  /// Where many small parts are put together before they are sent.
  let gatherBuffer: UnsafeMutableRawBufferPointer
  /// Size line and CRLF of the chunk that is being put there.
  var chunkFrame: [UInt8] = []
  /// The answers of this round.
  var output: RoundOutput {
    @inline(__always) _read { yield unsafe uncheckedOutput }
    @inline(__always) _modify { yield unsafe &uncheckedOutput }
  }
  @exclusivity(unchecked) private var uncheckedOutput = RoundOutput(capacity: 64 * 1024)
  /// Parts of it that are sent at the end of the round.
  private var deferred: [(connection: Connection, part: RoundOutput.Part)] {
    @inline(__always) _read { yield unsafe uncheckedDeferred }
    @inline(__always) _modify { yield unsafe &uncheckedDeferred }
  }
  @exclusivity(unchecked) private var uncheckedDeferred:
    [(connection: Connection, part: RoundOutput.Part)] = []
  /// Whether several channels have something to do in this round.
  private(set) var isRoundShared = false
  var spares: HeadSpares {
    @inline(__always) _read { yield unsafe uncheckedSpares }
    @inline(__always) _modify { yield unsafe &uncheckedSpares }
  }
  @exclusivity(unchecked) private var uncheckedSpares: HeadSpares = HeadSpares()
  /// Made when the first peer speaks TLS.
  lazy var secureScratch = SecureScratch()
  /// The `Date` field line of this second.
  private(set) var dateLine: [UInt8] = []

  /// The clients that live on this loop, by their number.
  var clientPools: [UInt64: ClientPool] = [:]

  private var dateSecond = 0
  private var table: [Channel?] = []
  private var registrations: UInt32 = 0
  private var isStopped = false
  /// Called when the loop has ended and let go of everything.
  var onEnd: [() -> Void] = []
  private let events: UnsafeMutableBufferPointer<epoll_event>

  /// - Parameter poller: watches the mailbox already; the loop's from now on.
  private init(handle: LoopHandle, system: SystemCalls, poller: Int32) {
    self.handle = handle
    self.system = system
    self.poller = poller
    now = system.now()
    turnEnded = now
    unsafe readBuffer = .allocate(byteCount: 64 * 1024, alignment: 64)
    unsafe gatherBuffer = .allocate(byteCount: 64 * 1024, alignment: 64)
    unsafe events = .allocate(capacity: 256)
    refreshDate()
  }

  /// Starts a loop on a thread of its own. All that can fail is done before the thread begins.
  package static func start(system: SystemCalls = SystemCalls()) throws(SystemError) -> LoopHandle {
    let poller = try system.makePoller()
    do throws(SystemError) {
      let handle = LoopHandle(system: system, wakeup: try system.makeWakeup())
      try system.watch(poller, handle.wakeupDescriptor, Readiness.read, key: UInt64.max)
      try system.startThread {
        handle.adoptCurrentThread()
        EventLoop(handle: handle, system: system, poller: poller).run()
      }
      system.clock?.join(handle)
      return handle
    } catch {
      system.close(poller)
      throw error
    }
  }

  private func release() {
    system.close(poller)
    unsafe readBuffer.deallocate()
    unsafe gatherBuffer.deallocate()
    unsafe events.deallocate()
  }

  // MARK: The loop

  private func run() {
    while !isStopped {
      let count = unsafe system.wait(poller, events, milliseconds: waitMilliseconds())
      let began = SystemCalls.monotonic()
      now = system.clock?.now ?? began
      refreshDate()
      isRoundShared = count > 1
      for index in 0..<count {
        let event = unsafe events[index]
        // SAFETY: every registration stored its key as the 64-bit member.
        unsafe dispatch(event.data.u64, event.events)
      }
      isRoundShared = false
      flushDeferred()
      runLocalWork()
      fireTimers()
      runLocalWork()
      serveReadySources()
      let ended = SystemCalls.monotonic()
      handle.lag.note(ended - began)
      turnEnded = system.clock?.now ?? ended
    }
    system.clock?.leave(handle)
    for command in handle.close() {
      if case .run(let body) = command { body(self) }
    }
    for pool in clientPools.values { pool.closeAll() }
    clientPools = [:]
    table = []
    release()
    for body in onEnd { body() }
  }

  /// Ends the loop after this round.
  func stop() { isStopped = true }

  private func waitMilliseconds() -> Int32 {
    if handle.hasLocalWork || handle.hasReadySources { return 0 }
    guard let deadline = timers.nextDeadline else { return -1 }
    let left = deadline - turnEnded
    guard left > 0 else { return 0 }
    // A clock that stands still wakes us when it moves.
    guard system.clock == nil else { return -1 }
    // Rounded up, so that nothing fires early.
    return Int32(clamping: (left + 999_999) / 1_000_000)
  }

  private func dispatch(_ key: UInt64, _ events: UInt32) {
    if key == .max { return handle.collectMail() }
    channel(key)?.onEvents(events)
  }

  /// Jobs first: what they write leaves in one call afterwards. A bounded number of rounds, so
  /// that tasks which keep each other busy cannot starve the sockets.
  private func runLocalWork() {
    for _ in 0..<8 where handle.hasLocalWork {
      handle.runLocalJobs()
      for command in handle.takeLocalCommands() {
        switch command {
        case .channel(let key, let command): channel(key)?.onCommand(command)
        case .run(let body): body(self)
        }
      }
    }
  }

  /// Lets connections fetch what their body sources have: some of them a round, so that with many
  /// readers the sockets are looked at in between. What a writer sends meanwhile leaves together with
  /// what its readers have not fetched yet: the fewer a round, the more lines share a call. A look costs
  /// less than half of what a delivery does.
  private func serveReadySources() {
    for _ in 0..<16 {
      guard let source = handle.takeReadySource() else { return }
      channel(source.key)?.onSourceReady(exchange: source.exchange)
    }
  }

  /// A share of those that are due: the next round, which does not wait then, has the others. What
  /// they send leaves together.
  private func fireTimers() {
    isRoundShared = true
    for _ in 0..<256 {
      guard let entry = timers.popDue(at: now) else { break }
      channel(entry.key)?.onTimer(entry.token)
    }
    isRoundShared = false
    flushDeferred()
  }

  /// Wakes `channel` at `deadline` with `token`.
  func schedule(_ channel: Channel, at deadline: Int64, token: UInt64) {
    timers.insert(TimerHeap.Entry(deadline: deadline, key: channel.key, token: token))
    guard timers.count >= timerSweepCount else { return }
    // Of closed connections: a sweep each time that their number has doubled.
    timers.removeAll { self.channel($0.key) == nil }
    timerSweepCount = max(1024, 2 * timers.count)
  }

  // MARK: Output of a round

  /// The open part is sent at the end of the round. While the first peers are being answered the
  /// others' requests would otherwise wait between one wake-up of a peer and the next: sent in a row,
  /// the answers wake a peer with many connections once and find it awake after that.
  func deferFlush(of connection: Connection) {
    deferred.append((connection, output.endPart()))
    if output.bytes.count > Connection.batchBytesMax { flushDeferred() }
  }

  private func flushDeferred() {
    guard !deferred.isEmpty else { return }
    var unfinished: [(connection: Connection, result: Connection.PartResult)] = []
    for (connection, part) in deferred {
      let result = connection.send(part)
      if result != .all { unfinished.append((connection, result)) }
    }
    deferred.removeAll(keepingCapacity: true)
    output.removeAll()
    for (connection, result) in unfinished {
      if result == .failed { connection.outputFailed() } else { connection.turn() }
    }
  }

  // MARK: Channels

  fileprivate func channel(_ key: UInt64) -> Channel? {
    let index = Int(truncatingIfNeeded: key & 0xFFFF_FFFF)
    guard index < table.count, let channel = table[index], channel.key == key else { return nil }
    return channel
  }

  func assignKey(_ fd: Int32) -> UInt64 {
    registrations &+= 1
    // Never all ones: that is the mailbox.
    if registrations == .max { registrations = 1 }
    return UInt64(registrations) << 32 | UInt64(UInt32(bitPattern: fd))
  }

  func enter(_ channel: Channel) {
    let index = Int(channel.fd)
    while table.count <= index { table.append(nil) }
    table[index] = channel
  }

  func leave(_ channel: Channel) {
    let index = Int(channel.fd)
    if index < table.count, table[index] === channel { table[index] = nil }
  }

  var channels: [Channel] { table.compactMap { $0 } }

  // MARK: The date

  private func refreshDate() {
    let second = SystemCalls.wallSeconds()
    guard second != dateSecond else { return }
    dateSecond = second
    dateLine = HTTPDate.fieldLine(secondsSince1970: second)
  }
}
