/// One command of the program.
struct Command {
  let name: String
  let summary: String
  /// What stands behind the name in the usage line.
  let operands: String
  let flags: [Flag]
  /// What it does is said by the first operand, one of these; empty: it does one thing.
  var words: [CommandWord] = []
  let examples: [String]
  let run: @Sendable (CommandLineArguments) async throws(UsageError) -> Int32

  static let help = Flag("--help", "Show this text and end.")

  /// In the order of the help.
  static let all: [Command] = [
    serve, demo, runProgram, sweep, report, record, parity, importRecording, check, scenarios, env,
    ca, ctl, wait, healthcheck, doctor,
    initProject, completions, manual, version,
  ]

  /// Exit statuses: 0 done; 1 it did not work, or does not hold; 64 the command line is wrong
  /// (EX_USAGE of sysexits.h).
  static func run(_ arguments: [String]) async -> Int32 {
    var rest = arguments
    var command = serve
    if let first = rest.first, !first.hasPrefix("-") {
      if first == "help" { return showHelp(Array(rest.dropFirst())) }
      guard let known = named(first) else { return 64 }
      command = known
      rest.removeFirst()
    } else if rest == ["--help"] || rest == ["-h"] {
      return showHelp([])
    } else if rest == ["--version"] {
      command = version
      rest = []
    }
    do throws(UsageError) {
      let parsed = try CommandLineArguments(rest, flags: command.flags + [help])
      if parsed.has("--help") {
        Terminal.put(command.helpText(of: command.word(parsed.positionals.first)))
        return 0
      }
      if command.operands.isEmpty, let extra = parsed.positionals.first {
        throw UsageError("\(command.name) takes no operand, but “\(extra)” was given.")
      }
      try command.check(parsed)
      return try await command.run(parsed)
    } catch {
      Terminal.complain("\(error.message)\nTry: wavetank \(command.name) --help")
      return 64
    }
  }

  /// Whether it is one that serves: told by its name alone, before anything is read.
  static func startsServer(_ arguments: [String]) -> Bool {
    guard let first = arguments.first else { return true }
    return first.hasPrefix("-")
      ? !["--help", "-h", "--version"].contains(first) : ["serve", "demo", "run"].contains(first)
  }

  /// Nil, and what to do, when there is none of that name.
  private static func named(_ name: String) -> Command? {
    // The start of a server does not make all the others.
    if name == serve.name { return serve }
    if let command = all.first(where: { $0.name == name }) { return command }
    Terminal.complain(CommandLineArguments.unknown(name, among: all.map(\.name)))
    return nil
  }

  private static func showHelp(_ names: [String]) -> Int32 {
    guard let name = names.first else {
      Terminal.put(overview)
      return 0
    }
    guard let command = named(name) else { return 64 }
    let word = names.count > 1 ? command.word(names[1]) : nil
    guard names.count == (word == nil ? 1 : 2) else {
      let surplus = names[word == nil ? 1 : 2]
      Terminal.complain("help does not know “\(surplus)” of “\(name)”.\nTry: wavetank help \(name)")
      return 64
    }
    Terminal.put(command.helpText(of: word))
    return 0
  }

  private static var overview: String {
    let style = Terminal.Style(1)
    let about =
      "Wavetank: a local emulator of the Steamship Engine, the Scramjet Cloud Platform and Shipyard."
    var text = style.folded(about, to: style.columns).joined(separator: "\n") + "\n\n"
    text += "\(style.bold("Usage:")) wavetank [serve] [flags]\n       wavetank COMMAND [flags]\n\n"
    text += style.bold("Commands:") + "\n"
    for command in all { text += style.row(command.name, command.summary, leftWidth: 13) }
    text += "\n" + style.bold("Examples:") + "\n"
    for (line, meaning) in [
      ("wavetank", "serve on http://127.0.0.1:7070"),
      ("wavetank --port 0 --clock skip", "a free port, and no waiting"),
      ("eval \"$(wavetank env)\"", "point the SDKs here"),
      ("wavetank help serve", "every flag of a command"),
    ] { text += style.row(line, meaning, leftWidth: 40) }
    return text
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(2, width - text.count))
  }
}
