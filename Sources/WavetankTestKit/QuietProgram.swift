import Dispatch
import Glibc

/// A program that reads nothing and writes into a file.
struct QuietProgram: Sendable {
  /// Its name and its arguments.
  let line: [String]
  let environment: [String: String]
  let directory: String?
  let log: String

  /// How it ended, in words: `ended with status 2`.
  func run() async -> String {
    // Waiting holds a thread, which must be none of those that tasks run on.
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: hold()) }
    }
  }

  private func hold() -> String {
    var actions = unsafe posix_spawn_file_actions_t()
    // SAFETY: the structure is a local, set up before use and taken down at the end.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(
      &actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    let change = directory.map { ["sh", "-c", #"cd "$0" && exec "$@""#, $0] } ?? []
    let line = change + line
    var child: pid_t = 0
    let result = unsafe Self.withCStrings(line) { arguments in
      unsafe Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
        unsafe posix_spawnp(&child, line[0], &actions, nil, arguments, environment)
      }
    }
    guard result == 0 else {
      // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
      return "cannot be run (\(unsafe String(cString: strerror(result))))"
    }
    var status: Int32 = 0
    // SAFETY: the pointer is to a local.
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0
      ? "ended with status \((status >> 8) & 0xFF)" : "was ended by signal \(signal)"
  }

  /// The texts as C wants them, ended by nil.
  private static func withCStrings(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
  ) -> Int32 {
    // SAFETY: each copy lives until it is freed behind the call.
    var pointers = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return EINVAL }
      return unsafe body(start)
    }
  }
}
