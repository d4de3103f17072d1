import Glibc
import Synchronization

extension Terminal {
  /// One line on standard error that tells how far a transfer is; it goes away at the end.
  ///
  /// **Shape**: `restoring [#########---------]  48 %  13.1 of 27.0 MiB`, shorter on a narrow
  /// terminal: first without the sizes, then without the bar. Without colours and without escape
  /// sequences, so NO_COLOR and any terminal are content; a dumb one, a file or a pipe gets nothing.
  ///
  /// **Isolation**: fed from the task that transfers, whichever thread that is on.
  final class Progress: Sendable {
    private struct State {
      var done = 0
      var total: Int?
      var drawn = ""
      var drawnAt: ContinuousClock.Instant?
    }
    private let state: Mutex<State>
    private let label: String
    private let columns: Int

    /// Below that there is nothing to wait for.
    static let bytesMin = 1 << 20
    /// No more often than a person can see.
    private static let pause = Duration.milliseconds(50)

    /// - Returns: nil where nobody looks, or where there is too little to look at.
    /// - Parameter total: nil: not known.
    init?(_ label: String, total: Int?) {
      guard isatty(STDERR_FILENO) == 1, Terminal.environment("TERM") != "dumb",
        (total ?? .max) >= Self.bytesMin
      else { return nil }
      self.label = label
      columns = Style(STDERR_FILENO).columns
      state = Mutex(State(total: total))
    }

    /// So many bytes more.
    func advance(by count: Int) {
      state.withLock { state in
        state.done += count
        guard state.done >= Self.bytesMin || state.total != nil else { return }
        let now = ContinuousClock.now
        let isComplete = state.done == state.total
        if let last = state.drawnAt, now - last < Self.pause, !isComplete { return }
        state.drawnAt = now
        draw(Self.line(label, state.done, state.total, columns: columns), &state)
      }
    }

    /// Everything is sent: what is left is the server's work.
    func wait(_ label: String) {
      state.withLock { state in
        let text = "\(label) …"
        draw(String(text.prefix(columns - 1)), &state)
      }
    }

    /// Leaves the line as it was before.
    func end() {
      state.withLock { state in
        guard !state.drawn.isEmpty else { return }
        draw("", &state)
        Terminal.write("\r", to: STDERR_FILENO)
      }
    }

    /// Over the line that stands there: blanks where it was longer.
    private func draw(_ text: String, _ state: inout State) {
      let blanks = String(repeating: " ", count: max(0, state.drawn.count - text.count))
      state.drawn = text
      Terminal.write("\r\(text)\(blanks)", to: STDERR_FILENO)
    }

    // MARK: The line

    /// The last column stays free: a terminal that wraps there would begin a new line.
    static func line(_ label: String, _ done: Int, _ total: Int?, columns: Int) -> String {
      let room = columns - 1
      guard let total, total > 0 else {
        return String("\(label)  \(megabytes(done)) MiB".prefix(room))
      }
      let share = min(1, Double(done) / Double(total))
      let percent = "\(Int(share * 100))".padded(to: 3) + " %"
      let sizes = "  \(megabytes(done)) of \(megabytes(total)) MiB"
      for tail in [percent + sizes, percent] {
        let width = min(40, room - label.count - tail.count - 4)
        guard width >= 8 else { continue }
        let full = Int(share * Double(width))
        let bar = String(repeating: "#", count: full) + String(repeating: "-", count: width - full)
        return "\(label) [\(bar)] \(tail)"
      }
      return String("\(label) \(percent)".prefix(room))
    }

    /// With one digit behind the point.
    private static func megabytes(_ bytes: Int) -> String {
      let tenths = bytes / 104_857 + (bytes % 104_857 >= 52_429 ? 1 : 0)
      return "\(tenths / 10).\(tenths % 10)"
    }
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
