import EmulatorKernel
import PayloadCodecs

/// The named behaviours that stand in for sequences.
enum Behavior: String, CaseIterable, Sendable {
  case echo, lines, generate, value, hash, sink, stdio, inert, forever, silent, crash
  case failStart = "fail-start"
  case slow, responder, unhealthy
  case stopHandler = "stop-handler"
  case flood
}

extension ProgramCompiler {
  func program(of name: Behavior, _ object: ScenarioReader) -> Program {
    var program = Program()
    switch name {
    case .echo: echo(object, &program)
    case .lines: lines(object, &program)
    case .generate: generate(object, &program)
    case .value: value(object, &program)
    case .hash:
      program.input = [.digest]
      program.inputEnd = [.writeDigest(.output), .finish]
    case .sink:
      let reports = text(object, "report") == "stdout"
      program.input = reports ? [.write(.piece, .stdout)] : [.loop(times: 1, [])]
      program.inputEnd = [.finish]
      program.returnsNothing = true
    case .stdio: stdio(object, &program)
    case .inert:
      let pause = milliseconds(object, "every") ?? 1_000
      program.start = [
        .loop(
          times: max(1, number(object, "lines", missing: 3)),
          [.write(Template("{{ x: {n1} }}\n"), .stdout), .sleep(milliseconds: pause)]),
        .finish,
      ]
      program.returnsNothing = true
    case .forever: forever(object, &program)
    case .silent: break
    case .crash: return crash(object)
    case .failStart:
      let code = number(object, "code", missing: 22, in: 1...255)
      program.startFailure =
        code == 21
        ? .refused(
          text(object, "error")
            ?? "Sequence entrypoint path is invalid. Check `main` field in Sequence package.json")
        : .errored(code: code)
    case .slow: return slow(object)
    case .responder: responder(object, &program)
    case .unhealthy: program.isHealthy = false
    case .stopHandler: stopHandler(object, &program)
    case .flood:
      flood(object, &program)
    }
    return program
  }

  /// The event comes when stdout is full for the first time, or all is written.
  private func flood(_ object: ScenarioReader, _ program: inout Program) {
    let line = Array(repeating: UInt8(ascii: "x"), count: 1_023) + [UInt8(ascii: "\n")]
    let write = Program.Action.write(Template(parts: [.literal(line)]), .stdout)
    let count = number(object, "kilobytes", missing: 1_024)
    let first = min(count, ScramjetState.streamMark / line.count)
    if first > 0 { program.start.append(.loop(times: first, [write])) }
    if let event = text(object, "emit") {
      program.start.append(.emit(Template(literal: event), object.value["message"] ?? .null))
    }
    if count > first { program.start.append(.loop(times: count - first, [write])) }
  }

  private func echo(_ object: ScenarioReader, _ program: inout Program) {
    let template = Template(
      parts: literal(text(object, "prefix")) + [.piece] + literal(text(object, "suffix")))
    program.input = [.write(template, .output)]
    if flag(object, "tee") { program.input.append(.write(template, .stdout)) }
    program.inputEnd = [.finish]
  }

  private func literal(_ text: String?) -> [Template.Part] {
    guard let text, !text.isEmpty else { return [] }
    return [.literal(Array(text.utf8))]
  }

  private func lines(_ object: ScenarioReader, _ program: inout Program) {
    var template = template(object, "template") ?? .piece
    if let field = text(object, "field") {
      template = Template(
        parts: template.parts.map {
          $0 == .piece ? .field(field.split(separator: ".").map(String.init)) : $0
        })
    }
    program.keepsNewlines = flag(object, "newlines")
    program.line = [.write(template, .output)]
    if flag(object, "tee") { program.line.append(.write(template, .stdout)) }
    program.inputEnd = [.finish]
  }

  private func generate(_ object: ScenarioReader, _ program: inout Program) {
    let count = number(object, "count", missing: 10)
    let pause = milliseconds(object, "every") ?? 500
    let start = number(object, "start", missing: 0)
    var texts: [Template] = []
    if let items = object.value["items"]?.arrayValue {
      texts = items.map { item in
        guard case .string(let text) = item else { return Template(literal: item.text + "\n") }
        let filled = arguments.fill(text)
        return Template(filled.hasSuffix("\n") ? filled : filled + "\n")
      }
    } else {
      var template = template(object, "template") ?? Template("{n}\n")
      if start > 0 {
        template = Template(
          parts: template.parts.map { $0 == .number(base: 0) ? .number(base: start) : $0 })
      }
      texts = [template]
    }
    // For ever without a pause would fill every step of the clock.
    let pauses = pause > 0 || count == 0
    program.start = [
      .loop(
        times: count,
        [.writeNext(texts, .output)] + (pauses ? [.sleep(milliseconds: max(1, pause))] : []))
    ]
    if count > 0 { program.start.append(.finish) }
  }

