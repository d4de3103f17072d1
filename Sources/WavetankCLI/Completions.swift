import Lab
import Resources
import Wavetank

extension Command {
  enum CompletionShell: String, CaseIterable { case bash, zsh, fish }

  static let completions = Command(
    name: "completions", summary: "Print completions for bash, zsh or fish.",
    operands: "bash|zsh|fish", flags: [],
    examples: [
      "wavetank completions bash > /etc/bash_completion.d/wavetank",
      "wavetank completions zsh > \"${fpath[1]}/_wavetank\"",
      "wavetank completions fish > ~/.config/fish/completions/wavetank.fish",
    ],
    run: { arguments throws(UsageError) in
      let words = CompletionShell.allCases.map(\.rawValue)
      guard let word = arguments.positionals.first, arguments.positionals.count == 1 else {
        throw UsageError("completions needs one shell: \(words.joined(separator: ", ")).")
      }
      guard let shell = CompletionShell(rawValue: word) else {
        throw UsageError(CommandLineArguments.unknown(word, among: words))
      }
      switch shell {
      case .bash: Terminal.put(Completions.bash)
      case .zsh: Terminal.put(Completions.zsh)
      case .fish: Terminal.put(Completions.fish)
      }
      return 0
    })

  /// What may stand behind the name, where it is one of a few words.
  var operandWords: [String] {
    switch name {
    case "ctl": ControlRequest.nouns
    case "ca": Command.CAAction.allCases.map(\.rawValue)
    case "completions": CompletionShell.allCases.map(\.rawValue)
    default: []
    }
  }

  var takesFiles: Bool { name == "check" }
}

extension Flag {
  /// What its value may be, where it is one of a few words.
  var words: [String] {
    switch (name, value) {
    case ("--clock", _), ("--mode", _): ["real", "manual", "skip", "x60"]
    case ("--shell", _): ["sh", "fish", "powershell", "json"]
    case ("--service", _): Emulator.serviceNames
    case ("--format", _): Command.ReportFormat.allCases.map(\.rawValue)
    case ("--faults", _): SweepFault.allCases.map(\.rawValue)
    default: []
    }
  }

  var takesFile: Bool { ["FILE", "FILE|NAME", "F", "DIR"].contains(value) }
}

/// Scripts for shells, from the table of commands: what the help lists, a shell completes.
enum Completions {
  private static var commands: [Command] { Command.all }
  private static var names: String { commands.map(\.name).joined(separator: " ") }
  private static func flags(_ command: Command) -> [Flag] { command.flags + [Command.help] }

  // MARK: bash

  static var bash: String {
    var cases = ""
    var values = ""
    for command in commands {
      let words = flags(command).map(\.name) + command.operandWords
      cases += "    \(command.name)) words=\"\(words.joined(separator: " "))\" ;;\n"
      for flag in flags(command) where flag.value != nil {
        let reply =
          flag.takesFile
          ? "COMPREPLY=($(compgen -f -- \"$word\"))"
          : "COMPREPLY=($(compgen -W \"\(flag.words.joined(separator: " "))\" -- \"$word\"))"
        values += "    \(command.name):\(flag.name)) \(reply); return ;;\n"
      }
    }
    return Resource.filled(
      "cli/completions.bash",
      [("@COMMANDS@", names), ("#@VALUES@\n", values), ("#@WORDS@\n", cases)])
  }

  // MARK: zsh

  static var zsh: String {
    var cases = ""
    for command in commands {
      var rows = flags(command).map { flag in
        let action =
          flag.value.map { value in
            ":\(value.replacing("|", with: " or ")):"
              + (flag.takesFile
                ? "_files" : flag.words.isEmpty ? "" : "(\(flag.words.joined(separator: " ")))")
          } ?? ""
        return "'\(flag.isRepeated ? "*" : "")\(flag.name)[\(zshText(flag.help))]\(action)'"
      }
      if !command.operandWords.isEmpty {
        rows.append("'1:\(command.name):(\(command.operandWords.joined(separator: " ")))'")
        rows.append("'*:file:_files'")
      } else if command.takesFiles {
        rows.append("'*:file:_files'")
      }
      cases += "    \(command.name))\n      _arguments \\\n        "
      cases += rows.joined(separator: " \\\n        ") + " ;;\n"
    }
    let names = commands.map { "    '\($0.name):\(zshText($0.summary))'\n" }.joined()
    return Resource.filled(
      "cli/completions.zsh", [("#@NAMES@\n", names), ("#@ARGUMENTS@\n", cases)])
  }

  private static func zshText(_ text: String) -> String {
    text.replacing("'", with: "’").replacing("[", with: "(").replacing("]", with: ")")
      .replacing(":", with: "\\:")
  }

  // MARK: fish

  static var fish: String {
    var text = ""
    for command in commands {
      text +=
        "complete -c wavetank -n 'not __wavetank_has_command' -a \(command.name) "
        + "-d '\(fishText(command.summary))'\n"
    }
    for command in commands {
      let condition = "complete -c wavetank -n '__wavetank_is \(command.name)'"
      for flag in flags(command) {
        text += "\(condition) -l \(flag.name.dropFirst(2)) -d '\(fishText(flag.help))'"
        if flag.value != nil {
          text += flag.takesFile ? " -rF" : " -x"
          if !flag.words.isEmpty { text += " -a '\(flag.words.joined(separator: " "))'" }
        }
        text += "\n"
      }
      if !command.operandWords.isEmpty {
        text += "\(condition) -a '\(command.operandWords.joined(separator: " "))'\n"
      } else if command.takesFiles {
        text += "\(condition) -F\n"
      }
    }
    return Resource.filled(
      "cli/completions.fish", [("@COMMANDS@", names), ("#@COMPLETIONS@\n", text)])
  }

  private static func fishText(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
  }
}
