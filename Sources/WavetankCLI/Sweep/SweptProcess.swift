import Glibc
import Synchronization

/// One run of the user's program: in a process group of its own, without a terminal, what it prints
/// caught. All that it has started ends with it, also what left the group (`LeftProcesses`).
///
/// **Isolation**: `run` holds its thread until the program is over; `end` may come from any.
final class SweptProcess: Sendable {
  struct Outcome {
    /// Nil: it was ended because its time was up.
    var exit: Int32?
    var isEndedBySignal: Bool
    var seconds: Double
    var output: [UInt8]
    var errors: [UInt8]
  }

  /// The group's number while it lives.
  private let group = Mutex<pid_t?>(nil)
  private let isEnded = Atomic(false)

  /// Ends the whole group, if it lives; else it ends as soon as it has begun.
  func end() {
    isEnded.store(true, ordering: .sequentiallyConsistent)
    group.withLock { group in
      if let group { Self.kill(group) }
    }
  }

  /// Its group, and itself, which may have gone over to another.
  private static func kill(_ id: pid_t) {
    _ = Glibc.kill(-id, SIGKILL)
    _ = Glibc.kill(id, SIGKILL)
  }

  /// - Parameter limit: seconds; then the group is ended.
  func run(
    _ command: [String], environment: [String], limit: Double
  ) throws(ChildProcess.Failure) -> Outcome {
    let output = try Pipe()
    defer { output.close() }
    let errors = try Pipe()
    defer { errors.close() }
    let clock = ContinuousClock()
    let began = clock.now
    let id = try ChildProcess.spawn(
      command, environment: environment, group: .own, output: output.writing,
      errors: errors.writing)
    group.withLock { $0 = id }
    if isEnded.load(ordering: .sequentiallyConsistent) { end() }
    output.closeWriting()
    errors.closeWriting()
    var isUp = false
    while true {
      let isOver = ChildProcess.isOver(id)
      let moreOutput = output.read()
      let moreErrors = errors.read()
      if isOver { break }
      let left = limit - (clock.now - began).inSeconds
      if left <= 0 {
        isUp = true
        break
      }
      if moreOutput || moreErrors { continue }
      Pipe.wait([output, errors], seconds: min(left, Self.lookEvery))
    }
    let seconds = (clock.now - began).inSeconds
    // Its number is taken until it is waited for: no other group can be meant.
    let status = group.withLock { group in
      Self.kill(id)
      group = nil
      return ChildProcess.wait(for: id)
    }
    if let mark = environment.first(where: { $0.hasPrefix("WAVETANK_URL=") }) {
      LeftProcesses.end(having: mark)
    }
    _ = output.read()
    _ = errors.read()
    return Outcome(
      exit: isUp ? nil : status.code, isEndedBySignal: !isUp && status.isSignal,
      seconds: seconds, output: output.content, errors: errors.content)
  }

  /// How often it is asked whether it is over: at once where it has closed what it prints to.
  private static let lookEvery = 0.01
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

/// What a program writes to: the first and the last bytes are kept.
private final class Pipe {
  let reading: Int32
  private(set) var writing: Int32
  private var head: [UInt8] = []
  private var tail: [UInt8] = []
  private var isAtEnd = false

  private static let keptMax = 64 * 1024

  init() throws(ChildProcess.Failure) {
    var ends: [Int32] = [0, 0]
    // SAFETY: the call fills two descriptors, for which there is room.
    let result = unsafe ends.withUnsafeMutableBufferPointer { buffer in
      unsafe pipe(buffer.baseAddress)
    }
    guard result == 0 else {
      throw ChildProcess.Failure(status: 126, description: "no pipe for what the command prints")
    }
    (reading, writing) = (ends[0], ends[1])
    // What a program of another run inherits in between does no harm: nobody waits for the end of what
    // is read, but for the end of the program.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    // Ours alone: the program's end waits as it would without us.
    _ = fcntl(reading, F_SETFL, O_NONBLOCK)
  }

  var content: [UInt8] { head + tail }

  func closeWriting() {
    if writing >= 0 { _ = Glibc.close(writing) }
    writing = -1
  }

  func close() {
    closeWriting()
    _ = Glibc.close(reading)
  }

  /// Whether there was anything.
  func read() -> Bool {
    guard !isAtEnd else { return false }
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    var hasRead = false
    // No more than this at a time: a program may write without end.
    for _ in 0..<64 {
      // SAFETY: the pointer is used only inside the call, with the buffer's own count.
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe Glibc.read(reading, bytes.baseAddress, bytes.count)
      }
      if count == 0 { isAtEnd = true }
      guard count > 0 else { break }
      hasRead = true
      keep(buffer[..<count])
    }
    return hasRead
  }

  private func keep(_ bytes: ArraySlice<UInt8>) {
    let room = Self.keptMax - head.count
    head += bytes.prefix(max(0, room))
    tail += bytes.dropFirst(max(0, room))
    if tail.count > 2 * Self.keptMax { tail.removeFirst(tail.count - Self.keptMax) }
  }

  /// Until one has something, or for so long.
  static func wait(_ pipes: [Pipe], seconds: Double) {
    var list = pipes.filter { !$0.isAtEnd }.map {
      pollfd(fd: $0.reading, events: Int16(POLLIN), revents: 0)
    }
    // Where all is closed its end is near.
    let seconds = list.isEmpty ? 0.001 : seconds
    // SAFETY: the list outlives the call, which is given its count.
    _ = unsafe list.withUnsafeMutableBufferPointer { buffer in
      unsafe poll(buffer.baseAddress, nfds_t(buffer.count), Int32(max(1, seconds * 1000)))
    }
  }
}
