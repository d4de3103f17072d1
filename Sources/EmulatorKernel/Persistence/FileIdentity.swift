import Glibc

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
