import Glibc

/// Processes that a swept program has left behind outside its group: daemons. They are known by the
/// address of the run's own tenant, which stands in the environment that they were given.
///
/// Source: proc(5). Where there is no `/proc`, or a process has thrown its environment away, it stays.
enum LeftProcesses {
  /// - Parameter mark: a variable with its value that no process has but those of one run.
  static func end(having mark: String) {
    let wanted = Array(mark.utf8)
    // Looked at once for each run, so with one buffer for all.
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    // What is ended may have begun another a moment before.
    for _ in 0..<3 {
      let found = MachineChecks.names(in: "/proc").compactMap { pid_t($0) }.filter { process in
        process != getpid()
          && environment(of: process, &buffer).split(separator: 0).contains {
            $0.elementsEqual(wanted)
          }
      }
      guard !found.isEmpty else { return }
      for process in found { _ = kill(process, SIGKILL) }
    }
  }

  /// The first bytes of it; none where it is another user's, or the process has gone.
  private static func environment(
    of process: pid_t, _ buffer: inout [UInt8]
  ) -> ArraySlice<UInt8> {
    // SAFETY: the string lives for the call.
    let file = unsafe open("/proc/\(process)/environ", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { _ = close(file) }
    var count = 0
    while count < buffer.count {
      // SAFETY: the pointer is used only inside the call, with what is left of the buffer.
      let more = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(file, bytes.baseAddress?.advanced(by: count), bytes.count - count)
      }
      guard more > 0 else { break }
      count += more
    }
    return buffer[..<count]
  }
}
