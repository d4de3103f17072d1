import Glibc
import Synchronization

extension Terminal {
  /// How far a list of things is, with lines about some of them: `[37/120] 12.3 a second, 7 s left`. Lines
  /// go to standard output; how far it is stands on standard error where somebody looks.
  final class Tally: Sendable {
    private struct State {
      var done = 0
      var drawn = ""
    }
    private let state = Mutex(State())
    private let label: String
    private let total: Int
    private let isWatched: Bool
    private let began = ContinuousClock.now

    init(_ label: String, of total: Int) {
      self.label = label
      self.total = total
      isWatched = isatty(STDERR_FILENO) == 1 && Terminal.environment("TERM") != "dumb"
    }

    /// One more is done.
    /// - Parameter line: what there is to say about it.
    func advance(_ line: String?) {
      state.withLock { state in
        state.done += 1
        if let line {
          draw("", &state)
          if isWatched, !state.drawn.isEmpty { Terminal.write("\r", to: STDERR_FILENO) }
          Terminal.say(line)
        }
        draw(text(state.done), &state)
      }
    }

    func end() {
      state.withLock { state in
        guard !state.drawn.isEmpty else { return }
        draw("", &state)
        Terminal.write("\r", to: STDERR_FILENO)
      }
    }

    private func text(_ done: Int) -> String {
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      let rate = Double(done) / max(0.001, seconds)
      let left = Int((Double(total - done) / max(0.001, rate)).rounded(.up))
      return "\(label) [\(done)/\(total)] \((rate * 10).rounded() / 10) a second, \(left) s left"
    }

    /// Over the line that stands there: blanks where it was longer.
    private func draw(_ text: String, _ state: inout State) {
      guard isWatched else { return }
      let text = String(text.prefix(Style(STDERR_FILENO).columns - 1))
      let blanks = String(repeating: " ", count: max(0, state.drawn.count - text.count))
      state.drawn = text
      Terminal.write("\r\(text)\(blanks)", to: STDERR_FILENO)
    }
  }
}
