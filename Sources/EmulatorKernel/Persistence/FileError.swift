import PayloadCodecs

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A system call on a file of the data directory failed.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let call: String
  package let path: String
  package let code: Int32
  /// What stands where a file should, such as "a symbolic link".
  package var kind: String?

  var isMissing: Bool { code == ENOENT }
  var isTaken: Bool { code == EEXIST }

  package var description: String {
    let reason =
      switch code {
      case _ where kind != nil: "it is \(kind ?? "") and no ordinary file"
      case ENOSPC, EDQUOT: "no space left on the disk"
      case EACCES, EPERM: "permission denied"
      case ENOENT: "no such file or directory"
      case EROFS: "the file system is read-only"
      case EWOULDBLOCK: "another process uses it"
      case EFBIG: "the file is too large"
      case EIO: "input/output error"
      case ENOTDIR: "not a directory"
      case EISDIR: "it is a directory"
      case ELOOP: "a symbolic link"
      case EMFILE, ENFILE: "too many open files"
      default: "error \(code)"
      }
    return "\(call) \(path): \(reason)"
  }
}

/// Which file lies under a name, and in which version: enough to notice that somebody else put
/// another one there, or changed it.
struct FileIdentity: Sendable, Equatable {
  let device: UInt64
  let number: UInt64
  let size: Int64
  /// The time of its last change, as the system has it.
  let changed: [UInt8]

  init(_ found: stat) {
    device = UInt64(found.st_dev)
    number = UInt64(found.st_ino)
    size = Int64(found.st_size)
    // SAFETY: plain bytes, copied during the call.
    changed = unsafe withUnsafeBytes(of: found.st_mtim) { bytes in unsafe Array(bytes) }
  }
}
