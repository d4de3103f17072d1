import PayloadCodecs

/// What stands in place of a sequence's code: rules of the form *on trigger, do actions*, as plain
/// data, so that an instance can be stopped in the middle, written into a snapshot and go on.
struct Program: Codable, Sendable, Equatable {
  /// Where an action writes.
  enum Sink: Codable, Sendable, Equatable {
    case output, stdout, stderr
    case topic(String)
  }

  indirect enum Action: Codable, Sendable, Equatable {
    case write(Template, Sink)
    /// The n-th of several, round and round.
    case writeNext([Template], Sink)
    /// The event's name, and its message with templates inside its strings.
    case emit(Template, JSON?)
    case log(Template, level: String)
    case sleep(milliseconds: Int)
    /// 0 times means for ever.
    case loop(times: Int, [Action])
    /// An exception while running: stderr text, then the process ends with the code.
    case fail(code: Int, stderr: Template?)
    /// The same, but only the n-th time that the rule runs (from 1).
    case failAt(Int, code: Int, stderr: Template?)
    /// The process ends at once.
    case exit(code: Int)
    /// The sequence's function has returned: its output ends, the process goes after the exit timeout.
    case finish
    case health(Bool)
    /// Answers a stop by asking to be kept alive.
    case keepAlive
    /// Takes the piece into the running digest; `writeDigest` writes it in hexadecimal.
    case digest
    case writeDigest(Sink)
  }

  struct EventRule: Codable, Sendable, Equatable {
    /// `*` hears every event.
    var name: String
    var actions: [Action]
  }

  struct Timer: Codable, Sendable, Equatable {
    var milliseconds: Int
    /// 0 means for ever.
    var count: Int
    var actions: [Action]
  }

  /// How the instance fails instead of starting.
  enum StartFailure: Codable, Sendable, Equatable {
    /// The start call answers 400.
    case refused(String)
    /// The start call answers 200, the instance is errored at once.
    case errored(code: Int)
  }

  var start: [Action] = []
  var input: [Action] = []
  var line: [Action] = []
  var inputEnd: [Action] = []
  var stdin: [Action] = []
  var stdinLine: [Action] = []
  var stdinEnd: [Action] = []
  var stop: [Action] = []
  var kill: [Action] = []
  var events: [EventRule] = []
  var timers: [Timer] = []

  /// The topic that it writes, and its content type.
  var provides = ""
  var providesType = ""
  /// The topic that it reads, and its content type.
  var requires = ""
  var requiresType = ""
  var exitTimeoutMilliseconds: Int?
  var startFailure: StartFailure?
  var isHealthy = true
  /// Lines keep their newline in `{}`.
  var keepsNewlines = false
  /// Text comes line by line, as a Python runner hands it over, whatever the package's engine.
  var readsTextByLine = false
  /// Its function returns nothing: JavaScript's `undefined` becomes the output.
  var returnsNothing = false

  /// The actions of a trigger that needs nothing else said; of others none.
  subscript(trigger: ProgramCompiler.Trigger) -> [Action] {
    switch trigger {
    case .start: start
    case .input: input
    case .line: line
    case .end: inputEnd
    case .stdin: stdin
    case .stdinLine: stdinLine
    case .stdinEnd: stdinEnd
    case .stop: stop
    case .kill: kill
    case .event, .every: []
    }
  }

  /// The actions of all its rules.
  var rules: [[Action]] {
    ProgramCompiler.Trigger.allCases.map { self[$0] } + events.map(\.actions)
      + timers.map(\.actions)
  }
}

extension Shared where Value == Program {
  /// Whether it does anything with what comes on a lane. Each part is asked by its name: all of the program
  /// would be counted.
  func reads(_ lane: Lane) -> Bool {
    switch lane {
    case .input: !value.input.isEmpty || !value.line.isEmpty || !value.inputEnd.isEmpty
    case .stdin: !value.stdin.isEmpty || !value.stdinLine.isEmpty || !value.stdinEnd.isEmpty
    }
  }
}
