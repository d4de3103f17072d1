import EmulatorKernel
import PayloadCodecs

/// Makes a program of rules that `ProgramForm` has read.
extension ProgramCompiler {
  enum Trigger: String, CaseIterable {
    case start, input, line, end, stdin, stdinLine, stdinEnd, event, every, stop, kill
  }

  func program(ofRules reader: ScenarioReader) -> Program {
    var program = Program()
    for rule in reader.elements { addRule(rule, to: &program) }
    // A program that reads input and never says when it is through is through with its input.
    let readsInput = !program.input.isEmpty || !program.line.isEmpty
    if readsInput, program.inputEnd.isEmpty, !program.mentionsItsEnd {
      program.inputEnd = [.finish]
    }
    return program
  }

  private func addRule(_ rule: ScenarioReader, to program: inout Program) {
    guard let trigger = rule.value["on"]?.stringValue.flatMap(Trigger.init(rawValue:)) else {
      return
    }
    let actions = actions(rule, trigger)
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
      program.events.append(
        Program.EventRule(name: text(rule, "event") ?? "", actions: actions))
    case .every:
      program.timers.append(
        Program.Timer(
          milliseconds: max(1, milliseconds(rule, "every") ?? 1),
          count: number(rule, "count", missing: 0), actions: actions))
    }
  }

  private func actions(_ object: ScenarioReader, _ trigger: Trigger) -> [Program.Action] {
    guard let reader = object.member("do") else { return [] }
    let elements = reader.value.arrayValue == nil ? [reader] : reader.elements
    return elements.compactMap { action($0, trigger) }
  }

  private func action(_ action: ScenarioReader, _ trigger: Trigger) -> Program.Action? {
    let standard = trigger.isStdin ? Program.Sink.stdout : .output
    switch action.value.stringValue ?? action.value.objectValue?.keys.first(where: isKind) {
    case "echo":
      guard let echo = action.member("echo") else { return .write(.piece, standard) }
      return .write(
        Template((text(echo, "prefix") ?? "") + "{}" + (text(echo, "suffix") ?? "")), standard)
    case "finish": return .finish
    case "keepAlive": return .keepAlive
    case "digest": return .digest
    case "write":
      return template(action, "write").flatMap { text in
        sink(action, "to", standard).map { .write(text, $0) }
      }
    case "each":
      let texts = texts(action, "each").map { Template($0) }
      return sink(action, "to", standard).map { .writeNext(texts, $0) }
    case "emit": return template(action, "emit").map { .emit($0, action.value["message"]) }
    case "log":
      let level = text(action, "level") ?? "INFO"
      return template(action, "log").map { .log($0, level: level) }
    case "sleep": return milliseconds(action, "sleep").map { .sleep(milliseconds: $0) }
    case "repeat":
      let inner = actions(action, trigger)
      guard !inner.contains(where: { $0.depth >= Self.loopDepthMax }) else {
        action.problem("more than \(Self.loopDepthMax) repeats stand inside each other")
        return nil
      }
      return .loop(times: number(action, "repeat", missing: 1), inner)
    case "fail":
      return .fail(
        code: number(action, "fail", missing: 23, in: 1...255), stderr: template(action, "stderr"))
    case "exit": return .exit(code: number(action, "exit", missing: 0, in: 0...255))
    case "health": return .health(flag(action, "health"))
    case "writeDigest": return sink(action, "writeDigest", standard).map { .writeDigest($0) }
    default: return nil
    }
  }

  /// Whether a key says what an action does.
  private func isKind(_ key: String) -> Bool { ProgramForm.kindKeys.contains(key) }

  /// Ours: a snapshot that nests deeper than its reader goes would not come back.
  private static let loopDepthMax = 32

  private func sink(
    _ action: ScenarioReader, _ key: String, _ standard: Program.Sink
  ) -> Program.Sink? {
    guard let reader = action.member(key) else { return standard }
    return reader.value.stringValue.flatMap { Program.Sink(arguments.fill($0)) }
      ?? reader.mismatch(Program.Sink.words)
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
