import CProcess
import Glibc
import Synchronization

/// While the program runs signals are its own: what is sent to us is passed on. What the terminal sends
/// reaches it by itself, since it is in our group. When it is over they are ours, and end us: the report
/// may wait for a reader who never comes.
final class PassedSignals {
  /// Who gets them, and what came before there was anybody.
  private struct Target {
    var child: ChildProcess?
    var waiting: [Int32] = []
    /// When the program was over.
    var end: ContinuousClock.Instant?
  }

  private final class Passage: Sendable {
    private let target = Mutex(Target())

    func pass(_ signal: Int32) {
      let (child, end) = target.withLock { target in
        if target.child == nil { target.waiting.append(signal) }
        return (target.child, target.end)
      }
      guard let end else {
        child?.send(signal)
        return
      }
      // What is sent to a whole group, and by some of it once more, was meant for the program.
      if ContinuousClock.now - end > .milliseconds(500) { exit(128 + signal) }
    }

    func open(to child: ChildProcess) {
      let waiting = target.withLock { target in
        target.child = child
        return target.waiting
      }
      for signal in waiting { child.send(signal) }
    }

    func close() { target.withLock { $0.end = .now } }
  }

  private let passage = Passage()
  private let caught: CaughtSignals

  init() {
    let isForeground = tcgetpgrp(STDIN_FILENO) == getpgrp()
    if isForeground { for number in [SIGINT, SIGQUIT] { signal(number, SIG_IGN) } }
    caught = CaughtSignals(
      (isForeground ? [] : [SIGINT, SIGQUIT]) + [SIGTERM, SIGUSR1, SIGUSR2] + CaughtSignals.hangUp
    ) {
      [passage] number in passage.pass(number)
    }
  }

  func pass(to child: ChildProcess) { passage.open(to: child) }

  /// The program is over.
  func end() {
    passage.close()
    for number in [SIGINT, SIGQUIT] { _ = wavetank_signals_catch(number) }
  }
}
