import Glibc

extension Terminal {
  /// How text may look on a descriptor.
  struct Style {
    let hasColour: Bool
    let columns: Int

    /// Colours only for people: on a terminal that is not dumb, and not when NO_COLOR is set to
    /// anything. Source: no-color.org.
    init(_ descriptor: Int32) {
      let isTerminal = isatty(descriptor) == 1
      hasColour =
        isTerminal && Terminal.environment("NO_COLOR") == nil
        && Terminal.environment("TERM") != "dumb"
      columns = isTerminal ? Self.width(descriptor) : 100
    }

    /// What the terminal says, else COLUMNS, else 80.
    private static func width(_ descriptor: Int32) -> Int {
      var size = winsize()
      // SAFETY: the call fills one winsize, which outlives it.
      let status = unsafe withUnsafeMutablePointer(to: &size) { pointer in
        unsafe ioctl(descriptor, UInt(TIOCGWINSZ), UnsafeMutableRawPointer(pointer))
      }
      if status == 0, size.ws_col > 0 { return max(20, Int(size.ws_col)) }
      return max(20, Terminal.environment("COLUMNS").flatMap { Int($0) } ?? 80)
    }

    func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func bad(_ text: String) -> String { hasColour ? "\u{1B}[1;31m\(text)\u{1B}[0m" : text }

    /// Two columns, the second folded; one below the other where there is no room for two.
    func row(_ left: String, _ right: String, leftWidth: Int) -> String {
      let isNarrow = columns < leftWidth + 32
      let indent = isNarrow ? 6 : leftWidth + 2
      let lines = folded(right, to: columns - indent)
      let isOwnLine = isNarrow || left.count + 2 > leftWidth
      let padding = String(repeating: " ", count: indent)
      let body = lines.joined(separator: "\n" + padding)
      if isOwnLine { return "  \(bold(left))\n\(padding)\(body)\n" }
      let gap = String(repeating: " ", count: leftWidth - left.count)
      return "  \(bold(left))\(gap)\(body)\n"
    }

    /// Broken between words; a word longer than a line stays whole.
    func folded(_ text: String, to width: Int) -> [String] {
      var lines: [String] = []
      var line = ""
      for word in text.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > max(10, width) {
          lines.append(line)
          line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
      }
      return lines + [line]
    }
  }

  /// An environment variable; nil when it is not set or empty.
  static func environment(_ name: String) -> String? {
    // SAFETY: getenv's result is copied before anything could change the environment.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
