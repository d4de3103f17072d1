import Wavetank

extension Command {
  static let manual = Command(
    name: "manual", summary: "Print the manual page (roff).", operands: "", flags: [],
    examples: ["wavetank manual | man -l -", "wavetank manual > wavetank.1"],
    run: { arguments throws(UsageError) in
      if let extra = arguments.positionals.first {
        throw UsageError("manual takes no operand, but “\(extra)” was given.")
      }
      Terminal.put(Manual.text)
      return 0
    })
}

/// The manual page, from the table of commands. Source: man(7).
enum Manual {
  static var text: String {
    var page = """
      .TH WAVETANK 1 "" "wavetank \(Emulator.version)" "User Commands"
      .SH NAME
      wavetank \\- local emulator of Steamship, Scramjet and Shipyard
      .SH SYNOPSIS
      .B wavetank
      .RI [ serve ] " " [ flags ]
      .br
      .B wavetank
      .I COMMAND
      .RI [ flags ]
      .SH DESCRIPTION
      One server that answers for the Steamship Engine, the Scramjet Cloud Platform and Shipyard, so
      that their own clients can be tested without an account and without a network. All state is in
      memory; every tenant is a private cloud with its own clock; scenario files say what goes wrong.
      .SH COMMANDS

      """
    for command in Command.all { page += section(command) }
    return page + endings
  }

  private static func section(_ command: Command) -> String {
    let operands = command.operands.isEmpty ? "" : " \(escaped(command.operands))"
    let flags = command.flags.isEmpty ? "" : " [flags]"
    var text = ".SS \"\(escaped("wavetank \(command.name)"))\(operands)\(flags)\"\n"
    text += "\(escaped(command.summary))\n"
    for flag in command.flags {
      text += ".TP\n.B \(escaped(flag.name))"
      if let value = flag.value { text += " \\fI\(escaped(value))\\fR" }
      text += "\n\(escaped(flag.help))\n"
    }
    if !command.examples.isEmpty {
      text += ".PP\nExamples:\n.PP\n.nf\n.RS\n"
      text += command.examples.map { escaped($0) + "\n" }.joined() + ".RE\n.fi\n"
    }
    return text
  }

  private static let endings = """
    .SH ENVIRONMENT
    .TP
    .B WAVETANK_URL
    Where ctl, wait and healthcheck find the server.
    .TP
    .B WAVETANK_CONTROL_TOKEN
    The token that they send.
    .TP
    .B NO_COLOR
    Set to anything: no colours. There are none either when the output is no terminal.
    .SH EXIT STATUS
    .TP
    .B 0
    Done, ready, or it holds.
    .TP
    .B 1
    It did not work, does not hold, or is not ready.
    .TP
    .B 64
    The command line is wrong; the message names the nearest flag or command.
    .SH SIGNALS
    SIGTERM and SIGINT end the server in order: it stops accepting, ends live streams at once,
    finishes what else is in flight for at most five seconds, and ends with 0. A second one ends it
    at once.
    .SH SEE ALSO
    The console at http://127.0.0.1:7070/ while the server runs, and README.md.

    """

  /// A leading dot or quote would be a request, a bare hyphen would become a typographic one.
  private static func escaped(_ text: String) -> String {
    var result = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("\"", with: "\\(dq").replacing("…", with: "...").replacing("’", with: "\\(cq")
    if result.hasPrefix(".") || result.hasPrefix("'") { result = "\\&" + result }
    return result
  }
}
