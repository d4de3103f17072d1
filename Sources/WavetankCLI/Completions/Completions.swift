import HTTPModel
import PayloadCodecs
import Resources
import Wavetank

extension Command {
  enum CompletionShell: String, CaseIterable { case bash, zsh, fish }
  enum CompletionNames: String, CaseIterable {
    case scenarios, operations, services, tenants, rules
  }

  static let completions = Command(
    name: "completions", summary: "Print completions for bash, zsh or fish.",
    operands: "bash|zsh|fish",
    flags: [
      Flag(
        "--names", value: "WHAT",
        "Instead, what scripts ask for: scenarios, operations, services; of a server tenants, rules."
      ),
      urlFlag, tokenFlag, caFlag,
      Flag("--tenant", value: "NAME", "With --names rules: whose."),
    ],
    examples: [
      "wavetank completions bash > /etc/bash_completion.d/wavetank",
      "wavetank completions zsh > \"${fpath[1]}/_wavetank\"",
      "wavetank completions fish > ~/.config/fish/completions/wavetank.fish",
    ],
    run: { arguments throws(UsageError) in
      if let names: CompletionNames = try arguments.choice("--names") {
        if let surplus = arguments.positionals.first {
          throw UsageError("--names does not go with “\(surplus)”.")
        }
        return try await put(names, arguments)
      }
      if let flag = ["--url", "--token", "--ca-dir", "--tenant"].first(where: arguments.has) {
        throw UsageError("\(flag) is for --names.")
      }
      let words = CompletionShell.allCases.map(\.rawValue)
      guard let word = arguments.positionals.first, arguments.positionals.count == 1 else {
        throw UsageError("completions needs one shell: \(words.joined(separator: ", ")).")
      }
      guard let shell = CompletionShell(rawValue: word) else {
        throw UsageError(CommandLineArguments.unknown(word, among: words))
      }
      Terminal.put(Completions.script(shell))
      return 0
    })

  /// One a line. A server that does not answer at once has none.
  private static func put(
    _ names: CompletionNames, _ arguments: CommandLineArguments
  ) async throws(UsageError) -> Int32 {
    let list: [String]?
    switch names {
    case .scenarios: list = Scenarios.names
    case .operations: list = Emulator.operationNames
    case .services: list = Emulator.serviceNames
    case .tenants: list = await asked("tenants", "tenants", try ControlClient(arguments))
    case .rules: list = await asked("scenario/rules", "rules", try ControlClient(arguments))
    }
    guard let list else { return 1 }
    for name in list { Terminal.say(name) }
    return 0
  }

  private static func asked(
    _ path: String, _ member: String, _ client: ControlClient
  ) async -> [String]? {
    guard (try? await client.isReady(within: .milliseconds(500))) == true,
      let (status, content) = try? await client.send(.get, path), status == 200,
      let list = (try? JSON(parsing: content))?[member]?.arrayValue
    else { return nil }
    return list.compactMap { $0["name"]?.stringValue }
      .filter { name in !name.unicodeScalars.contains { $0.value < 0x20 } }
  }
}

/// Scripts for shells, from the table of commands: what the help lists, a shell completes. What only a
/// server knows, they ask the program for.
enum Completions {
  static func script(_ shell: Command.CompletionShell) -> String {
    Resource.filled(
      "cli/completions.\(shell.rawValue)",
      [
        ("#@OPERANDS@\n", operands(shell)), ("#@FLAGS@\n", flags(shell)),
        ("#@VALUES@\n", values(shell)),
      ])
  }

  // MARK: Tables, each the branches of one function

  private static func operands(_ shell: Command.CompletionShell) -> String {
    CompletionTable.operands.map { row in
      branch("'\(row.path)'", row.candidates.flatMap(lines), shell)
    }.joined()
  }

  private static func flags(_ shell: Command.CompletionShell) -> String {
    CompletionTable.flags.map { row in
      branch("'\(row.path)'", row.flags.map { "\($0.name)\t\($0.help)" }, shell)
    }.joined()
  }

  private static func values(_ shell: Command.CompletionShell) -> String {
    CompletionTable.valued.map { flag in
      branch(flag.name, flag.candidates.flatMap(lines), shell)
    }.joined()
  }

  /// A line for each candidate, a name and behind a tab what it is; or a mark.
  private static func lines(_ candidates: Candidates) -> [String] {
    switch candidates {
    case .words(let words): words.map { $0.about.isEmpty ? $0.name : "\($0.name)\t\($0.about)" }
    case .files: ["@files"]
    case .directories: ["@directories"]
    case .scenarios: Scenarios.names
    case .operations: Emulator.operationNames
    case .services: Emulator.serviceNames
    case .tenants: ["@tenants"]
    case .rules: ["@rules"]
    case .programs: ["@programs"]
    case .anything: ["@anything"]
    }
  }

  private static func branch(
    _ pattern: String, _ lines: [String], _ shell: Command.CompletionShell
  ) -> String {
    let texts = lines.map { quoted($0, shell) }
    switch shell {
    case .bash, .zsh:
      let rows = texts.map { " \\\n      \($0)" }.joined()
      return "    \(pattern)) printf '%s\\n'\(rows) ;;\n"
    case .fish:
      let rows = texts.map { " \\\n        \($0)" }.joined()
      return "    case \(pattern)\n      printf '%s\\n'\(rows)\n"
    }
  }

  private static func quoted(_ text: String, _ shell: Command.CompletionShell) -> String {
    switch shell {
    case .bash, .zsh: "'\(text.replacing("'", with: "’"))'"
    case .fish: "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    }
  }
}
