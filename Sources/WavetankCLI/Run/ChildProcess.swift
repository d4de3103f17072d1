import Dispatch
import Glibc

/// The user's own program: with our terminal, in our process group, as if the shell had started it.
final class ChildProcess: Sendable {
  private let id: pid_t

  /// Why it did not start, with the exit status that a shell would give.
  struct Failure: Error, CustomStringConvertible {
    let status: Int32
    let description: String

    init(status: Int32, description: String) {
      (self.status, self.description) = (status, description)
    }

    init(program: String, errno code: Int32) {
      let name = Terminal.harmless(String(program.prefix(200)))
      self.init(
        status: code == ENOENT ? 127 : 126,
        description: "cannot run “\(name)”: \(Self.reason(program, code))")
    }

    /// What the kernel's own words do not tell.
    private static func reason(_ program: String, _ code: Int32) -> String {
      var found = stat()
      // SAFETY: string and structure live for the call.
      let isThere = unsafe stat(program, &found) == 0
      return switch code {
      case ENOENT where program.allSatisfy(\.isWhitespace):
        "the command has no name; is a variable empty that was to give it?"
      case ENOENT where !program.contains("/"): "there is no program of that name on the PATH"
      case ENOENT where isThere: "the program that its first line names (#!) is not there"
      case EACCES where isThere && found.st_mode & S_IFMT == S_IFDIR: "it is a folder"
      case EACCES where isThere: "it may not be run (chmod +x)"
      case ENOEXEC: "it is no program of this machine, and its first line (#!) names none"
      // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
      default: unsafe String(cString: strerror(code))
      }
    }
  }

  /// A child of ours that has begun already.
  init(_ id: pid_t) { self.id = id }

  enum Group { case ours, own }

  /// - Parameter environment: `NAME=value` each.
  init(_ command: [String], environment: [String]) throws(Failure) {
    id = try Self.spawn(command, environment: environment, group: .ours)
  }

  /// Starts a program.
  /// - Parameters:
  ///   - output: where it prints to; nil: where we do. With it there is nothing to be read on its
  ///     standard input.
  static func spawn(
    _ command: [String], environment: [String], group: Group, output: Int32? = nil,
    errors: Int32? = nil
  ) throws(Failure) -> pid_t {
    var attributes = posix_spawnattr_t()
    var actions = unsafe posix_spawn_file_actions_t()
    var signals = sigset_t()
    var none = sigset_t()
    // SAFETY: the structures are locals, set up before use and taken down at the end.
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&signals)
    // What we ignore for ourselves is not the program's to inherit; what is ignored by `nohup` is.
    for number in [SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGXFSZ] + CaughtSignals.hangUp {
      unsafe sigaddset(&signals, number)
    }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    var flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK)
    if group == .own {
      flags |= Int16(POSIX_SPAWN_SETPGROUP)
      unsafe posix_spawnattr_setpgroup(&attributes, 0)
    }
    unsafe posix_spawnattr_setflags(&attributes, flags)
    if let output {
      unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      unsafe posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    }
    if let errors { unsafe posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
    var child: pid_t = 0
    let result = unsafe withCStrings(command) { arguments in
      unsafe withCStrings(environment) { environment in
        unsafe posix_spawnp(&child, command[0], &actions, &attributes, arguments, environment)
      }
    }
    guard result == 0 else {
      throw Failure(program: command[0], errno: result)
    }
    return child
  }

  func send(_ signal: Int32) { _ = kill(id, signal) }

  /// Its exit status; 128 and the signal's number where one ended it.
  func end() async -> Int32 {
    await withCheckedContinuation { continuation in
      let id = id
      DispatchQueue.global().async {
        continuation.resume(returning: Self.wait(for: id).code)
      }
    }
  }

  /// Waits until a program is over, and lets go of it.
  static func wait(for id: pid_t) -> (code: Int32, isSignal: Bool) {
    var status: Int32 = 0
    // SAFETY: the pointer is to a local.
    while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? ((status >> 8) & 0xFF, false) : (128 + signal, true)
  }

  /// Whether a program is over; its number stays taken.
  static func isOver(_ id: pid_t) -> Bool {
    var info = unsafe siginfo_t()
    // SAFETY: the pointer is to a local.
    let result = unsafe waitid(P_PID, id_t(id), &info, WEXITED | WNOHANG | WNOWAIT)
    return unsafe result == 0 && info.si_signo == SIGCHLD
  }

  /// The texts as C wants them, ended by nil.
  static func withCStrings(
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
