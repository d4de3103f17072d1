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
    case "completions": CompletionShell.allCases.map(\.rawValue)
    case "help": Command.all.map(\.name)
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
    case ("--log-level", _): ["error", "warning", "info", "debug"]
    case ("--shell", _): ["sh", "fish", "powershell", "json"]
    case ("--service", _): ["steamship", "scramjet", "shipyard"]
    case ("--log", _): ["text", "json"]
    default: []
    }
  }

  var takesFile: Bool { ["FILE", "FILE|NAME", "F", "DIR"].contains(value) }
}

/// Scripts for shells, from the table of commands: what the help lists, a shell completes.
enum Completions {
  private static var commands: [Command] { Command.all }
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
    return """
      # Completions of wavetank for bash.
      _wavetank() {
        local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
        local command=serve words=""
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ] && [[ $word != -* ]]; then
          COMPREPLY=($(compgen -W "\(commands.map(\.name).joined(separator: " "))" -- "$word"))
          return
        fi
        case ${COMP_WORDS[1]} in -*) ;; *) command=${COMP_WORDS[1]} ;; esac
        case $command:$previous in
      \(values)  esac
        case $command in
      \(cases)  esac
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        case $command:$word in check:[!-]* | check: | ctl:[!-]*)
          COMPREPLY+=($(compgen -f -- "$word")) ;;
        esac
      }
      complete -F _wavetank wavetank

      """
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
    let names = commands.map { "    '\($0.name):\(zshText($0.summary))'" }
    return """
      #compdef wavetank
      # Completions of wavetank for zsh.
      _wavetank() {
        local -a commands
        commands=(
      \(names.joined(separator: "\n"))
        )
        if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
          _describe 'command' commands
          return
        fi
        local command=serve
        if [[ $words[2] != -* ]]; then
          command=$words[2]
          shift words
          (( CURRENT-- ))
        fi
        case $command in
      \(cases)  esac
      }
      if [ "$funcstack[1]" = "_wavetank" ]; then _wavetank "$@"; else compdef _wavetank wavetank; fi

      """
  }

  private static func zshText(_ text: String) -> String {
    text.replacing("'", with: "’").replacing("[", with: "(").replacing("]", with: ")")
      .replacing(":", with: "\\:")
  }

  // MARK: fish

  static var fish: String {
    let names = commands.map(\.name).joined(separator: " ")
    var text = """
      # Completions of wavetank for fish.
      complete -c wavetank -f
      function __wavetank_has_command
        set -l words (commandline -opc)
        test (count $words) -gt 1; and contains -- $words[2] \(names)
      end
      function __wavetank_is
        set -l words (commandline -opc)
        if test (count $words) -gt 1; and contains -- $words[2] \(names)
          test $words[2] = $argv[1]
        else
          test $argv[1] = serve
        end
      end

      """
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
    return text
  }

  private static func fishText(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
  }
}
