import EmulatorKernel
import PayloadCodecs

/// The declarative program language: `[{"on": TRIGGER, "do": ACTION or [ACTION…]}]`.
///
/// **Shape**: triggers are `start`, `input`, `line`, `end`, `stdin`, `stdinLine`, `stdinEnd`,
/// `event` (with `"event": NAME`), `every` (with `"every": DURATION`, `"count"`), `stop`, `kill`.
/// Actions are the words `echo`, `finish`, `keepAlive`, `digest`, or objects: `{"echo": {"prefix",
/// "suffix"}}`, `{"write": TEXT, "to": SINK}`, `{"each": [TEXT…], "to": SINK}`, `{"emit": NAME,
/// "message": ANY}`, `{"log": TEXT, "level"}`, `{"sleep": DURATION}`, `{"repeat": N, "do": …}`,
/// `{"fail": CODE, "stderr": TEXT}`, `{"exit": CODE}`, `{"health": BOOL}`, `{"writeDigest": SINK}`.
/// Sinks are `output`, `stdout`, `stderr` and `topic:NAME`.
extension ProgramCompiler {
  enum Trigger: String, CaseIterable {
    case start, input, line, end, stdin, stdinLine, stdinEnd, event, every, stop, kill
  }

  func programRules(_ reader: ScenarioReader) -> Program? {
    var program = Program()
    let isWhole = reader.array { rule in
      rule.object { object in addRule(object, to: &program) }
    }
    guard isWhole != nil else { return nil }
    // A program that reads input and never says when it is through is through with its input.
    if program.reads(.input), program.inputEnd.isEmpty, !program.mentionsItsEnd {
      program.inputEnd = [.finish]
    }
    return program
  }

  private func addRule(_ object: ScenarioObject, to program: inout Program) -> Bool? {
    object.allow("do")
    guard let trigger = object.required("on")?.choice(of: Trigger.self) else {
      object.allow("event", "every", "count")
      return nil
    }
    guard let actions = object.required("do").flatMap({ actions($0, trigger) }) else {
      if trigger == .event { object.allow("event") }
      if trigger == .every { object.allow("every", "count") }
      return nil
    }
    switch trigger {
    case .start: program.start += actions
    case .input: program.input += actions
    case .line: program.line += actions
    case .end: program.inputEnd += actions
    case .stdin: program.stdin += actions
    case .stdinLine: program.stdinLine += actions
    case .stdinEnd: program.stdinEnd += actions
    case .stop: program.stop += actions
    case .kill: program.kill += actions
    case .event:
      guard let name = text(object, "event") ?? missing(object, "event") else { return nil }
      program.events.append(Program.EventRule(name: name, actions: actions))
    case .every:
      guard let reader = object.required("every"), let interval = milliseconds(reader) else {
        return nil
      }
      program.timers.append(
        Program.Timer(
          milliseconds: max(1, interval), count: number(object, "count", missing: 0),
          actions: actions))
    }
    return true
  }

  private func missing(_ object: ScenarioObject, _ key: String) -> String? {
    object.required(key)?.string()
  }

  private func actions(_ reader: ScenarioReader, _ trigger: Trigger) -> [Program.Action]? {
    reader.oneOrMore { action($0, trigger) }
  }

  private enum Word: String, CaseIterable { case echo, finish, keepAlive, digest }

  private func action(_ reader: ScenarioReader, _ trigger: Trigger) -> Program.Action? {
    if case .string = reader.value {
      switch reader.choice(of: Word.self) {
      case .echo: return .write(.piece, trigger.isStdin ? .stdout : .output)
      case .finish: return .finish
      case .keepAlive: return .keepAlive
      case .digest: return .digest
      case nil: return nil
      }
    }
    return reader.object { object in self.action(object, trigger) }
  }

  private func action(_ object: ScenarioObject, _ trigger: Trigger) -> Program.Action? {
    let sink = { sinkOf(object, trigger) }
    let kinds = [
      "echo", "write", "each", "emit", "log", "sleep", "repeat", "fail", "exit", "health",
      "writeDigest",
    ]
    guard let kind = object.atMostOne(of: kinds) else {
      object.problem("expected one of \(kinds.joined(separator: ", ")) here")
      return nil
    }
    switch kind {
    case "echo":
      return object.object("echo") { echo in
        .write(
          Template((text(echo, "prefix") ?? "") + "{}" + (text(echo, "suffix") ?? "")),
          trigger.isStdin ? .stdout : .output)
      }
    case "write":
      return template(object, "write").flatMap { text in sink().map { .write(text, $0) } }
    case "each":
      let texts = texts(object, "each").map { Template($0) }
      return sink().map { .writeNext(texts, $0) }
    case "emit":
      let message = object.json("message")
      return template(object, "emit").map { .emit($0, message) }
    case "log":
      let level = text(object, "level") ?? "INFO"
      return template(object, "log").map { .log($0, level: level) }
    case "sleep":
      return object.optional("sleep").flatMap(milliseconds).map { .sleep(milliseconds: $0) }
    case "repeat":
      let times = number(object, "repeat", missing: 1)
      let inner = object.required("do").flatMap { actions($0, trigger) }
      guard inner?.contains(where: { $0.depth >= Self.loopDepthMax }) != true else {
        object.problem("more than \(Self.loopDepthMax) repeats stand inside each other")
        return nil
      }
      return inner.map { .loop(times: times, $0) }
    case "fail":
      let stderr = template(object, "stderr")
      return .fail(code: number(object, "fail", missing: 23, in: 1...255), stderr: stderr)
    case "exit": return .exit(code: number(object, "exit", missing: 0, in: 0...255))
    case "health": return object.bool("health").map { .health($0) }
    default: return object.optional("writeDigest").flatMap(sink(of:)).map { .writeDigest($0) }
    }
  }

  /// Ours: a snapshot that nests deeper than its reader goes would not come back.
  private static let loopDepthMax = 32

  private func sinkOf(_ object: ScenarioObject, _ trigger: Trigger) -> Program.Sink? {
    guard let reader = object.optional("to") else { return trigger.isStdin ? .stdout : .output }
    return sink(of: reader)
  }

  private func sink(of reader: ScenarioReader) -> Program.Sink? {
    switch reader.value.stringValue.map(arguments.fill) {
    case "output": return .output
    case "stdout": return .stdout
    case "stderr": return .stderr
    case let name? where name.hasPrefix("topic:") && Topic.isName(String(name.dropFirst(6))):
      return .topic(String(name.dropFirst(6)))
    default: return reader.mismatch("\"output\", \"stdout\", \"stderr\" or \"topic:NAME\"")
    }
  }
}

extension ProgramCompiler.Trigger {
  fileprivate var isStdin: Bool { self == .stdin || self == .stdinLine || self == .stdinEnd }
}

extension Program {
  /// Whether any rule finishes, fails or exits.
  fileprivate var mentionsItsEnd: Bool {
    let all =
      start + input + line + inputEnd + stdin + stdinLine + stdinEnd + events.flatMap(\.actions)
      + timers.flatMap(\.actions)
    return all.contains { $0.isEnding }
  }
}

extension Program.Action {
  /// How many loops stand inside each other.
  fileprivate var depth: Int {
    guard case .loop(_, let inner) = self else { return 0 }
    return 1 + (inner.map(\.depth).max() ?? 0)
  }

  fileprivate var isEnding: Bool {
    switch self {
    case .finish, .fail, .failAt, .exit: true
    case .loop(_, let actions): actions.contains { $0.isEnding }
    default: false
    }
  }
}
