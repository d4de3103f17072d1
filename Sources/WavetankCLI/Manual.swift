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

  /// A leading dot or quote would be a request, a bare hyphen would become a typographic one.
  private static func escaped(_ text: String) -> String {
    var result = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("\"", with: "\\(dq").replacing("…", with: "...").replacing("’", with: "\\(cq")
    if result.hasPrefix(".") || result.hasPrefix("'") { result = "\\&" + result }
    return result
  }
}
