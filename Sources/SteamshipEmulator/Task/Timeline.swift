import EmulatorKernel
import PayloadCodecs

/// Source: SDK `base/tasks.py`, `TaskState`.
enum TaskState: String, Codable, Sendable, CaseIterable {
  case waiting, running, succeeded, failed

  var isTerminal: Bool { self == .succeeded || self == .failed }
}

/// How a task proceeds: its stages in order. The last one is where it stays.
struct Timeline: Codable, Sendable, Equatable {
  var stages: [Stage]

  struct Stage: Codable, Sendable, Equatable {
    var state: TaskState
    var message: String?
    var suggestion: String?
    var code: String?
    var end: End = .immediately
  }

  /// What ends a stage.
  enum End: Codable, Sendable, Equatable {
    case after(Duration)
    /// The n-th look of a client.
    case polls(Int)
    /// Somebody emits this name.
    case signal(String)
    /// Work outside: a call that is forwarded.
    case outside
    /// Nothing to wait for; on the last stage: it stays.
    case immediately
  }

  /// A background call waits a moment, runs a moment and succeeds: an SDK that polls each second
  /// sees it done at its first look, a test that looks at once sees it wait.
  /// Fidelity: assumed; how long the real Engine takes depends on the work.
  static let byDefault = lasting(.milliseconds(300))

  static func lasting(_ running: Duration) -> Timeline {
    Timeline(stages: [
      Stage(state: .waiting, end: .after(.milliseconds(200))),
      Stage(state: .running, end: .after(running)),
      Stage(state: .succeeded),
    ])
  }

  /// Done within the answer.
  static let atOnce = Timeline(stages: [Stage(state: .succeeded)])

  /// Runs until somebody outside has done the work.
  static let outside = Timeline(stages: [
    Stage(state: .waiting), Stage(state: .running, end: .outside), Stage(state: .succeeded),
  ])

  /// The same where a client expects to see it wait first, as by default.
  static let outsideAfterMoment = Timeline(stages: [
    Stage(state: .waiting, end: .after(.milliseconds(200))),
    Stage(state: .running, end: .outside), Stage(state: .succeeded),
  ])

  /// The same for work that somebody outside does, where it would be done at the end: one that ends in
  /// failure needs none.
  var endingOutside: Timeline {
    let isFailing = stages.contains { $0.state == .failed }
    guard !isFailing, !stages.contains(where: { $0.end == .outside }) else { return self }
    var stages = stages
    let place = stages.last?.state == .succeeded ? stages.count - 1 : stages.count
    stages.insert(Stage(state: .running, end: .outside), at: place)
    return Timeline(stages: stages)
  }
}
