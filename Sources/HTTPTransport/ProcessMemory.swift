import CLinux
import Glibc

/// What this process uses of the machine, as the kernel counts it.
package enum ProcessMemory {
  /// Resident memory in bytes; 0 where it cannot be read.
  package static func residentBytes() -> Int {
    // SAFETY: a literal path.
    let fd = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return 0 }
    defer { _ = close(fd) }
    var buffer = [UInt8](repeating: 0, count: 128)
    // SAFETY: at most the buffer's size is written.
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(fd, $0.baseAddress, $0.count) }
    let fields = buffer.prefix(max(0, count)).split(separator: 0x20)
    guard fields.count > 1 else { return 0 }
    let pages = Int(String(decoding: fields[1], as: UTF8.self)) ?? 0
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// How many descriptors this process may have, raised as far as it goes.
  package static var descriptorLimit: Int { SystemCalls.raiseDescriptorLimit() }
}
