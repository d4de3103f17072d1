import Dispatch
import Glibc

/// The user's own program: with our terminal, in our process group, as if the shell had started it.
final class ChildProcess: Sendable {
  private let id: pid_t

  /// Why it did not start, with the exit status that a shell would give.
  struct Failure: Error {
    let status: Int32
    let description: String

    init(status: Int32, description: String) {
      (self.status, self.description) = (status, description)
    }

    init(program: String, errno code: Int32) {
      // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
      let reason = unsafe String(cString: strerror(code))
      self.init(
        status: code == ENOENT ? 127 : 126, description: "cannot run \(program): \(reason)")
    }
  }

  /// A child of ours that has begun already.
  init(_ id: pid_t) { self.id = id }

  /// - Parameter environment: `NAME=value` each.
  init(_ command: [String], environment: [String]) throws(Failure) {
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    var none = sigset_t()
    // SAFETY: the structures are locals, set up before use and taken down at the end.
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&none)
    unsafe sigemptyset(&signals)
    // What we ignore for ourselves is not the program's to inherit.
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ] {
      unsafe sigaddset(&signals, number)
    }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let result = unsafe Self.withCStrings(command) { arguments in
      unsafe Self.withCStrings(environment) { environment in
        unsafe posix_spawnp(
          &child, command[0], nil, &attributes, arguments, environment)
      }
    }
    guard result == 0 else {
      throw Failure(program: command[0], errno: result)
    }
    id = child
  }

  func send(_ signal: Int32) { _ = kill(id, signal) }

  /// Its exit status; 128 and the signal's number where one ended it.
  func end() async -> Int32 {
    await withCheckedContinuation { continuation in
      let id = id
      DispatchQueue.global().async {
        var status: Int32 = 0
        // SAFETY: the pointer is to a local.
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
      }
    }
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
