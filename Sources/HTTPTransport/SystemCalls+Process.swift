import CLinux
import Glibc

// What the process as a whole has: signals, threads, descriptors.
extension SystemCalls {
  /// Whether who started us wants a signal to be ignored, as `nohup` does with SIGHUP.
  package static func ignores(signal number: Int32) -> Bool {
    var action = sigaction()
    // SAFETY: the structure lives for the call; the handler is compared with SIG_IGN, which is 1, and
    // not called.
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    return unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  static func currentThread() -> UInt { UInt(pthread_self()) }

  /// Runs `body` on a thread of its own.
  func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    try injected(.threadCreate)
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(ThreadBody(body))
    // SAFETY: the context is retained here and released by the thread, exactly once.
    let result = unsafe pthread_create(
      &thread, nil,
      { raw in
        guard let raw = unsafe raw else { return nil }
        unsafe Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard result == 0 else {
      unsafe context.release()
      throw SystemError(.threadCreate, result)
    }
    pthread_detach(thread)
  }

  /// Raises the soft limit of descriptors to the hard one. The limit that holds now.
  @discardableResult
  static func raiseDescriptorLimit() -> Int {
    guard var limit = descriptorLimits() else { return 1024 }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      // SAFETY: the pointer is to a local.
      if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
        limit = raised
      }
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// How many descriptors this process may have, and how many it could.
  static func descriptorLimits() -> rlimit? {
    var limits = rlimit()
    // SAFETY: the pointer is to a local.
    let result = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    return result == 0 ? limits : nil
  }

  /// How many processors this process may use.
  static func processorCount() -> Int {
    let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(1, count)
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
