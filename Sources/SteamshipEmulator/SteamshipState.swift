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
  var userByCredential: TextMap<Key<User>> = [:]
  var workspaces = Table<Workspace>()
  var invocables = Table<Invocable>()
  var invocableByHandle: [InvocableHandle: Key<Invocable>] = [:]
  var versions = Table<InvocableVersion>()
  var instances = Table<InvocableInstance>()
  var tasks = Table<EngineTask>()
  /// What `task/status` answers for tasks that have ended, by their ids, until something changes.
  var renderings = Transient<WeighedDictionary<ExactText, TaskRendering>>()
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
  var due = DueQueue<DueEvent>()
  var lastMoment = 0
  /// What the scenario says about the world's start and about how things proceed.
  var script = Script()

  package var nextDue: VirtualInstant? { due.nextDue }
  package var dueRevision: UInt64 { due.revision }

  package mutating func advance(_ step: inout StepContext<WakeKey>) {
    while let entry = due.popDue(at: step.now) {
      switch entry.event {
      case .task(let key, let stage): stageEnded(of: key, stage: stage, &step)
      case .streamPiece(let block): appendNextPiece(to: block, &step)
      case .instanceReady(let instance): instances[instance]?.initStatus = .complete
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
