package import EmulatorKernel
import PayloadCodecs

typealias Step = StepContext<SteamshipState.WakeKey>

/// The Steamship world of one tenant. Rules are mutating methods, one file per resource.
///
/// A rule that throws has changed nothing: it checks everything first, then acts.
package struct SteamshipState: ServiceState {
  package enum WakeKey: Hashable, Codable, Sendable {
    /// A task's state changed.
    case task(serial: Int)
    /// A block came to a file.
    case file(serial: Int)
    /// Bytes came to a block that is streamed, or its stream ended.
    case block(serial: Int)
    /// A moment that somebody waits for.
    case moment(Int)
  }

  var users = Table<User>()
  var userByCredential = PagedDictionary<ExactText, Key<User>>()
  var workspaces = Table<Workspace>()
  var invocables = Table<Invocable>()
  var invocableByHandle: [InvocableHandle: Key<Invocable>] = [:]
  var versions = Table<InvocableVersion>()
  var instances = Table<InvocableInstance>()
  var tasks = Table<EngineTask>()
  /// What `task/status` answers for tasks that have ended, by their ids, until something changes.
  var renderings = Transient<WeighedDictionary<TaskNumber, TaskRendering>>()
  var comments = Table<TaskComment>()
  var files = Table<File>()
  var blocks = Table<Block>()
  var tags = Table<Tag>()
  var indices = Table<EmbeddingIndex>()
  var indexItems = Table<EmbeddingItem>()
  var storedObjects = WeighedDictionary<StoredObjectName, Content>()
  var loginAttempts = LoginAttempts()
  var logs = LogBook()
  var usage = UsageBook()
  var due = Agenda()
  var lastMoment = 0
  /// Where uploaded code finds this server, with the tenant in the path; nil: none is run. Told with
  /// each request: a snapshot knows no runtime.
  var codeOrigin = Transient<CodePlace>()
  /// Instances whose code is to be told that they are there.
  var startedInstances = Transient<[Key<InvocableInstance>]>()
  /// Whether there are versions whose code is needed no more.
  var hasEndedVersions = Transient<Bool>()
  /// What the next calls of instances' code meet.
  var troubles = Transient<[Key<InvocableInstance>: CodeTrouble]>()
  /// What an embedder's code has made of texts, while an index takes it.
  var vectorsByCode = Transient<[ExactText: [Double]]>()
  /// What a plugin's code has made, while the engine's rule takes it.
  var madeByCode = Transient<JSON>()
  /// What the scenario says about the world's start and about how things proceed.
  var script = Script()

  package var nextDue: VirtualInstant? { due.nextDue }
  package var dueRevision: UInt64 { due.revision }

  package mutating func advance(_ step: inout StepContext<WakeKey>) {
    while let event = due.popDue(at: step.now) {
      switch event {
      case .task(let key, let stage): stageEnded(of: key, stage: stage, &step)
      case .streamPiece(let block): appendNextPiece(to: block, &step)
      case .instanceReady(let instance): instances.update(instance) { $0.initStatus = .complete }
      case .moment(let number): step.wake(.moment(number))
      case .wake(let key, _): step.wake(key)
      }
    }
  }

  /// A moment to wait for, by `World.wait(for: .moment(n))`.
  mutating func scheduleMoment(at instant: VirtualInstant) -> Int {
    lastMoment += 1
    due.schedule(.moment(lastMoment), at: instant)
    return lastMoment
  }
}

/// What will happen by itself.
struct Agenda: Codable, Sendable {
  struct Entry: DueEntry {
    var due: VirtualInstant
    var serial: Int
    var event: DueEvent

    var order: Int { serial }
  }

  private var heap = DueQueue<Entry>()
  private var lastSerial = 0
  /// Goes up with whatever is put in.
  var revision: UInt64 { UInt64(truncatingIfNeeded: lastSerial) }
  var nextDue: VirtualInstant? { heap.nextDue }
  var heapBytes: Int { heap.heapBytes }

  mutating func schedule(_ event: DueEvent, at due: VirtualInstant) {
    lastSerial += 1
    heap.insert(Entry(due: due, serial: lastSerial, event: event))
  }

  mutating func popDue(at now: VirtualInstant) -> DueEvent? { heap.popDue(at: now)?.event }

  mutating func cancel(where isCancelled: (DueEvent) -> Bool) {
    heap.cancel { isCancelled($0.event) }
  }

  func check(_ place: String, _ findings: inout StateFindings) {
    findings.expect(lastSerial, place + "/lastSerial")
    heap.check(place + "/heap", lastOrder: lastSerial, &findings)
  }
}

/// Something that happens by itself at an instant.
enum DueEvent: Codable, Sendable, Equatable {
  /// A stage of a task's timeline is over; `stage` tells apart an event that came too late.
  case task(Key<EngineTask>, stage: Int)
  /// A streamed block gets its next piece.
  case streamPiece(Key<Block>)
  /// An instance is initialised.
  case instanceReady(Key<InvocableInstance>)
  case moment(Int)
  /// Whoever waits for the key looks at the time.
  case wake(SteamshipState.WakeKey, number: Int)
}
