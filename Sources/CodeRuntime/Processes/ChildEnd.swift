import CLinux
import Glibc

/// The end of a pipe or socket that a child gets. Ours goes once the child has begun: else nobody would
/// see the other side's end.
final class ChildEnd: Sendable {
  let number: Int32
  private let closed = CancelFlag()

  init(_ number: Int32) { self.number = number }

  deinit { close() }

  func close() {
    if closed.set() { _ = Glibc.close(number) }
  }

  /// Reads nothing and forgets what is written.
  static func nothing() throws(CodeError) -> ChildEnd {
    // SAFETY: a constant text.
    let number = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard number >= 0 else { throw .notStarted("/dev/null", reason: Spawner.message(errno)) }
    return ChildEnd(number)
  }

  static func file(_ path: String) throws(CodeError) -> ChildEnd {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .notStarted(path, reason: Spawner.message(errno)) }
    return ChildEnd(number)
  }
}

extension Descriptor {
  /// A connected pair; what is ours, and what a child gets.
  /// - Parameter keepsBounds: whether what is sent arrives in the pieces it was sent in.
  static func pair(keepsBounds: Bool = false) throws(CodeError) -> (Descriptor, ChildEnd) {
    let type = Int32((keepsBounds ? SOCK_SEQPACKET : SOCK_STREAM).rawValue)
    var pair: [Int32] = [-1, -1]
    // SAFETY: room for the two descriptors that the call gives.
    let made = unsafe socketpair(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue), 0, &pair)
    guard made == 0 else { throw .notStarted("a process", reason: Spawner.message(errno)) }
    return (Descriptor(pair[0]), ChildEnd(pair[1]))
  }
}
