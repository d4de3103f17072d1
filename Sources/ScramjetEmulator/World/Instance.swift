import EmulatorKernel
import PayloadCodecs

/// A started sequence: a process with streams, a scripted one or its own.
package struct Instance: Codable, Sendable {
  /// Source: `InstanceStatus` of transform-hub's `packages/types`.
  enum Status: String, Codable, Sendable {
    case initializing, starting, running, stopping, killing, completed, errored
    var isOver: Bool { self == .completed || self == .errored }
  }

  /// How its process is going to end.
  struct Ending: Codable, Sendable, Equatable {
    var status: Status
    var code: Int
    var reason: String
  }

  struct Event: Codable, Sendable, Equatable {
    var name: String
    var message: JSON?
  }

  let serial: InstanceKey
  let id: String
  let hub: HubKey
  let sequenceID: String
  /// The `sequence` member of the object as sent: the sequence as it was at the start.
  let sequence: Kept<WrittenJSON>
  let language: String
  let appConfig: Kept<JSON>?
  let arguments: Kept<JSON>?
  var limits: JSON?
  var provides = ""
  var requires = ""
  let created: VirtualInstant
  let started: VirtualInstant
  var ended: VirtualInstant?
  var status = Status.starting
  var terminated: Ending?
  var isHealthy = true
  var ports: JSON?

  let program: Shared<Program>
  let stdout: StreamKey
  let stderr: StreamKey
  let output: StreamKey
  let log: StreamKey
  var input = InputQueue()
  var stdin = InputQueue()
  /// Of the first POST to `input`; the topic's where it reads one.
  var inputType: String?
  /// Where it stands in the topic that it reads.
  var topicPosition: Int?
  var activities = WeighedDictionary<Int, Activity>()
  var lastActivity = 0
  /// How often each kind of rule has run, for `{n}`.
  var counts: TextMap<Int> = [:]
  var timersDone: [Int] = []
  /// The topics that its program writes by their names.
  var namedTopics: [String]?
  var runningDigest = MD5()

  /// The last event of each name, and the latest of all.
  var lastEvents = WeighedDictionary<ExactText, JSON>()
  var lastEvent: Kept<Event>?
  /// A short history, numbered from `firstEvent` on, for those who wait for the next one.
  var recentEvents: [Kept<Event>] = []
  var firstEvent = 0
  var monitoringRate = 1.0

  /// The process is as good as over: its program does nothing more.
  var plannedEnding: Ending?
  /// How it will end if nothing overtakes the plan; plans are numbered.
  var planned: Ending?
  var plan = 0
  var stops = 0
  /// The last stop whose time is over.
  var stopsDone = 0
  var mayCallKeepAlive = false
  var isKeptAlive = false
  var removesImmediately = false
  /// Where its own code runs; nil: its program stands in for it.
  var process: CodeProcess?
  /// It failed before it could say what it reads and writes.
  var failedEarly = false

  /// Whether its program does anything more: not while its end is planned, but in its stop handlers.
  var mayAct: Bool {
    !status.isOver && (plannedEnding == nil || status == .stopping)
  }

  subscript(lane: Lane) -> InputQueue {
    _read {
      switch lane {
      case .input: yield input
      case .stdin: yield stdin
      }
    }
    _modify {
      switch lane {
      case .input: yield &input
      case .stdin: yield &stdin
      }
    }
  }

  var nextEvent: Int { firstEvent + recentEvents.count }

  /// How its input comes to the program.
  /// Source: hub 1.0.1 on the wire.
  var pieceForm: InputQueue.PieceForm {
    guard let inputType else { return .chunk }
    if inputType.hasSuffix("x-ndjson") { return .jsonLine }
    let isByLine = language == "py" || program.readsTextByLine
    return isByLine && inputType == "text/plain" ? .textLine : .chunk
  }

  /// A Python sequence that runs as a process of its own, not in a container: its `config` begins with
  /// the type.
  var isPythonProcess: Bool {
    language == "py"
      && sequence.value.text.utf8.firstRange(of: #""config":{"type":"process""#.utf8) != nil
  }

  // MARK: Ends

  mutating func plan(_ ending: Ending, isFinal: Bool) {
    if isFinal {
      plannedEnding = ending
      activities = WeighedDictionary()
    }
    plan += 1
    planned = ending
  }

  mutating func end(_ ending: Ending, at now: VirtualInstant) {
    activities = WeighedDictionary()
    for lane in [Lane.input, .stdin] {
      self[lane] = InputQueue()
      self[lane].end()
    }
    status = ending.status
    terminated = ending
    if !failedEarly { ended = now }
    plan += 1
  }

  mutating func beginStop(mayCallKeepAlive: Bool) {
    stops += 1
    self.mayCallKeepAlive = mayCallKeepAlive
    isKeptAlive = false
    status = .stopping
  }

  mutating func keep(_ event: Event) {
    if event.message?.isFalsy ?? true {
      lastEvents[event.name] = nil
    } else if lastEvents.count < 1024 || lastEvents[event.name] != nil {
      lastEvents[event.name] = event.message
    }
    let kept = Kept(event)
    lastEvent = kept
    recentEvents.append(kept)
    if recentEvents.count > 256 {
      recentEvents.removeFirst(64)
      firstEvent += 64
    }
  }
}

extension Instance.Ending {
  static let completed = Self(status: .completed, code: -1, reason: "Instance completed")
  static let stopped = Self(status: .completed, code: 138, reason: "Instance stopped")
  static let killed = Self(status: .completed, code: 137, reason: "Instance killed")
  /// What a Python runner makes of a stop or a kill.
  static let runnerFailed = Self(status: .errored, code: 1, reason: "Runner failed")

  /// Source: `RunnerExitCode` of transform-hub and the hub's texts for it.
  static func failed(_ code: Int) -> Self {
    let reason =
      switch code {
      case 10: "Sequence unpack failed"
      case 20:
        "Runner was started with invalid configuration. This is probably a bug in STH."
      case 21: "Sequence entrypoint path is invalid"
      case 22: "Sequence failed on start"
      case 23: "Sequence failed during execution"
      case 24: "Instance limit reached"
      case 137: "Instance killed"
      case 138: "Instance stopped"
      case 223: "Cleanup failed"
      default: "Runner failed"
      }
    return Self(status: .errored, code: code, reason: reason)
  }
}
