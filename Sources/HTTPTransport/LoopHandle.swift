import HTTPModel
import Synchronization

/// The one door into an event loop, and the executor of the tasks that run on it.
///
/// From the loop's own thread a job or command goes to a local queue without lock or system call;
/// from any other thread through the mailbox, with one eventfd write when it was empty.
///
/// Streaming code runs *on* its connection's loop, as a task with this executor; why, and what the
/// alternative costs, stands at `Connection.startTask`.
package final class LoopHandle: TaskExecutor {
  /// What travels into a loop.
  enum Command: Sendable {
    /// For the channel registered under that key, if it is still there.
    case channel(UInt64, ChannelCommand)
    /// Anything else.
    case run(@Sendable (EventLoop) -> Void)
  }

  /// The exchange of a connection whose body source has something.
  struct ReadySource: Sendable {
    var key: UInt64
    var exchange: UInt64
  }

  private struct Mailbox: Sendable {
    var jobs: [UnownedJob] = []
    var commands: [Command] = []
    var readySources: [ReadySource] = []
    var isSignalled = false
    var isClosed = false
  }

  package let lag = LoopLag()
  private let mailbox = Mutex(Mailbox())
  private let system: SystemCalls
  private let wakeup: Int32
  private let thread = Atomic<UInt>(0)

  // SAFETY: these four are touched on the loop's own thread only, which `isOnLoop` checks; and no access
  // to one begins within another, since an array's own methods call nobody back. `servedSources` is how
  // many of `readySources` are served.
  @exclusivity(unchecked) private nonisolated(unsafe) var localJobs: [UnownedJob] = []
  @exclusivity(unchecked) private nonisolated(unsafe) var localCommands: [Command] = []
  @exclusivity(unchecked) private nonisolated(unsafe) var readySources: [ReadySource] = []
  @exclusivity(unchecked) private nonisolated(unsafe) var servedSources = 0

  init(system: SystemCalls, wakeup: Int32) {
    self.system = system
    self.wakeup = wakeup
  }

  deinit { system.close(wakeup) }

  /// Called once, by the loop on its thread, before anything else.
  func adoptCurrentThread() {
    thread.store(SystemCalls.currentThread(), ordering: .releasing)
  }

  package var isOnLoop: Bool {
    thread.load(ordering: .relaxed) == SystemCalls.currentThread()
  }

  // MARK: From anywhere

  /// Ends the loop. A server ends its own loops; this is for loops that were started alone.
  package func stop() { post(.run { $0.stop() }) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isOnLoop {
      unsafe localJobs.append(job)
    } else if !deliver({ $0.jobs.append(job) }) {
      // A task may outlive its loop (somebody resumes it after the server has stopped): it goes on
      // elsewhere, sees that its stream is closed, and ends.
      Self.runElsewhere(job)
    }
  }

  /// False if the loop has ended and takes nothing any more.
  @discardableResult
  func post(_ command: Command) -> Bool {
    guard isOnLoop else { return deliver { $0.commands.append(command) } }
    unsafe localCommands.append(command)
    return true
  }

  /// Thousands at once are usual: one publication is for every reader of a topic.
  func postReadySource(_ key: UInt64, exchange: UInt64) {
    let source = ReadySource(key: key, exchange: exchange)
    if isOnLoop {
      unsafe readySources.append(source)
    } else {
      _ = deliver { $0.readySources.append(source) }
    }
  }

  /// Puts something into the mailbox, and wakes the loop if it does not know yet that there is mail.
  /// False if the loop has ended.
  private func deliver(_ put: (inout sending Mailbox) -> Void) -> Bool {
    let (mustSignal, isClosed) = mailbox.withLock { box -> (Bool, Bool) in
      guard !box.isClosed else { return (false, true) }
      put(&box)
      defer { box.isSignalled = true }
      return (!box.isSignalled, false)
    }
    if mustSignal { system.signal(wakeup) }
    return !isClosed
  }

  private static func runElsewhere(_ job: UnownedJob) {
    globalConcurrentExecutor.enqueue(job)
  }

  // MARK: On the loop's thread

  var wakeupDescriptor: Int32 { wakeup }

  /// Moves what other threads have sent to the local queues.
  func collectMail() {
    system.clear(wakeup)
    var taken = Mailbox()
    mailbox.withLock { box in
      swap(&box.jobs, &taken.jobs)
      swap(&box.commands, &taken.commands)
      swap(&box.readySources, &taken.readySources)
      box.isSignalled = false
    }
    unsafe localJobs.append(contentsOf: taken.jobs)
    unsafe localCommands.append(contentsOf: taken.commands)
    unsafe readySources.append(contentsOf: taken.readySources)
  }

  var hasLocalWork: Bool { unsafe !localJobs.isEmpty || !localCommands.isEmpty }

  var hasReadySources: Bool { unsafe servedSources < readySources.count }

  /// The next one to be served, oldest first.
  func takeReadySource() -> ReadySource? {
    guard hasReadySources else { return nil }
    let source = unsafe readySources[servedSources]
    unsafe servedSources += 1
    if unsafe servedSources == readySources.count {
      unsafe readySources.removeAll(keepingCapacity: readySources.count <= 4096)
      unsafe servedSources = 0
    } else if unsafe servedSources >= 8192 {
      unsafe readySources.removeSubrange(..<servedSources)
      unsafe servedSources = 0
    }
    return source
  }

  /// Runs the jobs that wait, each to its next suspension.
  func runLocalJobs() {
    guard unsafe !localJobs.isEmpty else { return }
    var jobs: [UnownedJob] = []
    unsafe swap(&jobs, &localJobs)
    let executor = unsafe asUnownedTaskExecutor()
    for job in jobs { unsafe job.runSynchronously(on: executor) }
  }

  func takeLocalCommands() -> [Command] {
    guard unsafe !localCommands.isEmpty else { return [] }
    var commands: [Command] = []
    unsafe swap(&commands, &localCommands)
    return commands
  }

  /// The loop ends: nothing is taken any more. Jobs that wait run elsewhere, commands that wait are
  /// the caller's to finish.
  func close() -> [Command] {
    let rest = mailbox.withLock { box -> Mailbox in
      defer { box = Mailbox(isClosed: true) }
      return box
    }
    thread.store(0, ordering: .releasing)
    let (jobs, commands) = unsafe (localJobs + rest.jobs, localCommands + rest.commands)
    unsafe localJobs = []
    unsafe localCommands = []
    unsafe readySources = []
    unsafe servedSources = 0
    for job in jobs { Self.runElsewhere(job) }
    return commands
  }
}

/// What tasks and other threads say to a channel. `exchange` is the sequence number it is meant for:
/// a command for an exchange that is over means nothing.
enum ChannelCommand: Sendable {
  case demand(exchange: UInt64, RequestContent.Demand)
  case answered(exchange: UInt64, Response)
  /// A body writer has something, or has ended.
  case writable(exchange: UInt64)
  case producerFailed(exchange: UInt64)
  /// Send what was held back while the task's first job ran.
  case flush(exchange: UInt64)
  /// A name was looked up.
  case lookedUp(NameLookup.Outcome)
  /// The server stops: finish what is in flight.
  case drain
  /// The server stops now.
  case abort
}
