import CLinux
import Glibc

// The memory of this process.
extension SystemCalls {
  /// Lets the C library give memory back once it is free. Left alone, glibc raises its bounds when
  /// large blocks come and go, and keeps an arena for each of eight threads a core: after a minute of
  /// hostile traffic 41 MB stay resident where 24 MB are in use. For a process that is all ours.
  package static func giveBackFreeMemory() {
    // Setting one of the two bounds ends their growing.
    _ = mallopt(M_MMAP_THRESHOLD, freeBytesMax)
    _ = mallopt(M_TRIM_THRESHOLD, freeBytesMax)
    _ = mallopt(M_ARENA_MAX, 2)
  }

  private static let freeBytesMax: Int32 = 256 * 1024

  /// Gives the heap of this thread so much in one go, of which all will be used. A heap that is not the
  /// main thread's grows page by page, each with a system call and a fault: two hundred of them in a start.
  /// It stays until `heapHasGrown`.
  package static func growHeap(by count: Int) {
    if MemoryLimits.countsMappings { return }
    _ = mallopt(M_MMAP_THRESHOLD, 2 * Int32(count))
    _ = mallopt(M_TRIM_THRESHOLD, 2 * Int32(count))
    // SAFETY: the block is freed here, and nobody reads what is in it; the pages asked for lie within it.
    if let block = unsafe malloc(count) {
      let page: UInt = 4096
      let start = (UInt(bitPattern: block) + page - 1) & ~(page - 1)
      _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), count - Int(page), populate)
      unsafe free(block)
    }
    _ = mallopt(M_MMAP_THRESHOLD, freeBytesMax)
  }

  /// MADV_POPULATE_WRITE. A kernel before 5.14 does not know it, and faults page by page.
  private static let populate: Int32 = 23

  package static func heapHasGrown() { _ = mallopt(M_TRIM_THRESHOLD, freeBytesMax) }

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