  private func value(_ object: ScenarioReader, _ program: inout Program) {
    var output = ""
    if let value = object.value["value"] {
      output = arguments.fill(String(decoding: value.asText, as: UTF8.self))
    }
    if flag(object, "args") {
      output += arguments.values.map { String(decoding: $0.asText, as: UTF8.self) + "\n" }.joined()
    }
    program.start = [.write(Template(literal: output), .output)]
    if !flag(object, "open") { program.start.append(.finish) }
  }

  private func stdio(_ object: ScenarioReader, _ program: inout Program) {
    let prefix = literal(text(object, "prefix"))
    if flag(object, "lines") {
      program.stdinLine = [.write(Template(parts: prefix + [.piece]), .stdout)]
    } else {
      program.stdin = [.write(Template(parts: prefix + [.piece]), .stdout)]
    }
    program.stdinEnd = [.finish]
    if let after = milliseconds(object, "after") {
      program.stdinEnd.insert(.sleep(milliseconds: after), at: 0)
    }
  }

  private func forever(_ object: ScenarioReader, _ program: inout Program) {
    let tick = template(object, "tick")
    let every = milliseconds(object, "every") ?? (tick == nil ? 0 : 1_000)
    guard every > 0 else { return }
    program.timers = [
      Program.Timer(
        milliseconds: every, count: 0, actions: [.write(tick ?? Template("tick\n"), .stdout)])
    ]
  }

  /// Another behaviour, given under `with`; the default is one that does nothing.
  private func inner(_ object: ScenarioReader) -> Program? {
    object.member("with").flatMap(program)
  }

  private func crash(_ object: ScenarioReader) -> Program {
    var program = inner(object) ?? Program()
    let code = number(object, "code", missing: 23, in: 1...255)
    let stderr = text(object, "stderr").map { Template(literal: $0) }
    for line in texts(object, "errors") {
      program.start.append(.log(Template(literal: line), level: "ERROR"))
    }
    if object.value["afterChunks"] != nil {
      let count = max(1, number(object, "afterChunks", missing: 1))
      let rule = Program.Action.failAt(count, code: code, stderr: stderr)
      if program.line.isEmpty { program.input.append(rule) } else { program.line.append(rule) }
    } else {
      let delay = milliseconds(object, "after") ?? 0
      if delay > 0 {
        program.timers.append(
          Program.Timer(
            milliseconds: delay, count: 1, actions: [.fail(code: code, stderr: stderr)]))
      } else {
        program.start.append(.fail(code: code, stderr: stderr))
      }
    }
    return program
  }

  private func slow(_ object: ScenarioReader) -> Program {
    let pause = Program.Action.sleep(milliseconds: milliseconds(object, "delay") ?? 100)
    var program = inner(object) ?? Program()
    if object.value["with"] == nil {
      program.input = [.write(.piece, .output)]
      program.inputEnd = [.finish]
    }
    if !program.input.isEmpty { program.input.insert(pause, at: 0) }
    if !program.line.isEmpty { program.line.insert(pause, at: 0) }
    if !program.stdin.isEmpty { program.stdin.insert(pause, at: 0) }
    if !program.stdinLine.isEmpty { program.stdinLine.insert(pause, at: 0) }
    return program
  }

  private func responder(_ object: ScenarioReader, _ program: inout Program) {
    var actions: [Program.Action] = []
    if let line = template(object, "print") { actions.append(.write(line, .stdout)) }
    if let delay = milliseconds(object, "delay"), delay > 0 {
      actions.append(.sleep(milliseconds: delay))
    }
    let message = object.value["message"] ?? "{message}"
    actions.append(
      .emit(Template(literal: text(object, "emit") ?? "test-response"), fillStrings(message)))
    if text(object, "then") == "exit" { actions.append(.finish) }
    program.events = [
      Program.EventRule(name: text(object, "on") ?? "test-event", actions: actions)
    ]
  }

  private func fillStrings(_ value: JSON) -> JSON {
    if case .string(let text) = value { .string(arguments.fill(text)) } else { value }
  }

  private func stopHandler(_ object: ScenarioReader, _ program: inout Program) {
    let texts = texts(object, "texts")
    let pause = milliseconds(object, "duration") ?? 0
    for (index, text) in texts.enumerated() {
      if index > 0, pause > 0 { program.stop.append(.sleep(milliseconds: pause)) }
      program.stop.append(.write(Template(literal: text), .stdout))
    }
    if texts.count < 2, pause > 0 { program.stop.append(.sleep(milliseconds: pause)) }
    if milliseconds(object, "keepAlive") != nil { program.stop.append(.keepAlive) }
    // An empty list of handlers would mean that there are none.
    if program.stop.isEmpty { program.stop = [.loop(times: 1, [])] }
  }
}
