import CProcess
import Dispatch
import Glibc
import Synchronization

/// A child under watch, from its start until it has ended.
final class ChildProcess: Sendable {
  private struct State: Sendable {
    var end: ProcessEnd?
    var waiting: [CheckedContinuation<ProcessEnd, Never>] = []
  }

  let pid: Int32
  private let isOurs: Bool
  private let state = Mutex(State())

  /// - Parameter isOurs: false for a child of our child: how it ended is not told to us.
  init(pid: Int32, isOurs: Bool = true) {
    (self.pid, self.isOurs) = (pid, isOurs)
    let watch = wavetank_pidfd(pid)
    Task {
      if watch >= 0 {
        let descriptor = Descriptor(watch)
        _ = await descriptor.becomesReadable()
        descriptor.close()
      }
      // Where there is no such descriptor, be it that too many are open or that the kernel knows none:
      // whoever waited for it in the kernel could end it no more.
      while isOurs, !Self.isOver(pid) { await Self.pause() }
      reap(isOurs: isOurs)
    }
  }

  private static func pause() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(20)) {
        continuation.resume()
      }
    }
  }

  /// Its number stays taken.
  private static func isOver(_ pid: Int32) -> Bool {
    var info = unsafe siginfo_t()
    // SAFETY: the structure is a local.
    let result = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT)
    return unsafe result != 0 || info.si_signo == SIGCHLD
  }

  private func reap(isOurs: Bool) {
    let (end, waiting) = state.withLock { state in
      // Under the lock: its number is nobody else's as long as it is not waited for.
      let end = isOurs ? Self.status(of: pid) : .gone
      defer { state.waiting = [] }
      state.end = end
      return (end, state.waiting)
    }
    for continuation in waiting { continuation.resume(returning: end) }
  }

  private static func status(of pid: Int32) -> ProcessEnd {
    var status: Int32 = 0
    // SAFETY: the status is a local.
    while unsafe waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return .gone }
    }
    let signal = status & 0x7F
    return signal == 0 ? .exited(Int(status >> 8) & 0xFF) : .killed(signal: Int(signal))
  }

  /// Asked of the kernel, too: it knows before the watch has told.
  var hasEnded: Bool { state.withLock { $0.end != nil || isOurs && Self.isOver(pid) } }

  /// Waits until it has ended.
  func ended() async -> ProcessEnd {
    await withCheckedContinuation { continuation in
      let end = state.withLock { state in
        if state.end == nil { state.waiting.append(continuation) }
        return state.end
      }
      if let end { continuation.resume(returning: end) }
    }
  }

  /// Ends it with all that it has started and that has not left its group.
  func kill() { send(SIGKILL) }

  /// Lets it stand still with its group, or go on.
  func hold(_ isHeld: Bool) { send(isHeld ? SIGSTOP : SIGCONT) }

  private func send(_ signal: Int32) {
    state.withLock { state in
      guard state.end == nil else { return }
      _ = Glibc.kill(-pid, signal)
      _ = Glibc.kill(pid, signal)
    }
  }
}
