import Resources
import Wavetank

extension Command {
  static let manual = Command(
    name: "manual", summary: "Print the manual page (roff).", operands: "", flags: [],
    examples: ["wavetank manual | man -l -", "wavetank manual > wavetank.1"],
    run: { _ in
      Terminal.put(Manual.text)
      return 0
    })
}

/// The manual page, from the table of commands. Source: man(7).
enum Manual {
  static var text: String {
    Resource.filled(
      "cli/wavetank.1",
      [("@VERSION@", Emulator.version), ("@COMMANDS@\n", Command.all.map(section).joined())])
  }

  private static func section(_ command: Command) -> String {
    let operands = command.operands.isEmpty ? "" : " \(escaped(command.operands))"
    let flags = command.flags.isEmpty ? "" : " [flags]"
    var text = ".SS \"\(escaped("wavetank \(command.name)"))\(operands)\(flags)\"\n"
    text += "\(escaped(command.summary))\n"
    text += command.words.map { part($0, of: command) }.joined()
    text += (command.words.isEmpty ? command.flags : command.commonFlags).map(row).joined()
    if !command.examples.isEmpty {
      text += ".PP\nExamples:\n.PP\n.nf\n.RS\n"
      text += command.examples.map { escaped($0) + "\n" }.joined() + ".RE\n.fi\n"
    }
    return text
  }

  /// One word of a command, with the flags of its own indented below it.
  private static func part(_ word: CommandWord, of command: Command) -> String {
    var text = ".TP\n.B \(escaped(word.name))"
    if !word.operands.isEmpty { text += " \\fI\(escaped(word.operands))\\fR" }
    text += "\n\(escaped(word.summary))\n"
    let own = command.ownFlags(of: word)
    return own.isEmpty ? text : text + ".RS\n" + own.map(row).joined() + ".RE\n"
  }

  private static func row(_ flag: Flag) -> String {
    var text = ".TP\n.B \(escaped(flag.name))"
    if let value = flag.value { text += " \\fI\(escaped(value))\\fR" }
    return text + "\n\(escaped(flag.help))\n"
  }

  /// A leading dot or quote would be a request, a bare hyphen would become a typographic one.
  private static func escaped(_ text: String) -> String {
    var result = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("\"", with: "\\(dq").replacing("…", with: "...").replacing("’", with: "\\(cq")
    if result.hasPrefix(".") || result.hasPrefix("'") { result = "\\&" + result }
    return result
  }
}
