import Dispatch
import Glibc
import Synchronization

/// While the program runs signals are its own: what is sent to us is passed on. What the terminal sends
/// reaches it by itself, since it is in our group.
final class PassedSignals {
  /// Who gets them, and what came before there was anybody.
  private struct Target {
    var child: ChildProcess?
    var waiting: [Int32] = []
  }

  private final class Passage: Sendable {
    private let target = Mutex(Target())

    func pass(_ signal: Int32) {
      let child = target.withLock { target in
        if target.child == nil { target.waiting.append(signal) }
        return target.child
      }
      child?.send(signal)
    }

    func open(to child: ChildProcess) {
      let waiting = target.withLock { target in
        target.child = child
        return target.waiting
      }
      for signal in waiting { child.send(signal) }
    }
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

  func end() { caught.end() }
}
