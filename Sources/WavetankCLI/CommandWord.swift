/// One of the words that a command knows, such as `ctl journal`: what may stand behind it, and which
/// flags it reads.
struct CommandWord {
  let name: String
  let summary: String
  /// What stands behind the name in the usage line.
  var operands = ""
  /// How many words may follow it.
  var operandsMax = 0
  let flags: [Flag]

  init(
    _ name: String, _ summary: String, operands: String = "", operandsMax: Int = 0,
    flags: [Flag] = []
  ) {
    self.name = name
    self.summary = summary
    self.operands = operands
    self.operandsMax = operandsMax
    self.flags = flags
  }
}

extension Command {
  /// The flags of all its words, each once.
  static func flags(of words: [CommandWord]) -> [Flag] {
    var flags: [Flag] = []
    for flag in words.flatMap(\.flags) where !flags.contains(where: { $0.name == flag.name }) {
      flags.append(flag)
    }
    return flags
  }

  func word(_ name: String?) -> CommandWord? { words.first { $0.name == name } }

  /// What nobody reads is a mistake: `ctl reset --by 5s` would move no clock, and say nothing.
  func check(_ arguments: CommandLineArguments) throws(UsageError) {
    guard !words.isEmpty else { return }
    let names = words.map(\.name).joined(separator: ", ")
    guard let name = arguments.positionals.first else {
      throw UsageError("\(self.name) needs to know what: \(names).")
    }
    guard let word = word(name) else {
      throw UsageError(CommandLineArguments.unknown(name, among: words.map(\.name)))
    }
    if arguments.positionals.contains("") {
      throw UsageError(
        "\(self.name) \(name) was given an empty text; is a variable empty that was to give it?")
    }
    if arguments.positionals.count > 1 + word.operandsMax {
      let surplus = arguments.positionals[1 + word.operandsMax]
      let flags = word.flags.map(\.name).joined(separator: ", ")
      let hint = word.operandsMax == 0 && !flags.isEmpty ? " Its flags are \(flags)." : ""
      throw UsageError("\(self.name) \(name) does not take “\(surplus)”.\(hint)")
    }
    let known = word.flags.map(\.name)
    guard let surplus = flags.map(\.name).first(where: { arguments.has($0) && !known.contains($0) })
    else { return }
    let owners = words.filter { $0.flags.contains { $0.name == surplus } }.map(\.name)
    throw UsageError(
      "\(self.name) \(name) does not read \(surplus), which belongs to \(owners.joined(separator: ", "))."
    )
  }

  /// Flags of most words: a place is named by them all.
  var commonFlags: [Flag] { flags.filter { readers(of: $0).count > 3 } }

  /// Those that few others have.
  func ownFlags(of word: CommandWord) -> [Flag] {
    word.flags.filter { readers(of: $0).count <= 3 }
  }

  private func readers(of flag: Flag) -> [CommandWord] {
    words.filter { $0.flags.contains { $0.name == flag.name } }
  }

  // MARK: Help

  /// Of the command, or of one of its words.
  func helpText(of word: CommandWord? = nil) -> String {
    let style = Terminal.Style(1)
    let title = [name, word?.name].compactMap(\.self).joined(separator: " ")
    let operands = word?.operands ?? operands
    let flags = word?.flags ?? (words.isEmpty ? flags : [])
    let summary = word?.summary ?? summary
    var text = style.folded(summary, to: style.columns).joined(separator: "\n") + "\n\n"
    text += "\(style.bold("Usage:")) wavetank \(title)\(operands.isEmpty ? "" : " \(operands)")"
    text += self.flags.isEmpty ? "\n" : " [flags]\n"
    if word == nil, !words.isEmpty {
      let names = "WHAT is one of: " + words.map(\.name).joined(separator: ", ") + "."
      text += style.folded(names, to: style.columns).joined(separator: "\n") + "\n\n"
      text += words.map { helpSection($0, style) }.joined()
      text += "\n" + style.bold("Flags of most of them:") + "\n"
      text += commonFlags.map { row($0, style) }.joined()
    }
    if !flags.isEmpty { text += "\n" + style.bold("Flags:") + "\n" }
    text += flags.map { row($0, style) }.joined()
    let examples = examples.filter { line in
      word.map { (line + " ").hasPrefix("wavetank \(name) \($0.name) ") } ?? true
    }
    if !examples.isEmpty {
      text += "\n\(style.bold("Examples:"))\n" + examples.map { "  \($0)\n" }.joined()
    }
    return text
  }

  private func row(_ flag: Flag, _ style: Terminal.Style) -> String {
    style.row(flag.value.map { "\(flag.name) \($0)" } ?? flag.name, flag.help, leftWidth: 24)
  }

  /// A word with the flags that few others have.
  private func helpSection(_ word: CommandWord, _ style: Terminal.Style) -> String {
    let left = word.operands.isEmpty ? word.name : "\(word.name) \(word.operands)"
    return style.row(left, word.summary, leftWidth: 24)
      + ownFlags(of: word).map { flag in
        let name = flag.value.map { "\(flag.name) \($0)" } ?? flag.name
        return style.row("  " + name, flag.help, leftWidth: 24)
      }.joined()
  }
}
