import Glibc

/// How much memory this process may take, as the machine and its surroundings say.
package struct MemoryLimits: Sendable, Equatable {
  /// Of the whole machine.
  package var physical: UInt64?
  /// The tightest of all groups that this process is in: a container, a unit, a pod.
  package var group: UInt64?
  /// RLIMIT_AS (`ulimit -v`) counts what is mapped, used or not; RLIMIT_DATA what may be written.
  package var addressSpace: UInt64?
  package var data: UInt64?
  /// What is mapped now.
  package var mapped: UInt64 = 0

  package init() {}

  package static func now() -> MemoryLimits {
    var limits = MemoryLimits(reading: ProcessMemory.text(of:))
    limits.addressSpace = SystemCalls.memoryLimit(.addressSpace)
    limits.data = SystemCalls.memoryLimit(.data)
    return limits
  }

  /// - Parameter read: a file's text; empty where there is none.
  init(reading read: (String) -> String) {
    physical = Self.kibibytes("MemTotal:", in: read("/proc/meminfo"))
    mapped = Self.kibibytes("VmSize:", in: read("/proc/self/status")) ?? 0
    let directories = Self.groupDirectories(
      groups: read("/proc/self/cgroup"), mounts: read("/proc/self/mountinfo"))
    let files = directories.flatMap { ["\($0)/memory.max", "\($0)/memory.limit_in_bytes"] }
    // Version 1 writes a number near the largest there is for "none".
    group = files.compactMap { UInt64(read($0).prefix { $0.isNumber }) }
      .filter { $0 < 1 << 60 }.min()
  }

  /// `MemTotal:       24090448 kB` in bytes.
  private static func kibibytes(_ name: String, in text: String) -> UInt64? {
    let line = text[...].parts("\n").first { $0.utf8.starts(with: name.utf8) }
    let words = line?.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return words?.dropFirst().first.flatMap { UInt64(Substring($0)) }
      .map { $0.multipliedClamping(by: 1024) }
  }

  /// Where the limits of this process's group stand, and those of every group around it that can be
  /// seen from here: any of them may be the tightest.
  ///
  /// - Source: cgroups(7), "/proc/pid/cgroup"; proc_pid_mountinfo(5).
  static func groupDirectories(groups: String, mounts: String) -> [String] {
    var found: [String] = []
    for line in groups[...].parts("\n") {
      let parts = line.parts(":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isVersion2 = parts[0] == "0" && parts[1].isEmpty
      guard isVersion2 || parts[1].parts(",").contains("memory") else { continue }
      for mount in Self.mounts(mounts, isVersion2: isVersion2) {
        var path = parts[2].parts("/")
        let root = mount.root[...].parts("/")
        // Within a container the path may be told from outside and the mount from within.
        path = path.starts(with: root) ? Array(path.dropFirst(root.count)) : []
        for count in stride(from: path.count, through: 0, by: -1) {
          found.append(([mount.point] + path.prefix(count).map(String.init)).joined(separator: "/"))
        }
      }
    }
    return found
  }

  private static func mounts(
    _ text: String, isVersion2: Bool
  ) -> [(root: String, point: String)] {
    text[...].parts("\n").compactMap { line in
      let words = line.parts(" ")
      guard let dash = words.firstIndex(of: "-"), words.count > dash + 1, words.count > 4 else {
        return nil
      }
      let isWanted =
        isVersion2
        ? words[dash + 1] == "cgroup2"
        : words[dash + 1] == "cgroup"
          && (words.last?.parts(",").contains("memory") ?? false)
      return isWanted ? (String(words[3]), String(words[4])) : nil
    }
  }
}

extension MemoryLimits {
  /// Room for what clients bring, of what this process may take in all.
  ///
  /// Half of what is left beside the process itself: the budget counts what is kept and what is on its
  /// way, by weight. The other half is for what no count can know: pieces that the allocator cannot give
  /// back, documents while they are read, the kernel's buffers.
  package func budget(threads: Int, atMost most: UInt64 = 4 << 30) -> UInt64 {
    var bounds: [UInt64] = []
    // Others live on the machine too.
    if let physical { bounds.append(physical / 4 * 3) }
    if let group { bounds.append(group) }
    let stacks = UInt64(threads + Self.otherThreads) * Self.stackBytes
    if let data { bounds.append(data.subtractingClamping(stacks)) }
    if let addressSpace { bounds.append(addressSpace.subtractingClamping(mapped + stacks)) }
    guard let tightest = bounds.min() else { return most }
    let share = tightest.subtractingClamping(Self.processBytes) / 2
    return min(most, max(share, Self.leastBytes))
  }

  /// The program, its threads' heaps, the world of one tenant, with some connections.
  static let processBytes: UInt64 = 32 << 20
  /// Below it nothing would work, and the program would not have started.
  static let leastBytes: UInt64 = 4 << 20
  /// Dispatch's, beside the event loops.
  private static let otherThreads = 8
  /// See `SystemCalls.mapLess`.
  static let stackBytes: UInt64 = 1 << 20

  /// Whether what is mapped counts, used or not: then stacks and heaps must be small. Asked first of all,
  /// so it reads no file.
  package static var countsMappings: Bool {
    SystemCalls.memoryLimit(.addressSpace) != nil || SystemCalls.memoryLimit(.data) != nil
  }
}

extension Substring {
  /// By bytes, and without a copy of each part: these files are read before the first answer, and
  /// characters are slow to find.
  fileprivate func parts(
    _ separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    utf8.split(
      separator: UInt8(ascii: separator), maxSplits: maxSplits,
      omittingEmptySubsequences: omittingEmptySubsequences
    ).map { Substring($0) }
  }
}

extension UInt64 {
  fileprivate func multipliedClamping(by factor: UInt64) -> UInt64 {
    let (product, overflows) = multipliedReportingOverflow(by: factor)
    return overflows ? .max : product
  }

  fileprivate func subtractingClamping(_ other: UInt64) -> UInt64 {
    self > other ? self - other : 0
  }
}
