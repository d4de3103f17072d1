import CLinux
import Glibc

// The memory of this process.
extension SystemCalls {
  /// Lets the C library give memory back once it is free. Left alone, glibc raises its bounds when
  /// large blocks come and go, and keeps an arena for each of eight threads a core: after a minute of
  /// hostile traffic 41 MB stay resident where 24 MB are in use. For a process that is all ours.
  package static func giveBackFreeMemory() {
    let bound: Int32 = 256 * 1024
    // Setting one of the two bounds ends their growing.
    _ = mallopt(M_MMAP_THRESHOLD, bound)
    _ = mallopt(M_TRIM_THRESHOLD, bound)
    _ = mallopt(M_ARENA_MAX, 2)
  }

  /// Gives every free page of the heap back to the system: after much was freed at once. Takes
  /// milliseconds; not for a loop.
  package static func trimFreeMemory() {
    _ = malloc_trim(0)
  }

  enum MemoryLimitKind { case addressSpace, data }

  /// A limit of this process on memory; nil: there is none.
  static func memoryLimit(_ kind: MemoryLimitKind) -> UInt64? {
    let resource =
      switch kind {
      case .addressSpace: RLIMIT_AS
      case .data: RLIMIT_DATA
      }
    var limit = rlimit()
    // SAFETY: the pointer is to a local.
    guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
    // RLIM_INFINITY, which is a macro that Swift does not see.
    return limit.rlim_cur == .max ? nil : UInt64(limit.rlim_cur)
  }

  /// Where what is mapped counts (`ulimit -v`), used or not: stacks of a mebibyte for threads to come in
  /// place of eight, and one heap for all of them, since each begins with a mapping of 64 MiB. A heap
  /// stays mapped up to its last block in use, so pieces of content lie outside it.
  ///
  /// - Source: pthread_setattr_default_np(3), mallopt(3).
  package static func mapLess() {
    _ = mallopt(M_ARENA_MAX, 1)
    _ = mallopt(M_MMAP_THRESHOLD, 16 * 1024)
    var attributes = pthread_attr_t()
    // SAFETY: the pointers are to a local, initialised by the first call and given up by the last.
    guard unsafe pthread_attr_init(&attributes) == 0 else { return }
    _ = unsafe pthread_attr_setstacksize(&attributes, Int(MemoryLimits.stackBytes))
    _ = unsafe pthread_setattr_default_np(&attributes)
    _ = unsafe pthread_attr_destroy(&attributes)
  }
}
