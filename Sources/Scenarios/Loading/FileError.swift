import Glibc
import PayloadCodecs

/// A call on a file failed: a sentence for people.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let call: String
  package let path: String
  package let code: Int32
  /// What stands where a file should, such as "a symbolic link".
  package let kind: String?

  package init(call: String, path: String, code: Int32, kind: String? = nil) {
    self.call = call
    self.path = path
    self.code = code
    self.kind = kind
  }

  package var isMissing: Bool { code == ENOENT }
  package var isTaken: Bool { code == EEXIST }

  package var reason: String {
    switch code {
    case EINVAL: "it is \(kind.map { "\($0) and " } ?? "")no regular file"
    case ENOSPC, EDQUOT: "no space left on the disk"
    case EWOULDBLOCK: "another process uses it"
    // SAFETY: strerror returns a NUL-terminated text; it is copied at once.
    default: unsafe String(cString: strerror(code)).asciiLowercased
    }
  }

  package var description: String { "cannot \(call) \(path): \(reason)" }
}
