import Dispatch
import Glibc

/// Runs a program for what it says, and waits no longer than it is worth.
enum Probe {
  /// The lines of its standard output; nil where it does not start, fails, or takes too long.
  static func lines(_ command: [String], within limit: Duration) async -> [String]? {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: run(command, limit)) }
    }
  }

  private static let bytesMax = 64 * 1024

  private static func run(_ command: [String], _ limit: Duration) -> [String]? {
    var ends: [Int32] = [-1, -1]
    // SAFETY: the array has room for two; structures are locals, taken down at the end.
    guard unsafe pipe(&ends) == 0 else { return nil }
    // Whoever is started beside would hold the writing end, and this one's end would not come.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { _ = close(ends[0]) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var child: pid_t = 0
    let result = unsafe ChildProcess.withCStrings(command) { arguments in
      unsafe posix_spawnp(&child, command[0], &actions, nil, arguments, environ)
    }
    _ = close(ends[1])
    guard result == 0 else { return nil }
    let deadline = ContinuousClock.now + limit
    let output = read(ends[0], until: deadline)
    // It may go on when it has said all that it has to say. Looked at each millisecond: not every kernel
    // has a descriptor that tells of its end.
    while output != nil, !ChildProcess.isOver(child), ContinuousClock.now < deadline {
      _ = poll(nil, 0, 1)
    }
    _ = kill(child, SIGKILL)
    let end = ChildProcess.wait(for: child)
    guard let output, end == (0, false) else { return nil }
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Until its end; nil: it takes too long, or says too much.
  private static func read(
    _ file: Int32, until deadline: ContinuousClock.Instant
  ) -> [UInt8]? {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while all.count < bytesMax {
      let left = deadline - .now
      guard left > .zero else { return nil }
      var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      // SAFETY: structure and buffer live for the calls, with the buffer's own count.
      guard unsafe poll(&waiting, 1, Int32(clamping: left.components.seconds * 1000 + 1)) != 0
      else {
        continue
      }
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(file, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return all }
      all += buffer[..<count]
    }
    return nil
  }
}
