import Lab
import Wavetank

/// What may stand at a place of a command line. Scripts know it by the mark.
enum Candidates {
  case words([(name: String, about: String)])
  case files, directories
  /// Of the program.
  case scenarios, operations, services
  /// Of the server, which is asked.
  case tenants, rules
  /// The commands of the system.
  case programs
  /// Free text.
  case anything

  static func names(_ names: [String]) -> Candidates { .words(names.map { ($0, "") }) }
}

extension Flag {
  /// What its value may be. A flag of one name takes one kind of value everywhere.
  var candidates: [Candidates] {
    switch (name, value) {
    case ("--scenario", _): [.scenarios, .files]
    case ("--operation", _), ("--operations", _): [.operations]
    case ("--service", _): [.services]
    case ("--tenant", _): [.tenants]
    case ("--rule", _): [.rules]
    case ("--clock", _), ("--mode", _): [.names(["real", "manual", "skip", "x60"])]
    case ("--log", _): [.names(["text", "json"])]
    case ("--log-level", _): [.names(["error", "warn", "info", "debug"])]
    case ("--shell", _): [.names(ClientEnvironment.Shell.allCases.map(\.rawValue))]
    case ("--print", _): [.names(Printed.allCases.map(\.rawValue))]
    case ("--names", _): [.names(Command.CompletionNames.allCases.map(\.rawValue))]
    case ("--format", _): [.names(Command.ReportFormat.allCases.map(\.rawValue))]
    case ("--faults", _): [.names(SweepFault.allCases.map(\.rawValue))]
    case ("--client", _): [.names(InitClient.allCases.map(\.rawValue))]
    case ("--ci", _): [.names(InitCI.allCases.map(\.rawValue))]
    case ("--outbound", _): [.names(["local", "any", "none"])]
    case ("--code-network", _): [.names(["none", "wavetank", "all"])]
    case (_, "DIR"): [.directories]
    case (_, "FILE"), (_, "F"), (_, "PATH"): [.files]
    default: [.anything]
    }
  }
}

/// The table that scripts are made of: for what was typed before (`ctl scenario put`), what comes next.
enum CompletionTable {
  static let flags: [(path: String, flags: [Flag])] = Command.all.flatMap { command in
    [(command.name, (command.words.isEmpty ? command.flags : []) + [Command.help])]
      + command.words.map { ("\(command.name) \($0.name)", $0.flags + [Command.help]) }
  }

  /// Each flag that takes a value, once.
  static let valued: [Flag] = {
    var valued: [Flag] = []
    for flag in Command.all.flatMap(\.flags) where flag.value != nil {
      if !valued.contains(where: { $0.name == flag.name }) { valued.append(flag) }
    }
    return valued
  }()

  static let operands: [(path: String, candidates: [Candidates])] =
    [
      ("", [commands]), ("help", [commands]),
      ("init", [.directories]), ("check", [.scenarios, .files]), ("scenarios", [.scenarios]),
      ("run", [.programs]), ("sweep", [.programs]), ("record", [.programs]),
      ("parity", [.files]), ("import", [.files]), ("completions", [.names(shells)]),
      ("ca", [.names(Command.CAAction.allCases.map(\.rawValue))]),
      ("ctl scenario", [.names(["get", "put", "add", "remove"])]),
      ("ctl scenario put", [.scenarios, .files]), ("ctl scenario add", [.files]),
      ("ctl scenario remove", [.rules]),
      ("ctl snapshot", [.names(["get", "put"])]), ("ctl snapshot put", [.files]),
      ("ctl tenants", [.names(["drop"])]), ("ctl tenants drop", [.tenants]),
      ("ctl state", [.services]), ("ctl openapi", [.services, .names(["wavetank"])]),
    ]
    + Command.all.filter { !$0.words.isEmpty }.flatMap { command in
      let words = Candidates.words(command.words.map { ($0.name, $0.summary) })
      return [(command.name, [words]), ("help \(command.name)", [words])]
    }

  private static let commands = Candidates.words(Command.all.map { ($0.name, $0.summary) })
  private static let shells = Command.CompletionShell.allCases.map(\.rawValue)
}
