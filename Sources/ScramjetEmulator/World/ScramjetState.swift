package import CodeRuntime
package import EmulatorKernel
import PayloadCodecs
import Synchronization

/// The Scramjet half of one tenant's world: spaces, hubs, sequences, instances, topics, and all that
/// flows between them, as plain data.
///
/// Every rule is a mutating method here (in the extensions, by subject). Live readers and writers
/// are tasks outside; the state only knows their positions.
package struct ScramjetState: ServiceState {
  /// What a task can wait for.
  package enum WakeKey: Hashable, Sendable {
    /// Something to read, or the end.
    case stream(Key<StreamLog>)
    /// Room to write.
    case room(Key<StreamLog>)
    /// The first place among a topic's writers.
    case turn(Key<StreamLog>)
    /// Room in what an instance reads.
    case lane(Key<Instance>, Lane)
    /// An event of an instance.
    case events(Key<Instance>)
    /// A change of an instance's status.
    case instance(Key<Instance>)
    /// Something to do for an instance's process.
    case process(Key<Instance>, Part)

    /// What is between an instance and its process.
    package enum Part: Hashable, Sendable {
      case orders
      /// Something to hand over, or the end.
      case lane(Lane)
      /// Whether it is held.
      case hold
      /// Room for what it has written.
      case source(SequenceProcess.Source)

      static let sources = [Part.source(.output), .source(.stdout), .source(.stderr)]
    }
  }

  /// What is left to do before the lock is released; see `runWork`.
  enum Work: Codable, Sendable, Equatable {
    /// Go on with an instance's program.
    case run(instance: InstanceKey)
    /// Hand a topic's news to the instances that read it.
    case feed(TopicKey)
    /// An event for an instance.
    case deliver(instance: InstanceKey, name: String, message: JSON?, hops: Int)
  }

  var settings: ScramjetSettings
  /// Tells this state from the one that was there before a reset or restore: readers of the old
  /// one must not touch the new one's positions.
  private(set) var epoch: Int
  var lastSerial = 0
  var spaces = WeighedDictionary<SpaceKey, Space>()
  var spaceOrder: [SpaceKey] = []
  var hubs = WeighedDictionary<HubKey, Hub>()
  var instances = WeighedDictionary<InstanceKey, Instance>()
  var streams = WeighedDictionary<StreamKey, StreamLog>()
  var topics = WeighedDictionary<TopicKey, Topic>()
  /// What logs and audits are to say; none is in a snapshot.
  var records = UnwrittenRecords()
  var agenda = Agenda()
  var work: [Work] = []
  var isCatchingUp = false
  var isWorking = false
  /// Instances whose processes have something to do. None is in a snapshot.
  var atWork: Set<InstanceKey> = []

  private static let epochs = Atomic<Int>(0)
  static func newEpoch() -> Int { epochs.add(1, ordering: .relaxed).newValue }

  init(settings: ScramjetSettings) {
    self.settings = settings
    epoch = Self.newEpoch()
  }

  /// It is another tenant's from now on.
  mutating func beginEpoch() { epoch = Self.newEpoch() }

  package var nextDue: VirtualInstant? { agenda.nextDue }
  package var nextSkipDue: VirtualInstant? { agenda.nextGoal }
  package var isAtWork: Bool { !atWork.isEmpty }
  package var dueRevision: UInt64 { agenda.revision }

  package mutating func timeSkips(by duration: Duration) { agenda.timeSkips(by: duration) }

  package mutating func advance(_ step: inout Step) {
    while let job = agenda.popDue(step.now) {
      perform(job, &step)
      runWork(&step)
    }
  }

  mutating func newSerial() -> Int {
    lastSerial += 1
    return lastSerial
  }

  mutating func newKey<Record>(_ record: Record.Type) -> Key<Record> { Key(serial: newSerial()) }

  private mutating func perform(_ job: Agenda.Job, _ step: inout Step) {
    switch job {
    case .resume(let instance, let activity): wakeActivity(activity, of: instance, &step)
    case .tick(let instance, let timer): fire(timer: timer, of: instance, &step)
    case .end(let instance, let plan): carryOut(plan: plan, of: instance, &step)
    case .goOn(let instance): letProcessGoOn(instance, &step)
    case .quicken(let instance): quicken(instance, &step)
    case .stopDeadline(let instance, let stop): endStop(stop, of: instance, &step)
    case .remove(let instance): removeInstance(instance, &step)
    case .catchUp: isCatchingUp = false
    case .heartbeat(let hub): beat(hub: hub, &step)
    case .report(let instance, let stream): report(instance, to: stream, &step)
    case .loadReport(let stream): reportLoad(to: stream, &step)
    }
  }

  // MARK: Streams

  mutating func makeStream(
    _ keeping: StreamLog.Keeping, mark: Int = StreamLog.noMark,
    opening: (@Sendable () -> [UInt8])? = nil
  ) -> StreamKey {
    let id = newKey(StreamLog.self)
    streams.add(StreamLog(keeping, mark: mark, opening: opening), id)
    return id
  }

  mutating func write(_ bytes: [UInt8], to stream: StreamKey, _ step: inout Step) {
    if streams[stream]?.append(bytes) == true { step.wake(.stream(stream)) }
  }

  /// A line of a log or audit.
  mutating func write(line: Span<UInt8>, to stream: StreamKey, _ step: inout Step) {
    if streams[stream]?.append(line: line) == true { step.wake(.stream(stream)) }
  }

  mutating func finish(_ stream: StreamKey, _ step: inout Step) {
    streams[stream]?.finish()
    step.wake(.stream(stream))
    step.wake(.room(stream))
  }

  mutating func remove(_ stream: StreamKey, _ step: inout Step) {
    streams[stream] = nil
    step.wake(.stream(stream))
    step.wake(.room(stream))
  }

  /// After a reader took something or left: lets those go on who waited for room.
  mutating func roomMayHaveComeUp(in stream: StreamKey, _ step: inout Step) {
    let found = streams.read(stream) { log in
      log.hasRoom ? (hasWriter: log.hasWaitingWriter, blocked: log.blocked) : nil
    }
    guard let waiting = found ?? nil else { return }
    if waiting.hasWriter {
      streams[stream]?.hasWaitingWriter = false
      step.wake(.room(stream))
    }
    guard !waiting.blocked.isEmpty else { return }
    streams[stream]?.blocked = []
    for instance in waiting.blocked { work.append(.run(instance: instance)) }
    runWork(&step)
  }

  // MARK: Work

  /// Does what is left to do. A program that goes in circles (a topic that feeds itself, events
  /// that answer each other) gets a bounded share of one step; the rest follows 10 ms later.
  mutating func runWork(_ step: inout Step) {
    // What a rule adds while this runs further out is done there.
    guard !isCatchingUp, !isWorking, !work.isEmpty else { return }
    isWorking = true
    defer { isWorking = false }
    var next = 0
    while next < work.count {
      guard next < 4_000 else {
        work.removeFirst(next)
        isCatchingUp = true
        agenda.add(.catchUp, at: step.now + .milliseconds(10))
        return
      }
      let item = work[next]
      next += 1
      switch item {
      case .run(let instance): run(instance, &step)
      case .feed(let topic): feedConsumers(of: topic, &step)
      case .deliver(let instance, let name, let message, let hops):
        deliver(name, message, hops: hops, to: instance, &step)
      }
    }
    work.removeAll(keepingCapacity: work.count <= 64)
  }
}

extension ScramjetState {
  package typealias Step = StepContext<WakeKey>
}

/// What a scenario can set for a tenant's whole Scramjet world.
struct ScramjetSettings: Codable, Sendable {
  /// Refuse what hub 1.0.1 refuses, even where the reference shows it.
  var isStrict = false
  /// How long an instance stays visible after its end, and what the hub adds to that.
  /// Source: transform-hub, `CSIController` and `--instance-lifetime-extension-delay`.
  var retention = Duration.seconds(15)
  var lifetimeExtension = Duration.seconds(180)
  var exitTimeout = Duration.seconds(10)
  var version = "1.0.1"
  /// Packages of one store together.
  var storeByteLimit = 4 << 30
  /// One package. Source: DESIGN §11, "uploads stream: 1 GiB".
  var packageByteLimit = 1 << 30
  var runtime = "process"
  var behaviors: [BehaviorRule] = []
}
